#pragma once

#include <leat/poison.hpp>

#include <leat/postgres/codec.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/owned_row.hpp>
#include <leat/postgres/page.hpp>
#include <leat/postgres/row_view.hpp>

#include <boost/pfr/core.hpp>
#include <boost/pfr/tuple_size.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace leat::postgres {

namespace detail {

/// The members of a Row: how many, their types, and how to reach them.
template <class Row> struct row_members {
    static constexpr std::size_t count = boost::pfr::tuple_size_v<Row>;
    template <std::size_t I> using type = boost::pfr::tuple_element_t<I, Row>;
    template <std::size_t I> static type<I>& get(Row& row) noexcept { return boost::pfr::get<I>(row); }
};

template <class... T> struct row_members<std::tuple<T...>> {
    static constexpr std::size_t count = sizeof...(T);
    template <std::size_t I> using type = std::tuple_element_t<I, std::tuple<T...>>;
    template <std::size_t I> static type<I>& get(std::tuple<T...>& row) noexcept { return std::get<I>(row); }
};

template <class T> inline constexpr bool is_tuple = false;
template <class... T> inline constexpr bool is_tuple<std::tuple<T...>> = true;

template <class Row, std::size_t... I> constexpr bool all_decodable(std::index_sequence<I...>) {
    return (decodable<typename unwrap_optional<typename row_members<Row>::template type<I>>::type> && ...);
}

/// What `rows<Row>` asks of Row, with the fix in the message.
template <class Row> constexpr void check_row() {
    if constexpr (!std::is_same_v<Row, row_view>) {
        static_assert(std::is_object_v<Row> && !std::is_const_v<Row>,
                      "leat: rows<Row> takes a plain Row type");
        static_assert(is_tuple<Row> || (std::is_aggregate_v<Row> && !std::is_array_v<Row>),
                      "leat: Row must be a struct without constructors and base classes, a std::tuple, or "
                      "leat::postgres::row_view");
        static_assert(std::is_default_constructible_v<Row>, "leat: Row must be default constructible");
        static_assert(
            all_decodable<Row>(std::make_index_sequence<row_members<Row>::count>{}),
            "leat: a member of Row has a type without a decoder: specialise leat::postgres::codec<T> for it");
    }
}

/// How far decoding a page got: `count` good rows, then perhaps an error.
template <class Row> struct decoded_rows {
    std::span<Row> rows;
    std::exception_ptr failure;
};

/// Turns pages into Rows. One per stream: it holds the decoder of each column, and the Rows, whose strings
/// are used again for the next page.
template <class Row> class row_reader {
    using members = row_members<Row>;
    static constexpr auto indexes = std::make_index_sequence<members::count>{};

    template <std::size_t I>
    using plain_member = typename unwrap_optional<typename members::template type<I>>::type;

    template <class Sequence> struct plan_of;
    template <std::size_t... I> struct plan_of<std::index_sequence<I...>> {
        using type = std::tuple<decode_fn<plain_member<I>>...>;
    };

public:
    /// Matches the query's columns with Row's members, in order. Throws error_kind::columns.
    void bind(std::vector<column> columns) {
        columns_ = std::move(columns);
        if (columns_.size() != members::count)
            throw error(error_kind::columns,
                        "leat::postgres: the query gives " + std::to_string(columns_.size()) + " columns (" +
                            list_of_columns() + "), but Row has " + std::to_string(members::count) +
                            " members: they must match in number "
                            "and order");
        bind_members(indexes);
    }

    decoded_rows<Row> read(const page& p, std::uint64_t rows_before) {
        if (rows_.size() < p.size())
            rows_.resize(p.size());
        std::size_t done = 0;
        try {
            const auto end = p.end();
            for (auto row = p.begin(); row != end; ++row, ++done) {
                auto field = row->begin();
                read_members(field, rows_[done], indexes);
            }
        } catch (const bad_value& why) {
            return fail(done,
                        [&] { throw_bad_value(columns_[current_], current_, rows_before + done + 1, why); });
        } catch (const null_found&) {
            return fail(done, [&] { throw_null(columns_[current_], current_, rows_before + done + 1); });
        } catch (...) {
            return {std::span<Row>(rows_.data(), done), std::current_exception()};
        }
        return {std::span<Row>(rows_.data(), done), nullptr};
    }

private:
    struct null_found {};

    template <class Throw> decoded_rows<Row> fail(std::size_t done, Throw raise) {
        try {
            raise();
        } catch (...) {
            return {std::span<Row>(rows_.data(), done), std::current_exception()};
        }
        return {};
    }

    std::string list_of_columns() const {
        std::string out;
        for (const column& c : columns_) {
            if (!out.empty())
                out += ", ";
            out += in_quotes(c.name);
            out += ' ';
            out += c.type_name;
        }
        return out.empty() ? "none" : out;
    }

    template <std::size_t... I> void bind_members(std::index_sequence<I...>) { (bind_member<I>(), ...); }
    template <std::size_t I> void bind_member() {
        using plain = plain_member<I>;
        auto& decode = std::get<I>(plan_);
        decode = codec<plain>::find(columns_[I].type);
        if (decode == nullptr)
            throw_type_mismatch(columns_[I], I, "member " + std::to_string(I + 1) + " of Row",
                                codec<plain>::cpp_name, codec<plain>::accepts);
    }

    template <class Field, std::size_t... I>
    void read_members(Field& field, Row& row, std::index_sequence<I...>) {
        (read_member<I>(field, row), ...);
    }
    template <std::size_t I, class Field> void read_member(Field& field, Row& row) {
        current_ = I; // so that an error knows its column
        const value v = value_of(field);
        ++field;
        auto& member = members::template get<I>(row);
        if constexpr (unwrap_optional<typename members::template type<I>>::nullable) {
            if (v.is_null()) {
                member.reset();
            } else {
                if (!member)
                    member.emplace();
                std::get<I>(plan_)(v, *member);
            }
        } else {
            if (v.is_null())
                throw null_found{};
            std::get<I>(plan_)(v, member);
        }
    }

    std::vector<column> columns_;
    typename plan_of<std::make_index_sequence<members::count>>::type plan_{};
    std::vector<Row> rows_;
    std::size_t current_ = 0;
};

/// Row views need no decoding: the reader only notes where each field lies.
template <> class row_reader<row_view> {
public:
    void bind(std::vector<column> columns) {
        columns_ = std::make_shared<const std::vector<column>>(std::move(columns));
    }

    decoded_rows<row_view> read(const page& p, std::uint64_t rows_before) {
        if constexpr (leat::detail::poisoning) {
            // Their memory is not used again, so that who still looks at it is found out.
            std::vector<value>().swap(values_);
            std::vector<row_view>().swap(rows_);
        }
        const std::size_t width = columns_->size();
        values_.resize(p.size() * width);
        rows_.resize(p.size());
        std::size_t done = 0;
        value* at = values_.data();
        const auto end = p.end();
        for (auto row = p.begin(); row != end; ++row, ++done) {
            rows_[done] = row_view(columns_, at, rows_before + done + 1);
            auto field = row->begin();
            for (std::size_t i = 0; i < width; ++i, ++field)
                *at++ = value_of(field);
        }
        return {std::span<row_view>(rows_), nullptr};
    }

private:
    column_list columns_;
    std::vector<value> values_;
    std::vector<row_view> rows_;
};

} // namespace detail
} // namespace leat::postgres
