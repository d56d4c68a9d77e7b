#pragma once

#include <optional>

#include "../borrowed.hpp"
#include "../detail/extreme_sink.hpp"
#include "../detail/refusals.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

struct greatest {
    template <class Less, class T> static constexpr bool better(Less& less, const T& x, const T& best) {
        return static_cast<bool>(detail::invoke(less, best, x));
    }
};

struct max_fn : operation<max_fn> {
    template <class S, class Less = less_than> static auto make(S&& s, Less less = {}) {
        using value = stream_value_t<S>;
        if constexpr (is_borrowed<value>) {
            static_assert(always_false<S>, LEAT_VIEWS_REFUSED("leat::max"));
            return task<std::optional<value>>();
        } else if constexpr (!compares<Less, value>) {
            static_assert(
                always_false<S>,
                "leat::max: two elements cannot be compared; give it a function that does: less(a, b)");
            return task<std::optional<value>>();
        } else {
            return extreme_sink<S, Less, greatest>(static_cast<S&&>(s), static_cast<Less&&>(less));
        }
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::max())`: the greatest element; `max(less)` compares by `less(a, b)`.
/// Rust: -; Kotlin: `maxOrNull` of a list; Python: `max`; .NET: `Max`.
///
/// Yields: a `std::optional`, empty for an empty stream; of several that are equal the first.
/// Ends and throws: as `for_each`. Owns: the stream; one element at a time is moved or copied out of it.
/// Cost: no allocation, no suspension per element.
///
///     std::optional<double> warmest = co_await leat::max(std::move(readings));
inline constexpr detail::max_fn max{};

} // namespace leat
