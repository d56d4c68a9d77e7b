#pragma once

#include <cstddef>
#include <memory>
#include <utility>

namespace leat::detail {

/// Room for a fixed number of elements. They are numbered for ever, and the number says where one lies. Who uses it
/// knows which of them exist.
template <class E> class ring {
public:
    explicit ring(std::size_t capacity)
        : slots_(std::allocator<E>().allocate(capacity)), capacity_(capacity) {}
    ring(const ring&) = delete;
    ~ring() { std::allocator<E>().deallocate(slots_, capacity_); }

    std::size_t capacity() const noexcept { return capacity_; }
    std::size_t slot(std::size_t i) const noexcept { return i % capacity_; }
    E* at(std::size_t i) const noexcept { return slots_ + slot(i); }
    /// Up to where those from `i` on lie side by side.
    std::size_t end_of_run(std::size_t i, std::size_t end) const noexcept {
        const std::size_t border = i + (capacity_ - slot(i));
        return end < border ? end : border;
    }
    template <class X> void put(std::size_t i, X&& x) {
        ::new (static_cast<void*>(at(i))) E(static_cast<X&&>(x));
    }
    void destroy(std::size_t from, std::size_t to) noexcept {
        for (; from != to; ++from)
            std::destroy_at(at(from));
    }

private:
    E* slots_;
    std::size_t capacity_;
};

} // namespace leat::detail
