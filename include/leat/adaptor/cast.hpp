#pragma once

#include "../borrowed.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up, class T> class cast_stage : public stage<cast_stage<Up, T>, Up> {
public:
    using reference = T;

    explicit cast_stage(Up&& up) : cast_stage::stage(static_cast<Up&&>(up)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        auto x = this->up_.try_next();
        if (!x)
            return {};
        return maybe<reference>(detail::from_call{}, [&] { return static_cast<T>(x.forward()); });
    }
};

namespace detail {

template <class T, class R>
concept casts_to = requires(R (*x)()) {
    static_cast<T>(x());
};

template <class T> struct cast_fn : operation<cast_fn<T>> {
    static_assert(std::is_object_v<T> && !std::is_const_v<T>,
                  "leat::cast: name the type of a value; for references use leat::transform");
    template <class S> static auto make(S&& s) {
        if constexpr (!casts_to<T, stream_reference_t<S>>) {
            static_assert(always_false<T>,
                          "leat::cast: the stream's elements do not convert to that type, not "
                          "even by static_cast; use leat::transform");
            return static_cast<S&&>(s);
        } else if constexpr (is_borrowed<T> && !std::is_reference_v<stream_reference_t<S>> &&
                             !is_borrowed<stream_value_t<S>>) {
            static_assert(
                always_false<T>,
                "leat::cast: the result would be a view of a computed element that is gone by then; "
                "use leat::transform, which keeps it");
            return static_cast<S&&>(s);
        } else {
            return cast_stage<S, T>(static_cast<S&&>(s));
        }
    }
};

} // namespace detail

/// `cast<T>()`: each element as a `T`, by `static_cast`, which narrows without a word: a `double` to an `int` is cut off.
/// .NET: `Cast`.
///
/// Yields: `T`, computed. Ends: with its source. Throws: what its source and the conversion throw.
/// Threads: the conversion runs where the reader's step runs. Batches: preserved. Cost: the conversion; no frame, no
/// allocation of its own.
///
///     auto whole = std::move(prices) | leat::cast<long>();
template <class T, class... S> constexpr auto cast(S&&... s) {
    return detail::cast_fn<T>()(static_cast<S&&>(s)...);
}

} // namespace leat
