#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace leat::file::detail {

// The kernel's copy out of the page cache is a sixth slower where our side does not begin with a cache line; what malloc gives for
// so much memory never does.
inline constexpr std::align_val_t buffer_alignment{64};

struct free_buffer {
    void operator()(void* bytes) const noexcept { ::operator delete[](bytes, buffer_alignment); }
};

/// Memory for reading from a file or writing to it, in `char` or `std::byte`. It is not initialized.
template <class T> using buffer_of = std::unique_ptr<T[], free_buffer>;

template <class T> buffer_of<T> allocate_buffer(std::size_t size) {
    static_assert(sizeof(T) == 1);
    return buffer_of<T>(static_cast<T*>(::operator new[](size, buffer_alignment)));
}

} // namespace leat::file::detail
