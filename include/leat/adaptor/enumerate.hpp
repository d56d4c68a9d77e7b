#pragma once

#include <cstddef>

#include "../borrowed.hpp"
#include "../pipe.hpp"

namespace leat {

/// An element and its number: `auto [i, value] = *x;`
template <class V> struct indexed {
    std::size_t index;
    V value;
};

// With a reference in it, it is worth nothing after the step.
template <class V> inline constexpr bool is_borrowed<indexed<V&>> = true;
template <class V> inline constexpr bool is_borrowed<indexed<V>> = is_borrowed<V>;
template <class V> struct owned<indexed<V>> {
    using value = owned<std::remove_cvref_t<V>>;
    using type = indexed<typename value::type>;
    static type make(const indexed<V>& x) { return type{x.index, value::make(x.value)}; }
};

template <class Up> class enumerate_stage : public stage<enumerate_stage<Up>, Up> {
    using in = stream_reference_t<Up>;
    // An element to keep stays where it is: `value` refers to it.
    using value = std::conditional_t<std::is_reference_v<in>, std::remove_reference_t<in>&, in>;

public:
    using reference = indexed<value>;

    enumerate_stage(Up&& up, std::size_t first)
        : enumerate_stage::stage(static_cast<Up&&>(up)), index_(first) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        maybe<in> x = this->up_.try_next();
        if (!x)
            return {};
        return maybe<reference>(detail::from_call{}, [&] {
            if constexpr (std::is_reference_v<in>)
                return reference{index_++, *x};
            else
                return reference{index_++, x.forward()};
        });
    }

private:
    std::size_t index_;
};

namespace detail {
struct enumerate_fn : operation<enumerate_fn> {
    template <class S> static auto make(S&& s, std::size_t first = 0) {
        return enumerate_stage<S>(static_cast<S&&>(s), first);
    }
};
} // namespace detail

/// `enumerate(first = 0)`: each element with its number.
///
/// Yields: `leat::indexed{index, value}`; `value` is a reference where its source gives one.
/// Ends: with its source. Throws: what its source throws.
/// Borrows: a referred-to element is valid until the next step.
/// Batches: preserved. Cost: a counter; no frame, no allocation.
///
///     auto numbered = std::move(lines) | leat::enumerate(1);
///     while (auto x = co_await numbered.next()) {
///         auto [number, line] = *x;
///     }
inline constexpr detail::enumerate_fn enumerate{};

} // namespace leat
