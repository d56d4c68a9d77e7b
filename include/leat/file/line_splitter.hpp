#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../config.hpp"
#include "detail/best_line_scanner.hpp"

namespace leat::file {

/// What a line is.
struct line_rules {
    /// The byte that ends a line. Any byte will do: '\0' reads the output of `find -print0`.
    char delimiter = '\n';
    /// Take the carriage return of a "\r\n" away, so that files from Windows read like all others. A '\r'
    /// anywhere else is data, also at the end of a last line that has no "\n". Only looked at when the
    /// delimiter is '\n'.
    bool strip_cr = true;
    /// Leave out a UTF-8 byte order mark (EF BB BF) at the very start, unless the delimiter is one of its bytes.
    bool skip_bom = true;
    /// The longest line taken, in bytes without its end. A longer one stops the splitter: it bounds the
    /// memory when the input turns out to have no lines at all.
    std::size_t max_line = std::size_t{64} << 20;

    bool looks_for_bom() const noexcept {
        return skip_bom && delimiter != '\xEF' && delimiter != '\xBB' && delimiter != '\xBF';
    }
};

/// Cuts chunks of bytes into lines, whatever they come from: it does no input or output of its own.
///
///     line_splitter lines;
///     while (read(chunk)) {
///         lines.feed(chunk);
///         for (auto batch = lines.take(); !batch.empty(); batch = lines.take())
///             use(batch);
///         if (lines.stopped())
///             throw ...;                        // lines.line_number() is longer than the rules allow
///     }
///     use(lines.finish());                      // the last line, if it had no end
///
/// Yields: spans of `std::string_view`, at most about `batch` of them at a time, so that they and the bytes
/// they name are still in the first cache levels when they are used. An empty line is an empty view. Invalid
/// UTF-8 and NUL bytes pass unchanged.
/// Borrows: the chunk, until `take()` has returned an empty span; the views are valid until the next call.
/// Owns: a copy of the line that crosses a chunk border, each byte copied once.
/// Cost: about 2 ns for an 80-byte line; no allocation after the first long lines.
class line_splitter {
public:
    explicit line_splitter(line_rules rules = {}, std::size_t batch = 1024)
        : rules_(rules), batch_(batch == 0 ? 1 : batch), views_(batch_ + detail::scan_slack),
          strip_cr_(rules.strip_cr && rules.delimiter == '\n'),
          scan_(strip_cr_ ? detail::best_line_scanner<true>() : detail::best_line_scanner<false>()),
          bom_(rules.looks_for_bom() ? 0 : bom_done) {}

    /// Lends the next chunk. The one before must have been used up: `take()` returned an empty span.
    void feed(std::string_view chunk) {
        if (stopped_)
            return;
        LEAT_ASSERT(at_ == end_,
                    "line_splitter::feed: call take() until it gives nothing, then feed the next chunk");
        chunk_offset_ += static_cast<std::uint64_t>(end_ - begin_);
        begin_ = at_ = chunk.data();
        end_ = begin_ + chunk.size();
        scanned_ = false;
        if (bom_ != bom_done)
            match_bom();
    }

    /// The next lines of the chunk; nothing when it is used up (what is left of it was copied) or after
    /// `stopped()`.
    std::span<std::string_view> take() {
        if (handed_out_) {
            carry_.clear();
            handed_out_ = false;
        }
        if (at_ == end_ || stopped_)
            return {};
        std::size_t count = 0;
        if (!carry_.empty()) {
            if (!complete_carry())
                return {};
            count = 1;
        }
        if (!scanned_) {
            const auto found = scan_(at_, end_, rules_.delimiter, views_.data() + count, batch_);
            scanned_ = found.count < batch_;
            count += found.count;
            at_ = found.rest;
        }
        if (count == 0) {
            keep_rest();
            return {};
        }
        const char* next = at_;
        if (static_cast<std::size_t>(end_ - begin_) > rules_.max_line)
            count = within_limit(count, next);
        lines_ += count;
        line_offset_ = offset_of(next);
        return {views_.data(), count};
    }

