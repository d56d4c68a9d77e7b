#pragma once

#include <cstddef>

#include "../detail/own_element.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up, std::size_t N> class start_with_stage : public stage<start_with_stage<Up, N>, Up> {
    using own = detail::own_element<stream_reference_t<Up>, false>;

public:
    using reference = stream_reference_t<Up>;

    template <class... X>
    explicit start_with_stage(Up&& up, X&&... x)
        : start_with_stage::stage(static_cast<Up&&>(up)), own_{own(static_cast<typename own::kept>(
                                                              static_cast<X&&>(x)))...} {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        if (given_ < N)
            return own_[given_++].give();
        return this->up_.try_next();
    }
    bool stopped() const noexcept { return given_ == N && this->up_.stopped(); }
    bool ended() const noexcept { return given_ == N && this->up_.ended(); }
    void abandon() noexcept {
        given_ = N;
        this->up_.abandon();
    }

private:
    own own_[N];
    std::size_t given_ = 0;
};

namespace detail {
struct start_with_fn : operation<start_with_fn> {
    template <class S, class... X> static auto make(S&& s, X... x) {
        static_assert(sizeof...(X) != 0, "leat::start_with: name the elements to start with");
        if constexpr ((can_be_element<X, stream_reference_t<S>, false> && ...)) {
            return start_with_stage<S, sizeof...(X)>(static_cast<S&&>(s), static_cast<X&&>(x)...);
        } else {
            static_assert(
                always_false<S>,
                "leat::start_with: what is to come first does not convert to the stream's elements");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `start_with(x...)`: these elements first, then its source's. .NET: `Prepend`; Rx: `startWith`.
///
/// Yields: elements of the kind of its source's. The source is not asked for anything before the given ones are taken.
/// Ends: with its source. Throws: what its source throws.
/// Owns: the given elements; for elements that are views, what they look at. Threads: as its source.
/// Batches: preserved. Cost: a comparison; no frame, no allocation.
///
///     auto page = std::move(lines) | leat::start_with("name;age");
inline constexpr detail::start_with_fn start_with{};

} // namespace leat
