#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace leat {

/// Is a `T` only a view of something that its stream owns, so that a copy of it is worth nothing after the step?
///
/// Specialize it for a view type of your own: stages that keep elements (`chunk`, `collect`, `first`) then refuse it and
/// name `leat::materialize()`.
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

} // namespace leat
