#pragma once

#include "../detail/call.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up, class F> class inspect_stage : public stage<inspect_stage<Up, F>, Up> {
public:
    using reference = stream_reference_t<Up>;

    inspect_stage(Up&& up, F f) : inspect_stage::stage(static_cast<Up&&>(up)), f_(static_cast<F&&>(f)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        maybe<reference> x = this->up_.try_next();
        if (x)
            static_cast<void>(detail::invoke(f_, *x));
        return x;
    }

private:
    LEAT_NO_UNIQUE_ADDRESS F f_;
};

namespace detail {
struct inspect_fn : operation<inspect_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        if constexpr (looks_at_element<F, stream_reference_t<S>>) {
            return inspect_stage<S, F>(static_cast<S&&>(s), static_cast<F&&>(f));
        } else {
            static_assert(always_false<F>,
                          "leat::inspect: the function cannot be called with the stream's element; give "
                          "it a const reference to that type, or const auto&");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `inspect(f)`: the same elements; `f(x)` sees each one on its way.
///
/// Yields: its source's elements; `f` looks at the element, it does not get it.
/// Ends: with its source. Throws: what its source and `f` throw.
/// Owns: `f`. Batches: preserved. Threads: `f` runs where the reader's step runs. Cost: a call; no frame.
///
///     auto seen = std::move(users) | leat::inspect([&](const user&) { ++counter; });
inline constexpr detail::inspect_fn inspect{};

} // namespace leat
