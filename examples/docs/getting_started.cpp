#include <leat/leat.hpp>

#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>

leat::async_generator<std::string> stations() {
    co_yield "source";
    co_yield "mill";
    co_yield "sea";
}

leat::task<> print() {
    auto names = stations();
    while (auto name = co_await names.next())
        std::cout << *name << '\n';
}

leat::async_generator<int> upto(int n) {
    for (int i = 1; i <= n; ++i)
        co_yield i;
}

leat::async_generator<int> twice(int n) {
    co_yield leat::elements_of(upto(n));
    co_yield leat::elements_of(upto(n));
}

leat::async_generator<int> broken() {
    co_yield 1;
    throw std::runtime_error("the pipe is blocked");
}

leat::task<> read_broken() {
    auto numbers = broken();
    try {
        while (auto n = co_await numbers.next())
            std::cout << *n << '\n';
    } catch (const std::runtime_error& e) {
        std::cout << e.what() << '\n';
    }
}

leat::async_generator<int> with_cleanup() {
    auto say = [] { std::cout << "closed\n"; };
    co_await leat::on_close(say);
    for (int i = 1;; ++i)
        co_yield i;
}

leat::task<> stop_early() {
    auto numbers = with_cleanup();
    auto first = co_await numbers.next();
    std::cout << *first << '\n';
    co_await numbers.close();
}

int main() {
    leat::sync_wait(print());
    std::cout << leat::sync_wait(leat::count(twice(3))) << '\n';
    leat::sync_wait(read_broken());
    leat::sync_wait(stop_early());
}
