#pragma once

#include "../detail/match_sink.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

struct is_any {
    static constexpr bool decides = true;
    static constexpr bool decided = true;
};

struct any_fn : operation<any_fn> {
    template <class S, class P> static auto make(S&& s, P p) {
        if constexpr (tests_element<P, stream_reference_t<S>>) {
            return match_sink<S, P, is_any>(static_cast<S&&>(s), static_cast<P&&>(p));
        } else {
            static_assert(
                always_false<P>,
                "leat::any: the predicate cannot be called with the stream's element, or does not give a "
                "bool; give it a const reference to that type, or const auto&");
            return task<bool>();
        }
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::any(p))`: is `p(x)` true for an element?
/// Rust: `any`; Kotlin: `any`; Python: `any`; .NET: `AnyAsync`.
///
/// Yields: a bool; false for an empty stream. Stops at the first element that decides it, and closes the stream.
/// Throws: as `for_each`, and what `p` throws. Owns: the stream and `p`, which looks at the element. Cost: no allocation,
/// no suspension per element.
///
///     bool late = co_await leat::any(std::move(orders), &order::is_late);
inline constexpr detail::any_fn any{};

} // namespace leat
