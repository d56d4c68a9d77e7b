#include <leat/leat.hpp>
#include <leat/testing.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>

// How to test code that waits, without waiting. In a test each line that prints would be a CHECK.

using namespace std::chrono_literals;

// The code under test. It takes the clock as any executor-like thing.
leat::async_generator<int> reminders(leat::testing::virtual_clock& clock) {
    for (int day = 1; day <= 3; ++day) {
        co_await clock.sleep_for(24h);
        co_yield day;
    }
}

int main() {
    leat::testing::virtual_clock clock;

    // Days pass at once.
    auto all = reminders(clock) | leat::count();
    std::cout << clock.run(std::move(all)) << " reminders in "
              << (clock.now() - leat::testing::virtual_clock::time_point()) / 1h << " hours\n";

    // A stream by script, and what came of it by script: one character each 10 ms.
    auto upper = leat::testing::marbles("a-(bc)--d|", clock) |
                 leat::transform([](char c) { return static_cast<char>(c - 'a' + 'A'); });
    std::cout << leat::testing::record(std::move(upper), clock) << '\n';

    // A script that makes no sense says where.
    try {
        auto wrong = leat::testing::marbles("a-b)-|", clock);
    } catch (const leat::testing::bad_script& e) {
        std::cout << e.what() << '\n';
    }

    // Does my pipeline ask for more than it needs, copy, or forget to close?
    leat::testing::counting_source source(100);
    auto two = source.stream() | leat::filter([](int x) { return x % 2 == 1; }) | leat::take(2);
    auto odd = clock.run(std::move(two) | leat::collect<std::vector>());
    std::cout << "asked for " << source.asked() << ", copied " << source.copied() << ", alive "
              << source.alive() << ", closed " << source.closed() << '\n';
}
