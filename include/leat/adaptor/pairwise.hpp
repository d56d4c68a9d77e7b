#pragma once

#include <utility>

#include "../borrowed.hpp"
#include "../detail/refusals.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up> class pairwise_stage : public stage<pairwise_stage<Up>, Up> {
    using value = stream_value_t<Up>;

public:
    using reference = std::pair<value, value>;

    explicit pairwise_stage(Up&& up) : pairwise_stage::stage(static_cast<Up&&>(up)) {}

    maybe<reference> try_next() {
        auto x = this->up_.try_next();
        if (x && !previous_) {
            previous_ = maybe<value>(detail::from_call{}, [&]() -> value { return x.forward(); });
            x = this->up_.try_next();
        }
        if (!x)
            return {};
        maybe<value> previous = static_cast<maybe<value>&&>(previous_);
        previous_ = maybe<value>(detail::from_call{}, [&] { return static_cast<const value&>(*x); });
        return maybe<reference>(detail::from_call{}, [&] {
            return reference(*static_cast<maybe<value>&&>(previous), x.forward());
        });
    }
    void abandon() noexcept {
        previous_ = maybe<value>();
        this->up_.abandon();
    }

private:
    maybe<value> previous_;
};

namespace detail {
struct pairwise_fn : operation<pairwise_fn> {
    template <class S> static auto make(S&& s) {
        using value = stream_value_t<S>;
        static_assert(!is_borrowed<value>, LEAT_VIEWS_REFUSED("leat::pairwise"));
        if constexpr (std::is_copy_constructible_v<value>) {
            return pairwise_stage<S>(static_cast<S&&>(s));
        } else {
            static_assert(
                always_false<S>,
                "leat::pairwise: each element is part of two pairs, and the elements cannot be copied; "
                "leat::sliding(2) lends them");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `pairwise()`: each element together with the one before it; nothing for a stream of one element. Python: `pairwise`;
/// Swift: `adjacentPairs`.
///
/// Yields: `std::pair{previous, current}`, to keep. Ends: with its source. Throws: what its source throws.
/// Owns: a copy of the last element; elements that are only views are refused, see `materialize`.
/// Threads: as its source. Batches: preserved. Cost: a copy per element (`sliding(2)` makes none); no frame, no allocation
/// of its own.
///
///     auto gaps = std::move(times) | leat::pairwise() | leat::transform([](auto p) { return p.second - p.first; });
inline constexpr detail::pairwise_fn pairwise{};

} // namespace leat
