#include "support/allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> taken{0};
}

std::size_t allocations() noexcept { return taken.load(std::memory_order_relaxed); }

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LEAT_TEST_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LEAT_TEST_SANITIZED
#endif

#ifdef LEAT_TEST_SANITIZED

// A sanitizer has operators of its own, which check more than ours, and clang's cannot be replaced. It has a hook, whose
// header g++'s packages do not bring.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, std::size_t),
                                                         void (*)(const volatile void*));

namespace {
void on_malloc(const volatile void*, std::size_t) { taken.fetch_add(1, std::memory_order_relaxed); }
void on_free(const volatile void*) {}
[[maybe_unused]] const int installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
} // namespace

#else

namespace {

void* take_or_null(std::size_t size, std::size_t alignment) noexcept {
    taken.fetch_add(1, std::memory_order_relaxed);
    if (size == 0)
        size = 1;
    if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__)
        return std::malloc(size);
    return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* take(std::size_t size, std::size_t alignment) {
    if (void* p = take_or_null(size, alignment))
        return p;
    throw std::bad_alloc();
}

} // namespace

// All of them, so that what one took is never given back by another library's.
void* operator new(std::size_t n) { return take(n, 1); }
void* operator new[](std::size_t n) { return take(n, 1); }
void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return take_or_null(n, 1); }
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return take_or_null(n, 1); }
void* operator new(std::size_t n, std::align_val_t a) { return take(n, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t n, std::align_val_t a) { return take(n, static_cast<std::size_t>(a)); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

#endif
