#pragma once

#include <cstddef>

#include "../borrowed.hpp"
#include "../detail/sharing.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {
struct replay_fn : operation<replay_fn> {
    template <class S> static auto make(S&& s, std::size_t n) {
        if constexpr (is_borrowed<stream_value_t<S>>) {
            static_assert(always_false<S>,
                          "leat::replay: the elements are views that are valid for one step only; put "
                          "leat::materialize() before it");
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
