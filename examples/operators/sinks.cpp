// The ends of a pipeline: what becomes of the elements.
#include <leat/leat.hpp>

#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

leat::async_generator<int> numbers() {
    std::vector<int> page{3, 1, 4, 1, 5, 9, 2, 6};
    co_yield leat::batch(page);
}
leat::async_generator<std::string> words() {
    co_yield "to";
    co_yield "be";
    co_yield "or";
}

// Something that takes text piece by piece, such as a socket.
class printer {
public:
    leat::task<> write(const std::string& text) {
        std::cout << " [" << text << ']';
        co_return;
    }
    leat::task<> finish() {
        std::cout << " (finished)\n";
        co_return;
    }
    leat::task<> fail(std::exception_ptr) {
        std::cout << " (failed)\n";
        co_return;
    }
};

// Awaits a terminal and prints what it gives.
template <class Sink> leat::task<> show(const char* what, Sink sink) {
    const auto result = co_await sink;
    std::cout << what << ": ";
    if constexpr (requires { result.has_value(); }) {
        if (result)
            std::cout << *result << '\n';
        else
            std::cout << "none\n";
    } else {
        std::cout << result << '\n';
    }
}

leat::task<> run() {
    std::cout << std::boolalpha;
    auto is_even = [](int x) { return x % 2 == 0; };
    auto by_last_bit = [](int a, int b) { return a % 2 < b % 2; };

    co_await show("sum", numbers() | leat::sum());
    co_await show("sum, starting at 0.5", numbers() | leat::sum(0.5));
    co_await show("reduce", numbers() | leat::reduce([](int a, int b) { return 10 * a + b; }));
    co_await show("min", numbers() | leat::min());
    co_await show("max", numbers() | leat::max());
    co_await show("max, odd over even", numbers() | leat::max(by_last_bit));
    co_await show("last", numbers() | leat::last());
    co_await show("nth(2)", numbers() | leat::nth(2));
    co_await show("nth(20)", numbers() | leat::nth(20));
    co_await show("single", words() | leat::take(1) | leat::single());

    // These stop as soon as they know, and close the stream.
    co_await show("any even", numbers() | leat::any(is_even));
    co_await show("all even", numbers() | leat::all(is_even));
    co_await show("none even", numbers() | leat::none(is_even));
    co_await show("contains 9", numbers() | leat::contains(9));
    co_await show("find an even one", numbers() | leat::find(is_even));

    auto too_many = words() | leat::single();
    try {
        co_await too_many;
    } catch (const leat::several_elements& e) {
        std::cout << e.what() << '\n';
    }

    // Into containers.
    auto to_set = numbers() | leat::collect<std::set>();
    const std::set<int> set = co_await to_set;
    auto to_map = words() | leat::transform([](std::string w) { return std::pair(w.size(), w); }) |
                  leat::collect<std::map>();
    const std::map<std::size_t, std::string> map = co_await to_map;
    co_await show("collect<std::string>", words() | leat::collect<std::string>());
    std::vector<int> all{100};
    auto adding = numbers() | leat::collect_into(all);
    co_await adding;
    std::cout << set.size() << " in the set, " << map.size() << " in the map, " << all.size()
              << " in the vector\n";

    // A loop with a break.
    auto until_nine = [](int x) {
        std::cout << x << ' ';
        return x != 9;
    };
    std::cout << "for_each_while: ";
    auto looping = numbers() | leat::for_each_while(until_nine);
    const bool to_the_end = co_await looping;
    std::cout << (to_the_end ? "and that was all\n" : "and no further\n");

    // Into something that writes, each write waited for.
    std::cout << "forward:";
    printer out;
    auto forwarding = words() | leat::forward(std::ref(out));
    co_await forwarding;
}

int main() {
    leat::sync_wait(run());

    // Code that is no coroutine reads a stream as a range.
    std::cout << "blocking:";
    for (const std::string& word : leat::blocking(words()))
        std::cout << ' ' << word;
    std::cout << '\n';
}
