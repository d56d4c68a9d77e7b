#pragma once

#include <cstddef>

#include "../pipe.hpp"

namespace leat {

template <class Up> class take_stage : public stage<take_stage<Up>, Up> {
public:
    using reference = stream_reference_t<Up>;

    take_stage(Up&& up, std::size_t n) : take_stage::stage(static_cast<Up&&>(up)), left_(n) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        if (left_ == 0)
            return {};
        maybe<reference> x = this->up_.try_next();
        if (x)
            --left_;
        return x;
    }
    bool stopped() const noexcept { return left_ == 0 || this->up_.stopped(); }

private:
    std::size_t left_;
};

namespace detail {
struct take_fn : operation<take_fn> {
    template <class S> static auto make(S&& s, std::size_t n) {
        return take_stage<S>(static_cast<S&&>(s), n);
    }
};
} // namespace detail

/// `take(n)`: the first `n` elements.
///
/// Yields: its source's elements. Ends: after `n` of them, or with its source. It never asks for one more than it
/// gives, and closes its source when it stops early. Throws: what its source throws.
/// Batches: preserved. Cost: a counter; no frame, no allocation.
///
///     auto top = std::move(users) | leat::take(10);
inline constexpr detail::take_fn take{};

} // namespace leat
