#pragma once

#include <type_traits>

#include "../detail/sink.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

template <class S, class T> class sum_sink : public sink<sum_sink<S, T>, S> {
public:
    sum_sink(S&& s, T init) : sum_sink::sink(static_cast<S&&>(s)), sum_(static_cast<T&&>(init)) {}
    LEAT_ALWAYS_INLINE bool accept(maybe<stream_reference_t<S>>& x) {
        if constexpr (requires { sum_ += x.forward(); })
            sum_ += x.forward();
        else
            sum_ = static_cast<T&&>(sum_) + x.forward();
        return true;
    }
    T result() { return static_cast<T&&>(sum_); }

private:
    T sum_;
};

template <class T, class V>
concept adds = requires(T& sum, const V& x) {
    sum += x;
}
|| requires(T& sum, const V& x) { sum = static_cast<T&&>(sum) + x; };
template <class V>
concept sums_up = requires(const V& a) {
    a + a;
    std::remove_cvref_t<decltype(a + a)>();
};

struct sum_fn : operation<sum_fn> {
    template <class S> static auto make(S&& s) {
        using value = stream_value_t<S>;
        if constexpr (sums_up<value>) {
            // What the sum of two elements is: an int for two of type short.
            using total =
                std::remove_cvref_t<decltype(std::declval<const value&>() + std::declval<const value&>())>;
            return sum_sink<S, total>(static_cast<S&&>(s), total());
        } else {
            static_assert(
                always_false<S>,
                "leat::sum: two elements cannot be added; say what to add: leat::transform(...) before it");
            return task<value>();
        }
    }
    template <class S, class T> static auto make(S&& s, T init) {
        if constexpr (adds<T, stream_value_t<S>>) {
            return sum_sink<S, T>(static_cast<S&&>(s), static_cast<T&&>(init));
        } else {
            static_assert(always_false<T>, "leat::sum: an element cannot be added to the start value");
            return task<T>();
        }
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::sum())`: all elements added up; `sum(init)` starts there, and is of that type.
/// Rust: -; Kotlin: `sumOf`; Python: `sum`; .NET: `Sum`.
///
/// Yields: of the type of `x + x`, starting with its zero, which is the sum of an empty stream. So ints overflow as ints:
/// say `sum(std::int64_t{0})` for more. Ends and throws: as `for_each`. Owns: the stream and the sum.
/// Cost: no allocation, no suspension per element.
///
///     auto revenue = std::move(orders) | leat::transform(&order::price) | leat::sum();
inline constexpr detail::sum_fn sum{};

} // namespace leat
