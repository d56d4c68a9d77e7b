// Work that waits, on several elements at a time.
// needs: asio
#include <leat/asio.hpp>
#include <leat/leat.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>

using namespace std::chrono_literals;

// Ten calls that take 10 ms each: one after the other 100 ms, five at a time 20 ms.
leat::task<std::string> fetch(leat::executor ex, int id) {
    co_await leat::sleep_for(ex, 10ms);
    co_return "page " + std::to_string(id);
}
leat::task<bool> is_up(leat::executor ex, int host) {
    co_await leat::sleep_for(ex, 1ms);
    co_return host % 3 == 0;
}

leat::task<> main_task(leat::executor ex) {
    auto get = [&ex](int id) { return fetch(ex, id); };
    auto pages = leat::iota(1, 11) | leat::async_transform(get, {.concurrency = 5});
    while (auto page = co_await pages.next())
        std::cout << *page << ' '; // in their order
    std::cout << '\n';

    auto up = [&ex](int host) { return is_up(ex, host); };
    auto hosts = leat::iota(1, 11) | leat::async_filter(up, {.concurrency = 10});
    while (auto host = co_await hosts.next())
        std::cout << *host << ' '; // 3 6 9
    std::cout << '\n';

    // One call at a time for each customer, whatever the others do.
    auto customer = [](int order) { return order % 2; };
    auto by_customer =
        leat::iota(1, 7) |
        leat::async_transform(get, {.concurrency = 4, .order = leat::unordered}, leat::by_key(customer));
    auto orders = std::move(by_customer) | leat::count();
    std::cout << co_await orders << " orders\n";

    int sent = 0;
    auto send = [&ex, &sent](int) -> leat::task<> {
        co_await leat::sleep_for(ex, 1ms);
        ++sent;
    };
    auto sending = leat::iota(0, 20) | leat::for_each_concurrent(4, send);
    co_await sending;
    std::cout << sent << " sent\n";
}

int main() { leat::run(main_task); }
