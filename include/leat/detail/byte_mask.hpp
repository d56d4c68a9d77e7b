#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__) && defined(__GNUC__)
#define LEAT_BYTE_MASK_X86 1
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__GNUC__)
#define LEAT_BYTE_MASK_NEON 1
#include <arm_neon.h>
#endif

// Which of 64 bytes are one of a few wanted ones, as a mask with a bit for each: what the scans for lines and for the
// delimiters of records are made of.

namespace leat::detail {

template <std::size_t N> using needles = std::array<char, N>;

#if defined(LEAT_BYTE_MASK_X86)

template <std::size_t N> class sse2_mask {
public:
    explicit sse2_mask(const needles<N>& wanted) noexcept {
        for (std::size_t i = 0; i != N; ++i)
            wanted_[i] = _mm_set1_epi8(wanted[i]);
    }
    [[gnu::always_inline]] std::uint64_t operator()(const char* p) const noexcept {
        std::uint64_t mask = 0;
        for (unsigned j = 0; j != 4; ++j) {
            const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * j));
            __m128i found = _mm_cmpeq_epi8(bytes, wanted_[0]);
            for (std::size_t i = 1; i < N; ++i)
                found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, wanted_[i]));
            const auto part = static_cast<std::uint32_t>(_mm_movemask_epi8(found));
            mask |= static_cast<std::uint64_t>(part) << (16 * j);
        }
        return mask;
    }

private:
    __m128i wanted_[N];
};

/// For functions that are compiled for such a processor: nothing else can have it inlined.
template <std::size_t N> class avx2_mask {
public:
    [[gnu::target("avx2"), gnu::always_inline]] explicit avx2_mask(const needles<N>& wanted) noexcept {
        for (std::size_t i = 0; i != N; ++i)
            wanted_[i] = _mm256_set1_epi8(wanted[i]);
    }
    [[gnu::target("avx2"), gnu::always_inline]] std::uint64_t operator()(const char* p) const noexcept {
        std::uint64_t mask = 0;
        for (unsigned j = 0; j != 2; ++j) {
            const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32 * j));
            __m256i found = _mm256_cmpeq_epi8(bytes, wanted_[0]);
            for (std::size_t i = 1; i < N; ++i)
                found = _mm256_or_si256(found, _mm256_cmpeq_epi8(bytes, wanted_[i]));
            const auto part = static_cast<std::uint32_t>(_mm256_movemask_epi8(found));
            mask |= static_cast<std::uint64_t>(part) << (32 * j);
        }
        return mask;
    }

private:
    __m256i wanted_[N];
};

inline bool has_avx2() noexcept {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("popcnt");
}

#elif defined(LEAT_BYTE_MASK_NEON)

template <std::size_t N> class neon_mask {
public:
    explicit neon_mask(const needles<N>& wanted) noexcept {
        for (std::size_t i = 0; i != N; ++i)
            wanted_[i] = vdupq_n_u8(static_cast<std::uint8_t>(wanted[i]));
    }
    [[gnu::always_inline]] std::uint64_t operator()(const char* p) const noexcept {
        const uint8x16_t bit = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
        uint8x16_t flags[4];
        for (unsigned j = 0; j != 4; ++j) {
            const uint8x16_t bytes = vld1q_u8(reinterpret_cast<const std::uint8_t*>(p + 16 * j));
            uint8x16_t found = vceqq_u8(bytes, wanted_[0]);
            for (std::size_t i = 1; i < N; ++i)
                found = vorrq_u8(found, vceqq_u8(bytes, wanted_[i]));
            flags[j] = vandq_u8(found, bit);
        }
        // Three rounds of pairwise additions bring the 64 flags together as 64 bits.
        const uint8x16_t sum = vpaddq_u8(vpaddq_u8(flags[0], flags[1]), vpaddq_u8(flags[2], flags[3]));
        return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
    }

private:
    uint8x16_t wanted_[N];
};

#endif

} // namespace leat::detail
