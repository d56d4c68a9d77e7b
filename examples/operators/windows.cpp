#include <leat/adaptor/chunk_by.hpp>
#include <leat/adaptor/chunk_by_weight.hpp>
#include <leat/adaptor/pairwise.hpp>
#include <leat/adaptor/ready_chunks.hpp>
#include <leat/adaptor/sliding.hpp>
#include <leat/leat.hpp>

#include <iostream>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct order {
    std::string customer;
    int price;
};

// Two packets have arrived, as from a socket.
leat::async_generator<order> orders() {
    std::vector<order> first{{"Ada", 30}, {"Ada", 12}, {"Bob", 5}};
    co_yield leat::batch(first);
    std::vector<order> second{{"Bob", 70}, {"Ada", 9}};
    co_yield leat::batch(second);
}

// Groups as (30 12 5), anything else as it is.
void put(int x) { std::cout << x; }
void put(const std::vector<order>& group) {
    const char* before = "(";
    for (const order& o : group) {
        std::cout << before << o.price;
        before = " ";
    }
    std::cout << ')';
}

template <class S> leat::task<> print(std::string_view name, S stream) {
    std::cout << name << ':';
    while (auto x = co_await stream.next()) {
        std::cout << ' ';
        put(*x);
    }
    std::cout << '\n';
}

leat::task<> groups() {
    auto by_number = orders() | leat::chunk(2);
    co_await print("chunk", std::move(by_number));

    auto by_packet = orders() | leat::ready_chunks(100);
    co_await print("ready_chunks", std::move(by_packet));

    auto up_to_50 = orders() | leat::chunk_by_weight(50, &order::price);
    co_await print("chunk_by_weight", std::move(up_to_50));

    auto by_customer = orders() | leat::chunk_by(&order::customer);
    co_await print("chunk_by", std::move(by_customer));
}

leat::task<> windows() {
    auto prices = leat::transform(&order::price);

    auto sum = [](std::span<const int> window) { return std::accumulate(window.begin(), window.end(), 0); };
    auto sums_of_three = orders() | prices | leat::sliding(3) | leat::transform(sum);
    co_await print("sliding", std::move(sums_of_three));

    auto difference = [](const std::pair<int, int>& p) { return p.second - p.first; };
    auto differences = orders() | prices | leat::pairwise() | leat::transform(difference);
    co_await print("pairwise", std::move(differences));
}

int main() {
    leat::sync_wait(groups());
    leat::sync_wait(windows());
}
