#pragma once

#include <cstddef>

#include "../borrowed.hpp"
#include "../detail/refusals.hpp"
#include "../detail/sharing.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {
struct replay_fn : operation<replay_fn> {
    template <class S> static auto make(S&& s, std::size_t n) {
        if constexpr (is_borrowed<stream_value_t<S>>) {
            static_assert(always_false<S>, LEAT_VIEWS_REFUSED("leat::replay"));
            return static_cast<S&&>(s);
        } else {
            broadcast_options o;
            o.replay = n;
            return shared_source<S>(detail::share(static_cast<S&&>(s), o));
        }
    }
};
} // namespace detail

/// `replay(n)`: a `broadcast` whose new readers first get the last `n` elements, also after the end of the source. The same
/// as `broadcast({.replay = n})`.
///
/// Yields, ends, throws, threads, batches, cost: as `broadcast`. Owns: `n` elements beside those of the broadcast.
/// Kotlin: shareIn(replay); Reactor: replay, cache; Rx: replay.
///
///     auto recent = std::move(readings) | leat::replay(10);
///     auto late = recent.subscribe(); // begins with up to ten that were before
inline constexpr detail::replay_fn replay{};

} // namespace leat
