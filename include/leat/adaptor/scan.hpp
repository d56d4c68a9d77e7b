#pragma once

#include "../borrowed.hpp"
#include "../detail/call.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up, class T, class F> class scan_stage : public stage<scan_stage<Up, T, F>, Up> {
public:
    using reference = const T&;

    scan_stage(Up&& up, T init, F f)
        : scan_stage::stage(static_cast<Up&&>(up)), state_(static_cast<T&&>(init)), f_(static_cast<F&&>(f)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        auto x = this->up_.try_next();
        if (!x)
            return {};
        state_ = detail::give(f_, x, static_cast<T&&>(state_));
        return maybe<reference>(__builtin_addressof(state_));
    }

private:
    T state_;
    LEAT_NO_UNIQUE_ADDRESS F f_;
};

namespace detail {

template <class F, class R, class T>
concept scans_element = takes_element<F, R, T&&> && std::is_assignable_v<T&, give_result<F, R, T&&>>;

struct scan_fn : operation<scan_fn> {
    template <class S, class T, class F> static auto make(S&& s, T init, F f) {
        static_assert(
            !is_borrowed<T>,
            "leat::scan: the state is a view, and what it looks at may be gone at the next step; put "
            "leat::materialize() before it, and start with a value that owns what it holds");
        if constexpr (scans_element<F, stream_reference_t<S>, T>) {
            return scan_stage<S, T, F>(static_cast<S&&>(s), static_cast<T&&>(init), static_cast<F&&>(f));
        } else {
            static_assert(
                always_false<F>,
                "leat::scan: the function cannot be called with (state so far, element), or does not "
                "return the next state; it is given the state to keep, so take it by value");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `scan(init, f)`: a running fold: after each element the state so far, `state = f(std::move(state), x)`. Kotlin:
/// `runningReduce`, but with a state of any type; Python: `accumulate`.
///
/// Yields: one `const T&` per element, with `T` the type of `init`; `init` itself is not yielded.
/// Ends: with its source. Throws: what its source and `f` throw.
/// Owns: the state, and lends it: valid until the next step. Owns `f`. Threads: `f` runs where the reader's step runs.
/// Batches: preserved. Cost: a call; no frame, no allocation, no copy of the state.
///
///     auto balances = std::move(payments) | leat::scan(0, [](int sum, const payment& p) { return sum + p.amount; });
inline constexpr detail::scan_fn scan{};

} // namespace leat
