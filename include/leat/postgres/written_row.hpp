#pragma once

#include <leat/postgres/codec.hpp>
#include <leat/postgres/encode.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/parameter.hpp>
#include <leat/postgres/row_reader.hpp>
#include <leat/postgres/type.hpp>
#include <leat/postgres/value.hpp>
#include <leat/postgres/write_error.hpp>
#include <leat/postgres/write_session.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace leat::postgres::detail {

template <class T> using written_plain = typename written_as<T>::type;

/// An element that is one value, and not made of several.
template <class Row>
concept single_value = encodable<written_plain<Row>> || has_text<written_plain<Row>>;

template <class Row>
concept writable_row = single_value<Row> || is_tuple<Row> ||
    (std::is_aggregate_v<Row> && !std::is_array_v<Row>);

/// The parts of an element that is written: the members of a struct or a tuple, or the one value that it is.
template <class Row> struct written_parts {
    static constexpr std::size_t count = row_members<Row>::count;
    template <std::size_t I> using type = std::remove_cvref_t<typename row_members<Row>::template type<I>>;
    template <std::size_t I> static const type<I>& get(const Row& row) noexcept {
        return row_members<Row>::template get<I>(row);
    }
};
template <single_value Row> struct written_parts<Row> {
    static constexpr std::size_t count = 1;
    template <std::size_t> using type = Row;
    template <std::size_t> static const Row& get(const Row& row) noexcept { return row; }
};

template <class Row, class Sequence> inline constexpr bool all_encodable = false;
template <class Row, std::size_t... I>
inline constexpr bool all_encodable<Row, std::index_sequence<I...>> =
    (encodable<written_plain<typename written_parts<Row>::template type<I>>> && ...);

template <class Row> using parts_of = std::make_index_sequence<written_parts<Row>::count>;

/// A row whose every part has an encoder: what is sent in binary.
template <class Row>
concept binary_row = writable_row<Row> && all_encodable<Row, parts_of<Row>>;

/// Something that does not fit into its column. `what()` names both; it is thrown on as a `write_error`.
inline write_error bad_row(std::string_view who, written_place place, std::string_view why) {
    const std::string what =
        "leat::postgres::" + std::string(who) + ": " + place_text(place) + ": " + std::string(why);
    return write_error(error_kind::conversion, what, std::move(place));
}

inline std::string list_of(const std::vector<column>& columns) {
    std::string out;
    for (const column& c : columns) {
        if (!out.empty())
            out += ", ";
        out += '"' + c.name + "\" " + c.type_name;
    }
    return out;
}

/// `what` are the columns of a table, or the parameters of a statement.
inline void check_part_count(std::string_view who, std::string_view what, const std::vector<column>& columns,
                             std::size_t parts) {
    if (columns.size() != parts)
        throw error(error_kind::columns, "leat::postgres::" + std::string(who) + ": there are " +
                                             std::to_string(columns.size()) + ' ' + std::string(what) + " (" +
                                             list_of(columns) + "), but an element of the stream has " +
                                             std::to_string(parts) +
                                             " members: they must match in number and order");
}

inline error cannot_be_written(std::string_view who, const column& to, std::size_t part,
                               std::string_view cpp_name, std::string_view way_out) {
    return error(error_kind::columns,
                 "leat::postgres::" + std::string(who) + ": \"" + to.name + "\" is of type " + to.type_name +
                     ", and member " + std::to_string(part + 1) + " of the element, " +
                     std::string(cpp_name) + ", has no binary encoding for it: " + std::string(way_out));
}

/// The encoder of each part of a Row.
template <class Row, class Sequence = parts_of<Row>> struct encoders_of;
template <class Row, std::size_t... I> struct encoders_of<Row, std::index_sequence<I...>> {
    using type = std::tuple<encoder<typename written_parts<Row>::template type<I>>...>;
};

/// Rows in COPY's binary format.
template <class Row> class binary_rows {
    using parts = written_parts<Row>;

public:
    static constexpr std::string_view name = "copy_into";
    static constexpr std::string_view format = "binary";

    void bind(const std::vector<column>& columns) {
        check_part_count(name, "columns", columns, parts::count);
        bind_all(columns, parts_of<Row>());
    }
    static void begin(std::string& out) {
        using namespace std::string_view_literals;
        out += "PGCOPY\n\377\r\n\0"sv;
        append_big_endian(out, std::int32_t{0}); // flags
        append_big_endian(out, std::int32_t{0}); // length of a header extension
    }
    void add(const Row& row, std::string& out) {
        append_big_endian(out, static_cast<std::int16_t>(parts::count));
        add_all(row, out, parts_of<Row>());
    }
    static void end(std::string& out) { append_big_endian(out, std::int16_t{-1}); }

    /// Which part `add` was at when it threw.
    std::size_t at() const noexcept { return at_; }

private:
    template <std::size_t... I> void bind_all(const std::vector<column>& columns, std::index_sequence<I...>) {
        (bind_one<I>(columns[I]), ...);
    }
    template <std::size_t I> void bind_one(const column& c) {
        using part = typename parts::template type<I>;
        std::get<I>(encoders_) = encoder<part>::find(c);
        if (!std::get<I>(encoders_))
            throw cannot_be_written(
                name, c, I, codec<written_plain<part>>::cpp_name,
                "make it another C++ type, or use leat::postgres::copy_text_into, which lets the "
                "server read text for every type");
    }
    template <std::size_t... I> void add_all(const Row& row, std::string& out, std::index_sequence<I...>) {
        ((at_ = I, std::get<I>(encoders_)(parts::template get<I>(row), out)), ...);
    }

    typename encoders_of<Row>::type encoders_;
    std::size_t at_ = 0;
};

