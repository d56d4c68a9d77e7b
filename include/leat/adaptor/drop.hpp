#pragma once

#include <cstddef>

#include "../pipe.hpp"

namespace leat {

template <class Up> class drop_stage : public stage<drop_stage<Up>, Up> {
public:
    using reference = stream_reference_t<Up>;

    drop_stage(Up&& up, std::size_t n) : drop_stage::stage(static_cast<Up&&>(up)), left_(n) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        while (left_ != 0) {
            if (!this->up_.try_next())
                return {};
            --left_;
        }
        return this->up_.try_next();
    }

private:
    std::size_t left_;
};

namespace detail {
struct drop_fn : operation<drop_fn> {
    template <class S> static auto make(S&& s, std::size_t n) {
        return drop_stage<S>(static_cast<S&&>(s), n);
    }
};
} // namespace detail

/// `drop(n)`: all elements but the first `n`.
///
/// Yields: its source's elements. Ends: with its source. Throws: what its source throws.
/// Batches: preserved. Cost: a counter; no frame, no allocation.
///
///     auto body = std::move(lines) | leat::drop(1); // without the header
inline constexpr detail::drop_fn drop{};

} // namespace leat
