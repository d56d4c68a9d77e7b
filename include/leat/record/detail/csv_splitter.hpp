#pragma once

#include "../csv/options.hpp"
#include "../csv/row_view.hpp"
#include "byte_scan.hpp"
#include "input.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace leat::record::detail {

/// Chunks in, rows out. Two passes over a part of the chunk that the first cache level holds: the positions of all delimiters,
/// quotes and line ends; then a walk over these alone. A row that ends in a later part is begun again there.
class csv_splitter : public input {
public:
    using record = csv::row_view;

    explicit csv_splitter(const csv::options& o)
        : options_(o), wanted_{o.delimiter, '\n', o.quote != '\0' ? o.quote : '\n'},
          scan_(best_byte_scanner<3>()), positions_(first_window + scan_slack), rows_(most_records),
          columns_(std::make_unique<csv::detail::columns>()) {
        LEAT_ASSERT(o.delimiter != o.quote && o.delimiter != '\n' && o.delimiter != '\r' && o.quote != '\n' &&
                        o.quote != '\r',
                    "leat::csv: the delimiter and the quote must be two different bytes, and no line ends");
    }

    /// The next rows of the chunk; nothing when it is used up.
    std::span<record> take() {
        begin_take();
        begin_batch();
        if (!carry_.empty()) {
            if (!complete_carry())
                return {};
            lent_ = true;
            note(carry_.data(), carry_.end());
            read_rows(carry_.data());
            next_ = noted_;
            if (count_ != 0)
                return {rows_.data(), count_};
            begin_take(); // the header, an empty line, or an error
        }
        for (std::size_t window = first_window;;) {
            const bool fresh = next_ == noted_;
            if (fresh) {
                if (at_ == end_)
                    return {};
                note(at_, at_ + std::min(window, left()));
            }
            const char* const before = at_;
            at_ = read_rows(at_);
            if (count_ != 0)
                return {rows_.data(), count_};
            begin_take();
            if (at_ != before || !fresh)
                continue;
            if (static_cast<std::size_t>(last_ - at_) > options_.max_row) {
                too_large(at_);
                begin_take();
            }
            if (last_ == end_) {
                quoted_ = std::count(at_, end_, options_.quote) % 2 != 0 && options_.quote != '\0';
                carry_rest();
                return {};
            }
            window *= 2;
        }
    }

    /// The last row needs no line end.
    std::span<record> finish() {
        begin_take();
        begin_batch();
        if (carry_.empty())
            return {};
        carry_.append("\n", 1);
        note(carry_.data(), carry_.end());
        lent_ = true;
        const char* const rest = read_rows(carry_.data());
        next_ = noted_;
        if (!failure_ && rest != carry_.end())
            bad_quote(rest, open_, open_, open_column_, open_line_,
                      "is never closed: the input ends within its field");
        if (count_ == 0)
            begin_take();
        return {rows_.data(), count_};
    }

    void clear() noexcept {
        input::clear();
        next_ = noted_ = 0;
    }

    /// Of a row of the last batch.
    std::uint64_t offset_of_row(const record& row) const noexcept {
        return offset_of(starts_[static_cast<std::size_t>(&row - rows_.data())]);
    }
    /// Null before the first row has come.
    const csv::detail::columns* columns() const noexcept {
        return columns_->count == 0 ? nullptr : columns_.get();
    }

private:
    static constexpr std::size_t first_window = 8192;
    static constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

    void begin_batch() {
        if constexpr (leat::detail::poisoning) { // memory of their own for the fields of each batch
            std::vector<std::string_view>().swap(fields_);
            std::vector<char>().swap(unescaped_);
        }
        count_ = used_ = unescaped_size_ = 0;
    }

    void note(const char* first, const char* last) {
        const auto size = static_cast<std::size_t>(last - first);
        if (positions_.size() < size + scan_slack)
            positions_.resize(size + scan_slack);
        base_ = first;
        last_ = last;
        noted_ = static_cast<std::size_t>(scan_(first, last, wanted_, positions_.data()) - positions_.data());
        next_ = 0;
    }

