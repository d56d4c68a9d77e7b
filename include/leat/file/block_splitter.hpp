#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "../config.hpp"
#include "line_splitter.hpp"

namespace leat::file {

/// Cuts chunks of bytes into blocks of whole lines: what `line_splitter` is for lines. It does no input or output of its own.
///
///     block_splitter blocks;
///     while (read(chunk)) {
///         blocks.feed(chunk);
///         for (auto block = blocks.take(); !block.empty(); block = blocks.take())
///             parse(block);
///         if (blocks.stopped())
///             throw ...;                        // the line at blocks.offset() is longer than the rules allow
///     }
///     parse(blocks.finish());                   // the last line, if it had no end
///
/// Yields: `std::string_view`: what the chunk holds of whole lines, with their ends, or the one line that crosses the border of
/// two chunks. Only the last line may have no end. `rules.strip_cr` is not looked at.
/// Ends: with an empty block when the chunk is used up. A line that grows over `rules.max_line` while it is kept stops it.
/// Throws: nothing of its own.
/// Borrows: the chunk, until `take()` has returned an empty block; a block is valid until the next call. Owns: a copy of the
/// line that crosses a chunk border, each byte copied once.
/// Threads: none of its own. Cost: two searches for a line end a chunk; no allocation after the first long lines.
class block_splitter {
public:
    explicit block_splitter(const line_rules& rules = {})
        : end_(rules.delimiter), max_line_(rules.max_line), bom_(rules.looks_for_bom() ? 0 : bom_size) {}

    /// Lends the next chunk. The one before must have been used up: `take()` returned an empty block.
    void feed(std::string_view chunk) {
        LEAT_ASSERT(rest_.empty() || stopped_,
                    "block_splitter::feed: call take() until it gives nothing, then feed the next chunk");
        rest_ = chunk;
        while (bom_ < bom_size && !rest_.empty()) { // the mark may come in pieces
            if (rest_.front() != bom_bytes[bom_])
                return no_bom();
            rest_.remove_prefix(1);
            if (++bom_ == bom_size)
                given_ = bom_size;
        }
    }

    /// The next block of the chunk; nothing when it is used up or after `stopped()`.
    std::string_view take() {
        release();
        if (rest_.empty() || stopped_)
            return {};
        if (!carry_.empty()) {
            if (!carry(rest_.find(end_)))
                return {};
            handed_out_ = true;
            return carry_;
        }
        const auto last = rest_.rfind(end_);
        if (last == rest_.npos) {
            carry(last);
            return {};
        }
        const auto block = rest_.substr(0, last + 1);
        rest_.remove_prefix(block.size());
        given_ += block.size();
        return block;
    }

    /// At the end of the input: the last line, if it had no end.
    std::string_view finish() {
        release();
        if (bom_ < bom_size) // one or two bytes that only looked like a mark
            no_bom();
        if (stopped_)
            return {};
        handed_out_ = true;
        return carry_;
    }

    /// True once a line that crosses a border was longer than allowed: nothing more will come.
    bool stopped() const noexcept { return stopped_; }
    /// The byte offset behind the blocks handed over so far.
    std::uint64_t offset() const noexcept { return given_; }

private:
    static constexpr char bom_bytes[] = "\xEF\xBB\xBF";
    static constexpr unsigned bom_size = 3;

    void no_bom() {
        carry_.assign(bom_bytes, bom_);
        bom_ = bom_size;
    }

    void release() noexcept {
        if (handed_out_) {
            given_ += carry_.size();
            carry_.clear();
            handed_out_ = false;
        }
    }

    // Adds what the chunk has of the carried line, whose end is at `end`. True if that was all of it.
    bool carry(std::size_t end) {
        const bool whole = end != rest_.npos;
        const std::size_t size = whole ? end : rest_.size();
        if (carry_.size() + size > max_line_) {
            stopped_ = true;
            return false;
        }
        carry_.append(rest_, 0, whole ? size + 1 : size);
        rest_.remove_prefix(whole ? size + 1 : size);
        return whole;
    }

    char end_;
    std::size_t max_line_;
    unsigned bom_; // bytes of the mark seen
    std::string_view rest_;
    std::string carry_; // the unfinished line
    bool handed_out_ = false;
    bool stopped_ = false;
    std::uint64_t given_ = 0;
};

} // namespace leat::file