inline void append_copy_text(std::string_view text, std::string& out) {
    for (std::size_t from = 0; from != text.size();) {
        std::size_t to = from;
        char escape = '\0';
        for (; to != text.size() && escape == '\0'; ++to) {
            switch (text[to]) {
            case '\\':
                escape = '\\';
                break;
            case '\n':
                escape = 'n';
                break;
            case '\r':
                escape = 'r';
                break;
            case '\t':
                escape = 't';
                break;
            case '\0':
                throw bad_value("the text holds a zero byte, which Postgres text cannot");
            default:
                break;
            }
        }
        const bool escaped = escape != '\0';
        out += text.substr(from, to - from - (escaped ? 1 : 0));
        if (escaped) {
            out += '\\';
            out += escape;
        }
        from = to;
    }
}

/// Rows in COPY's text format. What has no text is refused by `to_parameter`.
template <class Row> class text_rows {
    using parts = written_parts<Row>;

public:
    static constexpr std::string_view name = "copy_text_into";
    static constexpr std::string_view format = "text";

    void bind(const std::vector<column>& columns) {
        check_part_count(name, "columns", columns, parts::count);
    }
    static void begin(std::string&) {}
    void add(const Row& row, std::string& out) {
        add_all(row, out, parts_of<Row>());
        out.back() = '\n'; // a tab stands behind each field
    }
    static void end(std::string&) {}
    std::size_t at() const noexcept { return at_; }

private:
    template <std::size_t... I> void add_all(const Row& row, std::string& out, std::index_sequence<I...>) {
        ((at_ = I, add_one(parts::template get<I>(row), out)), ...);
    }
    template <class T> static void add_one(const T& part, std::string& out) {
        if constexpr (std::is_convertible_v<const T&, std::string_view> &&
                      !std::is_convertible_v<const T&, const char*>) {
            append_copy_text(part, out);
        } else {
            const parameter text = to_parameter(part);
            if (text)
                append_copy_text(*text, out);
            else
                out += "\\N";
        }
        out += '\t';
    }

    std::size_t at_ = 0;
};

/// Rows turned round: an array for each part, as the parameters of one statement.
template <class Row> class row_arrays {
    using parts = written_parts<Row>;

public:
    static constexpr std::string_view name = "execute_batch";

    /// `parameters` are what the server takes the statement's parameters for.
    void bind(const std::vector<column>& parameters) {
        check_part_count(name, "parameters", parameters, parts::count);
        bind_all(parameters, parts_of<Row>());
    }

    void add(const Row& row) {
        add_all(row, parts_of<Row>());
        ++count_;
    }
    std::size_t at() const noexcept { return at_; }

    std::size_t count() const noexcept { return count_; }
    std::size_t bytes() const noexcept {
        std::size_t sum = 0;
        for (const array& a : arrays_)
            sum += a.bytes.size();
        return sum;
    }
    void clear() noexcept {
        count_ = 0;
        for (array& a : arrays_)
            a.bytes.resize(header);
    }

    /// The arrays of the rows so far. Borrows them.
    statement_values values() {
        statement_values out;
        for (array& a : arrays_) {
            const auto count = static_cast<std::int32_t>(count_);
            overwrite_big_endian(a.bytes, 0, std::int32_t{count == 0 ? 0 : 1}); // dimensions
            overwrite_big_endian(a.bytes, 8, a.element);
            overwrite_big_endian(a.bytes, 12, count);
            overwrite_big_endian(a.bytes, 16, std::int32_t{1}); // the first index
            out.add_binary(a.bytes);
        }
        return out;
    }

private:
    /// In front of an array: dimensions, flags, the type of its elements, their number, the first one's
    /// index.
    static constexpr std::size_t header = 5 * sizeof(std::int32_t);
    struct array {
        std::string bytes = std::string(header, '\0');
        oid element = 0;
    };

    template <std::size_t... I>
    void bind_all(const std::vector<column>& parameters, std::index_sequence<I...>) {
        (bind_one<I>(parameters[I]), ...);
    }
    template <std::size_t I> void bind_one(const column& c) {
        using part = typename parts::template type<I>;
        const oid element = leat::postgres::type::element_of(c.type);
        if (element == 0)
            throw error(error_kind::columns,
                        "leat::postgres::execute_batch: " + c.name + " is of type " + c.type_name +
                            ", but every parameter is an array of one member of all rows of a page: "
                            "write unnest(" +
                            c.name + "::bigint[]), with the type of your column");
        column to;
        to.name = c.name;
        to.type = element;
        to.type_name = c.type_name;
        std::get<I>(encoders_) = encoder<part>::find(to);
        if (!std::get<I>(encoders_))
            throw cannot_be_written(
                name, c, I, codec<written_plain<part>>::cpp_name,
                "make it another C++ type, or make it text and cast in the statement: unnest(" + c.name +
                    "::text[])");
        arrays_[I].element = c.element != 0 ? c.element : element;
    }
    template <std::size_t... I> void add_all(const Row& row, std::index_sequence<I...>) {
        ((at_ = I, std::get<I>(encoders_)(parts::template get<I>(row), arrays_[I].bytes)), ...);
    }

    typename encoders_of<Row>::type encoders_;
    std::array<array, parts::count> arrays_;
    std::size_t count_ = 0;
    std::size_t at_ = 0;
};

} // namespace leat::postgres::detail
