#pragma once

#include <concepts>

#include "../detail/limiting.hpp"

namespace leat {

namespace detail {

template <class F> class size_of_each {
public:
    explicit size_of_each(F f) : f_(static_cast<F&&>(f)) {}
    template <class X> std::size_t operator()(X& x) {
        return static_cast<std::size_t>(detail::invoke(f_, x));
    }
    static std::string too_much(const std::string& limit) {
        return "leat::limit_bytes: more than " + limit +
               " bytes came from the stream. Raise the limit, or read and keep less.";
    }

private:
    LEAT_NO_UNIQUE_ADDRESS F f_;
};

template <class F, class R>
concept sizes_element = requires(F& f, lvalue_of<R> x) {
    { detail::invoke(f, x) } -> std::convertible_to<std::size_t>;
};

struct limit_bytes_fn : operation<limit_bytes_fn> {
    template <class S, class F> static auto make(S&& s, std::size_t n, F size_of) {
        if constexpr (sizes_element<F, stream_reference_t<S>>) {
            return limiting_stage<S, size_of_each<F>>(static_cast<S&&>(s), n,
                                                      size_of_each<F>(static_cast<F&&>(size_of)));
        } else {
            static_assert(always_false<F>,
                          "leat::limit_bytes: the function cannot be called with the stream's element, or "
                          "does not return a number; give it a const reference to that type, or const auto&");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `limit_bytes(n, size_of)`: the same elements, and an error when `size_of(x)` of all together is more than `n`: for input
/// that somebody else decides about. `size_of` may be a member. Pekko: `limitWeighted`.
///
/// Yields: its source's elements. Ends: with its source. Throws: `leat::limit_exceeded` when the element comes that is too
/// much; what its source and `size_of` throw.
/// Owns: `size_of`, which looks at the element. Threads: `size_of` runs where the reader's step runs.
/// Batches: preserved. Cost: a call and an addition; no frame, no allocation.
///
///     auto body = std::move(chunks) | leat::limit_bytes(1'000'000, &std::string_view::size);
inline constexpr detail::limit_bytes_fn limit_bytes{};

} // namespace leat
