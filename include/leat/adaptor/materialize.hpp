#pragma once

#include "../borrowed.hpp"
#include "transform.hpp"

namespace leat {

namespace detail {
struct materialize_fn : operation<materialize_fn> {
    template <class S> static auto make(S&& s) {
        using value = stream_value_t<S>;
        auto own = []<class X>(X&& x) -> typename owned<value>::type {
            if constexpr (is_borrowed<value>)
                return owned<value>::make(x);
            else
                return static_cast<X&&>(x);
        };
        return transform_stage<S, decltype(own)>(static_cast<S&&>(s), own);
    }
};
} // namespace detail

/// `materialize()`: each element as a value of its own, which may be kept after the step.
///
/// Yields: `std::string` for `std::string_view`, `std::vector` for `std::span`, a copy for a lent element; elements to
/// keep are moved. Ends and throws: with its source.
/// Batches: preserved. Cost: a copy of each borrowed element, with the allocation that needs.
///
///     auto pages = std::move(lines) | leat::materialize() | leat::chunk(100);
inline constexpr detail::materialize_fn materialize{};

} // namespace leat
