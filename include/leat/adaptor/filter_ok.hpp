#pragma once

#include "../detail/result.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up, class P> class filter_ok_stage : public stage<filter_ok_stage<Up, P>, Up> {
public:
    using reference = stream_reference_t<Up>;

    filter_ok_stage(Up&& up, P p) : filter_ok_stage::stage(static_cast<Up&&>(up)), p_(static_cast<P&&>(p)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        for (;;) {
            maybe<reference> x = this->up_.try_next();
            if (!x || !*x || detail::invoke(p_, **x))
                return x;
        }
    }

private:
    LEAT_NO_UNIQUE_ADDRESS P p_;
};

namespace detail {

template <class P, class R>
concept tests_value = !is_void_result<R> && tests_element<P, decltype(*std::declval<lvalue_of<R>>())>;

struct filter_ok_fn : operation<filter_ok_fn> {
    template <class S, class P> static auto make(S&& s, P p) {
        using reference = stream_reference_t<S>;
        if constexpr (!expected_like<reference>) {
            static_assert(
                always_false<P>,
                "leat::filter_ok: the stream's elements are not results such as leat::expected; for "
                "plain elements use leat::filter");
            return static_cast<S&&>(s);
        } else if constexpr (!tests_value<P, reference>) {
            static_assert(always_false<P>,
                          "leat::filter_ok: the predicate cannot be called with the value of the stream's "
                          "results, or does not give a bool; give it a const reference to that type, or "
                          "const auto&");
            return static_cast<S&&>(s);
        } else {
            return filter_ok_stage<S, P>(static_cast<S&&>(s), static_cast<P&&>(p));
        }
    }
};

} // namespace detail

/// `filter_ok(p)`: the results whose value `p` accepts, and every error. Rust calls it `try_filter`.
///
/// Yields: its source's results, untouched: `p` looks at the value, it does not get it.
/// Ends: with its source. Throws: what its source and `p` throw.
/// Owns: `p`. Threads: `p` runs where the reader's step runs.
/// Batches: preserved. Cost: a test and a call; no frame, no allocation.
///
///     auto adults = std::move(users) | leat::filter_ok([](const user& u) { return u.age >= 18; });
inline constexpr detail::filter_ok_fn filter_ok{};

} // namespace leat
