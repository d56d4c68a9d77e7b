#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "line_scan.hpp"

// The scan for processors with AVX-512 and VBMI2: Intel since Ice Lake, AMD since Zen 4. One instruction makes the numbers of a
// mask's bits, so no branch depends on where the lines end, and eight lines are made of eight ends at a time.

#if defined(LEAT_BYTE_MASK_X86)

#define LEAT_TARGET_AVX512 gnu::target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi,popcnt")

namespace leat::file::detail {

inline bool has_avx512() noexcept {
    return leat::detail::has_avx2() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vbmi2");
}

/// Where lines end, counted from the start of the first of them.
class line_notes {
public:
    static constexpr std::size_t most = 256;
    static constexpr std::ptrdiff_t furthest = std::ptrdiff_t{1} << 20; // a longer line is not noted

    std::uint32_t* begin() noexcept { return notes_ + 1; }
    /// The ends before those at `begin()`: the first is no end, but what makes the first line begin at 0.
    const std::uint32_t* before() noexcept {
        notes_[0] = ~std::uint32_t{0};
        return notes_;
    }

private:
    // The last block may be all ends, and is written with some more.
    std::uint32_t notes_[1 + most + scan_block + 64];
};

// The forms with a mask, though it is full: g++ 12 warns of the others that something in them is not initialized.
template <int Part>
[[LEAT_TARGET_AVX512, gnu::always_inline]] inline __m512i sixteen_numbers_avx512(__m512i bytes) noexcept {
    return _mm512_maskz_cvtepu8_epi32(0xFFFF, _mm512_maskz_extracti32x4_epi32(0xF, bytes, Part));
}

/// Notes `offset` plus the number of each bit of `ends`, and returns the end of that. It scribbles up to 64 notes.
[[LEAT_TARGET_AVX512, gnu::always_inline]] inline std::uint32_t*
note_ends_avx512(std::uint64_t ends, std::uint32_t offset, std::uint32_t* out) noexcept {
    alignas(64) static constexpr auto numbers = [] {
        std::array<unsigned char, 64> all{};
        for (unsigned char i = 0; i != 64; ++i)
            all[i] = i;
        return all;
    }();
    const __m512i bits = _mm512_maskz_compress_epi8(ends, _mm512_load_si512(numbers.data()));
    const __m512i from = _mm512_set1_epi32(static_cast<int>(offset));
    const int count = std::popcount(ends);
    _mm512_storeu_si512(out, _mm512_add_epi32(sixteen_numbers_avx512<0>(bits), from));
    if (__builtin_expect(count > 16, 0)) {
        _mm512_storeu_si512(out + 16, _mm512_add_epi32(sixteen_numbers_avx512<1>(bits), from));
        _mm512_storeu_si512(out + 32, _mm512_add_epi32(sixteen_numbers_avx512<2>(bits), from));
        _mm512_storeu_si512(out + 48, _mm512_add_epi32(sixteen_numbers_avx512<3>(bits), from));
    }
    return out + count;
}

/// Makes `count` lines of notes, and some more, up to a multiple of eight.
[[LEAT_TARGET_AVX512]] inline void make_lines_avx512(const char* first, line_notes& notes, std::size_t count,
                                                     std::string_view* out) noexcept {
    static_assert(sizeof(std::string_view) == 16);
    const std::string_view some(first, 0);
    const char* front = nullptr;
    std::memcpy(&front, &some, sizeof front);
    const bool text_first = front == first; // in libc++; libstdc++ has the size first. Known to the compiler.

    // The forms with a mask: see sixteen_numbers_avx512.
    const __m512i begin = _mm512_set1_epi64(reinterpret_cast<long long>(first));
    const __m512i low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
    const __m512i high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
    const std::uint32_t* at = notes.begin();
    const std::uint32_t* before = notes.before();
    for (std::size_t i = 0; i < count; i += 8, at += 8, before += 8, out += 8) {
        const __m256i ends = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
        const __m256i starts = _mm256_add_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(before)),
                                                _mm256_set1_epi32(1));
        const __m512i sizes = _mm512_maskz_cvtepu32_epi64(0xFF, _mm256_sub_epi32(ends, starts));
        const __m512i texts = _mm512_add_epi64(_mm512_maskz_cvtepu32_epi64(0xFF, starts), begin);
        const __m512i a = text_first ? texts : sizes;
        const __m512i b = text_first ? sizes : texts;
        _mm512_storeu_si512(out, _mm512_permutex2var_epi64(a, low, b));
        _mm512_storeu_si512(out + 4, _mm512_permutex2var_epi64(a, high, b));
    }
}

template <bool StripCr>
[[LEAT_TARGET_AVX512]] line_scan scan_lines_avx512(const char* first, const char* last, char delimiter,
                                                   std::string_view* out, std::size_t room) {
    const __m512i delimiters = _mm512_set1_epi8(delimiter);
    const __m512i returns = _mm512_set1_epi8('\r');
    const std::string_view* const begin = out;
    const std::string_view* const full = out + room;
    const char* at = first;   // next byte to look at
    const char* line = first; // start of the first unfinished line
    line_notes notes;
    while (out < full) {
        std::uint32_t* noted = notes.begin();
        const auto left = static_cast<std::size_t>(full - out);
        const std::uint32_t* const enough = noted + (left < notes.most ? left : notes.most);
        bool strip = false;
        for (; noted < enough && last - at >= scan_block && at - line < notes.furthest; at += scan_block) {
            __m512i bytes[4];
            std::uint64_t ends[4];
            for (int j = 0; j != 4; ++j) {
                bytes[j] = _mm512_loadu_si512(at + 64 * j);
                ends[j] = _mm512_cmpeq_epi8_mask(bytes[j], delimiters);
            }
            if ((ends[0] | ends[1] | ends[2] | ends[3]) == 0)
                continue;
            // Most texts have no carriage return, and one look at a block is less than one at each line.
            if constexpr (StripCr) {
                std::uint64_t cr[4];
                for (int j = 0; j != 4; ++j)
                    cr[j] = _mm512_cmpeq_epi8_mask(bytes[j], returns);
                std::uint64_t before = at != first && at[-1] == '\r';
                if (__builtin_expect((before | cr[0] | cr[1] | cr[2] | cr[3]) != 0, 0)) {
                    for (int j = 0; j != 4; ++j) {
                        strip |= (((cr[j] << 1) | before) & ends[j]) != 0;
                        before = cr[j] >> 63;
                    }
                }
            }
            auto offset = static_cast<std::uint32_t>(at - line);
            for (int j = 0; j != 4; ++j, offset += 64)
                noted = note_ends_avx512(ends[j], offset, noted);
        }
        const auto count = static_cast<std::size_t>(noted - notes.begin());
        if (count == 0) { // less than a block is left, or this line is very long
            const void* const end =
                at == last ? nullptr : std::memchr(at, delimiter, static_cast<std::size_t>(last - at));
            if (end == nullptr)
                break;
            *out++ = make_line<StripCr>(line, static_cast<const char*>(end));
            line = at = static_cast<const char*>(end) + 1;
        } else if (strip) {
            const char* const base = line;
            for (std::size_t i = 0; i != count; ++i) {
                const char* const end = base + notes.begin()[i];
                *out++ = make_line<StripCr>(line, end);
                line = end + 1;
            }
        } else {
            make_lines_avx512(line, notes, count, out);
            out += count;
            line += *(noted - 1) + 1;
        }
    }
    return {static_cast<std::size_t>(out - begin), line};
}

} // namespace leat::file::detail

#undef LEAT_TARGET_AVX512

#endif
