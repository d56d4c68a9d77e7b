// The shapes of docs/compilers.md that every compiler gets right.
#include <leat/leat.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

struct reading {
    std::string station;
    double celsius;
};

reading make_reading(std::string station) { return {std::move(station), 7}; }

leat::async_generator<std::string> names() {
    for (const char* name : {"anna", "bert", "carl"})
        co_yield name;
}

leat::task<std::size_t> count_others(std::string me) {
    auto not_me = [me](const std::string& name) { return name != me; };
    auto others = names() | leat::filter(not_me) | leat::count(); // name the pipeline ...
    auto n = co_await others;                                     // ... then await it, without std::move
    co_return n;
}

leat::async_generator<int> logged(std::shared_ptr<std::string> log) {
    auto note = [log] { *log += "closed\n"; };
    co_await leat::on_close(note); // not on_close([log] {...})
    co_yield 1;
}

template <class F> leat::task<int> call(F f) { co_return f(); }

leat::task<int> twice(std::string text) {
    auto length = [text] { return static_cast<int>(text.size()); };
    int n = co_await call(length); // not call([text] {...})
    co_return 2 * n;
}

leat::async_generator<reading> readings(bool cold) {
    reading first{"mill", 20.5};
    co_yield std::move(first); // not co_yield reading{"mill", 20.5}
    reading second{"weir", 18};
    if (cold)
        second.celsius = -2;
    co_yield std::move(second);    // not co_yield cold ? reading{...} : reading{...}
    co_yield make_reading("lake"); // what a function returns is fine
}

leat::task<bool> is_cold() {
    auto cold = readings(true) | leat::filter([](const reading& r) { return r.celsius < 0; }) | leat::count();
    auto n = co_await cold;
    co_return n != 0;
}

leat::task<std::string> state() {
    bool cold = co_await is_cold(); // not if (co_await is_cold()) in a coroutine without a local variable
    if (cold)
        co_return "cold";
    co_return "warm";
}

leat::task<int> total() {
    auto all = readings(true);
    int sum = 0;
    while (auto r = co_await all.next())
        sum += static_cast<int>(r->celsius);
    co_return sum;
}

leat::task<std::pair<int, std::string>> both() {
    int n = co_await total();
    auto s = co_await state();
    co_return std::pair(n, s); // not {co_await total(), co_await state()}
}

int main() {
    std::cout << leat::sync_wait(count_others("bert")) << '\n';
    auto log = std::make_shared<std::string>();
    std::cout << leat::sync_wait(logged(log) | leat::count()) << ' ' << *log;
    std::cout << leat::sync_wait(twice("leat")) << '\n';
    for (const reading& r : leat::sync_wait(readings(false) | leat::collect<std::vector>()))
        std::cout << r.station << ' ' << r.celsius << '\n';
    const auto [sum, text] = leat::sync_wait(both());
    std::cout << sum << ' ' << text << '\n';
    std::cout << log.use_count() << '\n'; // nothing was destroyed twice
}
