#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include "config.hpp"

namespace leat {

namespace detail {

/// Says to `maybe` that its value is what a function returns, so that it is built in place.
struct from_call {};

// A value that may be there. Two versions, because only a trivial one travels in registers.
template <class T, bool Trivial> class maybe_storage {
public:
    maybe_storage() noexcept : none_() {}
    template <class F> maybe_storage(from_call, F&& f) : value_(static_cast<F&&>(f)()), engaged_(true) {}

protected:
    union {
        char none_;
        T value_;
    };
    bool engaged_ = false;
};

template <class T> class maybe_storage<T, false> {
public:
    maybe_storage() noexcept : none_() {}
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
template <class R>
class maybe : private detail::maybe_storage<R, std::is_trivially_copyable_v<R> &&
                                                   std::is_trivially_destructible_v<R>> {
    using storage = detail::maybe_storage<R, std::is_trivially_copyable_v<R> &&
                                                 std::is_trivially_destructible_v<R>>;

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
    maybe() noexcept = default;
    explicit maybe(object* element) noexcept : element_(element) {}
    template <class F> maybe(detail::from_call, F&& f) {
        R r = static_cast<F&&>(f)();
        element_ = __builtin_addressof(r);
    }

    explicit operator bool() const noexcept { return element_ != nullptr; }
    object& operator*() const noexcept { return *element_; }
    object* operator->() const noexcept { return element_; }
    R forward() const noexcept { return static_cast<R>(*element_); }

private:
    object* element_ = nullptr;
};

} // namespace leat
