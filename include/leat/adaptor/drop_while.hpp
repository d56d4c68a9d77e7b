#pragma once

#include "../detail/call.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up, class P> class drop_while_stage : public stage<drop_while_stage<Up, P>, Up> {
public:
    using reference = stream_reference_t<Up>;

    drop_while_stage(Up&& up, P p)
        : drop_while_stage::stage(static_cast<Up&&>(up)), p_(static_cast<P&&>(p)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        maybe<reference> x = this->up_.try_next();
        while (dropping_ && x) {
            if (detail::invoke(p_, *x))
                x = this->up_.try_next();
            else
                dropping_ = false;
        }
        return x;
    }

private:
    LEAT_NO_UNIQUE_ADDRESS P p_;
    bool dropping_ = true;
};

namespace detail {
struct drop_while_fn : operation<drop_while_fn> {
    template <class S, class P> static auto make(S&& s, P p) {
        if constexpr (tests_element<P, stream_reference_t<S>>) {
            return drop_while_stage<S, P>(static_cast<S&&>(s), static_cast<P&&>(p));
        } else {
            static_assert(always_false<P>,
                          "leat::drop_while: the predicate cannot be called with the stream's element, "
                          "or does not give a bool; give it a const reference to that type, or "
                          "const auto&");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `drop_while(p)`: the elements from the first one on for which `p(x)` is false. Rust and .NET: `skip_while`, `SkipWhile`.
///
/// Yields: its source's elements; that first one too, and `p` is not asked any more.
/// Ends: with its source. Throws: what its source and `p` throw.
/// Owns: `p`, which looks at the element. Threads: `p` runs where the reader's step runs.
/// Batches: preserved. Cost: a call, then a flag; no frame, no allocation.
///
///     auto body = std::move(lines) | leat::drop_while([](std::string_view l) { return l.starts_with('#'); });
inline constexpr detail::drop_while_fn drop_while{};

} // namespace leat
