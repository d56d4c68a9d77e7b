#pragma once

#include "../detail/optional_map.hpp"

namespace leat {

namespace detail {
struct map_while_fn : operation<map_while_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        if constexpr (makes_optional<F, stream_reference_t<S>>) {
            return optional_map_stage<S, F, on_empty::end>(static_cast<S&&>(s), static_cast<F&&>(f));
        } else {
            static_assert(always_false<F>,
                          "leat::map_while: the function cannot be called with the stream's element, or does "
                          "not return something that may be empty, such as a std::optional or a pointer; for "
                          "one result per element use leat::transform");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `map_while(f)`: the values in what `f` makes of each element, up to the first one of which it makes nothing.
///
/// Yields: for a `std::optional` (or anything that is tested as a bool and read by `*`) its value; for a pointer, or an
/// optional returned by reference, a reference: lent.
/// Ends: at that first one, which is consumed, and closes its source then; or with its source. Throws: what its source
/// and `f` throw. Owns: `f`. Threads: `f` runs where the reader's step runs.
/// Batches: preserved. Cost: a call; no frame, no allocation.
///
///     auto header = std::move(lines) | leat::map_while(parse_field); // nothing for the empty line after the header
inline constexpr detail::map_while_fn map_while{};

} // namespace leat
