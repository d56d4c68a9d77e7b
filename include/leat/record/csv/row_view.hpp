#pragma once

#include "../../borrowed.hpp"
#include "../../config.hpp"
#include "../error.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace leat::csv {

namespace detail {

/// What the first row says of all.
struct columns {
    std::size_t count = 0;
    std::vector<std::string> names; // empty if the text has no header

    static constexpr auto none = static_cast<std::size_t>(-1);
    std::size_t place_of(std::string_view name) const noexcept {
        for (std::size_t i = 0; i != names.size(); ++i)
            if (names[i] == name)
                return i;
        return none;
    }
};

} // namespace detail

/// A row of a CSV text: its fields as they are, without the quotes around them.
///
/// Borrows: the stream, until the next step. To keep it, `leat::materialize()` makes a `std::vector<std::string>` of it.
class row_view {
public:
    row_view() noexcept = default;
    row_view(const std::string_view* fields, const detail::columns* columns, std::uint64_t line,
             std::uint64_t number) noexcept
        : fields_(fields), columns_(columns), line_(line), number_(number) {}

    /// How many fields; the same for every row of a text.
    std::size_t size() const noexcept { return columns_ == nullptr ? 0 : columns_->count; }
    const std::string_view* begin() const noexcept { return fields_; }
    const std::string_view* end() const noexcept { return fields_ + size(); }

    std::string_view operator[](std::size_t i) const noexcept {
        LEAT_ASSERT(i < size(), "leat::csv: the row has no such field");
        return fields_[i];
    }
    /// By the name of its column; looked for each time, so for many rows ask `place_of` once.
    std::string_view operator[](std::string_view name) const { return fields_[place_of(name)]; }

    /// The place of a column. Throws: `record::error` (header) if there is none of that name.
    std::size_t place_of(std::string_view name) const {
        const std::size_t i = columns_ == nullptr ? detail::columns::none : columns_->place_of(name);
        if (i == detail::columns::none)
            throw record::error(record::error_kind::header,
                                "leat::csv: there is no column \"" + std::string(name) +
                                    "\". Check the header, and options::header.",
                                {0, number_, line_, 0});
        return i;
    }
    /// The names of the columns; empty if the text has no header.
    std::span<const std::string> names() const noexcept {
        return columns_ == nullptr ? std::span<const std::string>() : columns_->names;
    }

    /// The line of the text on which the row starts, from 1. (A quoted field may have several lines.)
    std::uint64_t line() const noexcept { return line_; }
    /// The number of the row, from 1, the header not counted.
    std::uint64_t number() const noexcept { return number_; }

private:
    const std::string_view* fields_ = nullptr;
    const detail::columns* columns_ = nullptr;
    std::uint64_t line_ = 0;
    std::uint64_t number_ = 0;
};

} // namespace leat::csv

template <> inline constexpr bool leat::is_borrowed<leat::csv::row_view> = true;
template <> struct leat::owned<leat::csv::row_view> {
    using type = std::vector<std::string>;
    static type make(const leat::csv::row_view& row) { return type(row.begin(), row.end()); }
};
