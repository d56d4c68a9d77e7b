#pragma once

#include <utility>

#include "../detail/own_element.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up> class default_if_empty_stage : public stage<default_if_empty_stage<Up>, Up> {
    using own = detail::own_element<stream_reference_t<Up>, false>;

public:
    using reference = stream_reference_t<Up>;

    default_if_empty_stage(Up&& up, typename own::kept&& x)
        : default_if_empty_stage::stage(static_cast<Up&&>(up)), own_(static_cast<typename own::kept&&>(x)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        maybe<reference> x = this->up_.try_next();
        if (x)
            empty_ = false;
        else if (empty_ && this->up_.ended())
            return at_the_end();
        return x;
    }
    bool stopped() const noexcept { return !empty_ && this->up_.stopped(); }
    bool ended() const noexcept { return !empty_ && this->up_.ended(); }
    void seal() noexcept {
        empty_ = false; // it is cut short here: what was to come is not known
        this->up_.seal();
    }
    void abandon() noexcept {
        empty_ = false;
        this->up_.abandon();
    }

private:
    LEAT_COLD maybe<reference> at_the_end() {
        empty_ = false;
        if (!this->up_.stopped() && this->up_.root().channel().error)
            return {}; // it did not come to its end
        return own_.give();
    }

    own own_;
    bool empty_ = true; // so far
};

namespace detail {
struct default_if_empty_fn : operation<default_if_empty_fn> {
    template <class S, class X> static auto make(S&& s, X x) {
        if constexpr (can_be_element<X, stream_reference_t<S>, false>) {
            using kept = typename own_element<stream_reference_t<S>, false>::kept;
            return default_if_empty_stage<S>(static_cast<S&&>(s), static_cast<kept>(static_cast<X&&>(x)));
        } else {
            static_assert(
                always_false<S>,
                "leat::default_if_empty: the element for empty streams does not convert to the stream's "
                "elements");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `default_if_empty(x)`: the same elements, or `x` where there is none. .NET: `DefaultIfEmpty`; Reactor: `defaultIfEmpty`.
///
/// Yields: its source's elements. Ends: with its source. Throws: what its source throws; a stream that fails or is stopped
/// before its first element is not empty, and gives no `x`.
/// Owns: `x`; for elements that are views, what it looks at. Threads: as its source.
/// Batches: preserved. Cost: a flag; no frame, no allocation.
///
///     auto names = std::move(users) | leat::transform(&user::name) | leat::default_if_empty("nobody");
inline constexpr detail::default_if_empty_fn default_if_empty{};

} // namespace leat
