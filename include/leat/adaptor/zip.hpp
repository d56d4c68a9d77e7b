#pragma once

#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "../detail/borrowed_members.hpp"
#include "../detail/feed.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

template <class T, class... S> async_generator<T> zipped(S... up) {
    auto c = make_crew<feeding_crew<S...>>();
    co_await on_close(c);
    c->begin(static_cast<S&&>(up)...);
    const auto tuple_of = [](auto&... f) { return T(f.head.forward()...); };
    std::vector<T> ready;
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        c->obey(stop); // even if they are always ready
        const auto n = c->ask();
        if (n.here == sizeof...(S)) {
            if constexpr (all_kept<S...>) {
                ready.clear();
                do {
                    ready.push_back(std::apply(tuple_of, c->feeds));
                } while (c->step() == sizeof...(S) && ready.size() < most_at_once);
                co_yield batch(ready);
            } else {
                T together = std::apply(tuple_of, c->feeds);
                co_yield std::move(together);
                c->step();
            }
            continue;
        }
        if (n.ended + n.failed != 0) { // there is no partner for those that are here
            if (!c->failed())
                co_return;
            c->let_go();
        }
        if (c->over(stop))
            co_return;
        co_await c->change();
    }
}

struct zip_fn {
    template <stream... S>
        requires(sizeof...(S) > 0)
    constexpr auto operator()(S&&... s) const {
        static_assert((!std::is_lvalue_reference_v<S> && ...),
                      "leat::zip: streams are moved into it: write leat::zip(std::move(a), std::move(b))");
        return zipped<std::tuple<handed_on_t<S>...>, std::remove_cvref_t<S>...>(
            static_cast<std::remove_cvref_t<S>&&>(s)...);
    }
};

} // namespace detail

/// `zip(a, b, ...)`: the first elements of all of them, then the second ones, and so on, as `std::tuple`s.
/// Rust, Kotlin, Python, Reactor: zip; .NET: Zip.
///
/// Yields: `std::tuple<T...>` of elements to keep where the streams give such, and of references where they lend them; a
/// tuple with a reference or a view in it is borrowed, so it is refused where elements are kept (`materialize` it).
/// Ends: with the shortest; the others are closed, and an element that has no partner is dropped. Throws: what the first of
/// them throws that fails; the others are stopped, closed and waited for before that, and complete tuples come first.
/// Owns: the streams. All of them begin with the first step. While one waits, the others have been asked already.
/// Threads: goes on where the wait of the last one ended. Batches: rebuilt: up to 64 tuples of what is ready in all
/// streams, for elements to keep; else one by one.
/// Cost: a frame, a small state, and a frame for each stream; none per element. No mutex while all of them are ready.
///
///     auto named = leat::zip(std::move(names), std::move(ages));
inline constexpr detail::zip_fn zip{};

} // namespace leat
