#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "../config.hpp"

#if __has_include(<bits/uses_allocator.h>)
#include <bits/uses_allocator.h> // std::allocator_arg_t without the rest of <memory>
#else
#include <memory>
#endif

namespace leat::detail {

template <class A, class U> struct rebound;
template <template <class, class...> class A, class T, class... Rest, class U>
struct rebound<A<T, Rest...>, U> {
    using type = A<U, Rest...>;
};
template <class A, class U>
    requires requires { typename A::template rebind<U>::other; }
struct rebound<A, U> {
    using type = typename A::template rebind<U>::other;
};

/// Where a coroutine's frame comes from: the global heap, or the allocator that follows `std::allocator_arg` in the
/// coroutine's parameters. Behind the frame stands how to give it back.
class frame_memory {
    struct alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) block {
        std::byte bytes[__STDCPP_DEFAULT_NEW_ALIGNMENT__];
    };
    using give_back = void (*)(void* frame, std::size_t size) noexcept;

    static constexpr std::size_t round_up(std::size_t size, std::size_t unit) noexcept {
        return (size + unit - 1) / unit * unit;
    }
    static constexpr std::size_t trailer(std::size_t size) noexcept {
        return round_up(size, alignof(give_back));
    }
    template <class A> static constexpr std::size_t allocator_at(std::size_t size) noexcept {
        return round_up(trailer(size) + sizeof(give_back), alignof(A));
    }
    template <class A> static constexpr std::size_t blocks(std::size_t size) noexcept {
        return round_up(allocator_at<A>(size) + sizeof(A), sizeof(block)) / sizeof(block);
    }
    static void* at(void* frame, std::size_t offset) noexcept {
        return static_cast<std::byte*>(frame) + offset;
    }

    template <class Allocator> static void* allocate(std::size_t size, const Allocator& given) {
        using allocator = typename rebound<Allocator, block>::type;
        allocator a(given);
        void* const frame = a.allocate(blocks<allocator>(size));
        ::new (at(frame, allocator_at<allocator>(size))) allocator(std::move(a));
        ::new (at(frame, trailer(size))) give_back([](void* f, std::size_t n) noexcept {
            auto* const kept = std::launder(static_cast<allocator*>(at(f, allocator_at<allocator>(n))));
            allocator last(std::move(*kept));
            kept->~allocator();
            last.deallocate(static_cast<block*>(f), blocks<allocator>(n));
        });
        return frame;
    }

public:
    static void* operator new(std::size_t size) {
        void* const frame = ::operator new(trailer(size) + sizeof(give_back));
        ::new (at(frame, trailer(size)))
            give_back([](void* f, std::size_t) noexcept { ::operator delete(f); });
        return frame;
    }
    template <class Allocator, class... Arguments>
    static void* operator new(std::size_t size, std::allocator_arg_t, const Allocator& a,
                              const Arguments&...) {
        return allocate(size, a);
    }
    // A member function's first parameter is its object.
    template <class Object, class Allocator, class... Arguments>
    static void* operator new(std::size_t size, const Object&, std::allocator_arg_t, const Allocator& a,
                              const Arguments&...) {
        return allocate(size, a);
    }
    // Inlined, or g++ takes it for the wrong partner of the operators above and warns.
    LEAT_ALWAYS_INLINE static void operator delete(void* frame, std::size_t size) noexcept {
        (*std::launder(static_cast<give_back*>(at(frame, trailer(size)))))(frame, size);
    }
};

} // namespace leat::detail
