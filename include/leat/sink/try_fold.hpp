#pragma once

#include "../detail/try_sink.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

template <class F, class R, class T> constexpr bool fold_is_taken() {
    if constexpr (expected_like<R>)
        return takes_value<F, R, T&&>;
    else
        return takes_element<F, R, T&&>;
}
template <class F, class R, class T>
LEAT_ALWAYS_INLINE constexpr decltype(auto) give_fold(F& f, maybe<R>& x, T& sum) {
    if constexpr (expected_like<R>)
        return detail::give_value(f, x, static_cast<T&&>(sum));
    else
        return detail::give(f, x, static_cast<T&&>(sum));
}
template <class F, class R, class T>
using give_fold_result =
    decltype(detail::give_fold(std::declval<F&>(), std::declval<maybe<R>&>(), std::declval<T&>()));

// What the function returns is either the next sum, or a result that holds it.
template <class Said, class T>
concept sum_in_result = expected_like<Said> && !std::is_void_v<value_type_of<Said>> &&
                        std::is_assignable_v<T&, value_type_of<Said>>;

template <class R, class Said, class T> struct try_fold_result { using type = void; };
template <class R, class Said, class T>
    requires expected_like<R>
struct try_fold_result<R, Said, T> {
    using type = same_kind_t<R, T, error_type_of<R>>;
};
template <class R, class Said, class T>
    requires(!expected_like<R> && sum_in_result<Said, T>)
struct try_fold_result<R, Said, T> {
    using type = same_kind_t<Said, T, error_type_of<Said>>;
};

template <class S, class T, class F, class Result>
class try_fold_sink : public try_sink<try_fold_sink<S, T, F, Result>, S, Result, error_type_of<Result>> {
    using reference = stream_reference_t<S>;

public:
    try_fold_sink(S&& s, T init, F f)
        : try_fold_sink::try_sink(static_cast<S&&>(s)), sum_(static_cast<T&&>(init)),
          f_(static_cast<F&&>(f)) {}

    LEAT_ALWAYS_INLINE bool accept(maybe<reference>& x) {
        if constexpr (expected_like<reference>) {
            if (!*x)
                return this->stop_with(x.forward().error());
        }
        if constexpr (sum_in_result<give_fold_result<F, reference, T>, T>) {
            auto&& said = detail::give_fold(f_, x, sum_);
            if (!said)
                return this->stop_with(static_cast<decltype(said)&&>(said).error());
            sum_ = *static_cast<decltype(said)&&>(said);
        } else {
            sum_ = detail::give_fold(f_, x, sum_);
        }
        return true;
    }
    Result result() {
        if (this->error_)
            return detail::failed_as<Result>(std::move(*this->error_));
        return Result(static_cast<T&&>(sum_));
    }

private:
    T sum_;
    LEAT_NO_UNIQUE_ADDRESS F f_;
};

struct try_fold_fn : operation<try_fold_fn> {
    template <class S, class T, class F> static auto make(S&& s, T init, F f) {
        using reference = stream_reference_t<S>;
        if constexpr (!detail::fold_is_taken<F, reference, T>()) {
            static_assert(always_false<F>,
                          "leat::try_fold: the function cannot be called with (result so far, "
                          "value of the stream's results)");
            return task<T>();
        } else {
            using said = give_fold_result<F, reference, T>;
            using result = typename try_fold_result<reference, said, T>::type;
            if constexpr (!sum_in_result<said, T> && !std::is_assignable_v<T&, said>) {
                static_assert(always_false<F>,
                              "leat::try_fold: the function has to return the next sum, or a "
                              "result such as leat::expected that holds it");
                return task<T>();
            } else if constexpr (std::is_void_v<result>) {
                static_assert(
                    always_false<F>,
                    "leat::try_fold: neither the stream's elements nor what the function returns are "
                    "results such as leat::expected; use leat::fold");
                return task<T>();
            } else if constexpr (sum_in_result<said, T> && !error_becomes<said, error_type_of<result>>) {
                static_assert(always_false<F>,
                              "leat::try_fold: the function's errors cannot be converted to the "
                              "stream's; convert the stream's by leat::map_err before it");
                return task<result>();
            } else {
                return try_fold_sink<S, T, F, result>(static_cast<S&&>(s), static_cast<T&&>(init),
                                                      static_cast<F&&>(f));
            }
        }
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::try_fold(init, f))`: combines all values, until the first error of the stream or of
/// `f`: `sum = f(std::move(sum), value)`. As `try_fold` of Rust's TryStreamExt.
///
/// Yields: `expected<T, E>` of the kind of the stream's results, with the last `sum`, of `init`'s type, or the first
/// error. `f` returns the next sum, or a result that holds it. The stream's elements may also be plain where `f`
/// returns results. Ends, throws: as `try_for_each`.
/// Owns: the stream, the sum and `f`. Threads: `f` runs where the producer yields.
/// Cost: no allocation, no suspension per element.
///
///     auto adding = std::move(amounts) | leat::try_fold(0, add_checked); // leat::expected<int, overflow> add_checked(int, int)
///     auto total = co_await adding;
inline constexpr detail::try_fold_fn try_fold{};

} // namespace leat
