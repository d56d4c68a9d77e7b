#pragma once

#include <utility>

#include "../detail/switching.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

struct flat_map_latest_fn : operation<flat_map_latest_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        if constexpr (opens_stream<F, stream_reference_t<S>>) {
            using inner = give_result<F, stream_reference_t<S>>;
            return switching<handed_on_t<inner>, S, F>(static_cast<S&&>(s), static_cast<F&&>(f));
        } else {
            static_assert(always_false<F>,
                          "leat::flat_map_latest: the function cannot be called with the stream's element, "
                          "or does not return a stream");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `flat_map_latest(f)`: the elements of the stream that `f` makes of the latest element. A new element replaces the stream
/// that is open: that is stopped and closed, and the wait for it is over, before the new one begins.
/// Kotlin: flatMapLatest; Python: switchmap; Reactor, Rx: switchMap; Swift: flatMapLatest.
///
/// Yields: the inner streams' elements where they lie: lent ones stay lent. What is ready when the next element comes is
/// still handed out.
/// Ends: when its source and the last inner stream have ended. Throws: what its source, `f` or the inner stream throws,
/// whichever is first; the others are stopped, closed and waited for before that. What an inner stream throws when it has
/// been replaced is in `closing_errors()`.
/// Owns: the source, `f` and the inner stream. The element itself is gone when `f` returns: what the inner stream needs of
/// it, it has to own. Threads: goes on where the wait of the one that was ready ended; `f` runs where that of the source
/// ended. Batches: preserved.
/// Cost: two frames and a small state, and two frames and a stop source for each inner stream; none per element.
///
///     auto hits = std::move(queries) | leat::flat_map_latest([&](std::string q) { return search(q); });
inline constexpr detail::flat_map_latest_fn flat_map_latest{};

} // namespace leat
