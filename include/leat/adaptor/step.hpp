#pragma once

#include <cstddef>

#include "../pipe.hpp"

namespace leat {

template <class Up> class step_stage : public stage<step_stage<Up>, Up> {
public:
    using reference = stream_reference_t<Up>;

    step_stage(Up&& up, std::size_t n) : step_stage::stage(static_cast<Up&&>(up)), n_(n) {
        LEAT_ASSERT(n != 0, "leat::step: steps of 0 elements would never end");
    }

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        for (;;) {
            maybe<reference> x = this->up_.try_next();
            if (!x)
                return x;
            if (left_ == 0) {
                left_ = n_ - 1;
                return x;
            }
            --left_;
        }
    }

private:
    std::size_t n_;
    std::size_t left_ = 0; // to leave out
};

namespace detail {
struct step_fn : operation<step_fn> {
    template <class S> static auto make(S&& s, std::size_t n) {
        return step_stage<S>(static_cast<S&&>(s), n);
    }
};
} // namespace detail

/// `step(n)`: every `n`-th element, the first one included. Rust (iterators): `step_by`; Python: the slice `[::n]`.
///
/// Yields: its source's elements. Ends: with its source. Throws: what its source throws.
/// Threads: as its source. Batches: preserved. Cost: a counter; no frame, no allocation.
///
///     auto thinned = std::move(samples) | leat::step(100);
inline constexpr detail::step_fn step{};

} // namespace leat
