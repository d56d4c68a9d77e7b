#pragma once

#include <optional>
#include <tuple>
#include <type_traits>

#include "../borrowed.hpp"

// A tuple or an optional of views, or of lent elements, is a view itself.

namespace leat {

namespace detail {
template <class T> inline constexpr bool lends = std::is_lvalue_reference_v<T> || is_borrowed<T>;

// What a member of a tuple becomes when the tuple is materialized.
template <class T> struct owned_member : owned<T> {};
template <class T> struct owned_member<T&> : owned<std::remove_const_t<T>> {};
} // namespace detail

template <class T> inline constexpr bool is_borrowed<std::optional<T>> = is_borrowed<T>;
template <class... T> inline constexpr bool is_borrowed<std::tuple<T...>> = (detail::lends<T> || ...);

template <class T>
    requires is_borrowed<T>
struct owned<std::optional<T>> {
    using type = std::optional<typename owned<T>::type>;
    static type make(const std::optional<T>& x) { return x ? type(owned<T>::make(*x)) : type(); }
};
template <class... T>
    requires(detail::lends<T> || ...)
struct owned<std::tuple<T...>> {
    using type = std::tuple<typename detail::owned_member<T>::type...>;
    static type make(const std::tuple<T...>& row) {
        return std::apply(
            [](const auto&... member) { return type(detail::owned_member<T>::make(member)...); }, row);
    }
};

} // namespace leat
