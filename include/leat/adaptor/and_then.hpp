#pragma once

#include "../detail/result.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

struct and_then_op {
    template <class F, class R> LEAT_ALWAYS_INLINE static auto make(F& f, maybe<R>& x) {
        using next = std::remove_cvref_t<give_value_result<F, R>>;
        using out = same_kind_t<next, value_type_of<next>, error_type_of<next>>;
        if (!*x)
            return detail::failed_as<out>(x.forward().error());
        if constexpr (std::is_same_v<out, next>) {
            return out(detail::give_value(f, x));
        } else { // a kind of which we do not know how to make one with an error
            next made(detail::give_value(f, x));
            if (!made)
                return detail::failed_as<out>(static_cast<next&&>(made).error());
            if constexpr (is_void_result<next>)
                return out();
            else
                return out(*static_cast<next&&>(made));
        }
    }
};

template <class F, class R>
concept gives_result = takes_value<F, R> && expected_like<give_value_result<F, R>>;

struct and_then_fn : operation<and_then_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        using reference = stream_reference_t<S>;
        if constexpr (!expected_like<reference>) {
            static_assert(always_false<F>,
                          "leat::and_then: the stream's elements are not results such as leat::expected; for "
                          "plain elements use leat::transform");
            return static_cast<S&&>(s);
        } else if constexpr (!gives_result<F, reference>) {
            static_assert(
                always_false<F>,
                "leat::and_then: the function cannot be called with the value of the stream's results, "
                "or does not return a result; for a function that cannot fail use leat::map_ok");
            return static_cast<S&&>(s);
        } else if constexpr (!std::is_constructible_v<error_type_of<give_value_result<F, reference>>,
                                                      error_reference<reference>>) {
            static_assert(
                always_false<F>,
                "leat::and_then: the function's results have another type of error, which cannot be "
                "made of the stream's errors; convert those by leat::map_err before it");
            return static_cast<S&&>(s);
        } else {
            return result_stage<S, F, and_then_op>(static_cast<S&&>(s), static_cast<F&&>(f));
        }
    }
};

} // namespace detail

/// `and_then(f)`: what `f(value)` returns, itself a result; errors pass. As `and_then` of Rust's TryStreamExt, for
/// functions that do not wait.
///
/// Yields: `f`'s results; an error of the source becomes one of their `error_type`.
/// Ends: with its source. Throws: what its source and `f` throw.
/// Owns: `f`. Errors are moved, or copied where the results are lent. Threads: `f` runs where the reader's step runs.
/// Batches: preserved. Cost: a test and a call; no frame, no allocation.
///
///     auto users = std::move(lines) | leat::and_then(parse_user) | leat::and_then(check_age);
inline constexpr detail::and_then_fn and_then{};

} // namespace leat
