#pragma once

#include "../borrowed.hpp"
#include "../detail/call.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up, class F> class transform_stage : public stage<transform_stage<Up, F>, Up> {
    using in = stream_reference_t<Up>;
    using out = detail::give_result<F, in>;
    // A computed element has to outlive what the function returns, where that refers to it.
    static constexpr bool keep = !std::is_reference_v<in> && (std::is_reference_v<out> || is_borrowed<out>);

public:
    using reference = std::remove_cv_t<out>;

    transform_stage(Up&& up, F f) : transform_stage::stage(static_cast<Up&&>(up)), f_(static_cast<F&&>(f)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        if constexpr (keep) {
            kept_ = this->up_.try_next();
            if (!kept_)
                return {};
            return maybe<reference>(detail::from_call{},
                                    [this]() -> decltype(auto) { return detail::give(f_, kept_); });
        } else {
            maybe<in> x = this->up_.try_next();
            if (!x)
                return {};
            return maybe<reference>(detail::from_call{},
                                    [&]() -> decltype(auto) { return detail::give(f_, x); });
        }
    }

private:
    struct nothing {};
    LEAT_NO_UNIQUE_ADDRESS F f_;
    LEAT_NO_UNIQUE_ADDRESS std::conditional_t<keep, maybe<in>, nothing> kept_;
};

namespace detail {
struct transform_fn : operation<transform_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        if constexpr (!takes_element<F, stream_reference_t<S>>) {
            static_assert(always_false<F>,
                          "leat::transform: the function cannot be called with the stream's element; "
                          "give it a parameter of that type, or auto&&");
            return static_cast<S&&>(s);
        } else if constexpr (std::is_void_v<give_result<F, stream_reference_t<S>>>) {
            static_assert(always_false<F>,
                          "leat::transform: the function returns nothing; for an effect per element "
                          "use leat::inspect");
            return static_cast<S&&>(s);
        } else {
            return transform_stage<S, F>(static_cast<S&&>(s), static_cast<F&&>(f));
        }
    }
};
} // namespace detail

/// `transform(f)`: what `f` makes of each element.
///
/// Yields: `f(x)`; a reference where `f` returns one. `f` may also be a pointer to a member.
/// Ends: with its source. Throws: what its source and `f` throw.
/// Owns: `f`. Batches: preserved, one `f` per element and only for elements that are asked for.
/// Threads: `f` runs where the reader's step runs. Cost: a call; no frame, no allocation.
///
///     auto lengths = std::move(names) | leat::transform([](const std::string& s) { return s.size(); });
inline constexpr detail::transform_fn transform{};

} // namespace leat
