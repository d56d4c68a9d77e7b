#pragma once

#include "../detail/match_sink.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

struct is_none {
    static constexpr bool decides = true;
    static constexpr bool decided = false;
};

struct none_fn : operation<none_fn> {
    template <class S, class P> static auto make(S&& s, P p) {
        if constexpr (tests_element<P, stream_reference_t<S>>) {
            return match_sink<S, P, is_none>(static_cast<S&&>(s), static_cast<P&&>(p));
        } else {
            static_assert(
                always_false<P>,
                "leat::none: the predicate cannot be called with the stream's element, or does not give a "
                "bool; give it a const reference to that type, or const auto&");
            return task<bool>();
        }
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::none(p))`: is `p(x)` true for no element?
/// Rust: -; Kotlin: `none`; Python: -; .NET: -.
///
/// Yields: a bool; true for an empty stream. Stops at the first element that decides it, and closes the stream.
/// Throws: as `for_each`, and what `p` throws. Owns: the stream and `p`, which looks at the element. Cost: no allocation,
/// no suspension per element.
///
///     bool quiet = co_await leat::none(std::move(events), &event::is_alarm);
inline constexpr detail::none_fn none{};

} // namespace leat
