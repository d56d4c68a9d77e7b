#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "../borrowed.hpp"
#include "../detail/refusals.hpp"
#include "../detail/sharing.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

struct broadcast_fn : sharing_operation<broadcast_fn> {
    template <class S> static auto make(S&& s, const broadcast_options& o) {
        if constexpr (is_borrowed<stream_value_t<S>>) {
            static_assert(always_false<S>, LEAT_VIEWS_REFUSED("leat::broadcast"));
            return static_cast<S&&>(s);
        } else {
            return shared_source<S>(detail::share(static_cast<S&&>(s), o));
        }
    }
};
} // namespace detail

/// `broadcast(stream, {.capacity = 256, .policy = leat::overflow::block})`: one stream for several readers. Each calls
/// `subscribe()` and gets a stream of all elements from then on.
///
/// Yields: `const T&`, lent from one ring that all readers share, so they need not be copyable; with another policy than
/// block each reader gets copies. Ends: each at the end of the source. Throws: each what the source throws, after its
/// elements; with `overflow::fail`, `leat::overflowed` to the reader that is too slow.
/// Nothing is read before a reader needs an element that is not there: it reads the source for all, by one step. The
/// fastest is at most `capacity` elements ahead of the slowest: then it waits, or with drop_oldest the slowest loses the
/// oldest (`dropped()` of its stream counts them), or with fail it fails. A reader that was closed or destroyed holds
/// nothing back. The last one that is closed closes the source, and reports what that throws; who subscribes later
/// gets the end.
/// Owns: the source and `capacity` elements, moved into the ring unless they are lent. Views are refused, see `materialize`.
/// Threads: readers may be on any threads. One that waits goes on where the source's wait ended, or where another reader's
/// step read the source or made room. So readers that block each other, such as one that is read to its end before
/// another begins, wait for ever. A stop of one reader is its own; that of the last one stops the source.
/// Batches: as read from the source (a ring's end divides one).
/// Cost: the ring, a frame for the source and one for each reader; none per element; a mutex per batch.
/// Kotlin: shareIn; Reactor: publish; Rust: broadcast channel; JS: share.
///
///     auto shared = std::move(quotes) | leat::broadcast();
///     auto log = shared.subscribe();
///     auto chart = shared.subscribe() | leat::conflate();
inline constexpr detail::broadcast_fn broadcast{};

} // namespace leat
