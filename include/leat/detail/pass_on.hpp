#pragma once

#include <type_traits>
#include <utility>

#include "../async_generator.hpp"

/// What the generators that hand on other streams (`chain`, `catch_`, `defer` ...) share: what fits.
namespace leat::detail {

// Can an async_generator<T> give what S gives?
template <class S, class T>
concept passes_as = stream<S> &&
    (std::is_lvalue_reference_v<T>
         ? std::is_convertible_v<std::remove_reference_t<stream_reference_t<S>>*,
                                 typename element_traits<T>::object*>
         : std::is_constructible_v<typename element_traits<T>::object, stream_reference_t<S>>);

// Elements that are made once and handed out often: a copy to keep or, where they cannot be copied, lent.
template <class T> using copied_or_lent = std::conditional_t<std::is_copy_constructible_v<T>, T, const T&>;

template <class F, class... A> struct makes_stream_of { static constexpr bool value = false; };
template <class F, class... A>
    requires requires(F& f, A&... a) { f(a...); }
struct makes_stream_of<F, A...> {
    using result = decltype(std::declval<F&>()(std::declval<A&>()...));
    static constexpr bool value = stream<result> && !std::is_reference_v<result>;
};
// A function of (A&...) that makes a stream.
template <class F, class... A>
concept makes_stream = makes_stream_of<F, A...>::value;
template <class F, class... A> using stream_made_by = typename makes_stream_of<F, A...>::result;

} // namespace leat::detail
