// Streams out of nothing: the sources that need neither timers nor threads.
#include <leat/leat.hpp>

#include <cstddef>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

template <class S> leat::task<> print(const char* what, S stream) {
    std::cout << what << ':';
    auto printing = std::move(stream) | leat::for_each([](const auto& x) { std::cout << ' ' << x; });
    co_await printing;
    std::cout << '\n';
}

// A service that gives its users two at a time, and a token for the next page.
leat::task<leat::page<std::string, int>> list_users(int from) {
    static const std::vector<std::string> users{"Ada", "Bob", "Cleo", "Dan", "Eve"};
    leat::page<std::string, int> page;
    const auto first = static_cast<std::size_t>(from);
    for (std::size_t i = first; i < first + 2 && i < users.size(); ++i)
        page.items.push_back(users[i]);
    if (first + 2 < users.size())
        page.next = from + 2;
    co_return page;
}

struct connection {
    int number;
};
leat::task<connection> connect() {
    std::cout << " (connect)";
    co_return connection{7};
}
leat::async_generator<std::string> query(connection& c) {
    co_yield "row 1 of connection " + std::to_string(c.number);
    co_yield "row 2";
}
leat::task<> disconnect(connection&) {
    std::cout << " (disconnect)";
    co_return;
}

leat::task<> run() {
    co_await print("iota(3, 6)", leat::iota(3, 6));
    co_await print("iota(10), the first three", leat::iota(10) | leat::take(3));
    co_await print("iterate", leat::iterate(1, [](int x) { return 2 * x; }) | leat::take(5));
    co_await print("repeat a value", leat::repeat("ha", 3));
    co_await print("repeat a stream", leat::repeat([] { return leat::iota(0, 2); }, 3));
    co_await print("once", leat::once("only me"));
    co_await print("empty", leat::empty<int>());

    // A container moves in, or is lent and stays where it is.
    std::vector<std::string> names{"Ada", "Bob"};
    co_await print("from_range(std::cref(names))", leat::from_range(std::cref(names)));
    co_await print("from_range(std::move(names))", leat::from_range(std::move(names)));
    auto listed = leat::from_range({1.5, 2.5});
    co_await print("from_range({1.5, 2.5})", std::move(listed));

    // The next page is asked for when the last one is used up, and not before.
    co_await print("paginate", leat::paginate(0, list_users));

    // A resource that is released however the stream is left.
    co_await print("using_", leat::using_(connect, query, disconnect));
    co_await print("using_, left early", leat::using_(connect, query, disconnect) | leat::take(1));

    // Made when somebody begins to read.
    auto deferred = leat::defer([] {
        std::cout << " (made)";
        return leat::iota(0, 2);
    });
    co_await print("defer", std::move(deferred));

    // A source that fails, and one that waits until it is stopped.
    auto failing = leat::fail_with<int>(std::runtime_error("no such table")) | leat::count();
    try {
        co_await failing;
    } catch (const std::runtime_error& e) {
        std::cout << "fail_with: " << e.what() << '\n';
    }
    std::stop_source stop;
    stop.request_stop();
    co_await print("never", leat::never<int>() | leat::take_until(stop.get_token()));
}

int main() { leat::sync_wait(run()); }
