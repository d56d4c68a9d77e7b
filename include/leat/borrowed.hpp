#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace leat {

/// Is a `T` only a view of something that its stream owns, so that a copy of it is worth nothing after the step?
///
/// Specialize it for a view type of your own: stages that keep elements (`chunk`, `collect`, `first`) then refuse it and
/// name `leat::materialize()`. A struct with a view among its members is known to be one; where its views look at something
/// that stays, say so: `template <> inline constexpr bool leat::is_borrowed<token> = false;`
template <class T> inline constexpr bool is_borrowed = false;
template <class C, class T> inline constexpr bool is_borrowed<std::basic_string_view<C, T>> = true;
template <class T, std::size_t N> inline constexpr bool is_borrowed<std::span<T, N>> = true;

/// What `leat::materialize()` makes of a `T`: `type`, constructed by `make(const T&)`. Specialize it with `is_borrowed`.
template <class T> struct owned {
    using type = T;
    static T make(const T& x) { return x; }
};
template <class C, class T> struct owned<std::basic_string_view<C, T>> {
    using type = std::basic_string<C, T>;
    static type make(std::basic_string_view<C, T> x) { return type(x); }
};
template <class T, std::size_t N> struct owned<std::span<T, N>> {
    using type = std::vector<std::remove_cv_t<T>>;
    static type make(std::span<T, N> x) { return type(x.begin(), x.end()); }
};

// A tuple or an optional of views, or of lent elements, is a view itself. (<utility> declares std::tuple, for std::pair; who has
// one has included <tuple>.)

namespace detail {
template <class T> inline constexpr bool lends = std::is_lvalue_reference_v<T> || is_borrowed<T>;

// What a member of a tuple becomes when the tuple is materialized.
template <class T> struct owned_member : owned<T> {};
template <class T> struct owned_member<T&> : owned<std::remove_const_t<T>> {};

template <class T> inline constexpr bool is_optional = false;
template <class T> inline constexpr bool is_optional<std::optional<T>> = true;
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
    static type make(const std::tuple<T...>& all) { return make(all, std::index_sequence_for<T...>()); }

private:
    template <std::size_t... I> static type make(const std::tuple<T...>& all, std::index_sequence<I...>) {
        return type(detail::owned_member<T>::make(get<I>(all))...);
    }
};

// So is a struct. Its members are not to be seen, but they can be asked what they are made of.

namespace detail {

// Stand-ins for the members of a struct when it is looked at from outside: is a T made of this many, and may the last one
// be a view?
struct any_member {
    template <class T>
        requires(!is_optional<T>) // which takes it by its own constructor
    operator T() const noexcept;
};
struct view_member {
    template <class T>
        requires(is_borrowed<T> && !is_optional<T>)
    operator T() const noexcept;
};
struct no_member {}; // what takes this takes anything, and says nothing

template <class T, class Last, std::size_t... Before>
concept made_with = requires {
    T{(static_cast<void>(Before), any_member())..., Last()};
};

template <class T, std::size_t... Before> constexpr bool view_after(std::index_sequence<Before...>) {
    return made_with<T, view_member, Before...> && !made_with<T, no_member, Before...>;
}
template <class T, std::size_t... I> constexpr bool view_at_any(std::index_sequence<I...>) {
    return (view_after<T>(std::make_index_sequence<I>()) || ...);
}

/// A struct with a `std::string_view`, a `std::span` or the like among its first 32 members.
template <class T>
concept struct_with_view = std::is_class_v<T> && std::is_aggregate_v<T> && !std::is_empty_v<T> &&
                           view_at_any<T>(std::make_index_sequence<32>());

} // namespace detail

template <detail::struct_with_view T> inline constexpr bool is_borrowed<T> = true;

} // namespace leat
