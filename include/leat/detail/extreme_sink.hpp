#pragma once

#include "optional_sink.hpp"

namespace leat::detail {

struct less_than {
    template <class A, class B> constexpr auto operator()(const A& a, const B& b) const -> decltype(a < b) {
        return a < b;
    }
};

template <class F, class T>
concept compares = requires(F& f, const T& a, const T& b) {
    detail::invoke(f, a, b) ? 0 : 0;
};

/// The terminal of `min` and `max`. Of several that are equal it keeps the first.
template <class S, class Less, class Which>
class extreme_sink : public optional_sink<extreme_sink<S, Less, Which>, S> {
    using value = stream_value_t<S>;

public:
    extreme_sink(S&& s, Less less)
        : extreme_sink::optional_sink(static_cast<S&&>(s)), less_(static_cast<Less&&>(less)) {}
    LEAT_ALWAYS_INLINE bool accept(maybe<stream_reference_t<S>>& x) {
        const value& candidate = *x;
        if (!this->kept_ || Which::better(less_, candidate, *this->kept_))
            this->keep(x);
        return true;
    }

private:
    LEAT_NO_UNIQUE_ADDRESS Less less_;
};

} // namespace leat::detail
