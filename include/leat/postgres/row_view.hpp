#pragma once

#include <leat/borrowed.hpp>
#include <leat/postgres/codec.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/type.hpp>
#include <leat/postgres/value.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace leat::postgres {

namespace detail {

inline std::string in_quotes(std::string_view name) {
    std::string out = "\"";
    out += name;
    out += '"';
    return out;
}

/// The columns of a query: of the stream, and of each row that outlives it.
using column_list = std::shared_ptr<const std::vector<column>>;

/// `column 3 "price"`: how every message names a column.
inline std::string describe(const column& c, std::size_t index) {
    return "column " + std::to_string(index + 1) + " " + in_quotes(c.name);
}

[[noreturn]] inline void throw_type_mismatch(const column& c, std::size_t index, std::string_view member,
                                             std::string_view cpp_name, std::string_view accepts) {
    std::string what = "leat::postgres: " + describe(c, index) + " is of type " + c.type_name + ", but " +
                       std::string(member) + " is " + std::string(cpp_name) + ", which takes " +
                       std::string(accepts) + ": change the member, or cast in the query, for example " +
                       in_quotes(c.name) + "::text";
    throw error(error_kind::columns, what);
}

[[noreturn]] inline void throw_null(const column& c, std::size_t index, std::uint64_t row) {
    throw error(error_kind::null_value, "leat::postgres: " + describe(c, index) + " is NULL in row " +
                                            std::to_string(row) +
                                            ": make the member a std::optional, or use coalesce() "
                                            "in the query");
}

[[noreturn]] inline void throw_bad_value(const column& c, std::size_t index, std::uint64_t row,
                                         const bad_value& why) {
    throw error(error_kind::conversion, "leat::postgres: " + describe(c, index) + " of type " + c.type_name +
                                            " in row " + std::to_string(row) + ": " + why.what());
}

template <class T> struct unwrap_optional {
    using type = T;
    static constexpr bool nullable = false;
};
template <class T> struct unwrap_optional<std::optional<T>> {
    using type = T;
    static constexpr bool nullable = true;
};

} // namespace detail

/// One field of a `row_view`.
class field_view {
public:
    field_view(const column& c, std::size_t index, std::uint64_t row, value v) noexcept
        : column_(&c), index_(index), row_(row), value_(v) {}

    bool is_null() const noexcept { return value_.is_null(); }
    const std::string& name() const noexcept { return column_->name; }
    const std::string& type_name() const noexcept { return column_->type_name; }

    /// The bytes as the server sent them, in Postgres' binary format. Empty for NULL.
    std::span<const std::byte> raw() const noexcept {
        return {reinterpret_cast<const std::byte*>(value_.data), value_.size};
    }

    /// The value as a `T`; for a nullable column `as<std::optional<T>>()`. Throws postgres::error.
    template <class T> T as() const {
        using wanted = detail::unwrap_optional<T>;
        using plain = typename wanted::type;
        static_assert(decodable<plain>,
                      "leat: no decoder for this type: specialise leat::postgres::codec<T>");
        const decode_fn<plain> decode = codec<plain>::find(column_->type);
        if (decode == nullptr)
            detail::throw_type_mismatch(*column_, index_, "as<T>()'s T", codec<plain>::cpp_name,
                                        codec<plain>::accepts);
        if (is_null()) {
            if constexpr (wanted::nullable)
                return std::nullopt;
            else
                detail::throw_null(*column_, index_, row_);
        }
        plain out{};
        try {
            decode(value_, out);
        } catch (const bad_value& why) {
            detail::throw_bad_value(*column_, index_, row_, why);
        }
        return out;
    }

private:
    const column* column_;
    std::size_t index_;
    std::uint64_t row_;
    value value_;
};

/// A row that was not copied: its fields lie in the page that came from the server.
///
/// Borrows: everything. Valid until the reader asks for the next row; copy out what must live longer.
/// Cost: nothing for a field that is not looked at; `as<T>()` looks the decoder up each time, so a Row struct
/// is quicker where all the columns are read.
class row_view {
public:
    row_view() noexcept = default;
    row_view(const detail::column_list& columns, const value* values, std::uint64_t row) noexcept
        : columns_(&columns), values_(values), row_(row) {}

    std::size_t size() const noexcept { return columns_ == nullptr ? 0 : (*columns_)->size(); }

    /// The row's number in the stream, from 1.
    std::uint64_t number() const noexcept { return row_; }

    /// The field at `index`, from 0. Throws postgres::error if there is no such column.
    template <std::integral Index> // a template, so that a literal 0 is not taken for a null string
    field_view operator[](Index index) const {
        const auto i = static_cast<std::size_t>(index); // a negative one becomes huge
        if (i >= size())
            throw error(error_kind::columns, "leat::postgres: the row has " + std::to_string(size()) +
                                                 " columns, so there is no column at index " +
                                                 std::to_string(index));
        return field_view((**columns_)[i], i, row_, values_[i]);
    }

    /// The first field of this name. Throws postgres::error if there is none.
    field_view operator[](std::string_view name) const {
        for (std::size_t i = 0; i < size(); ++i) {
            if ((**columns_)[i].name == name)
                return (*this)[i];
        }
        throw error(error_kind::columns,
                    "leat::postgres: the query has no column " + detail::in_quotes(name));
    }

private:
    friend class owned_row;
    detail::column_list columns() const { return columns_ == nullptr ? nullptr : *columns_; }
    const value& value_at(std::size_t i) const noexcept { return values_[i]; }

    const detail::column_list* columns_ = nullptr;
    const value* values_ = nullptr;
    std::uint64_t row_ = 0;
};

} // namespace leat::postgres

namespace leat {
// A row view is worth nothing after the step; a struct or a tuple is what to keep.
template <> inline constexpr bool is_borrowed<postgres::row_view> = true;
template <> inline constexpr bool is_borrowed<postgres::field_view> = true;
} // namespace leat
