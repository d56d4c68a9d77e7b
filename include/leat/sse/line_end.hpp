#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define LEAT_SSE_SCAN_SSE2 1
#else
#define LEAT_SSE_SCAN_SSE2 0
#endif

namespace leat::sse::detail {

/// Where a line ends, and whether the line is plain ASCII (then no UTF-8 check is needed).
struct line_end {
    const char* at; // the CR or LF, or the end of the text
    bool ascii;
};

/// Byte by byte from p on; also the answer key for the fast versions.
inline line_end find_line_end_bytes(const char* p, const char* end, bool ascii = true) noexcept {
    for (; p != end; ++p) {
        if (*p == '\n' || *p == '\r')
            break;
        if (static_cast<unsigned char>(*p) >= 0x80)
            ascii = false;
    }
    return {p, ascii};
}

/// Eight bytes at a time, on any processor.
inline line_end find_line_end_words(const char* p, const char* end) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    bool ascii = true;
    while (end - p >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, p, sizeof word);
        const std::uint64_t lf = word ^ (ones * '\n'), cr = word ^ (ones * '\r');
        // A zero byte of lf or cr sets its top bit. Bytes >= 0x80 cannot be line ends, `& ~` keeps them out.
        if (((((lf - ones) & ~lf) | ((cr - ones) & ~cr)) & tops) != 0)
            break;
        ascii = ascii && (word & tops) == 0;
        p += 8;
    }
    return find_line_end_bytes(p, end, ascii);
}

#if LEAT_SSE_SCAN_SSE2
/// Sixty-four bytes at a time: one pass finds the line end and tells whether the line is ASCII.
inline line_end find_line_end_sse2(const char* p, const char* end) noexcept {
    const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
    const auto load = [](const char* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); };
    const auto ends = [&](__m128i v) { return _mm_or_si128(_mm_cmpeq_epi8(v, lf), _mm_cmpeq_epi8(v, cr)); };
    __m128i seen = _mm_setzero_si128(); // the OR of all bytes passed: its top bits tell "not ASCII"
    while (end - p >= 64) {
        const __m128i a = load(p), b = load(p + 16), c = load(p + 32), d = load(p + 48);
        const __m128i any = _mm_or_si128(_mm_or_si128(ends(a), ends(b)), _mm_or_si128(ends(c), ends(d)));
        if (_mm_movemask_epi8(any) != 0)
            break; // in one of these four: the loop below finds where
        seen = _mm_or_si128(seen, _mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d)));
        p += 64;
    }
    while (end - p >= 16) {
        const __m128i v = load(p);
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(ends(v)));
        if (mask != 0) {
            const auto at = static_cast<unsigned>(std::countr_zero(mask));
            const unsigned high = static_cast<unsigned>(_mm_movemask_epi8(v)) & ((1u << at) - 1u);
            return {p + at, high == 0 && _mm_movemask_epi8(seen) == 0};
        }
        seen = _mm_or_si128(seen, v);
        p += 16;
    }
    return find_line_end_bytes(p, end, _mm_movemask_epi8(seen) == 0);
}
#endif

/// The first CR or LF in [p, end), or end.
inline line_end find_line_end(const char* p, const char* end) noexcept {
#if LEAT_SSE_SCAN_SSE2
    return find_line_end_sse2(p, end);
#else
    return find_line_end_words(p, end);
#endif
}

} // namespace leat::sse::detail
