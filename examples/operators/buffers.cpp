// Buffering and sharing: what may run ahead, what may be dropped, and who reads the same stream.

#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <leat/adaptor/broadcast.hpp>
#include <leat/adaptor/buffer.hpp>
#include <leat/adaptor/conflate.hpp>
#include <leat/adaptor/latest.hpp>
#include <leat/adaptor/prefetch.hpp>
#include <leat/adaptor/replay.hpp>
#include <leat/adaptor/tee.hpp>
#include <leat/leat.hpp>
#include <leat/source/channel.hpp>
#include <leat/source/from_callback.hpp>

namespace {

leat::async_generator<int> numbers(int n) {
    for (int i = 1; i <= n; ++i)
        co_yield i;
}

template <class S> leat::task<> print(const char* name, S stream) {
    std::cout << name << ':';
    while (auto x = co_await stream.next())
        std::cout << ' ' << *x;
    std::cout << '\n';
}

leat::task<> ahead() {
    // The next elements are on their way while the reader works on these.
    auto read_ahead = numbers(6) | leat::prefetch({.elements = 2, .bytes = 1024});
    co_await print("prefetch", std::move(read_ahead));

    // A source that must not wait: when three elements wait for the reader, the oldest makes room.
    auto newest = numbers(6) | leat::buffer(3, leat::overflow::drop_oldest);
    co_await print("buffer", std::move(newest));

    // Only the latest of what comes while the reader is busy, or all of it as one.
    auto latest_only = numbers(6) | leat::conflate();
    auto sums = std::move(latest_only) | leat::conflate([](int kept, int next) { return kept + next; });
    co_await print("conflate", std::move(sums)); // this reader is never busy
}

leat::task<> shared() {
    auto [all, even] = leat::tee<2>(numbers(6), {.capacity = 100});
    co_await print("tee, one", std::move(all));
    co_await print("tee, the other", std::move(even) | leat::filter([](int i) { return i % 2 == 0; }));

    auto source = numbers(6) | leat::broadcast({.capacity = 100});
    auto one = source.subscribe();
    auto first = co_await one.next();
    std::cout << "broadcast, one has: " << *first << '\n';
    auto two = source.subscribe();
    co_await print("broadcast, two", std::move(two)); // from now on
    co_await one.close();

    auto recent = numbers(6) | leat::replay(2);
    auto count = recent.subscribe() | leat::count();
    auto n = co_await count;
    auto late = recent.subscribe();
    std::cout << n << " before\n";
    co_await print("replay", std::move(late)); // begins with the last two

    auto now = leat::latest(numbers(6));
    auto value = now.value();
    std::cout << "latest: " << *value << '\n';
    co_await now.close();
}

leat::task<> called_back() {
    // A function that calls back. What `start` returns unregisters.
    auto start = [](auto push) {
        for (int i = 1; i <= 4; ++i)
            push(i);
        push.close();
        return [] { std::cout << " (unregistered)"; };
    };
    auto calls = leat::from_callback<int>({.capacity = 3, .overflow = leat::overflow::drop_newest}, start);
    co_await print("from_callback", std::move(calls));
}

} // namespace

int main() {
    leat::sync_wait(ahead());
    leat::sync_wait(shared());
    leat::sync_wait(called_back());

    leat::channel<std::string> lines(10);
    std::thread sender([lines] {
        for (const char* word : {"up", "the", "mill"})
            static_cast<void>(
                lines.try_send(word)); // a coroutine says co_await lines.send(word), which waits for room
        lines.close();
    });
    leat::sync_wait(print("channel", lines.stream()));
    sender.join();
}
