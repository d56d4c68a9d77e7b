#pragma once

#include <utility>

#include "../detail/switching.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

struct switch_latest_fn : operation<switch_latest_fn> {
    template <class S> static auto make(S&& s) {
        if constexpr (is_stream_to_keep<stream_reference_t<S>>) {
            return switching<handed_on_t<stream_value_t<S>>, S, open_itself>(static_cast<S&&>(s),
                                                                             open_itself());
        } else {
            static_assert(always_false<S>,
                          "leat::switch_latest: the stream's elements are not streams to keep; to make a "
                          "stream of each element use leat::flat_map_latest");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `switch_latest()`: of a stream of streams always the latest one. A new stream replaces the one that is open: that is stopped
/// and closed, and the wait for it is over, before the new one begins.
/// .NET, Rx: Switch; Kotlin: flatMapLatest; Reactor: switchOnNext.
///
/// Yields: the inner streams' elements where they lie: lent ones stay lent. What is ready when the next stream comes is
/// still handed out.
/// Ends: when its source and the last inner stream have ended. Throws: what its source or the inner stream throws, whichever
/// is first; the other one is stopped, closed and waited for before that. What an inner stream throws when it has been
/// replaced is in `closing_errors()`.
/// Owns: the streams. Threads: goes on where the wait of the one that was ready ended. Batches: preserved.
/// Cost: two frames and a small state, and a frame and a stop source for each inner stream; none per element.
///
///     auto current = std::move(channels) | leat::switch_latest();
inline constexpr detail::switch_latest_fn switch_latest{};

} // namespace leat
