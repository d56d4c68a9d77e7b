#pragma once

#include "../../column_names.hpp"
#include "../../detail/struct_members.hpp"
#include "../detail/csv_splitter.hpp"
#include "../detail/reading.hpp"
#include "field.hpp"
#include "options.hpp"
#include "row_view.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace leat::csv {

namespace detail {

template <class T> struct plain_field { using type = T; };
template <class T> struct plain_field<std::optional<T>> { using type = T; };

template <class Row> using members = leat::detail::struct_members<Row>;
template <class Row> using indexes = std::make_index_sequence<members<Row>::count>;

template <class Row, std::size_t... I> constexpr bool all_readable(std::index_sequence<I...>) {
    return (readable_field<typename plain_field<typename members<Row>::template type<I>>::type> && ...);
}
template <class Row> constexpr bool can_be_read() {
    if constexpr (leat::detail::taken_apart<Row> && std::is_default_constructible_v<Row>)
        return all_readable<Row>(indexes<Row>());
    else
        return false;
}

/// Rows as structs or tuples. One per stream: the Rows of a batch are used again for the next, with their strings.
template <class Row> class row_decoder {
    static constexpr std::size_t width = members<Row>::count;
    static constexpr bool named = leat::detail::has_column_names<Row>;

public:
    using record = Row;

    explicit row_decoder(const options& o) : rows_of_text_(o) {}

    void feed(std::string_view chunk) { rows_of_text_.feed(chunk); }
    bool drained() const noexcept { return rows_of_text_.drained(); }
    bool holds() const noexcept { return failure_ || rows_of_text_.holds(); }
    void clear() noexcept {
        failure_.reset();
        rows_of_text_.clear();
    }
    std::span<Row> take() {
        return decode([this] { return rows_of_text_.take(); });
    }
    std::span<Row> finish() {
        return decode([this] { return rows_of_text_.finish(); });
    }

private:
    void raise_failure() {
        if (failure_) {
            const leat::record::error e = *failure_;
            clear();
            throw e;
        }
    }

    // The next rows of the text. Columns that do not fit are complained of before any row.
    template <class Take> std::span<row_view> texts_of(Take take) {
        const auto look_at_columns = [this] {
            if (!bound_ && rows_of_text_.columns() != nullptr)
                bind(*rows_of_text_.columns());
        };
        try {
            const auto texts = take();
            look_at_columns();
            return texts;
        } catch (const leat::record::error&) {
            look_at_columns();
            throw;
        }
    }

    template <class Take> std::span<Row> decode(Take take) {
        raise_failure();
        const auto texts = texts_of(take);
        if constexpr (leat::detail::poisoning && is_borrowed<Row>)
            std::vector<Row>().swap(rows_); // who still looks at one is found out
        if (rows_.size() < texts.size())
            rows_.resize(texts.size());
        std::size_t count = 0;
        for (const row_view& text : texts) {
            if (const std::size_t wrong = decode_row(text, rows_[count], indexes<Row>()); wrong != width) {
                failure_ = wrong_value(text, wrong, indexes<Row>());
                break;
            }
            ++count;
        }
        if (count == 0)
            raise_failure();
        return {rows_.data(), count};
    }

    // The first member whose field does not fit, or `width`.
    template <std::size_t... I>
    std::size_t decode_row(const row_view& text, Row& row, std::index_sequence<I...>) {
        std::size_t done = 0;
        static_cast<void>((decode_member<I>(text.begin()[place_of_[I]], row, done) && ...));
        return done;
    }
    template <std::size_t I> static bool decode_member(std::string_view text, Row& row, std::size_t& done) {
        using type = typename members<Row>::template type<I>;
        auto& member = members<Row>::template get<I>(row);
        bool fits = true;
        if constexpr (leat::detail::is_optional<type>) {
            if (text.empty()) {
                member.reset();
            } else {
                if (!member)
                    member.emplace();
                fits = field<typename type::value_type>::read(text, *member);
            }
        } else {
            fits = field<type>::read(text, member);
        }
        done += fits;
        return fits;
    }

    template <std::size_t... I>
    leat::record::error wrong_value(const row_view& text, std::size_t member,
                                    std::index_sequence<I...>) const {
        static constexpr const char* expected[] = {
            field<typename plain_field<typename members<Row>::template type<I>>::type>::expected...};
        const std::size_t place = place_of_[member];
        std::string what =
            "leat::csv: line " + std::to_string(text.line()) + ", column " + std::to_string(place + 1);
        if (place < text.names().size())
            what += " (\"" + text.names()[place] + "\")";
        what += ": the field is ";
        what += text.begin()[place].empty() ? "empty and should be " : "not ";
        what += expected[member];
        what += text.begin()[place].empty() ? ". Make the member a std::optional if it may be empty."
                                            : ". Check the type of the member, and options::delimiter.";
        return leat::record::error(
            leat::record::error_kind::value, what,
            {rows_of_text_.offset_of_row(text), text.number(), text.line(), place + 1});
    }

    // Says which column each member has.
    void bind(const columns& all) {
        bound_ = true;
        if constexpr (named) {
            if (!all.names.empty())
                return bind_names(all);
        }
        if (all.count != width) {
            clear();
            throw leat::record::error(
                leat::record::error_kind::field_count,
                "leat::csv: the first row has " + std::to_string(all.count) +
                    (all.count == 1 ? " field" : " fields") + ", and Row has " + std::to_string(width) +
                    " members. Check options::delimiter; to take some columns by name, give "
                    "the struct its column_names.",
                {0, 1, 1, 0});
        }
        for (std::size_t i = 0; i != width; ++i)
            place_of_[i] = i;
    }
    void bind_names(const columns& all) {
        if constexpr (named) {
            const auto& names = column_names<Row>;
            static_assert(std::tuple_size_v<std::remove_cvref_t<decltype(names)>> == width,
                          "leat::csv: column_names needs one name for each member of Row");
            for (std::size_t i = 0; i != width; ++i) {
                const std::string_view name = names[i];
                place_of_[i] = all.place_of(name);
                const bool found = place_of_[i] != columns::none;
                if (found) {
                    std::size_t same = 0;
                    for (const std::string& other : all.names)
                        same += other == name;
                    if (same == 1)
                        continue;
                }
                clear();
                throw leat::record::error(
                    leat::record::error_kind::header,
                    "leat::csv: the header has " + std::string(found ? "more than one" : "no") +
                        " column \"" + std::string(name) +
                        "\", which Row asks for. Its other columns may have any name; check "
                        "column_names, and options::delimiter.",
                    {0, 0, 1, 0});
            }
        }
    }

    leat::record::detail::csv_splitter rows_of_text_;
    std::vector<Row> rows_;
    std::array<std::size_t, width> place_of_{}; // of each member among the columns
    std::optional<leat::record::error> failure_;
    bool bound_ = false;
};

template <class Row> struct rows_fn : leat::detail::operation<rows_fn<Row>> {
    template <class S> static auto make(S&& s, const options& o = {}) {
        using leat::record::detail::reading_stage;
        if constexpr (!leat::record::detail::stream_of_bytes<S>) {
            static_assert(leat::detail::always_false<S>, LEAT_NOT_BYTES("leat::csv::rows"));
            return static_cast<S&&>(s);
        } else if constexpr (std::is_same_v<Row, row_view>) {
            using reader = leat::record::detail::csv_splitter;
            return reading_stage<S, reader>(static_cast<S&&>(s), reader(o));
        } else if constexpr (!leat::detail::taken_apart<Row> || !std::is_default_constructible_v<Row>) {
            static_assert(leat::detail::always_false<S>,
                          "leat::csv::rows: Row must be a struct without constructors and base classes, a "
                          "std::tuple, or leat::csv::row_view");
            return static_cast<S&&>(s);
        } else if constexpr (!can_be_read<Row>()) {
            static_assert(leat::detail::always_false<S>,
                          "leat::csv::rows: a member of Row has a type that no field becomes: specialize "
                          "leat::csv::field<T> for it");
            return static_cast<S&&>(s);
        } else {
            return reading_stage<S, row_decoder<Row>>(static_cast<S&&>(s), row_decoder<Row>(o));
        }
    }
};

} // namespace detail