    // Takes the rest of the carried row. An even number of quotes before it makes a line end the end of the row.
    bool complete_carry() {
        const char quote = options_.quote;
        const char* p = at_;
        bool whole = false;
        while (!whole && p != end_) {
            const char c = *p++;
            if (c == quote && quote != '\0')
                quoted_ = !quoted_;
            else if (c == '\n')
                whole = !quoted_;
        }
        carry(static_cast<std::size_t>(p - at_));
        const std::size_t mark = at_start_ && carry_.text().starts_with(byte_order_mark) ? 3 : 0;
        if (!whole && carry_.size() - mark > options_.max_row) {
            begin_batch();
            lent_ = true;
            note(carry_.data(), carry_.end());
            const char* const rest = read_rows(carry_.data()); // it may have another fault before
            if (!failure_)
                too_large(rest);
            begin_take();
        }
        return whole;
    }

    // Reads the rows that end among the noted positions, and gives where the next one starts.
    const char* read_rows(const char* row) {
        if (count_ == 0)
            used_ = unescaped_size_ = 0;
        if (fields_.size() < used_ + (noted_ - next_)) // each field has its end among the positions
            fields_.resize(noted_ - next_);
        if (at_start_ && last_ - row >= 3) {
            if (std::string_view(row, 3) == byte_order_mark)
                row += 3;
            at_start_ = false;
        }
        while (count_ != most_records && read_row(row)) {
        }
        return row;
    }

    // False: the row is unfinished, or wrong.
    bool read_row(const char*& row) {
        const std::uint32_t* next = positions_.data() + next_;
        const std::uint32_t* const noted = positions_.data() + noted_;
        std::string_view* const fields = fields_.data() + used_;
        std::string_view* out = fields;
        const char delimiter = options_.delimiter;
        const bool trim = options_.trim;
        const char* field = row;
        std::uint64_t line = line_;
        const char* p = row;
        bool quoted = false;
        for (;;) {
            if (next == noted)
                return unfinished();
            p = base_ + *next++;
            if (*p == delimiter) {
                *out++ = trim ? trimmed({field, p}) : std::string_view(field, p);
            } else if (*p == '\n') {
                const char* const end = p - (p != field && p[-1] == '\r');
                *out++ = trim ? trimmed({field, end}) : std::string_view(field, end);
                break;
            } else {
                quoted = true;
                const char* const open = p;
                open_ = open;
                open_line_ = line;
                open_column_ = static_cast<std::uint64_t>(out - fields) + 1;
                if (!blank(field, open))
                    return bad_quote(row, open, p, open_column_, line,
                                     "is in a field that does not begin with one");
                std::size_t doubled = 0;
                for (;;) {
                    if (next == noted)
                        return unfinished();
                    p = base_ + *next++;
                    if (*p == '\n')
                        ++line;
                    if (*p != options_.quote)
                        continue;
                    if (next == noted)
                        return unfinished(); // it may be a doubled one
                    if (base_ + *next != p + 1 || p[1] != options_.quote)
                        break;
                    ++doubled;
                    ++next;
                }
                const char* const close = p;
                p = base_ + *next++;
                const char* const end = p - (*p == '\n' && p[-1] == '\r' && p - 1 != close);
                if (*p == options_.quote || !blank(close + 1, end))
                    return bad_quote(row, close, p, open_column_, line, "has something else behind it");
                *out++ =
                    doubled == 0 ? std::string_view(open + 1, close) : unescape(open + 1, close, doubled);
                if (*p == '\n')
                    break;
            }
            field = p + 1;
        }
        return take_row(row, p, fields, static_cast<std::size_t>(out - fields), quoted, line, next);
    }

    // The row is [row, end), and its fields are known.
    bool take_row(const char*& row, const char* end, const std::string_view* fields, std::size_t count,
                  bool quoted, std::uint64_t line, const std::uint32_t* next) {
        if (static_cast<std::size_t>(end - row) > options_.max_row)
            return too_large(row);
        csv::detail::columns& all = *columns_;
        if (count != all.count || count == 1) {
            if (count == 1 && all.count != 1 && !quoted && fields[0].empty()) {
                // An empty line is no row, but where rows have one field.
            } else if (all.count == 0) {
                all.count = count;
                if (options_.header)
                    all.names.assign(fields, fields + count);
                else
                    add(row, fields);
            } else if (count != all.count) {
                return wrong_count(row, count);
            } else {
                add(row, fields);
            }
        } else {
            add(row, fields);
        }
        at_start_ = false;
        used_ += count;
        line_ = line + 1;
        next_ = static_cast<std::size_t>(next - positions_.data());
        row = end + 1;
        return true;
    }
    void add(const char* row, const std::string_view* fields) noexcept {
        starts_[count_] = row;
        rows_[count_++] = csv::row_view(fields, columns_.get(), line_, ++number_);
    }

