#pragma once

#include <optional>

#include "../borrowed.hpp"
#include "../detail/optional_sink.hpp"
#include "../detail/refusals.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

template <class S, class F> class reduce_sink : public optional_sink<reduce_sink<S, F>, S> {
    using value = stream_value_t<S>;

public:
    reduce_sink(S&& s, F f) : reduce_sink::optional_sink(static_cast<S&&>(s)), f_(static_cast<F&&>(f)) {}
    LEAT_ALWAYS_INLINE bool accept(maybe<stream_reference_t<S>>& x) {
        if (this->kept_)
            *this->kept_ = detail::give(f_, x, static_cast<value&&>(*this->kept_));
        else
            this->keep(x);
        return true;
    }

private:
    LEAT_NO_UNIQUE_ADDRESS F f_;
};

template <class S, class F> constexpr bool reduces() {
    using value = stream_value_t<S>;
    if constexpr (takes_element<F, stream_reference_t<S>, value&&>)
        return std::is_assignable_v<value&, give_result<F, stream_reference_t<S>, value&&>>;
    else
        return false;
}

struct reduce_fn : operation<reduce_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        using value = stream_value_t<S>;
        if constexpr (is_borrowed<value>) {
            static_assert(always_false<S>, LEAT_VIEWS_REFUSED("leat::reduce"));
            return task<std::optional<value>>();
        } else if constexpr (!reduces<S, F>()) {
            static_assert(
                always_false<F>,
                "leat::reduce: the function cannot be called with (result so far, element), both of the "
                "stream's elements, or its result is none; for a result of another type use leat::fold");
            return task<std::optional<value>>();
        } else {
            return reduce_sink<S, F>(static_cast<S&&>(s), static_cast<F&&>(f));
        }
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::reduce(f))`: combines all elements, starting from the first: `sum = f(std::move(sum), x)`.
/// Rust: -; Kotlin: `reduce`; Python: `reduce`; .NET: `Aggregate`.
///
/// Yields: the last `sum` as a `std::optional`, empty for an empty stream. Ends and throws: as `for_each`.
/// Owns: the stream, the sum and `f`. Cost: no allocation, no suspension per element.
///
///     auto longest = leat::reduce(std::move(names), [](std::string a, std::string b) { return a.size() < b.size() ? b : a; });
inline constexpr detail::reduce_fn reduce{};

} // namespace leat
