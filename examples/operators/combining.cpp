// Operators over several streams, a few lines each.
#include <iostream>
#include <leat/adaptor/combine_latest.hpp>
#include <leat/adaptor/flat_map.hpp>
#include <leat/adaptor/flat_map_latest.hpp>
#include <leat/adaptor/flat_map_merge.hpp>
#include <leat/adaptor/flatten.hpp>
#include <leat/adaptor/merge.hpp>
#include <leat/adaptor/merge_sorted.hpp>
#include <leat/adaptor/partition.hpp>
#include <leat/adaptor/race.hpp>
#include <leat/adaptor/switch_latest.hpp>
#include <leat/adaptor/with_latest_from.hpp>
#include <leat/adaptor/zip.hpp>
#include <leat/adaptor/zip_longest.hpp>
#include <leat/leat.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

leat::async_generator<int> from_to(int from, int to) {
    for (int i = from; i <= to; ++i)
        co_yield i;
}
leat::async_generator<std::string> names() {
    for (const char* name : {"ann", "bob", "eve"})
        co_yield std::string(name);
}

void print(const std::string& x) { std::cout << x << ' '; }
void print(int x) { std::cout << x << ' '; }
template <class T> void print(const std::optional<T>& x) { x ? print(*x) : print("-"); }
template <class... T> void print(const std::tuple<T...>& all) {
    std::cout << "( ";
    std::apply([](const auto&... x) { (print(x), ...); }, all);
    std::cout << ") ";
}
template <class S> void show(const char* what, S stream) {
    std::cout << what << ": ";
    leat::sync_wait(std::move(stream) | leat::for_each([](const auto& x) { print(x); }));
    std::cout << '\n';
}

void together() {
    show("zip", leat::zip(names(), from_to(1, 9)));
    show("zip_longest", leat::zip_longest(names(), from_to(1, 2)));
    show("combine_latest", leat::combine_latest(names(), from_to(1, 2)));
    show("with_latest_from", from_to(1, 3) | leat::with_latest_from(names() | leat::take(1)));
}

void into_one() {
    show("merge", leat::merge(from_to(1, 3), from_to(11, 12)));
    std::vector<leat::any_stream<int>> many;
    for (int i = 1; i <= 3; ++i)
        many.emplace_back(from_to(10 * i, 10 * i + 1));
    show("merge of a vector", leat::merge(std::move(many)));
    show("merge_sorted", leat::merge_sorted(from_to(1, 4), from_to(3, 6)));
    auto descending = [](int a, int b) { return a > b; };
    show("merge_sorted by", leat::merge_sorted(descending, from_to(5, 5), from_to(7, 7), from_to(6, 6)));
    show("race", leat::race(from_to(1, 3), from_to(11, 13)));
}

leat::async_generator<leat::async_generator<int>> pages() {
    for (int i = 1; i <= 2; ++i)
        co_yield from_to(10 * i, 10 * i + 2);
}

void streams_of_streams() {
    auto up_to_it = [](int n) { return from_to(1, n); };
    show("flat_map", from_to(1, 3) | leat::flat_map(up_to_it));
    show("flatten", pages() | leat::flatten());
    show("flat_map_merge", from_to(1, 3) | leat::flat_map_merge(2, up_to_it));
    show("flat_map_latest", from_to(3, 3) | leat::flat_map_latest(up_to_it));
    show("switch_latest", pages() | leat::drop(1) | leat::switch_latest());
}

void two_of_one() {
    auto [even, odd] = from_to(1, 6) | leat::partition([](int x) { return x % 2 == 0; });
    show("partition, even", std::move(even));
    show("partition, odd", std::move(odd)); // they have waited
}

} // namespace

int main() {
    together();
    into_one();
    streams_of_streams();
    two_of_one();
}