    bool unfinished() noexcept {
        next_ = noted_;
        return false;
    }

    bool blank(const char* first, const char* last) const noexcept {
        if (!options_.trim)
            return first == last;
        return std::all_of(first, last, [](char c) { return c == ' ' || c == '\t'; });
    }
    static std::string_view trimmed(std::string_view text) noexcept {
        const auto first = std::min(text.find_first_not_of(" \t"), text.size());
        const auto last = text.find_last_not_of(" \t");
        return last == std::string_view::npos ? text.substr(first) : text.substr(first, last + 1 - first);
    }

    // The text without one of each two quotes. It is no longer than the part that was noted, so neither are all of a batch.
    std::string_view unescape(const char* first, const char* last, std::size_t doubled) {
        if (unescaped_size_ == 0 && unescaped_.size() < static_cast<std::size_t>(last_ - base_))
            unescaped_.resize(static_cast<std::size_t>(last_ - base_));
        char* const begin = unescaped_.data() + unescaped_size_;
        char* out = begin;
        for (; doubled != 0; --doubled) {
            const auto quote = static_cast<const char*>(
                std::memchr(first, options_.quote, static_cast<std::size_t>(last - first)));
            const auto size = static_cast<std::size_t>(quote + 1 - first);
            std::memcpy(out, first, size);
            out += size;
            first = quote + 2;
        }
        std::memcpy(out, first, static_cast<std::size_t>(last - first));
        out += last - first;
        unescaped_size_ = static_cast<std::size_t>(out - unescaped_.data());
        return {begin, out};
    }

    // ---- what can be wrong; each is false, for read_row ----

    std::string name_of(std::uint64_t column) const {
        if (column > columns_->names.size())
            return {};
        return " (\"" + columns_->names[column - 1] + "\")";
    }
    bool too_large(const char* row) {
        fail(error_kind::too_large,
             "leat::csv: the row on line " + std::to_string(line_) + " has more than " +
                 std::to_string(options_.max_row) +
                 " bytes. Raise options::max_row, or check that each quote is closed.",
             {offset_of(row), number_ + 1, line_, 0});
        return false;
    }
    // `at` is where it came to light.
    bool bad_quote(const char* row, const char* quote, const char* at, std::uint64_t column,
                   std::uint64_t line, const char* what) {
        if (static_cast<std::size_t>(at - row) > options_.max_row)
            return too_large(row);
        fail(error_kind::quoting,
             "leat::csv: line " + std::to_string(line) + ", column " + std::to_string(column) +
                 name_of(column) + ": the quote at byte " + std::to_string(offset_of(quote)) + " " + what +
                 ". A field with quotes in it is quoted itself, and they are doubled; for a text without "
                 "quoting, set options::quote to '\\0'.",
             {offset_of(quote), number_ + 1, line, column});
        return false;
    }
    bool wrong_count(const char* row, std::size_t count) {
        const std::uint64_t column = std::min(count, columns_->count) + 1;
        fail(error_kind::field_count,
             "leat::csv: the row on line " + std::to_string(line_) + " has " + std::to_string(count) +
                 (count == 1 ? " field" : " fields") + ", the first row has " +
                 std::to_string(columns_->count) +
                 ". Check options::delimiter, and that fields with a delimiter or a line end in them are "
                 "quoted.",
             {offset_of(row), number_ + 1, line_, column});
        return false;
    }

    csv::options options_;
    needles<3> wanted_;
    byte_scanner<3> scan_;
    std::vector<std::uint32_t> positions_; // of what was noted in [base_, last_)
    std::size_t next_ = 0;
    std::size_t noted_ = 0;
    const char* base_ = nullptr;
    const char* last_ = nullptr;

    std::vector<record> rows_; // of the batch
    std::array<const char*, most_records> starts_;
    std::size_t count_ = 0;
    std::vector<std::string_view> fields_;
    std::size_t used_ = 0;
    std::vector<char> unescaped_;
    std::size_t unescaped_size_ = 0;

    std::unique_ptr<csv::detail::columns> columns_; // its address stays when the stream is moved
    std::uint64_t line_ = 1;                        // of the next row
    std::uint64_t number_ = 0;                      // of the row given last
    const char* open_ = nullptr;                    // the quote that opened the last quoted field
    std::uint64_t open_line_ = 0;
    std::uint64_t open_column_ = 0;
    bool quoted_ = false;  // the carried row ends within quotes
    bool at_start_ = true; // a byte order mark may come
};

} // namespace leat::record::detail
