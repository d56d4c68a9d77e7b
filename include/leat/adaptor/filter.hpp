#pragma once

#include "../detail/call.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up, class P> class filter_stage : public stage<filter_stage<Up, P>, Up> {
public:
    using reference = stream_reference_t<Up>;

    filter_stage(Up&& up, P p) : filter_stage::stage(static_cast<Up&&>(up)), p_(static_cast<P&&>(p)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        for (;;) {
            maybe<reference> x = this->up_.try_next();
            if (!x || detail::invoke(p_, *x))
                return x;
        }
    }

private:
    LEAT_NO_UNIQUE_ADDRESS P p_;
};

namespace detail {
struct filter_fn : operation<filter_fn> {
    template <class S, class P> static auto make(S&& s, P p) {
        if constexpr (tests_element<P, stream_reference_t<S>>) {
            return filter_stage<S, P>(static_cast<S&&>(s), static_cast<P&&>(p));
        } else {
            static_assert(always_false<P>,
                          "leat::filter: the predicate cannot be called with the stream's element, or "
                          "does not give a bool; give it a const reference to that type, or "
                          "const auto&");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `filter(p)`: the elements for which `p(x)` is true.
///
/// Yields: its source's elements, untouched: `p` looks at the element, it does not get it.
/// Ends: with its source. Throws: what its source and `p` throw.
/// Owns: `p`. Batches: preserved; a batch of which nothing survives does not wake the reader.
/// Threads: `p` runs where the reader's step runs. Cost: a call; no frame, no allocation.
///
///     auto adults = std::move(users) | leat::filter([](const user& u) { return u.age >= 18; });
inline constexpr detail::filter_fn filter{};

} // namespace leat
