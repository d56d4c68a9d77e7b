#pragma once

#include <iterator>
#include <type_traits>

namespace leat {

/// The names of a struct's members, for those who match them with the columns of a table or of a CSV file: a std::array, one
/// name a member, in their order. The struct can bring them itself:
/// \code
/// struct user {
///     std::int64_t id;
///     std::string name;
///     static constexpr std::array column_names{"id", "name"};
/// };
/// \endcode
/// or this is specialized: `template <> inline constexpr std::array leat::column_names<user>{"id", "name"};`
/// (C++20 has no way to ask the compiler for them.)
template <class Row> inline constexpr int column_names = 0;
template <class Row>
    requires requires { std::size(Row::column_names); }
inline constexpr auto column_names<Row> = Row::column_names;

namespace detail {
template <class Row>
inline constexpr bool has_column_names = !std::is_same_v<std::remove_cv_t<decltype(column_names<Row>)>, int>;
} // namespace detail

} // namespace leat
