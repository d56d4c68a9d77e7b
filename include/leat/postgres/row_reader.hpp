#pragma once

#include <leat/borrowed.hpp>
#include <leat/column_names.hpp>
#include <leat/detail/struct_members.hpp>
#include <leat/poison.hpp>
#include <leat/postgres/codec.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/owned_row.hpp>
#include <leat/postgres/page_arena.hpp>
#include <leat/postgres/row_view.hpp>
#include <leat/postgres/stream_options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace leat::postgres {

/// The names of a struct's members, for `stream_options::match_names`: those of `leat::column_names`. Where the columns of a
/// query have other names than those of a file:
/// `template <> inline constexpr std::array leat::postgres::column_names<user>{"id", "name"};`
template <class Row> inline constexpr auto column_names = leat::column_names<Row>;

namespace detail {

template <class Row>
inline constexpr bool has_column_names = !std::is_same_v<std::remove_cv_t<decltype(column_names<Row>)>, int>;

using leat::detail::is_tuple;
template <class Row> using row_members = leat::detail::struct_members<Row>;

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

[[noreturn]] inline void throw_row_too_large(std::size_t bytes, std::size_t most, std::uint64_t row) {
    throw error(error_kind::row_too_large,
                "leat::postgres: row " + std::to_string(row) + " has " + std::to_string(bytes) +
                    " bytes, and stream_options::max_row_bytes allows " + std::to_string(most));
}

/// What every reader has: the rows of a page so far, and the failure that ended it.
template <class Row> class page_reader {
public:
    explicit page_reader(const stream_options& o) : max_row_bytes_(o.max_row_bytes) {}

    std::span<Row> rows() noexcept { return {rows_.data(), count_}; }
    std::exception_ptr take_failure() noexcept { return std::exchange(failure_, nullptr); }

protected:
    void start_again(std::size_t expected) {
        if constexpr (leat::detail::poisoning) {
            // Views: their memory is not used again, so that who still looks at it is found out.
            if constexpr (is_borrowed<Row>)
                std::vector<Row>().swap(rows_);
        }
        count_ = 0;
        arena_.clear();
        if (rows_.size() < expected)
            rows_.resize(expected);
    }
    Row& next_row() {
        if (count_ == rows_.size())
            rows_.resize(count_ < 32 ? 64 : 2 * count_);
        return rows_[count_];
    }
    /// A field's bytes where they stay for as long as the page.
    template <class Fields> value lasting(value v) {
        if constexpr (!Fields::lasting) {
            if (!v.is_null())
                v.data = arena_.copy(v.data, v.size);
        }
        return v;
    }
    template <class Fields> void check_size(const Fields& fields) const {
        if (max_row_bytes_ != 0) {
            const std::size_t bytes = fields.bytes();
            if (bytes > max_row_bytes_)
                throw_row_too_large(bytes, max_row_bytes_, number_);
        }
    }

    std::vector<Row> rows_;
    std::size_t count_ = 0;
    page_arena arena_;
    std::exception_ptr failure_;
    std::size_t max_row_bytes_;
    std::uint64_t number_ = 0; // of the row that is being read, from 1
};

/// Takes rows one by one and turns them into Rows. One per stream: it holds the decoder of each column, and the Rows, whose
/// strings are used again for the next page.
template <class Row> class row_reader : public page_reader<Row> {
    using members = row_members<Row>;
    static constexpr auto indexes = std::make_index_sequence<members::count>{};

    template <std::size_t I>
    using plain_member = typename unwrap_optional<typename members::template type<I>>::type;

    template <class Sequence> struct plan_of;
    template <std::size_t... I> struct plan_of<std::index_sequence<I...>> {
        using type = std::tuple<decode_fn<plain_member<I>>...>;
    };

public:
    explicit row_reader(const stream_options& o) : page_reader<Row>(o), match_names_(o.match_names) {}

    /// Matches the query's columns with Row's members, in order or by name. Throws error_kind::columns.
    void bind(std::vector<column> columns) {
        columns_ = std::move(columns);
        if (match_names_)
            sort_columns();
        if (columns_.size() != members::count)
            throw error(error_kind::columns,
                        "leat::postgres: the query gives " + std::to_string(columns_.size()) + " columns (" +
                            list_of_columns() + "), but Row has " + std::to_string(members::count) +
                            " members: they must match in number "
                            "and order");
        bind_members(indexes);
    }

    void begin_page(std::size_t expected = 0) { this->start_again(expected); }

    /// Reads one row. False if it cannot be read: then the page ends before it.
    template <class Fields> bool add(Fields& fields) {
        ++this->number_;
        try {
            this->check_size(fields);
            if (in_order_) {
                read_members(fields, this->next_row(), indexes);
            } else {
                sorted_fields<Fields> sorted(fields, place_of_);
                read_members(sorted, this->next_row(), indexes);
            }
            ++this->count_;
            return true;
        } catch (const bad_value& why) {
            fail([&] { throw_bad_value(columns_[current_], current_, this->number_, why); });
        } catch (const null_found&) {
            fail([&] { throw_null(columns_[current_], current_, this->number_); });
        } catch (...) {
            this->failure_ = std::current_exception();
        }
        return false;
    }

private:
    struct null_found {};

    /// The fields in the order of the members.
    template <class Fields> class sorted_fields {
    public:
        static constexpr bool lasting = Fields::lasting;

        sorted_fields(Fields& fields, const std::array<std::size_t, members::count>& place_of) {
            for (const std::size_t place : place_of)
                values_[place] = fields.next();
        }
        value next() noexcept { return values_[next_++]; }

    private:
        std::array<value, members::count> values_;
        std::size_t next_ = 0;
    };

    /// Puts the columns into the order of the members that have their names.
    void sort_columns() {
        if constexpr (!has_column_names<Row>) {
            throw error(
                error_kind::columns,
                "leat::postgres: stream_options::match_names needs the names of Row's members: give the "
                "struct a "
                "static constexpr std::array column_names, or specialise leat::postgres::column_names");
        } else {
            const auto& names = column_names<Row>;
            static_assert(std::tuple_size_v<std::remove_cvref_t<decltype(names)>> == members::count,
                          "leat::postgres: column_names needs one name for each member of Row");
            std::vector<column> sorted(members::count);
            std::array<bool, members::count> found{};
            bool all = columns_.size() == members::count;
            for (std::size_t i = 0; all && i != members::count; ++i) {
                std::size_t place = 0;
                while (place != members::count && (found[place] || columns_[i].name != names[place]))
                    ++place;
                all = place != members::count;
                if (all) {
                    found[place] = true;
                    place_of_[i] = place;
                    in_order_ = in_order_ && place == i;
                    sorted[place] = columns_[i];
                }
            }
            if (!all)
                throw error(error_kind::columns,
                            "leat::postgres: the query's columns are " + list_of_columns() +
                                ", but Row's members are " + list_of_names() +
                                ": with stream_options::match_names each needs the other; rename "
                                "in the query with AS");
            columns_ = std::move(sorted);
        }
    }
    static std::string list_of_names() {
        std::string out;
        for (const auto& name : column_names<Row>) {
            if (!out.empty())
                out += ", ";
            out += in_quotes(name);
        }
        return out;
    }

    template <class Throw> void fail(Throw raise) {
        try {
            raise();
        } catch (...) {
            this->failure_ = std::current_exception();
        }
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

    template <class Fields, std::size_t... I>
    void read_members(Fields& fields, Row& row, std::index_sequence<I...>) {
        (read_member<I>(fields, row), ...);
    }
    template <std::size_t I, class Fields> void read_member(Fields& fields, Row& row) {
        current_ = I; // so that an error knows its column
        value v = fields.next();
        if constexpr (is_borrowed<plain_member<I>>)
            v = this->template lasting<Fields>(v);
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
    std::size_t current_ = 0;
    bool match_names_;
    bool in_order_ = true;
    std::array<std::size_t, members::count> place_of_{}; // of each column among the members
};

/// Row views need no decoding: the reader only notes where each field lies.
template <> class row_reader<row_view> : public page_reader<row_view> {
public:
    explicit row_reader(const stream_options& o) : page_reader<row_view>(o) {}

    void bind(std::vector<column> columns) {
        columns_ = std::make_shared<const std::vector<column>>(std::move(columns));
    }

    void begin_page(std::size_t expected = 0) { start_again(expected); }

    template <class Fields> bool add(Fields& fields) {
        ++number_;
        try {
            check_size(fields);
            const std::size_t width = columns_->size();
            value* const values = arena_.make<value>(width);
            for (std::size_t i = 0; i < width; ++i)
                values[i] = lasting<Fields>(fields.next());
            next_row() = row_view(columns_, values, number_);
            ++count_;
            return true;
        } catch (...) {
            failure_ = std::current_exception();
            return false;
        }
    }

private:
    column_list columns_;
};

} // namespace detail
} // namespace leat::postgres
