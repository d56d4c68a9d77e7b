#pragma once

#include <leat/detail/borrowed_members.hpp>
#include <leat/postgres/parameter.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

// A row that has a view in it is a view: leat::chunk and its like refuse to keep it.

namespace leat::postgres::detail {

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

} // namespace leat::postgres::detail

namespace leat {

template <postgres::detail::struct_with_view T> inline constexpr bool is_borrowed<T> = true;

} // namespace leat
