#pragma once

#include <cstdlib>
#include <memory>
#include <type_traits>
#include <utility>

#include "borrowed.hpp"
#include "config.hpp"
#include "error.hpp"

namespace leat {

template <class T, class E> class expected;

/// Anything that is either a value or an error: `leat::expected`, C++23's `std::expected`, `tl::expected` and the like.
///
/// It is true in a condition where it holds a value, `*r` is that value (nothing, where `value_type` is void), and
/// `r.error()` is the error.
template <class R>
concept expected_like = requires(const std::remove_cvref_t<R>& r) {
    typename std::remove_cvref_t<R>::value_type;
    typename std::remove_cvref_t<R>::error_type;
    r ? 0 : 0;
    r.error();
}
&&(std::is_void_v<typename std::remove_cvref_t<R>::value_type> ||
   requires(const std::remove_cvref_t<R>& r) { *r; });

/// An error on its way into an `expected`: `return leat::unexpected(parse_error::no_digit);`
template <class E> class unexpected {
public:
    template <class G = E>
        requires(!std::is_same_v<std::remove_cvref_t<G>, unexpected> && std::is_constructible_v<E, G>)
    // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): constrained
    explicit unexpected(G&& e) : error_(static_cast<G&&>(e)) {}

    E& error() & noexcept { return error_; }
    const E& error() const& noexcept { return error_; }
    E&& error() && noexcept { return static_cast<E&&>(error_); }

    friend bool operator==(const unexpected& a, const unexpected& b) { return a.error_ == b.error_; }

private:
    E error_;
};
template <class E> unexpected(E) -> unexpected<E>;

/// `expected<T, E>(leat::unexpect, arguments...)` makes the error in its place, as `std::in_place` does the value.
struct unexpect_t {
    explicit unexpect_t() = default;
};
inline constexpr unexpect_t unexpect{};

/// The exception that stands for an error that is a value: what `expected::value()` and `leat::or_throw()` throw.
///
/// `error()` is that error. `what()` does not show it, for it may hold data.
template <class E> class unexpected_error : public leat::error {
public:
    explicit unexpected_error(E e)
        : leat::error(
              "leat: the value of a result was asked for, but the result is an error; test it first, or "
              "catch leat::unexpected_error and read its error()"),
          error_(static_cast<E&&>(e)) {}

    E& error() & noexcept { return error_; }
    const E& error() const& noexcept { return error_; }
    E&& error() && noexcept { return static_cast<E&&>(error_); }

private:
    E error_;
};

namespace detail {

// The one place where a missing value ends the program, if exceptions are switched off.
template <class E> [[noreturn]] LEAT_COLD void throw_unexpected([[maybe_unused]] E&& e) {
#if defined(__cpp_exceptions)
    throw unexpected_error<std::remove_cvref_t<E>>(static_cast<E&&>(e));
#else
    LEAT_ASSERT(false, "leat::expected: value() of a result that is an error");
    std::abort();
#endif
}

struct no_value {
    friend bool operator==(no_value, no_value) noexcept { return true; }
};

template <class T, class E>
inline constexpr bool plain_result = std::is_trivially_copyable_v<T>&& std::is_trivially_copyable_v<E>;

// Either of two. Where both are plain bytes, so is this, and it travels in registers.
template <class T, class E, bool = plain_result<T, E>> class expected_storage {
protected:
    template <class... A>
    explicit expected_storage(std::in_place_t, A&&... a) : value_(static_cast<A&&>(a)...), has_value_(true) {}
    template <class... A>
    explicit expected_storage(unexpect_t, A&&... a) : error_(static_cast<A&&>(a)...), has_value_(false) {}

    union {
        T value_;
        E error_;
    };
    bool has_value_;
};

template <class T, class E> class expected_storage<T, E, false> {
    static constexpr bool nothrow_move =
        std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_constructible_v<E>;

public:
    expected_storage(const expected_storage& other) : none_(), has_value_(other.has_value_) {
        if (has_value_)
            std::construct_at(std::addressof(value_), other.value_);
        else
            std::construct_at(std::addressof(error_), other.error_);
    }
    expected_storage(expected_storage&& other) noexcept(nothrow_move)
        : none_(), has_value_(other.has_value_) {
        if (has_value_)
            std::construct_at(std::addressof(value_), static_cast<T&&>(other.value_));
        else
            std::construct_at(std::addressof(error_), static_cast<E&&>(other.error_));
    }
    expected_storage& operator=(const expected_storage& other) {
        assign(other);
        return *this;
    }
    expected_storage& operator=(expected_storage&& other) noexcept(
        nothrow_move&& std::is_nothrow_move_assignable_v<T>&& std::is_nothrow_move_assignable_v<E>) {
        assign(static_cast<expected_storage&&>(other));
        return *this;
    }
    ~expected_storage() {
        if (has_value_)
            std::destroy_at(std::addressof(value_));
        else
            std::destroy_at(std::addressof(error_));
    }

protected:
    template <class... A>
    explicit expected_storage(std::in_place_t, A&&... a) : value_(static_cast<A&&>(a)...), has_value_(true) {}
    template <class... A>
    explicit expected_storage(unexpect_t, A&&... a) : error_(static_cast<A&&>(a)...), has_value_(false) {}

    template <class Other> void assign(Other&& other) {
        constexpr bool moves = !std::is_lvalue_reference_v<Other>;
        using value = std::conditional_t<moves, T&&, const T&>;
        using error = std::conditional_t<moves, E&&, const E&>;
        if (has_value_ && other.has_value_)
            value_ = static_cast<value>(other.value_);
        else if (!has_value_ && !other.has_value_)
            error_ = static_cast<error>(other.error_);
        else if (other.has_value_)
            replace(error_, value_, static_cast<value>(other.value_));
        else
            replace(value_, error_, static_cast<error>(other.error_));
    }

    // One in the place of the other. Where that throws, all is as it was.
    template <class Old, class New, class From> void replace(Old& old, New& fresh, From&& from) {
        if constexpr (std::is_nothrow_constructible_v<New, From>) {
            std::destroy_at(std::addressof(old));
            std::construct_at(std::addressof(fresh), static_cast<From&&>(from));
        } else if constexpr (std::is_nothrow_move_constructible_v<New>) {
            New made(static_cast<From&&>(from));
            std::destroy_at(std::addressof(old));
            std::construct_at(std::addressof(fresh), static_cast<New&&>(made));
        } else {
            struct put_back {
                Old kept;
                Old* at;
                explicit put_back(Old& o) noexcept : kept(static_cast<Old&&>(o)), at(std::addressof(o)) {}
                ~put_back() {
                    if (at != nullptr)
                        std::construct_at(at, static_cast<Old&&>(kept));
                }
            } undo(old);
            std::destroy_at(std::addressof(old));
            std::construct_at(std::addressof(fresh), static_cast<From&&>(from));
            undo.at = nullptr;
        }
        has_value_ = !has_value_;
    }

    union {
        char none_;
        T value_;
        E error_;
    };
    bool has_value_;
};

// Bases that take away what T and E cannot do.
template <bool> struct copies_if {};
template <> struct copies_if<false> {
    copies_if() = default;
    copies_if(const copies_if&) = delete;
    copies_if(copies_if&&) = default;
    copies_if& operator=(const copies_if&) = default;
    copies_if& operator=(copies_if&&) = default;
};
template <bool Copy, bool Move> struct assigns_if {};
template <bool Move> struct assigns_if<false, Move> {
    assigns_if() = default;
    assigns_if(const assigns_if&) = default;
    assigns_if(assigns_if&&) = default;
    assigns_if& operator=(const assigns_if&) = delete;
    assigns_if& operator=(assigns_if&&) = default;
};
template <> struct assigns_if<false, false> {
    assigns_if() = default;
    assigns_if(const assigns_if&) = default;
    assigns_if(assigns_if&&) = default;
    assigns_if& operator=(const assigns_if&) = delete;
    assigns_if& operator=(assigns_if&&) = delete;
};

template <class T>
inline constexpr bool copies = std::is_copy_constructible_v<T>&& std::is_copy_assignable_v<T>;
template <class T>
inline constexpr bool moves = std::is_move_constructible_v<T>&& std::is_move_assignable_v<T>;
template <class T, class E>
inline constexpr bool one_moves_safely =
    std::is_nothrow_move_constructible_v<T> || std::is_nothrow_move_constructible_v<E>;

template <class T, class E>
using copies_as = copies_if<std::is_copy_constructible_v<T> && std::is_copy_constructible_v<E>>;
template <class T, class E>
using assigns_as = assigns_if<copies<T> && copies<E> && one_moves_safely<T, E>,
                              moves<T> && moves<E> && one_moves_safely<T, E>>;

template <class> inline constexpr bool is_expected = false;
template <class T, class E> inline constexpr bool is_expected<expected<T, E>> = true;
template <class> inline constexpr bool is_unexpected = false;
template <class E> inline constexpr bool is_unexpected<unexpected<E>> = true;

// As std::expected: a value is made of whatever T is made of, but never of another result by way of its bool.
template <class T, class E, class U>
concept value_for =
    !std::is_void_v<T> && !std::is_same_v<std::remove_cvref_t<U>, std::in_place_t> &&
    !std::is_same_v<std::remove_cvref_t<U>, unexpect_t> &&
    !std::is_same_v<std::remove_cvref_t<U>, expected<T, E>> && !is_unexpected<std::remove_cvref_t<U>> &&
    !(std::is_same_v<std::remove_cv_t<T>, bool> &&
      is_expected<std::remove_cvref_t<U>>)&&std::is_constructible_v<T, U>;

template <class T, class E, class U, class G>
concept result_for = !std::is_same_v<expected<T, E>, expected<U, G>> && std::is_constructible_v<E, G> &&
                     ((std::is_void_v<T> && std::is_void_v<U>) ||
                      (std::is_constructible_v<T, U> && !std::is_constructible_v<T, expected<U, G>&>));

} // namespace detail

/// A value or the error why there is none. C++23's `std::expected`, as much of it as a stream's user needs, for C++20.
///
///     leat::expected<int, std::string> parse(std::string_view text) {
///         if (text.empty())
///             return leat::unexpected("no digits");
///         ...
///     }
///
/// `T` may be void and both may be move-only; neither is a reference. Owns: the value or the error.
/// Throws: `value()` throws `unexpected_error<E>`, and ends the program where exceptions are switched off. `*r` and
/// `error()` expect the right state; a debug build stops with a sentence.
/// Cost: no allocation; plain bytes, where both are. A program on C++23 may use `std::expected` in its place: all that
/// leat does with results it does with anything that is `expected_like`.
template <class T, class E>
class [[nodiscard]] expected
    : private detail::expected_storage<std::conditional_t<std::is_void_v<T>, detail::no_value, T>, E>,
      private detail::copies_as<std::conditional_t<std::is_void_v<T>, detail::no_value, T>, E>,
      private detail::assigns_as<std::conditional_t<std::is_void_v<T>, detail::no_value, T>, E> {
    static_assert(
        !std::is_reference_v<T> && !std::is_reference_v<E>,
        "leat::expected: T and E are values; for a reference use a pointer or std::reference_wrapper");

    using kept = std::conditional_t<std::is_void_v<T>, detail::no_value, T>;
    using storage = detail::expected_storage<kept, E>;

public:
    using value_type = T;
    using error_type = E;
    using unexpected_type = leat::unexpected<E>;
    template <class U> using rebind = expected<U, E>;

    expected() requires std::is_default_constructible_v<kept> : storage(std::in_place) {}
    template <class U = T>
        requires detail::value_for<T, E, U>
    // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): constrained
    explicit(!std::is_convertible_v<U, T>) expected(U&& value)
        : storage(std::in_place, static_cast<U&&>(value)) {}
    template <class G>
        requires std::is_constructible_v<E, const G&>
    explicit(!std::is_convertible_v<const G&, E>) expected(const leat::unexpected<G>& e)
        : storage(unexpect, e.error()) {}
    template <class G>
        requires std::is_constructible_v<E, G>
    explicit(!std::is_convertible_v<G, E>) expected(leat::unexpected<G>&& e)
        : storage(unexpect, static_cast<G&&>(e.error())) {}
    template <class... A>
        requires std::is_constructible_v<kept, A...>
    explicit expected(std::in_place_t, A&&... a) : storage(std::in_place, static_cast<A&&>(a)...) {}
    template <class... A>
        requires std::is_constructible_v<E, A...>
    explicit expected(unexpect_t, A&&... a) : storage(unexpect, static_cast<A&&>(a)...) {}
    template <class U, class G>
        requires detail::result_for<T, E, U, G>
    explicit(!(std::is_void_v<U> || std::is_convertible_v<U, T>) || !std::is_convertible_v<G, E>)
        expected(expected<U, G> other)
        : expected(converted(other)) {}

    bool has_value() const noexcept { return this->has_value_; }
    explicit operator bool() const noexcept { return this->has_value_; }

    void operator*() const& noexcept requires std::is_void_v<T> { expect(true); }
    kept& operator*() & noexcept requires(!std::is_void_v<T>) { return value_of(*this); }
    const kept& operator*() const& noexcept requires(!std::is_void_v<T>) { return value_of(*this); }
    kept&& operator*() && noexcept requires(!std::is_void_v<T>) {
        return static_cast<kept&&>(value_of(*this));
    }
    kept* operator->() noexcept requires(!std::is_void_v<T>) { return std::addressof(value_of(*this)); }
    const kept* operator->() const noexcept requires(!std::is_void_v<T>) {
        return std::addressof(value_of(*this));
    }

    E& error() & noexcept { return error_of(*this); }
    const E& error() const& noexcept { return error_of(*this); }
    E&& error() && noexcept { return static_cast<E&&>(error_of(*this)); }

    /// The value; throws `unexpected_error<E>` where there is none.
    void value() const& requires std::is_void_v<T> {
        if (!this->has_value_)
            detail::throw_unexpected(this->error_);
    }
    kept& value() & requires(!std::is_void_v<T>) {
        if (!this->has_value_)
            detail::throw_unexpected(this->error_);
        return this->value_;
    }
    const kept& value() const& requires(!std::is_void_v<T>) {
        if (!this->has_value_)
            detail::throw_unexpected(this->error_);
        return this->value_;
    }
    void value() && requires std::is_void_v<T> {
        if (!this->has_value_)
            detail::throw_unexpected(static_cast<E&&>(this->error_));
    }
    kept&& value() && requires(!std::is_void_v<T>) {
        if (!this->has_value_)
            detail::throw_unexpected(static_cast<E&&>(this->error_));
        return static_cast<kept&&>(this->value_);
    }

    /// The value, or `other` where there is none.
    template <class U> kept value_or(U&& other) const& requires(!std::is_void_v<T>) {
        return this->has_value_ ? kept(this->value_) : static_cast<kept>(static_cast<U&&>(other));
    }
    template <class U> kept value_or(U&& other) && requires(!std::is_void_v<T>) {
        return this->has_value_ ? kept(static_cast<kept&&>(this->value_))
                                : static_cast<kept>(static_cast<U&&>(other));
    }

    friend bool operator==(const expected& a, const expected& b) {
        if (a.has_value_ != b.has_value_)
            return false;
        return a.has_value_ ? static_cast<bool>(a.value_ == b.value_)
                            : static_cast<bool>(a.error_ == b.error_);
    }
    // Not a template: that would be asked about all that has a result for an argument, such as Catch2's expressions.
    friend bool operator==(const expected& a, const kept& value) requires(!std::is_void_v<T>) {
        return a.has_value_ && a.value_ == value;
    }
    template <class G> friend bool operator==(const expected& a, const leat::unexpected<G>& e) {
        return !a.has_value_ && a.error_ == e.error();
    }

private:
    void expect([[maybe_unused]] bool value) const noexcept {
        LEAT_ASSERT(value == this->has_value_, "leat::expected: the value of a result that is an error was "
                                               "read, or the error of one that is none");
    }
    template <class Self> static auto& value_of(Self& self) noexcept {
        self.expect(true);
        return self.value_;
    }
    template <class Self> static auto& error_of(Self& self) noexcept {
        self.expect(false);
        return self.error_;
    }
    template <class U, class G> static expected converted(expected<U, G>& other) {
        if (!other)
            return expected(unexpect, static_cast<G&&>(other.error()));
        if constexpr (std::is_void_v<T>)
            return expected();
        else
            return expected(std::in_place, static_cast<U&&>(*other));
    }
};

// A result is a view where its value or its error is one; materialize() makes both their own.
template <expected_like R>
inline constexpr bool is_borrowed<R> =
    is_borrowed<std::remove_cv_t<typename R::value_type>> || is_borrowed<typename R::error_type>;

template <template <class, class> class R, class T, class E>
    requires(expected_like<R<T, E>>&& is_borrowed<R<T, E>> && !std::is_void_v<T>)
struct owned<R<T, E>> {
    using type = R<typename owned<T>::type, typename owned<E>::type>;
    static type make(const R<T, E>& x) {
        if (x)
            return type(owned<T>::make(*x));
        return type(typename type::unexpected_type(owned<E>::make(x.error())));
    }
};

} // namespace leat
