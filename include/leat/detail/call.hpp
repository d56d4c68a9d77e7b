#pragma once

#include <type_traits>

#include "../maybe.hpp"

namespace leat::detail {

// Calls a stage's function. A pointer to a member works as well as a lambda: transform(&user::name).
template <class F, class... A>
LEAT_ALWAYS_INLINE constexpr auto invoke(F& f, A&&... a) -> decltype(f(static_cast<A&&>(a)...)) {
    return f(static_cast<A&&>(a)...);
}
// Not `M C::*`: g++ 12 does not deduce M from a const member function.
template <class M, class A>
    requires std::is_member_object_pointer_v<M>
constexpr auto invoke(const M& member, A&& a) -> decltype((static_cast<A&&>(a).*member)) {
    return static_cast<A&&>(a).*member;
}
template <class M, class A>
    requires std::is_member_function_pointer_v<M>
constexpr auto invoke(const M& member, A&& a) -> decltype((static_cast<A&&>(a).*member)()) {
    return (static_cast<A&&>(a).*member)();
}

template <class F, class... A>
concept callable = requires(F& f, A&&... a) {
    detail::invoke(f, static_cast<A&&>(a)...);
};

// An element R is offered to a function as it comes (an rvalue, where it is the reader's to move from) and, where the
// function does not take that, as the lvalue it also is: so f(T), f(T&&), f(const T&), f(T&) and f(auto&) all work.
template <class R> using lvalue_of = std::remove_reference_t<R>&;

template <class F, class R, class... Before>
concept takes_element = callable<F, Before..., R&&> || callable<F, Before..., lvalue_of<R>>;

template <class F, class R>
concept looks_at_element = callable<F, lvalue_of<R>>;

template <class F, class R>
concept tests_element = requires(F& f, lvalue_of<R> x) {
    detail::invoke(f, x) ? 0 : 0;
};

template <class F, class R, class... Before>
LEAT_ALWAYS_INLINE constexpr decltype(auto) give(F& f, maybe<R>& x, Before&&... before) {
    if constexpr (callable<F, Before..., R&&>)
        return detail::invoke(f, static_cast<Before&&>(before)..., x.forward());
    else
        return detail::invoke(f, static_cast<Before&&>(before)..., *x);
}

template <class F, class R, class... Before>
using give_result =
    decltype(detail::give(std::declval<F&>(), std::declval<maybe<R>&>(), std::declval<Before>()...));

} // namespace leat::detail