/// `csv::rows<Row>(options)`: the rows of a CSV text (RFC 4180), out of chunks of any size. `Row` is a struct, a std::tuple, or
/// `csv::row_view` (which is also what `csv::rows()` gives).
///
/// Quotes, doubled quotes, "\n" and "\r\n", line ends within quotes and a byte order mark are understood; see `csv::options` for
/// other delimiters. With a header, a struct with `column_names` takes the columns of these names, in whatever order, and leaves
/// out the others; other Rows take all columns in order. An empty field makes an empty std::optional; every other member must fit:
/// numbers by std::from_chars, `bool` from true, false, 1 and 0, and types of your own by `csv::field<T>`. An empty line is no row,
/// unless rows have one field.
///
/// Yields: `Row`, to keep; or `row_view`, whose fields lie in the chunk unless a quote was doubled.
/// Ends: with its source; the last row needs no line end. A text without rows, or without anything, has none.
/// Throws: what its source throws; `leat::record::error` after the rows before it: quoting, field_count, header, value, too_large.
/// It names line, column and the column's name, and holds nothing of the data.
/// Borrows: a `row_view`, and string_views in a Row, are valid until the next step. Owns: a copy of the row that crosses a chunk
/// border. Do not move the pipeline in the middle of a chunk that it owns.
/// Threads: as its source. Batches: given, of at most 256 rows. Cost: 20 ns for a plain row of 5 columns as `row_view`; no frame,
/// no allocation a row.
///
///     struct user {
///         std::int64_t id;
///         std::string name;
///         std::optional<int> age;
///         static constexpr std::array column_names{"id", "name", "age"};
///     };
///     auto users = leat::file::chunks(ex, "users.csv") | leat::csv::rows<user>();
template <class Row = row_view, class... A> auto rows(A&&... a) {
    return detail::rows_fn<Row>()(static_cast<A&&>(a)...);
}

} // namespace leat::csv
