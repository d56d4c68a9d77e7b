// needs: asio
#include <leat/asio.hpp>
#include <leat/leat.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

leat::async_generator<int> ticks(leat::executor ex) {
    for (int i = 1;; ++i) {
        co_await leat::sleep_for(ex, 10ms); // waits without blocking anybody
        co_yield i;
    }
}

leat::task<> print_three(leat::executor ex) {
    auto three = ticks(ex) | leat::take(3);
    while (auto tick = co_await three.next())
        std::cout << *tick << '\n'; // 1 2 3, ten milliseconds apart
}

int main() { leat::run(print_three); }
