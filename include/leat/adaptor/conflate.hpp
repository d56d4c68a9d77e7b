#pragma once

#include "../borrowed.hpp"
#include "../detail/overflowing.hpp"
#include "../detail/refusals.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {
struct conflate_fn : operation<conflate_fn> {
    template <class S> static auto make(S&& s) { return make(static_cast<S&&>(s), not_merged()); }
    template <class S, class F> static auto make(S&& s, F merge) {
        using element = stream_value_t<S>;
        if constexpr (is_borrowed<element>) {
            static_assert(always_false<S>, LEAT_VIEWS_REFUSED("leat::conflate"));
            return static_cast<S&&>(s);
        } else if constexpr (!std::is_same_v<F, not_merged> &&
                             !requires(F & f, element kept, stream_reference_t<S> x) {
                                 element(detail::invoke(f, std::move(kept),
                                                        static_cast<stream_reference_t<S>&&>(x)));
                             }) {
            static_assert(
                always_false<S>,
                "leat::conflate: merge cannot be called with the kept element and a new one, or does not "
                "return an element; write [](T kept, T next) { return ...; }");
            return static_cast<S&&>(s);
        } else {
            return detail::overflowing<S>(static_cast<S&&>(s), 1, overflow::drop_oldest,
                                          static_cast<F&&>(merge));
        }
    }
};
} // namespace detail

/// `conflate()`: of what comes while the reader is busy, only the latest. `conflate(merge)`: all of it as one element, put
/// together by `kept = merge(std::move(kept), next)`.
///
/// Yields: elements to keep; `dropped()` of the stream counts those that a newer one replaced. What is ready while the
/// reader waits comes one by one. Ends: with its source, after the last element. Throws: what its source and `merge` throw,
/// elements first. Owns: one element, and one in the reader's hands. Views are refused, see `materialize`.
/// Threads: as `buffer`; `merge` runs where the source goes on. Batches: one by one.
/// Cost: two frames, and the allocations of a std::deque; a mutex per element.
/// Kotlin: conflate; Pekko: conflate; Rust: WatchStream; Rx: onBackpressureLatest, onBackpressureReduce.
///
///     auto shown = std::move(positions) | leat::conflate();
inline constexpr detail::conflate_fn conflate{};

} // namespace leat
