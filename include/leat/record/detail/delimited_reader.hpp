#pragma once

#include "byte_scan.hpp"
#include "input.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::record::detail {

struct delimited_rules {
    const char* who;    // for messages
    bool lines = false; // "\r\n" is a "\n", and a byte order mark at the start is left out
    std::size_t max_size;
};

class delimited_reader : public input {
public:
    using record = std::string_view;

    delimited_reader(std::string delimiter, const delimited_rules& rules)
        : delimiter_(std::move(delimiter)), rules_(rules), scan_(best_byte_scanner<1>()),
          positions_(window + scan_slack), views_(most_records), start_(rules.lines) {
        LEAT_ASSERT(!delimiter_.empty(), "leat::record::delimited: the delimiter is empty");
        if (delimiter_.empty())
            delimiter_ = '\n';
    }

    std::span<record> take() {
        begin_take();
        if (!carry_.empty())
            return complete_carry();
        for (;;) {
            if (next_ == noted_) {
                if (scanned_ == end_ || at_ == end_) {
                    next_ = noted_ = 0;
                    if (left() >= rules_.max_size + delimiter_.size())
                        too_large(offset_of(at_), 0);
                    begin_take();
                    if (at_ != end_) // else an empty chunk
                        carry_rest();
                    scanned_ = nullptr;
                    return {};
                }
                note_window();
            }
            if (const std::size_t count = cut(); count != 0)
                return {views_.data(), count};
            begin_take();
        }
    }

    /// The last record needs no delimiter.
    std::span<record> finish() {
        begin_take();
        if (carry_.empty())
            return {};
        if (carry_.size() > rules_.max_size) {
            too_large(carry_offset_, 0);
            begin_take();
        }
        lent_ = true;
        ++records_;
        views_[0] = trimmed(carry_.data(), carry_.end());
        if (only_mark_) {
            begin_take();
            return {};
        }
        return {views_.data(), 1};
    }

    void clear() noexcept {
        input::clear();
        next_ = noted_ = 0;
        scanned_ = nullptr;
    }

private:
    // Small enough for the positions to stay in the first cache level.
    static constexpr std::size_t window = 8192;

    void note_window() {
        base_ = scanned_ != nullptr ? scanned_ : at_;
        const auto size = std::min(window, static_cast<std::size_t>(end_ - base_));
        scanned_ = base_ + size;
        const needles<1> wanted{delimiter_.back()};
        noted_ =
            static_cast<std::size_t>(scan_(base_, scanned_, wanted, positions_.data()) - positions_.data());
        next_ = 0;
    }

    // Makes records of what was noted.
    std::size_t cut() {
        std::size_t count = 0;
        const char* first = at_;
        const std::size_t rest = delimiter_.size() - 1; // of the delimiter, before its last byte
        while (next_ != noted_ && count != most_records) {
            const char* const last = base_ + positions_[next_++];
            if (rest != 0 && (static_cast<std::size_t>(last - first) < rest ||
                              std::memcmp(last - rest, delimiter_.data(), rest) != 0))
                continue;
            const char* const end = last - rest;
            if (static_cast<std::size_t>(end - first) > rules_.max_size) {
                too_large(offset_of(first), count);
                break;
            }
            views_[count++] = rules_.lines ? trimmed(first, end) : std::string_view(first, end);
            first = last + 1;
        }
        at_ = first;
        records_ += count;
        return count;
    }

    std::span<record> complete_carry() {
        const char* p = at_;
        bool whole = false;
        while (!whole && p != end_) {
            const void* const found = std::memchr(p, delimiter_.back(), static_cast<std::size_t>(end_ - p));
            p = found == nullptr ? end_ : static_cast<const char*>(found) + 1;
            carry(static_cast<std::size_t>(p - at_));
            whole = found != nullptr && carry_.text().ends_with(delimiter_);
        }
        if (carry_.size() > rules_.max_size + delimiter_.size() - !whole) {
            too_large(carry_offset_, 0);
            begin_take();
        }
        scanned_ = nullptr;
        if (!whole)
            return {};
        lent_ = true;
        ++records_;
        views_[0] = trimmed(carry_.data(), carry_.end() - delimiter_.size());
        return {views_.data(), 1};
    }

    std::string_view trimmed(const char* first, const char* last) noexcept {
        if (!rules_.lines)
            return {first, last};
        if (first != last && last[-1] == '\r')
            --last;
        only_mark_ = false;
        if (start_) {
            start_ = false;
            if (std::string_view(first, last).starts_with("\xEF\xBB\xBF")) {
                first += 3;
                only_mark_ = first == last;
            }
        }
        return {first, last};
    }

    void too_large(std::uint64_t offset, std::size_t before) {
        const std::uint64_t number = records_ + before + 1;
        const place where{offset, number, rules_.lines ? number : 0, 0};
        fail(error_kind::too_large,
             std::string(rules_.who) + ": " + text_of(where) + ", has more than " +
                 std::to_string(rules_.max_size) +
                 " bytes. Raise the limit, or check that the input has the delimiters you expect.",
             where);
    }

    std::string delimiter_;
    delimited_rules rules_;
    byte_scanner<1> scan_;
    std::vector<std::uint32_t> positions_; // of the delimiter's last byte, from base_
    std::vector<std::string_view> views_;
    std::size_t next_ = 0;
    std::size_t noted_ = 0;
    const char* base_ = nullptr;
    const char* scanned_ = nullptr; // up to here; null: nothing of this chunk
    std::uint64_t records_ = 0;
    bool start_;             // a byte order mark may come
    bool only_mark_ = false; // the last record was nothing but that
};

} // namespace leat::record::detail
