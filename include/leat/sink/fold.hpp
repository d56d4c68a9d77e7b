#pragma once

#include "../detail/sink.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

template <class S, class T, class F> class fold_sink : public sink<fold_sink<S, T, F>, S> {
public:
    fold_sink(S&& s, T init, F f)
        : fold_sink::sink(static_cast<S&&>(s)), sum_(static_cast<T&&>(init)), f_(static_cast<F&&>(f)) {}
    LEAT_ALWAYS_INLINE bool accept(maybe<stream_reference_t<S>>& x) {
        sum_ = detail::give(f_, x, static_cast<T&&>(sum_));
        return true;
    }
    T result() { return static_cast<T&&>(sum_); }

private:
    T sum_;
    LEAT_NO_UNIQUE_ADDRESS F f_;
};

struct fold_fn : operation<fold_fn> {
    template <class S, class T, class F> static auto make(S&& s, T init, F f) {
        if constexpr (takes_element<F, stream_reference_t<S>, T&&>) {
            return fold_sink<S, T, F>(static_cast<S&&>(s), static_cast<T&&>(init), static_cast<F&&>(f));
        } else {
            static_assert(always_false<F>,
                          "leat::fold: the function cannot be called with (result so far, element)");
            return task<T>();
        }
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::fold(init, f))`: combines all elements: `sum = f(std::move(sum), x)`.
///
/// Yields: the last `sum`, of `init`'s type; `init` for an empty stream. Ends and throws: as `for_each`.
/// Owns: the stream, the sum and `f`. Cost: no allocation, no suspension per element.
///
///     auto total = co_await leat::fold(std::move(orders), 0.0, [](double sum, const order& o) { return sum + o.price; });
inline constexpr detail::fold_fn fold{};

} // namespace leat