    /// At the end of the input: the last line, if it had no end.
    std::span<std::string_view> finish() {
        LEAT_ASSERT(at_ == end_ || stopped_,
                    "line_splitter::finish: call take() until it gives nothing first");
        if (bom_ != bom_done) { // one or two bytes that only looked like a mark
            carry_.assign(bom_bytes, bom_);
            bom_ = bom_done;
        }
        if (stopped_ || handed_out_ || carry_.empty())
            return {};
        if (carry_.size() > rules_.max_line) {
            stopped_ = true;
            return {};
        }
        ++lines_;
        line_offset_ += carry_.size();
        handed_out_ = true;
        views_[0] = carry_;
        return {views_.data(), 1};
    }

    /// True while the beginning of a line is kept whose end has not come: what `finish()` would hand over.
    bool unfinished() const noexcept {
        return !stopped_ && ((!handed_out_ && !carry_.empty()) || (bom_ != 0 && bom_ != bom_done));
    }

    /// True once a line was longer than `max_line`: nothing more will come.
    bool stopped() const noexcept { return stopped_; }
    /// The number, from 1, of the line after those handed over so far; the line that is too long if
    /// `stopped()`.
    std::uint64_t line_number() const noexcept { return lines_ + 1; }
    /// The byte offset at which that line starts.
    std::uint64_t line_offset() const noexcept { return line_offset_; }

private:
    static constexpr char bom_bytes[] = "\xEF\xBB\xBF";
    static constexpr unsigned bom_done = 3;

    std::uint64_t offset_of(const char* p) const noexcept {
        return chunk_offset_ + static_cast<std::uint64_t>(p - begin_);
    }

    // The mark may come in pieces. Bytes that turn out to be something else start the first line.
    void match_bom() {
        while (bom_ != bom_done && at_ != end_) {
            if (*at_ != bom_bytes[bom_]) {
                carry_.assign(bom_bytes, bom_);
                bom_ = bom_done;
                return;
            }
            ++at_;
            if (++bom_ == bom_done)
                line_offset_ = bom_done;
        }
    }

    // Adds to the carried line what this chunk has of it. True if that was all of it.
    bool complete_carry() {
        const auto size = static_cast<std::size_t>(end_ - at_);
        const auto end = static_cast<const char*>(std::memchr(at_, rules_.delimiter, size));
        const char* stop = end == nullptr ? end_ : end;
        carry_.append(at_, static_cast<std::size_t>(stop - at_));
        const bool cr =
            strip_cr_ && carry_.back() == '\r'; // without its '\n' it may still turn out to be data
        if (carry_.size() - cr > rules_.max_line) {
            stopped_ = true;
            return false;
        }
        at_ = stop;
        if (end == nullptr)
            return false;
        ++at_;
        views_[0] = std::string_view(carry_).substr(0, carry_.size() - cr);
        handed_out_ = true;
        return true;
    }

    void keep_rest() {
        carry_.assign(at_, static_cast<std::size_t>(end_ - at_));
        const bool cr = strip_cr_ && carry_.back() == '\r';
        if (carry_.size() - cr > rules_.max_line)
            stopped_ = true;
        else
            at_ = end_;
    }

    // Only a chunk over the limit can hold a line over it, so the usual limits cost nothing here.
    std::size_t within_limit(std::size_t count, const char*& next) noexcept {
        for (std::size_t i = 0; i != count; ++i) {
            if (views_[i].size() > rules_.max_line) {
                stopped_ = true;
                next = views_[i].data();
                return i;
            }
        }
        return count;
    }

    line_rules rules_;
    std::size_t batch_;
    std::vector<std::string_view> views_;
    bool strip_cr_;
    detail::line_scanner scan_;
    unsigned bom_;            // bytes of the mark seen
    std::string carry_;       // the unfinished line
    bool handed_out_ = false; // carry_ is in the hands of the reader until the next call
    bool scanned_ = false;    // no more line ends in this chunk
    bool stopped_ = false;
    const char* begin_ = nullptr;
    const char* at_ = nullptr;
    const char* end_ = nullptr;
    std::uint64_t chunk_offset_ = 0;
    std::uint64_t line_offset_ = 0;
    std::uint64_t lines_ = 0;
};

} // namespace leat::file
