#pragma once

#include <boost/pfr/core.hpp>
#include <boost/pfr/tuple_size.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>

// Needs Boost.PFR; for the adapters that turn rows into structs, not for the core.

namespace leat::detail {

template <class T> inline constexpr bool is_tuple = false;
template <class... T> inline constexpr bool is_tuple<std::tuple<T...>> = true;

/// The members of a struct or a tuple: how many, their types, and how to reach them.
template <class Row> struct struct_members {
    static constexpr std::size_t count = boost::pfr::tuple_size_v<Row>;
    template <std::size_t I> using type = boost::pfr::tuple_element_t<I, Row>;
    template <std::size_t I> static type<I>& get(Row& row) noexcept { return boost::pfr::get<I>(row); }
    template <std::size_t I> static const type<I>& get(const Row& row) noexcept {
        return boost::pfr::get<I>(row);
    }
};

template <class... T> struct struct_members<std::tuple<T...>> {
    static constexpr std::size_t count = sizeof...(T);
    template <std::size_t I> using type = std::tuple_element_t<I, std::tuple<T...>>;
    template <std::size_t I> static type<I>& get(std::tuple<T...>& row) noexcept { return std::get<I>(row); }
    template <std::size_t I> static const type<I>& get(const std::tuple<T...>& row) noexcept {
        return std::get<I>(row);
    }
};

/// What can be taken apart so.
template <class Row>
concept taken_apart = is_tuple<Row> ||
    (std::is_class_v<Row>&& std::is_aggregate_v<Row> && !std::is_array_v<Row>);

} // namespace leat::detail
