#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "../../detail/byte_mask.hpp"

// Finding every line end of a chunk. One vector comparison gives a mask of 64 bytes, and each set bit is one
// line. Where the lines end is hard for the processor to predict, so the scan first notes the ends with hardly a
// branch, and then makes lines of them. A line of 10, 80 or 2000 bytes takes 0.6, 1.8 and 20 ns with AVX-512, 2.1,
// 2.5 and 34 ns with AVX2, and 4.3, 9.3 and 30 ns with a memchr for each.

namespace leat::file::detail {

/// What a scanner found: `count` lines were written, and `rest` is where the first unfinished line starts.
struct line_scan {
    std::size_t count;
    const char* rest;
};

/// A scanner writes up to `room` + `scan_slack` lines to `out`: it looks for room once per `scan_block`
/// bytes, and scribbles a few further. It stops before `last` when the room is used up, which the caller sees
/// by `count >= room`.
using line_scanner = line_scan (*)(const char* first, const char* last, char delimiter, std::string_view* out,
                                   std::size_t room);

inline constexpr std::ptrdiff_t scan_block = 256;
inline constexpr std::size_t scan_slack = 272;

/// The line [first, end), without a carriage return before `end` if `StripCr`. There is no branch: an empty
/// line looks at its own delimiter instead, which is no carriage return.
template <bool StripCr>
[[gnu::always_inline]] inline std::string_view make_line(const char* first, const char* end) noexcept {
    auto size = static_cast<std::size_t>(end - first);
    if constexpr (StripCr)
        size -= static_cast<std::size_t>(end[-static_cast<std::ptrdiff_t>(size != 0)] == '\r');
    return {first, size};
}

/// The scan that every kernel shares; a kernel adds only how a mask of 64 bytes is made.
class line_ends {
public:
    line_ends(const char* first, const char* last, std::string_view* out, std::size_t room) noexcept
        : first_(first), at_(first), last_(last), begin_(out), out_(out), full_(out + room) {}

    [[gnu::always_inline]] bool block_left() const noexcept {
        return last_ - at_ >= scan_block && out_ < full_;
    }
    [[gnu::always_inline]] const char* at() const noexcept { return at_; }

    /// Notes the ends among the next 64 bytes. The first is stored in any case and counts if there is one; where there are more,
    /// eight are stored, for that costs less than a branch for each.
    [[gnu::always_inline]] void take(std::uint64_t mask) noexcept {
        *out_ = {at_ + std::countr_zero(mask), 0};
        const std::uint64_t more = mask & (mask - 1);
        if (more == 0) {
            out_ += (mask | (0 - mask)) >> 63; // mask != 0, written so that no compiler makes a branch of it
        } else {
            const int count = std::popcount(mask);
            mask = more;
            for (int i = 1; i != 8; ++i, mask &= mask - 1)
                out_[i] = {at_ + std::countr_zero(mask), 0};
            for (int i = 8; i < count; ++i, mask &= mask - 1)
                out_[i] = {at_ + std::countr_zero(mask), 0};
            out_ += count;
        }
        at_ += 64;
    }

    /// After a block without an end, memchr is quicker: it looks at nothing else.
    [[gnu::always_inline]] void skip_long_line(const std::string_view* before, char delimiter) noexcept {
        if (__builtin_expect(out_ == before, 0))
            find_one(delimiter);
    }
    [[gnu::always_inline]] const std::string_view* found() const noexcept { return out_; }

    /// Looks at the bytes after the last whole block and makes lines of the ends.
    template <bool StripCr> [[gnu::always_inline]] line_scan finish(char delimiter) noexcept {
        while (at_ != last_ && out_ < full_)
            find_one(delimiter);
        const char* line = first_;
        for (std::string_view* i = begin_; i != out_; ++i) {
            const char* const end = i->data();
            *i = make_line<StripCr>(line, end);
            line = end + 1;
        }
        return {static_cast<std::size_t>(out_ - begin_), line};
    }

private:
    void find_one(char delimiter) noexcept {
        const auto size = static_cast<std::size_t>(last_ - at_);
        const auto end = static_cast<const char*>(std::memchr(at_, delimiter, size));
        if (end == nullptr) {
            at_ = last_;
        } else {
            *out_++ = {end, 0};
            at_ = end + 1;
        }
    }

    const char* first_;            // start of the first line
    const char* at_;               // next byte to look at
    const char* last_;             // end of the chunk
    std::string_view* begin_;      // until finish() these are no lines, but empty views at their ends
    std::string_view* out_;        // next free slot
    const std::string_view* full_; // first slot past the room
};

/// One memchr a line: for processors without a kernel of their own, and the reference of the tests.
template <bool StripCr>
line_scan scan_lines_portable(const char* first, const char* last, char delimiter, std::string_view* out,
                              std::size_t room) {
    line_ends ends(first, last, out, room);
    return ends.finish<StripCr>(delimiter);
}

// The loop that the kernels share; `mask_of(p)` looks at the 64 bytes from `p`.
template <bool StripCr, class MaskOf>
[[gnu::always_inline]] inline line_scan scan_blocks(line_ends ends, char delimiter, const MaskOf& mask_of) {
    while (ends.block_left()) {
        const auto before = ends.found();
        for (int i = 0; i != scan_block / 64; ++i)
            ends.take(mask_of(ends.at()));
        ends.skip_long_line(before, delimiter);
    }
    return ends.finish<StripCr>(delimiter);
}

#if defined(LEAT_BYTE_MASK_X86)

template <bool StripCr>
line_scan scan_lines_sse2(const char* first, const char* last, char delimiter, std::string_view* out,
                          std::size_t room) {
    const leat::detail::sse2_mask<1> mask_of({delimiter});
    return scan_blocks<StripCr>(line_ends(first, last, out, room), delimiter, mask_of);
}

template <bool StripCr>
[[gnu::target("avx2,bmi,popcnt")]] line_scan scan_lines_avx2(const char* first, const char* last,
                                                             char delimiter, std::string_view* out,
                                                             std::size_t room) {
    const leat::detail::avx2_mask<1> mask_of({delimiter});
    line_ends ends(first, last, out, room);
    // Written out, not by scan_blocks: that would not be compiled for this processor.
    while (ends.block_left()) {
        const auto before = ends.found();
        for (int i = 0; i != scan_block / 64; ++i)
            ends.take(mask_of(ends.at()));
        ends.skip_long_line(before, delimiter);
    }
    return ends.finish<StripCr>(delimiter);
}

#elif defined(LEAT_BYTE_MASK_NEON)

template <bool StripCr>
line_scan scan_lines_neon(const char* first, const char* last, char delimiter, std::string_view* out,
                          std::size_t room) {
    const leat::detail::neon_mask<1> mask_of({delimiter});
    return scan_blocks<StripCr>(line_ends(first, last, out, room), delimiter, mask_of);
}

#endif

} // namespace leat::file::detail
