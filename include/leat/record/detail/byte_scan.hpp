#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../../detail/byte_mask.hpp"

// Finding the bytes that give a text its form: line ends, delimiters, quotes. Vector comparisons give a mask of 64 bytes, and
// each set bit is noted as a position. Whoever walks over the positions looks at one byte in nine, and at no other.

namespace leat::record::detail {

using leat::detail::needles;

/// A scanner notes the positions in [first, last), counted from `first`, of all needles, and returns the end of its notes.
/// `out` has room for one a byte and `scan_slack` more: it scribbles there.
template <std::size_t N>
using byte_scanner = std::uint32_t* (*)(const char* first, const char* last, const needles<N>& wanted,
                                        std::uint32_t* out);

inline constexpr std::size_t scan_slack = 64;

/// For processors without a kernel of their own, and the reference of the tests.
template <std::size_t N>
std::uint32_t* scan_bytes_portable(const char* first, const char* last, const needles<N>& wanted,
                                   std::uint32_t* out) {
    std::array<bool, 256> is_wanted{};
    for (const char c : wanted)
        is_wanted[static_cast<unsigned char>(c)] = true;
    for (const char* p = first; p != last; ++p) {
        *out = static_cast<std::uint32_t>(p - first);
        out += is_wanted[static_cast<unsigned char>(*p)];
    }
    return out;
}

// How many positions of 64 bytes there will be. `few`: hardly more than one, as with line ends. `many`: eight are written at a
// time, whether there are so many or not, for that costs less than a branch for each that cannot be predicted.
enum class expected { few, many };

template <expected E>
[[gnu::always_inline]] inline std::uint32_t* note(std::uint64_t mask, std::uint32_t at, std::uint32_t* out) {
    if constexpr (E == expected::many) {
        const auto count = std::popcount(mask);
        for (int i = 0; i != 8; ++i, mask &= mask - 1)
            out[i] = at + static_cast<std::uint32_t>(std::countr_zero(mask));
        if (__builtin_expect(count > 8, 0)) {
            for (int i = 8; i != 16; ++i, mask &= mask - 1)
                out[i] = at + static_cast<std::uint32_t>(std::countr_zero(mask));
            for (int i = 16; i < count; ++i, mask &= mask - 1)
                out[i] = at + static_cast<std::uint32_t>(std::countr_zero(mask));
        }
        return out + count;
    } else {
        *out = at + static_cast<std::uint32_t>(std::countr_zero(mask));
        out += (mask | (0 - mask)) >> 63; // mask != 0, written so that no compiler makes a branch of it
        for (mask &= mask - 1; mask != 0; mask &= mask - 1)
            *out++ = at + static_cast<std::uint32_t>(std::countr_zero(mask));
        return out;
    }
}

// The loop that the kernels share; `mask_of(p)` looks at the 64 bytes from `p`.
template <expected E, class MaskOf>
[[gnu::always_inline]] inline std::uint32_t* scan_blocks(const char* first, const char* last,
                                                         std::uint32_t* out, MaskOf mask_of) {
    const char* p = first;
    for (; last - p >= 64; p += 64)
        out = note<E>(mask_of(p), static_cast<std::uint32_t>(p - first), out);
    if (p != last) {
        char rest[64] = {};
        const auto size = static_cast<std::size_t>(last - p);
        std::memcpy(rest, p, size);
        const std::uint64_t mask = mask_of(rest) & ((std::uint64_t{1} << size) - 1);
        out = note<E>(mask, static_cast<std::uint32_t>(p - first), out);
    }
    return out;
}

#if defined(LEAT_BYTE_MASK_X86)

template <std::size_t N>
std::uint32_t* scan_bytes_sse2(const char* first, const char* last, const needles<N>& wanted,
                               std::uint32_t* out) {
    return scan_blocks<expected::few>(first, last, out, leat::detail::sse2_mask<N>(wanted));
}

template <std::size_t N>
[[gnu::target("avx2,bmi,popcnt")]] std::uint32_t*
scan_bytes_avx2(const char* first, const char* last, const needles<N>& wanted, std::uint32_t* out) {
    const leat::detail::avx2_mask<N> mask_of(wanted);
    char rest[64] = {};
    const char* p = first;
    const char* block = p;
    // Written out, not by scan_blocks: that would not be compiled for this processor.
    for (;;) {
        std::uint64_t within = ~std::uint64_t{0};
        const auto left = static_cast<std::size_t>(last - p);
        if (left >= 64) {
            block = p;
        } else if (left != 0) {
            std::memcpy(rest, p, left);
            block = rest;
            within = (std::uint64_t{1} << left) - 1;
        } else {
            return out;
        }
        constexpr auto how_many = N == 1 ? expected::few : expected::many;
        out = note<how_many>(mask_of(block) & within, static_cast<std::uint32_t>(p - first), out);
        p += left < 64 ? left : 64;
    }
}

/// The best scanner of the processor this runs on.
template <std::size_t N> byte_scanner<N> best_byte_scanner() noexcept {
    static const byte_scanner<N> best = leat::detail::has_avx2() ? &scan_bytes_avx2<N> : &scan_bytes_sse2<N>;
    return best;
}

#elif defined(LEAT_BYTE_MASK_NEON)

template <std::size_t N>
std::uint32_t* scan_bytes_neon(const char* first, const char* last, const needles<N>& wanted,
                               std::uint32_t* out) {
    return scan_blocks<expected::few>(first, last, out, leat::detail::neon_mask<N>(wanted));
}

template <std::size_t N> byte_scanner<N> best_byte_scanner() noexcept { return &scan_bytes_neon<N>; }

#else

template <std::size_t N> byte_scanner<N> best_byte_scanner() noexcept { return &scan_bytes_portable<N>; }

#endif

} // namespace leat::record::detail
