#pragma once

#include <cstddef>

// AddressSanitizer's own functions, declared here because not every compiler's package brings their header.
#if defined(__SANITIZE_ADDRESS__)
#define LEAT_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAT_ADDRESS_SANITIZER 1
#endif
#endif

#if defined(LEAT_ADDRESS_SANITIZER)
extern "C" {
void __asan_poison_memory_region(const volatile void* at, std::size_t size) noexcept;   // NOLINT
void __asan_unpoison_memory_region(const volatile void* at, std::size_t size) noexcept; // NOLINT
}
#endif

namespace leat {

namespace detail {
#if defined(LEAT_ADDRESS_SANITIZER)
inline constexpr bool poisoning = true;
#else
inline constexpr bool poisoning = false;
#endif
} // namespace detail

/// Says that nobody may look at this memory for now: what a source does with the bytes behind a view when the view's step
/// is over. In a build with AddressSanitizer, who does it all the same gets a report; otherwise this is nothing.
///
/// `unpoison` the memory before you write to it again. Freeing it while it is poisoned is fine.
inline void poison([[maybe_unused]] const void* at, [[maybe_unused]] std::size_t size) noexcept {
#if defined(LEAT_ADDRESS_SANITIZER)
    __asan_poison_memory_region(at, size);
#endif
}
/// The memory may be used again. See `poison`.
inline void unpoison([[maybe_unused]] const void* at, [[maybe_unused]] std::size_t size) noexcept {
#if defined(LEAT_ADDRESS_SANITIZER)
    __asan_unpoison_memory_region(at, size);
#endif
}

} // namespace leat
