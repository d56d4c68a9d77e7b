#pragma once

#include "../detail/result.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

struct map_ok_op {
    template <class F, class R> LEAT_ALWAYS_INLINE static auto make(F& f, maybe<R>& x) {
        using value = std::remove_cvref_t<give_value_result<F, R>>;
        using out = same_kind_t<R, value, error_type_of<R>>;
        if (!*x)
            return detail::failed_as<out>(x.forward().error());
        if constexpr (std::is_void_v<value>) {
            detail::give_value(f, x);
            return out();
        } else {
            return out(detail::give_value(f, x));
        }
    }
};

struct map_ok_fn : operation<map_ok_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        using reference = stream_reference_t<S>;
        if constexpr (!expected_like<reference>) {
            static_assert(always_false<F>,
                          "leat::map_ok: the stream's elements are not results such as leat::expected; for "
                          "plain elements use leat::transform");
            return static_cast<S&&>(s);
        } else if constexpr (!takes_value<F, reference>) {
            static_assert(
                always_false<F>,
                "leat::map_ok: the function cannot be called with the value of the stream's results; "
                "give it a parameter of that type, or auto&&");
            return static_cast<S&&>(s);
        } else if constexpr (!keeps_error<reference>) {
            static_assert(always_false<F>, "leat::map_ok: the elements are lent, and their errors cannot be "
                                           "copied; let the generator yield results to keep");
            return static_cast<S&&>(s);
        } else {
            return result_stage<S, F, map_ok_op>(static_cast<S&&>(s), static_cast<F&&>(f));
        }
    }
};

} // namespace detail

/// `map_ok(f)`: results with `f(value)` for the value; errors pass. As `map_ok` of Rust's TryStreamExt.
///
/// Yields: results of the same kind (`leat::expected`, `std::expected` ...), computed, with what `f` returns, by value;
/// `f` may return nothing, and is called with nothing where the results hold none.
/// Ends: with its source; an error that is a value ends nothing. Throws: what its source and `f` throw.
/// Owns: `f`. Errors are moved, or copied where the results are lent. Threads: `f` runs where the reader's step runs.
/// Batches: preserved. Cost: a test and a call; no frame, no allocation.
///
///     auto totals = std::move(orders) | leat::map_ok([](const order& o) { return o.price * o.count; });
inline constexpr detail::map_ok_fn map_ok{};

} // namespace leat
