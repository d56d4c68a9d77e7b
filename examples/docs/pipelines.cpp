#include <leat/leat.hpp>

#include <iostream>
#include <ranges>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct order {
    std::string customer;
    int price;
};

leat::async_generator<order> orders() {
    std::vector<order> page{{"Ada", 30}, {"Bob", 5}, {"Ada", 12}, {"Cleo", 70}};
    co_yield leat::batch(page);
}

leat::task<> compose() {
    auto large = leat::filter([](const order& o) { return o.price >= 10; });
    auto customers = large | leat::transform(&order::customer);

    auto names = orders() | customers;
    while (auto name = co_await names.next())
        std::cout << *name << '\n';
}

leat::task<> sinks() {
    auto counting = orders() | leat::count();
    std::cout << co_await counting << '\n';

    auto sum = [](int total, const order& o) { return total + o.price; };
    auto adding = leat::fold(orders(), 0, sum); // the same as orders() | leat::fold(0, sum)
    std::cout << co_await adding << '\n';

    auto collecting = orders() | leat::transform(&order::price) | leat::collect<std::vector>();
    std::vector<int> prices = co_await collecting;
    std::cout << prices.size() << '\n';
}

leat::task<> keep() {
    std::vector<order> kept;
    auto all = orders();
    while (auto o = co_await all.next())
        kept.push_back(std::move(*o)); // a generator of values gives its elements away
    std::cout << kept.back().customer << '\n';
}

leat::async_generator<std::string_view> words() {
    std::string text = "to the mill";
    for (auto word : std::views::split(text, ' ')) {
        std::string_view view(word.begin(), word.end());
        co_yield view; // a view: it is good until the next step
    }
}

leat::task<> keep_views() {
    auto collecting = words() | leat::materialize() | leat::collect<std::vector>();
    std::vector<std::string> kept = co_await collecting;
    std::cout << kept.size() << '\n';
}

leat::any_stream<std::string> choose(bool all) {
    if (all)
        return orders() | leat::transform(&order::customer);
    auto costly = leat::filter([](const order& o) { return o.price > 50; });
    return orders() | costly | leat::transform(&order::customer);
}

leat::task<> erased() {
    auto names = choose(false);
    while (auto name = co_await names.next())
        std::cout << *name << '\n';
}

leat::async_generator<int> endless() {
    for (int i = 0;; ++i)
        co_yield i;
}

leat::task<> stop() {
    std::stop_source source;
    auto numbers = endless() | leat::take_until(source.get_token());
    int count = 0;
    while (auto n = co_await numbers.next())
        if (++count == 5)
            source.request_stop(); // from any thread
    std::cout << count << '\n';
}

int main() {
    leat::sync_wait(compose());
    leat::sync_wait(sinks());
    leat::sync_wait(keep());
    leat::sync_wait(keep_views());
    leat::sync_wait(erased());
    leat::sync_wait(stop());
}
