#include <leat/leat.hpp>

#include <iostream>
#include <numeric>
#include <vector>

leat::async_generator<int> numbers() {
    std::vector<int> page(1000); // a source may hand over many at once
    for (int i = 0;; i += 1000) {
        std::iota(page.begin(), page.end(), i);
        co_yield leat::batch(page);
    }
}

int main() {
    auto even = leat::filter([](int i) { return i % 2 == 0; });
    auto squares = even | leat::transform([](int i) { return i * i; }); // a part of a pipeline is a value

    auto five = numbers() | leat::drop(1) | squares | leat::take(5);
    for (int n : leat::sync_wait(std::move(five) | leat::collect<std::vector>()))
        std::cout << n << ' '; // 4 16 36 64 100
}
