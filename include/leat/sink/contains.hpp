#pragma once

#include "../detail/match_sink.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

template <class T> class equals {
public:
    explicit equals(T wanted) : wanted_(static_cast<T&&>(wanted)) {}
    template <class X> bool operator()(const X& x) const { return static_cast<bool>(x == wanted_); }

private:
    T wanted_;
};

struct is_contained {
    static constexpr bool decides = true;
    static constexpr bool decided = true;
};

struct contains_fn : operation<contains_fn> {
    template <class S, class T> static auto make(S&& s, T wanted) {
        if constexpr (requires(const stream_value_t<S>& x, const T& w) { x == w ? 0 : 0; }) {
            return match_sink<S, equals<T>, is_contained>(static_cast<S&&>(s),
                                                          equals<T>(static_cast<T&&>(wanted)));
        } else {
            static_assert(always_false<T>,
                          "leat::contains: the stream's elements cannot be compared with this value; for a "
                          "condition use leat::any");
            return task<bool>();
        }
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::contains(x))`: does an element equal x?
/// Rust: -; Kotlin: -; Python: -; .NET: `ContainsAsync`.
///
/// Yields: a bool. Stops at the first such element and closes the stream. Throws: as `for_each`, and what `==` throws.
/// Owns: the stream and x. Cost: no allocation, no suspension per element.
///
///     bool known = co_await leat::contains(std::move(names), "Ada");
inline constexpr detail::contains_fn contains{};

} // namespace leat
