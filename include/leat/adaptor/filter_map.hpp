#pragma once

#include "../detail/optional_map.hpp"

namespace leat {

namespace detail {
struct filter_map_fn : operation<filter_map_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        if constexpr (makes_optional<F, stream_reference_t<S>>) {
            return optional_map_stage<S, F, on_empty::skip>(static_cast<S&&>(s), static_cast<F&&>(f));
        } else {
            static_assert(
                always_false<F>,
                "leat::filter_map: the function cannot be called with the stream's element, or does "
                "not return something that may be empty, such as a std::optional or a pointer; for "
                "one result per element use leat::transform");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `filter_map(f)`: the values in what `f` makes of each element, which may be nothing. Kotlin: `mapNotNull`; Swift:
/// `compactMap`.
///
/// Yields: for a `std::optional` (or `leat::maybe`, `leat::expected`, anything that is tested as a bool and read by `*`)
/// its value; for a pointer, or an optional returned by reference, a reference: lent.
/// Ends: with its source. Throws: what its source and `f` throw.
/// Owns: `f`. Threads: `f` runs where the reader's step runs.
/// Batches: preserved; a batch of which nothing survives does not wake the reader. Cost: a call; no frame, no allocation.
///
///     auto numbers = std::move(lines) | leat::filter_map(parse_int); // std::optional<int> parse_int(std::string_view)
inline constexpr detail::filter_map_fn filter_map{};

} // namespace leat
