#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include "config.hpp"

namespace leat {

namespace detail {

/// Says to `maybe` that its value is what a function returns, so that it is built in place.
struct from_call {};
/// Says to `maybe` that it will be assigned to before it is read.
struct later {};

// How a value that may be there is kept: `plain` travels in registers, and the optimizer sees through it; a union
// would hide the value from it.
enum class kept_as { plain, managed };

template <class T>
inline constexpr kept_as keep_as =
    std::is_trivially_copyable_v<T>&& std::is_trivially_default_constructible_v<T> ? kept_as::plain
                                                                                   : kept_as::managed;

template <class T, kept_as = keep_as<T>> class maybe_storage {
public:
    // With a value even where there is none: a copy of it must not be a copy of nothing. That is free in registers.
    maybe_storage() noexcept : value_(), engaged_(false) {}
    explicit maybe_storage(later) noexcept {}
    template <class F> maybe_storage(from_call, F&& f) : value_(static_cast<F&&>(f)()), engaged_(true) {}

protected:
    T value_;
    bool engaged_;
};

template <class T> class maybe_storage<T, kept_as::managed> {
public:
    maybe_storage() noexcept : none_() {}
    explicit maybe_storage(later) noexcept : none_() {}
    template <class F> maybe_storage(from_call, F&& f) : value_(static_cast<F&&>(f)()), engaged_(true) {}
    maybe_storage(maybe_storage&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : none_() {
        take(other);
    }
    maybe_storage& operator=(maybe_storage&& other) noexcept(std::is_nothrow_move_constructible_v<T>) {
        if (this != &other) {
            clear();
            take(other);
        }
        return *this;
    }
    ~maybe_storage() { clear(); }

protected:
    void take(maybe_storage& other) {
        if (other.engaged_) {
            ::new (static_cast<void*>(&value_)) T(static_cast<T&&>(other.value_));
            engaged_ = true;
        }
    }
    void clear() noexcept {
        if (engaged_) {
            engaged_ = false;
            value_.~T();
        }
    }

    union {
        char none_;
        T value_;
    };
    bool engaged_ = false;
};

} // namespace detail

/// What `co_await s.next()` gives: an element, or nothing at the end of the stream.
///
/// Test it as a bool, then read the element with `*x` or `x->`. `*x` is an lvalue; take the element away with
/// `std::move(*x)` where the stream gives elements to keep (every `async_generator<T>` of a value type does).
///
/// Owns: the element, where a stage computed it (`R` is a value); borrows it where `R` is a reference: then it is
/// valid until the next step of the stream.
template <class R> class maybe : private detail::maybe_storage<R> {
    using storage = detail::maybe_storage<R>;

public:
    using reference = R;
    using storage::storage;
    maybe() noexcept = default;

    explicit operator bool() const noexcept { return this->engaged_; }
    R& operator*() & noexcept { return this->value_; }
    const R& operator*() const& noexcept { return this->value_; }
    R&& operator*() && noexcept { return static_cast<R&&>(this->value_); }
    R* operator->() noexcept { return &this->value_; }
    const R* operator->() const noexcept { return &this->value_; }

    /// The element in the category in which the stream offers it: an rvalue here, for it is ours alone.
    R&& forward() noexcept { return static_cast<R&&>(this->value_); }
};

template <class R>
    requires std::is_reference_v<R>
class maybe<R> {
    using object = std::remove_reference_t<R>;

public:
    using reference = R;
    maybe() noexcept : element_(nullptr) {}
    explicit maybe(detail::later) noexcept {}
    explicit maybe(object* element) noexcept : element_(element) {
        if (element == nullptr)
            LEAT_UNREACHABLE();
    }
    template <class F> maybe(detail::from_call, F&& f) {
        R r = static_cast<F&&>(f)();
        element_ = __builtin_addressof(r);
    }

    explicit operator bool() const noexcept { return element_ != nullptr; }
    object& operator*() const noexcept { return *element_; }
    object* operator->() const noexcept { return element_; }
    R forward() const noexcept { return static_cast<R>(*element_); }

private:
    object* element_;
};

} // namespace leat
