#pragma once

#include <type_traits>

#include "sink.hpp"

/// What `collect`, `collect_into` and `try_collect` share.
namespace leat::detail {

// A container does not say itself whether emplace_back of something compiles.
template <class C, class R>
concept holds_element = std::is_constructible_v<typename C::value_type, R&&>;
// Text of text: a std::string takes whatever can be appended to it.
template <class C, class R>
concept appends_element = !holds_element<C, R> && requires(C & c, lvalue_of<R> x) {
    c.append(x);
};
template <class C, class S>
concept collects = holds_element<C, stream_reference_t<S>> || appends_element<C, stream_reference_t<S>>;

template <class C, class X> LEAT_ALWAYS_INLINE void put_into(C& all, X&& x) {
    if constexpr (appends_element<C, X>)
        all.append(x);
    else if constexpr (requires { all.emplace_back(static_cast<X&&>(x)); })
        all.emplace_back(static_cast<X&&>(x));
    else if constexpr (requires { all.push_back(static_cast<X&&>(x)); })
        all.push_back(static_cast<X&&>(x));
    else if constexpr (requires { all.emplace(static_cast<X&&>(x)); })
        all.emplace(static_cast<X&&>(x));
    else
        all.insert(static_cast<X&&>(x));
}

} // namespace leat::detail
