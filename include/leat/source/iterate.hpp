#pragma once

#include <type_traits>

#include "../detail/call.hpp"
#include "../detail/pass_on.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

template <class T, class F> async_generator<copied_or_lent<T>> iterated(T x, F f) {
    for (;;) {
        co_yield x;
        maybe<T&&> before(&x);
        x = detail::give(f, before);
    }
}

template <class F, class T> constexpr bool gives_next() {
    if constexpr (takes_element<F, T&&>)
        return std::is_assignable_v<T&, give_result<F, T&&>>;
    else
        return false;
}

} // namespace detail

/// `iterate(seed, f)`: seed, f(seed), f(f(seed)) and so on.
/// Rust: `iter::successors`; Kotlin: `generateSequence`.
///
/// Yields: values, to keep: copies, for the next one is made of it; what cannot be copied is lent.
/// Ends: never; use `take`, `take_while`. Throws: what `f` throws, after the elements before.
/// Owns: the last element and `f`, which is called for elements that are asked for only.
/// Threads: `f` runs where the reader's step runs. Batches: one by one. Cost: one allocation (the frame).
///
///     auto powers = leat::iterate(1, [](int x) { return 2 * x; }) | leat::take(10);
template <class T, class F> auto iterate(T seed, F f) {
    if constexpr (detail::gives_next<F, T>()) {
        return detail::iterated<T, F>(static_cast<T&&>(seed), static_cast<F&&>(f));
    } else {
        static_assert(detail::always_false<F>,
                      "leat::iterate: the function has to take an element and return the next one");
        return async_generator<T>();
    }
}

} // namespace leat
