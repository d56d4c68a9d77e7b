#pragma once

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "../borrowed.hpp"
#include "../detail/feed.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

template <class... S> struct latest_crew : feeding_crew<S...> {
    using together = std::tuple<stream_value_t<S>...>;
    std::tuple<std::optional<stream_value_t<S>>...> latest;
    bool hopeless = false; // one of them has ended without an element

    /// Takes what is here, from each stream in turn.
    void take(std::vector<together>& out) {
        std::size_t taken = 1;
        while (taken != 0 && out.size() < most_at_once) {
            taken = 0;
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                ((taken += take(std::get<I>(this->feeds), std::get<I>(latest), out)), ...);
            }
            (std::index_sequence_for<S...>());
        }
    }
    void release() noexcept override {
        feeding_crew<S...>::release();
        latest = {};
    }

private:
    template <class One, class V>
    std::size_t take(One& f, std::optional<V>& last, std::vector<together>& out) {
        if (!f.here) {
            hopeless = hopeless || (f.over && !last);
            return 0;
        }
        last.emplace(f.head.forward());
        f.step();
        std::apply(
            [&](const auto&... x) {
                if ((x && ...))
                    out.emplace_back(*x...);
            },
            latest);
        return 1;
    }
};

template <class... S> async_generator<std::tuple<stream_value_t<S>...>> latest_of(S... up) {
    auto c = make_crew<latest_crew<S...>>();
    co_await on_close(c);
    c->begin(static_cast<S&&>(up)...);
    std::vector<std::tuple<stream_value_t<S>...>> ready;
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        c->obey(stop); // even if they are always ready
        const bool any = c->ask().here != 0;
        ready.clear();
        c->take(ready);
        if (!ready.empty())
            co_yield batch(ready);
        if (c->hopeless && !c->failed())
            co_return;
        if (any)
            continue;
        if (c->over(stop))
            co_return;
        co_await c->change();
    }
}

struct combine_latest_fn {
    template <stream... S>
        requires(sizeof...(S) > 0)
    constexpr auto operator()(S&&... s) const {
        static_assert((!std::is_lvalue_reference_v<S> && ...),
                      "leat::combine_latest: streams are moved into it: write "
                      "leat::combine_latest(std::move(a), std::move(b))");
        if constexpr ((is_borrowed<stream_value_t<S>> || ...)) {
            static_assert((always_false<S> && ...),
                          "leat::combine_latest: it keeps the latest elements, and these are only borrowed; "
                          "put leat::materialize() before it");
            return async_generator<int>();
        } else if constexpr (!(std::is_copy_constructible_v<stream_value_t<S>> && ...)) {
            static_assert((always_false<S> && ...),
                          "leat::combine_latest: each element is handed out several times, and these cannot "
                          "be copied; use std::shared_ptr, or leat::zip");
            return async_generator<int>();
        } else {
            return latest_of<std::remove_cvref_t<S>...>(static_cast<std::remove_cvref_t<S>&&>(s)...);
        }
    }
};

} // namespace detail

/// `combine_latest(a, b, ...)`: whenever one of them gives an element: the latest elements of all of them, as a tuple.
/// Kotlin: combine; Python: ziplatest; Reactor: combineLatest; Swift: combineLatest.
///
/// Yields: `std::tuple<T...>` of copies, from when each has given one element; what is ready at the same time is taken in
/// turn. Ends: when all have ended, or when one has ended without an element. Throws: what the first of them throws that
/// fails; the others are stopped, closed and waited for before that, and what was ready comes first.
/// Owns: the streams, and the latest element of each; borrowed ones are refused. All of them begin with the first step.
/// Threads: goes on where the wait of the one that was ready ended. Batches: rebuilt: up to 64 tuples of what is ready.
/// Cost: a frame, a small state, a frame for each stream; a copy of each latest element for each tuple.
///
///     auto quotes = leat::combine_latest(std::move(prices), std::move(rates));
inline constexpr detail::combine_latest_fn combine_latest{};

} // namespace leat
