#pragma once

#include "../detail/call.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up, class P> class take_while_stage : public stage<take_while_stage<Up, P>, Up> {
public:
    using reference = stream_reference_t<Up>;

    take_while_stage(Up&& up, P p)
        : take_while_stage::stage(static_cast<Up&&>(up)), p_(static_cast<P&&>(p)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        if (done_)
            return {};
        maybe<reference> x = this->up_.try_next();
        if (!x || detail::invoke(p_, *x))
            return x;
        done_ = true;
        return {};
    }
    bool stopped() const noexcept { return done_ || this->up_.stopped(); }

private:
    LEAT_NO_UNIQUE_ADDRESS P p_;
    bool done_ = false;
};

namespace detail {
struct take_while_fn : operation<take_while_fn> {
    template <class S, class P> static auto make(S&& s, P p) {
        if constexpr (tests_element<P, stream_reference_t<S>>) {
            return take_while_stage<S, P>(static_cast<S&&>(s), static_cast<P&&>(p));
        } else {
            static_assert(always_false<P>,
                          "leat::take_while: the predicate cannot be called with the stream's element, "
                          "or does not give a bool; give it a const reference to that type, or "
                          "const auto&");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `take_while(p)`: the elements before the first one for which `p(x)` is false.
///
/// Yields: its source's elements. Ends: at that first one, which is consumed, and closes its source then; or with its
/// source. Throws: what its source and `p` throw.
/// Owns: `p`. Batches: preserved. Cost: a call; no frame, no allocation.
///
///     auto header = std::move(lines) | leat::take_while([](std::string_view l) { return !l.empty(); });
inline constexpr detail::take_while_fn take_while{};

} // namespace leat
