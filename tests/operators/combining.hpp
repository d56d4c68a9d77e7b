#pragma once

#include "every_way.hpp"

#include <optional>
#include <tuple>

// What the tests of operators over several streams share.

// Found by the type of the elements.
template <class... T> void note(fault::ints& out, const std::tuple<T...>& all) {
    std::apply([&](const auto&... x) { (fault::note(out, x), ...); }, all);
}

namespace combining {

using fault::ints;

/// Gives values, `batch` at a time.
inline leat::async_generator<int> numbers(ints values, std::size_t batch = 1) {
    for (std::size_t i = 0; i < values.size();) {
        ints page;
        for (; i < values.size() && page.size() < batch; ++i)
            page.push_back(values[i]);
        co_yield leat::batch(page);
    }
}
inline leat::async_generator<int> count_from(int i) {
    for (;; ++i)
        co_yield i;
}
// A stream of the same elements that ends at once.
template <class S> leat::async_generator<leat::handed_on_t<S>> none(const S&) { co_return; }

/// A plain number beside an element.
template <class Tuple> int sum_of(const Tuple& t) {
    ints all;
    std::apply([&](const auto&... x) { (fault::note(all, x), ...); }, t);
    int sum = 0;
    for (const int x : all)
        sum += x;
    return sum;
}

/// Everything a stream gives.
template <class S> ints read(S s) { return every_way::by_next::read(std::move(s)); }

/// Hops to another thread before each element; throws after the last, if told to.
inline leat::async_generator<counted> hopping(two_threads& threads, int from, int to, bool fails = false) {
    for (int i = from; i < to; ++i) {
        co_await threads.hop(static_cast<unsigned>(i) % 3 * 100);
        co_yield counted(i);
    }
    co_await threads.hop();
    if (fails)
        throw std::runtime_error("broken");
}

/// Notes in `open` that it is open, and for how long its cleanup waits.
inline leat::async_generator<int> guarded(manual_loop& loop, int& open, leat::async_generator<int> inner) {
    co_await leat::on_close(inner);
    ++open;
    auto close = [&loop, &open]() -> leat::task<> {
        co_await loop.turn();
        --open;
    };
    leat::on_close closing(close);
    co_await std::move(closing).quiet();
    while (auto x = co_await leat::detail::next_of(inner))
        co_yield *x;
}
/// Values with a turn of the loop before each.
inline leat::async_generator<int> paced(manual_loop& loop, ints values) {
    for (const int x : values) {
        co_await loop.turn();
        co_yield x;
    }
}

} // namespace combining
