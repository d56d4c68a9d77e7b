#pragma once

#include "../../column_names.hpp"
#include "../../detail/struct_members.hpp"
#include "../../pipe.hpp"
#include "field.hpp"
#include "options.hpp"
#include "row_view.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace leat::csv {

namespace detail {

template <class T> struct written_field { using type = T; };
template <class T> struct written_field<std::optional<T>> { using type = T; };

template <class Row, std::size_t... I> constexpr bool all_writable(std::index_sequence<I...>) {
    using all = leat::detail::struct_members<Row>;
    return (
        writable_field<typename written_field<std::remove_cvref_t<typename all::template type<I>>>::type> &&
        ...);
}
template <class Row> constexpr bool can_be_written() {
    if constexpr (leat::detail::taken_apart<Row>)
        return all_writable<Row>(std::make_index_sequence<leat::detail::struct_members<Row>::count>());
    else
        return false;
}

/// A line, field by field.
class line_writer {
public:
    explicit line_writer(const options& o)
        : options_(o), special_({o.delimiter, '\n', '\r', o.quote != '\0' ? o.quote : '\n'}),
          line_end_(o.line_end) {}

    void begin() noexcept {
        line_.clear();
        count_ = 0;
    }
    template <class T> void add(const T& value) {
        if (count_++ != 0)
            line_ += options_.delimiter;
        const std::size_t from = line_.size();
        if constexpr (leat::detail::is_optional<T>) {
            if (value)
                field<typename T::value_type>::write(*value, line_);
        } else {
            field<T>::write(value, line_);
        }
        if constexpr (!std::is_arithmetic_v<T>)
            quote(from);
    }
    std::string_view finish() {
        if (count_ == 1 && line_.empty() && options_.quote != '\0')
            line_.append(2, options_.quote); // or it would be an empty line
        line_ += line_end_;
        return line_;
    }

private:
    void quote(std::size_t from) {
        const std::string_view text = std::string_view(line_).substr(from);
        if (options_.quote == '\0' || text.empty())
            return;
        const bool blank = text.front() == ' ' || text.back() == ' ' || text.front() == '\t' ||
                           text.back() == '\t' || text.starts_with("\xEF\xBB\xBF");
        if (!blank && text.find_first_of(special_) == std::string_view::npos)
            return;
        quoted_ = options_.quote;
        for (const char c : text) {
            quoted_ += c;
            if (c == options_.quote)
                quoted_ += c;
        }
        quoted_ += options_.quote;
        line_.replace(from, std::string::npos, quoted_);
    }

    options options_;
    std::string special_;
    std::string line_end_;
    std::string line_, quoted_;
    std::size_t count_ = 0;
};

template <class Up> class lines_stage : public stage<lines_stage<Up>, Up> {
    using row_type = stream_value_t<Up>;

public:
    using reference = std::string_view;

    lines_stage(Up&& up, const options& o)
        : lines_stage::stage(static_cast<Up&&>(up)), writer_(o),
          header_(o.header &&
                  (leat::detail::has_column_names<row_type> || std::is_same_v<row_type, row_view>)) {}

    maybe<reference> try_next() {
        if constexpr (!std::is_same_v<row_type, row_view> && leat::detail::has_column_names<row_type>) {
            if (header_) {
                header_ = false;
                return give(column_names<row_type>);
            }
        } else if constexpr (std::is_same_v<row_type, row_view>) {
            if (waiting_) {
                const row_view row = *std::exchange(waiting_, std::nullopt);
                return give(row);
            }
        }
        auto row = this->up_.try_next();
        if (!row)
            return {};
        if constexpr (std::is_same_v<row_type, row_view>) {
            if (header_) {
                header_ = false;
                if (!row->names().empty()) {
                    waiting_ = *row;
                    return give(row->names());
                }
            }
            return give(*row);
        } else {
            writer_.begin();
            add_members(*row, std::make_index_sequence<leat::detail::struct_members<row_type>::count>());
            return line();
        }
    }
    bool stopped() const noexcept { return !holds() && this->up_.stopped(); }
    bool ended() const noexcept { return !holds() && this->up_.ended(); }
    void abandon() noexcept {
        header_ = false;
        waiting_.reset();
        this->up_.abandon();
    }

private:
    // A header without rows is written where the names are known without one.
    bool holds() const noexcept { return waiting_ || (header_ && !std::is_same_v<row_type, row_view>); }
    template <class Texts> maybe<reference> give(const Texts& texts) {
        writer_.begin();
        for (const auto& text : texts)
            writer_.add(std::string_view(text));
        return line();
    }
    maybe<reference> line() {
        return maybe<reference>(leat::detail::from_call{}, [this] { return writer_.finish(); });
    }
    template <std::size_t... I> void add_members(const row_type& row, std::index_sequence<I...>) {
        (writer_.add(leat::detail::struct_members<row_type>::template get<I>(row)), ...);
    }

    line_writer writer_;
    bool header_;                     // still to be written
    std::optional<row_view> waiting_; // behind it
};

struct lines_fn : leat::detail::operation<lines_fn> {
    template <class S> static auto make(S&& s, const options& o = {}) {
        using row = stream_value_t<S>;
        if constexpr (std::is_same_v<row, row_view>) {
            return lines_stage<S>(static_cast<S&&>(s), o);
        } else if constexpr (can_be_written<row>()) {
            return lines_stage<S>(static_cast<S&&>(s), o);
        } else {
            static_assert(leat::detail::always_false<S>,
                          "leat::csv::lines: the stream's elements must be structs or tuples of texts and "
                          "numbers; specialize leat::csv::field<T> for a member of another type");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `csv::lines(options)`: a line of CSV for each row, in quotes only where they are needed, to be followed by `leat::file::write`.
/// A row is a struct, a tuple or a `csv::row_view`; a struct with `column_names` (and a `row_view` with names) gets a header.
///
/// Yields: `std::string_view` with its line end; the header too. What `csv::rows` reads from them is equal to what was written,
/// but for an empty text in a std::optional, which becomes an empty std::optional. (Without a quote in the options, nothing is quoted.)
/// Ends: with its source. Throws: what its source and `csv::field<T>::write` throw.
/// Borrows: a line is valid until the next step. Threads: as its source. Batches: preserved. Cost: a copy of the text; no frame,
/// no allocation a row.
///
///     auto writing = std::move(users) | leat::csv::lines() | leat::file::write(ex, "users.csv");
///     co_await writing;
inline constexpr detail::lines_fn lines{};

} // namespace leat::csv
