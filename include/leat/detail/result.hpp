#pragma once

#include <type_traits>
#include <utility>

#include "../expected.hpp"
#include "../pipe.hpp"
#include "call.hpp"

/// What the operations on results share: `map_ok`, `try_for_each` and so on.
namespace leat::detail {

template <class R> using value_type_of = typename std::remove_cvref_t<R>::value_type;
template <class R> using error_type_of = typename std::remove_cvref_t<R>::error_type;

template <class R> inline constexpr bool is_void_result = false;
template <expected_like R> inline constexpr bool is_void_result<R> = std::is_void_v<value_type_of<R>>;

// The value and the error of an element R, in the category in which the element is offered.
template <class R> using value_reference = decltype(*std::declval<maybe<R>&>().forward());
template <class R> using error_reference = decltype(std::declval<maybe<R>&>().forward().error());

// A result of the kind of R (ours, std's, or another template of a value and an error), with other contents. What is
// not such a template becomes ours.
template <class R, class T, class E> struct same_kind { using type = expected<T, E>; };
template <template <class, class> class X, class T0, class E0, class T, class E>
    requires requires { typename X<T, E>::unexpected_type; }
struct same_kind<X<T0, E0>, T, E> {
    using type = X<T, E>;
};
template <class R, class T, class E>
using same_kind_t = typename same_kind<std::remove_cvref_t<R>, std::remove_cv_t<T>, E>::type;

template <class Out, class E> LEAT_ALWAYS_INLINE Out failed_as(E&& e) {
    return Out(typename Out::unexpected_type(static_cast<E&&>(e)));
}

// Calls f with the value of an element; with nothing, where it has none.
template <class F, class R, class... Before> constexpr bool value_is_taken() {
    if constexpr (is_void_result<R>)
        return callable<F, Before...>;
    else
        return takes_element<F, value_reference<R>, Before...>;
}
template <class F, class R, class... Before>
concept takes_value = value_is_taken<F, R, Before...>();

template <class F, class R, class... Before>
LEAT_ALWAYS_INLINE constexpr decltype(auto) give_value(F& f, maybe<R>& x, Before&&... before) {
    if constexpr (is_void_result<R>) {
        return detail::invoke(f, static_cast<Before&&>(before)...);
    } else {
        using value = value_reference<R>;
        maybe<value> v(from_call{}, [&]() -> value { return *x.forward(); });
        return detail::give(f, v, static_cast<Before&&>(before)...);
    }
}
template <class F, class R, class... Before>
using give_value_result =
    decltype(detail::give_value(std::declval<F&>(), std::declval<maybe<R>&>(), std::declval<Before>()...));

template <class F, class R, class... Before>
LEAT_ALWAYS_INLINE constexpr decltype(auto) give_error(F& f, maybe<R>& x) {
    using error = error_reference<R>;
    maybe<error> e(from_call{}, [&]() -> error { return x.forward().error(); });
    return detail::give(f, e);
}

template <class R>
concept keeps_error = std::is_constructible_v<error_type_of<R>, error_reference<R>>;
template <class R>
concept keeps_value = is_void_result<R> || std::is_constructible_v<value_type_of<R>, value_reference<R>>;

/// The stage of `map_ok`, `map_err` and `and_then`: `Op::make` makes a result of each result with the help of `f`.
template <class Up, class F, class Op> class result_stage : public stage<result_stage<Up, F, Op>, Up> {
    using in = stream_reference_t<Up>;

public:
    using reference = decltype(Op::make(std::declval<F&>(), std::declval<maybe<in>&>()));

    result_stage(Up&& up, F f) : result_stage::stage(static_cast<Up&&>(up)), f_(static_cast<F&&>(f)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        if constexpr (keep) {
            kept_ = this->up_.try_next();
            if (!kept_)
                return {};
            return maybe<reference>(from_call{}, [this] { return Op::make(f_, kept_); });
        } else {
            maybe<in> x = this->up_.try_next();
            if (!x)
                return {};
            return maybe<reference>(from_call{}, [&] { return Op::make(f_, x); });
        }
    }

private:
    // A computed element has to outlive a view of it.
    static constexpr bool keep = !std::is_reference_v<in> && is_borrowed<reference>;
    struct nothing {};

    LEAT_NO_UNIQUE_ADDRESS F f_;
    LEAT_NO_UNIQUE_ADDRESS std::conditional_t<keep, maybe<in>, nothing> kept_;
};

} // namespace leat::detail
