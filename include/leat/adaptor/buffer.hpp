#pragma once

#include <cstddef>

#include "../borrowed.hpp"
#include "../detail/overflowing.hpp"
#include "../detail/refusals.hpp"
#include "../overflow.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {
struct buffer_fn : operation<buffer_fn> {
    template <class S> static auto make(S&& s, std::size_t n, overflow policy) {
        if constexpr (is_borrowed<stream_value_t<S>>) {
            static_assert(always_false<S>, LEAT_VIEWS_REFUSED("leat::buffer"));
            return static_cast<S&&>(s);
        } else {
            LEAT_ASSERT(n != 0, "leat::buffer: a buffer of 0 elements has no room for any");
            return detail::overflowing<S>(static_cast<S&&>(s), n, policy, not_merged());
        }
    }
};
} // namespace detail

/// `buffer(n, policy)`: reads its source at once, whatever the reader does: for sources that must not wait. `policy` says
/// what becomes of an element that comes when the reader is busy and `n` wait for it already: see `leat::overflow`. What is
/// ready while the reader waits is never dropped.
///
/// Yields: the elements, to keep: moved, unless they are lent (then copied once). `dropped()` of the stream counts those
/// that were not. Ends: with its source. Throws: what its source throws; with `overflow::fail`, `leat::overflowed`;
/// elements first.
/// Owns: up to `n` elements, and as many in the reader's hands. Views are refused, see `materialize`.
/// Threads: the source goes on where its waits end, while the reader is elsewhere; the reader as in `prefetch`. A source
/// that is always ready waits for the reader after some thousand dropped elements. Nothing is read before the first step.
/// Batches: all that is there. Cost: two frames, and the allocations of a std::deque; a mutex per element.
/// Kotlin: buffer(n, onBufferOverflow); Reactor: onBackpressureBuffer, -Drop; Pekko: buffer(n, OverflowStrategy).
///
///     auto newest = std::move(quotes) | leat::buffer(100, leat::overflow::drop_oldest);
inline constexpr detail::buffer_fn buffer{};

} // namespace leat
