#pragma once

#include "sanitized.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <stdexcept>

#include <pthread.h>

/// Runs `f` on a thread whose stack is so small that anything that grows with the number of elements ends in a crash.
template <class F> void on_small_stack(F f, std::size_t bytes = 256 * 1024) {
    struct call {
        F f;
        std::exception_ptr error;
        static void* run(void* p) {
            call& c = *static_cast<call*>(p);
            try {
                c.f();
            } catch (...) {
                c.error = std::current_exception();
            }
            return nullptr;
        }
    } c{static_cast<F&&>(f), nullptr};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (pthread_attr_setstacksize(&attributes, bytes) != 0)
        throw std::runtime_error("the stack size was refused");
    pthread_t thread;
    if (pthread_create(&thread, &attributes, &call::run, &c) != 0)
        throw std::runtime_error("no thread");
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
    if (c.error)
        std::rethrow_exception(c.error);
}

/// Where the stack was each time somebody looked: `extent()` is how far it moved, in bytes.
class stack_watch {
public:
#if defined(__GNUC__)
    __attribute__((noinline))
#endif
    void
    look() noexcept {
        // Not the address of a local: AddressSanitizer may keep those on the heap.
        const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        lowest_ = std::min(lowest_, here);
        highest_ = std::max(highest_, here);
        ++looks_;
    }
    std::size_t extent() const noexcept { return looks_ == 0 ? 0 : highest_ - lowest_; }
    std::size_t looks() const noexcept { return looks_; }

private:
    std::uintptr_t lowest_ = std::numeric_limits<std::uintptr_t>::max();
    std::uintptr_t highest_ = 0;
    std::size_t looks_ = 0;
};
