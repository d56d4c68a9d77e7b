#pragma once

#include <type_traits>

#include "../borrowed.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up> class materialize_stage : public stage<materialize_stage<Up>, Up> {
    using in = stream_reference_t<Up>;
    using value = stream_value_t<Up>;

public:
    using reference = typename owned<value>::type;

    explicit materialize_stage(Up&& up) : materialize_stage::stage(static_cast<Up&&>(up)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        maybe<in> x = this->up_.try_next();
        if (!x)
            return {};
        return maybe<reference>(detail::from_call{}, [&]() -> reference {
            if constexpr (is_borrowed<value>)
                return owned<value>::make(*x);
            else
                return x.forward();
        });
    }
};

namespace detail {
struct materialize_fn : operation<materialize_fn> {
    template <class S> static auto make(S&& s) { return materialize_stage<S>(static_cast<S&&>(s)); }
};
} // namespace detail

/// `materialize()`: each element as a value of its own, which may be kept after the step.
///
/// Yields: `std::string` for `std::string_view`, `std::vector` for `std::span`, a copy for a lent element; elements to
/// keep are moved. Ends and throws: with its source.
/// Batches: preserved. Cost: a copy of each borrowed element, with the allocation that needs.
///
///     auto pages = std::move(lines) | leat::materialize() | leat::chunk(100);
inline constexpr detail::materialize_fn materialize{};

} // namespace leat
