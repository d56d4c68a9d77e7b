#pragma once

#include "../detail/result.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

struct map_err_op {
    template <class F, class R> LEAT_ALWAYS_INLINE static auto make(F& f, maybe<R>& x) {
        using error = std::remove_cvref_t<decltype(detail::give_error(f, x))>;
        using out = same_kind_t<R, value_type_of<R>, error>;
        if (!*x)
            return detail::failed_as<out>(detail::give_error(f, x));
        if constexpr (is_void_result<R>)
            return out();
        else
            return out(*x.forward());
    }
};

struct map_err_fn : operation<map_err_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        using reference = stream_reference_t<S>;
        if constexpr (!expected_like<reference>) {
            static_assert(always_false<F>,
                          "leat::map_err: the stream's elements are not results such as leat::expected, so "
                          "there is no error to map");
            return static_cast<S&&>(s);
        } else if constexpr (!takes_element<F, error_reference<reference>>) {
            static_assert(
                always_false<F>,
                "leat::map_err: the function cannot be called with the error of the stream's results; "
                "give it a parameter of that type, or auto&&");
            return static_cast<S&&>(s);
        } else if constexpr (std::is_void_v<give_result<F, error_reference<reference>>>) {
            static_assert(always_false<F>,
                          "leat::map_err: the function returns nothing; it has to return the "
                          "error to go on with");
            return static_cast<S&&>(s);
        } else if constexpr (!keeps_value<reference>) {
            static_assert(always_false<F>, "leat::map_err: the elements are lent, and their values cannot be "
                                           "copied; let the generator yield results to keep");
            return static_cast<S&&>(s);
        } else {
            return result_stage<S, F, map_err_op>(static_cast<S&&>(s), static_cast<F&&>(f));
        }
    }
};

} // namespace detail

/// `map_err(f)`: results with `f(error)` for the error; values pass. As `map_err` of Rust's TryStreamExt.
///
/// Yields: results of the same kind, computed, whose `error_type` is what `f` returns, by value.
/// Ends: with its source. Throws: what its source and `f` throw.
/// Owns: `f`. Values are moved, or copied where the results are lent. Threads: `f` runs where the reader's step runs.
/// Batches: preserved. Cost: a test, a move of the value; no frame, no allocation.
///
///     auto named = std::move(numbers) | leat::map_err([](parse_error e) { return message_of(e); });
inline constexpr detail::map_err_fn map_err{};

} // namespace leat
