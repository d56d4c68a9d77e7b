#pragma once

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "../detail/borrowed_members.hpp"
#include "../detail/feed.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

template <class One> auto optional_head(One& f) {
    using value = std::remove_cvref_t<decltype(*f.head)>;
    return f.here ? std::optional<value>(f.head.forward()) : std::optional<value>();
}

template <class T, class... S> async_generator<T> zipped_to_the_end(S... up) {
    auto c = make_crew<feeding_crew<S...>>();
    co_await on_close(c);
    c->begin(static_cast<S&&>(up)...);
    const auto tuple_of = [](auto&... f) { return T(detail::optional_head(f)...); };
    std::vector<T> ready;
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        c->obey(stop); // even if they are always ready
        const auto n = c->ask();
        if (n.here != 0 && n.here + n.ended == sizeof...(S)) {
            if constexpr (all_kept<S...>) {
                ready.clear();
                do {
                    ready.push_back(std::apply(tuple_of, c->feeds));
                } while (c->step() == n.here && ready.size() < most_at_once);
                co_yield batch(ready);
            } else {
                T together = std::apply(tuple_of, c->feeds);
                co_yield std::move(together);
                c->step();
            }
            continue;
        }
        if (n.failed != 0)
            c->let_go(); // those that are here have no partner
        if (c->over(stop))
            co_return;
        co_await c->change();
    }
}

struct zip_longest_fn {
    template <stream... S>
        requires(sizeof...(S) > 0)
    constexpr auto operator()(S&&... s) const {
        static_assert((!std::is_lvalue_reference_v<S> && ...),
                      "leat::zip_longest: streams are moved into it: write leat::zip_longest(std::move(a), "
                      "std::move(b))");
        return zipped_to_the_end<std::tuple<std::optional<stream_value_t<S>>...>, std::remove_cvref_t<S>...>(
            static_cast<std::remove_cvref_t<S>&&>(s)...);
    }
};

} // namespace detail

/// `zip_longest(a, b, ...)`: as `zip`, but to the end of the longest: a stream that has ended gives `std::nullopt`.
/// Python: zip_longest; Pekko: zipAll.
///
/// Yields: `std::tuple<std::optional<T>...>`, elements to keep; what is lent is copied. Of views it is a tuple of views.
/// Ends: with the longest. Throws: what the first of them throws that fails; the others are stopped, closed and waited for
/// before that, and complete tuples come first. An element whose partner fails is dropped.
/// Owns: the streams. All of them begin with the first step. While one waits, the others have been asked already.
/// Threads: goes on where the wait of the last one ended. Batches: rebuilt: up to 64 tuples of what is ready in all
/// streams, for elements to keep; else one by one.
/// Cost: a frame, a small state, and a frame for each stream; none per element. No mutex while all of them are ready.
///
///     auto diff = leat::zip_longest(std::move(old_lines), std::move(new_lines));
inline constexpr detail::zip_longest_fn zip_longest{};

} // namespace leat
