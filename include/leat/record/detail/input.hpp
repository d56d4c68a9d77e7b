#pragma once

#include "../../config.hpp"
#include "../../poison.hpp"
#include "../error.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::record::detail {

/// How many records a batch has at most.
inline constexpr std::size_t most_records = 256;

/// Bytes that lie behind each record that was put together from two chunks, and may be read: SIMD parsers want that.
inline constexpr std::size_t padding = 64;

/// The unfinished record at the end of a chunk, each byte copied once.
class carried {
public:
    bool empty() const noexcept { return bytes_.empty(); }
    std::size_t size() const noexcept { return bytes_.size(); }
    const char* data() const noexcept { return bytes_.data(); }
    const char* end() const noexcept { return bytes_.data() + bytes_.size(); }
    std::string_view text() const noexcept { return {bytes_.data(), bytes_.size()}; }

    void append(const char* at, std::size_t size) {
        unpoison(bytes_.data(), bytes_.capacity());
        if (bytes_.capacity() < bytes_.size() + size + padding)
            bytes_.reserve(2 * (bytes_.size() + size + padding));
        bytes_.insert(bytes_.end(), at, at + size);
    }
    /// Who still looks at it is found out.
    void clear() noexcept {
        bytes_.clear();
        poison(bytes_.data(), bytes_.capacity());
    }

private:
    std::vector<char> bytes_;
};

/// What every reader of records has: the chunk, and what is left over of the one before. A reader adds `record`, the type;
/// `take()`, the next records of the chunk; and `finish()`, those that the end of the input makes whole.
class input {
public:
    /// Lends the next chunk. The one before must have been used up.
    void feed(std::string_view chunk) {
        LEAT_ASSERT(at_ == end_, "leat::record: a chunk came before the last one was used up");
        chunk_offset_ += static_cast<std::uint64_t>(end_ - begin_);
        begin_ = at_ = chunk.data();
        end_ = begin_ + chunk.size();
    }
    /// Nothing is left of the chunk.
    bool drained() const noexcept { return at_ == end_; }
    /// There is more to come, or to complain of.
    bool holds() const noexcept { return failure_ || at_ != end_ || (!carry_.empty() && !lent_); }
    void clear() noexcept {
        failure_.reset();
        at_ = end_;
        carry_.clear();
        lent_ = false;
    }

    /// The offset in the input of a record of the last batch.
    std::uint64_t offset_of(const char* p) const noexcept {
        if (lent_)
            return carry_offset_ + static_cast<std::uint64_t>(p - carry_.data());
        return chunk_offset_ + static_cast<std::uint64_t>(p - begin_);
    }
    /// How many bytes behind a record of the last batch may be read; the first of them ends it.
    std::size_t readable_behind(std::string_view record) const noexcept {
        const char* const end = record.data() + record.size();
        return lent_ ? end != carry_.end() ? padding : 0 : static_cast<std::size_t>(end_ - end);
    }

protected:
    /// Each take() begins so.
    void begin_take() {
        if (lent_) {
            carry_.clear();
            lent_ = false;
        }
        if (failure_) {
            const error e = *std::exchange(failure_, std::nullopt);
            clear();
            throw e;
        }
    }
    std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    /// Moves `size` bytes of the chunk to the carried record.
    void carry(std::size_t size) {
        if (carry_.empty())
            carry_offset_ = chunk_offset_ + static_cast<std::uint64_t>(at_ - begin_);
        if (size != 0)
            carry_.append(at_, size);
        at_ += size;
    }
    void carry_rest() { carry(left()); }
    /// Thrown at once, or after the records that this batch has already.
    void fail(error_kind kind, const std::string& what, const place& where,
              std::optional<std::uint64_t> missing = {}) {
        failure_.emplace(kind, what, where, missing);
    }
    [[noreturn]] void raise(error_kind kind, const std::string& what, const place& where,
                            std::optional<std::uint64_t> missing = {}) {
        clear();
        throw error(kind, what, where, missing);
    }

    carried carry_;
    bool lent_ = false; // the carried record is in the hands of the reader
    std::uint64_t carry_offset_ = 0;
    const char* begin_ = nullptr;
    const char* at_ = nullptr;
    const char* end_ = nullptr;
    std::uint64_t chunk_offset_ = 0;
    std::optional<error> failure_;
};

/// "record 3, which starts at byte 17"
inline std::string text_of(const place& where) {
    return "record " + std::to_string(where.number) + ", which starts at byte " +
           std::to_string(where.offset);
}

} // namespace leat::record::detail
