#pragma once

#include "../detail/concatenated.hpp"
#include "../detail/flattening.hpp"

namespace leat {

namespace detail {
template <class F, class R>
concept makes_range = takes_element<F, R> && std::ranges::input_range<give_result<F, R>>;

struct flat_map_fn : operation<flat_map_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        if constexpr (makes_range<F, stream_reference_t<S>>) {
            return flattening_stage<S, F>(static_cast<S&&>(s), static_cast<F&&>(f));
        } else if constexpr (opens_stream<F, stream_reference_t<S>>) {
            using inner = give_result<F, stream_reference_t<S>>;
            return concatenated<handed_on_t<inner>, S, F>(static_cast<S&&>(s), static_cast<F&&>(f));
        } else {
            static_assert(always_false<F>,
                          "leat::flat_map: the function cannot be called with the stream's element, or "
                          "does not return a range or a stream; for one result per element use "
                          "leat::transform");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `flat_map(f)`: the elements of the range that `f` makes of each element, one range after the other.
///
/// Yields: the ranges' elements: to keep, where `f` returns a container by value or by `std::move`; lent, where it returns
/// a view or an lvalue. Ends: with its source. Throws: what its source, `f` and the ranges throw.
/// Owns: `f`, the element and the range in use. Do not move the pipeline in the middle of a range.
/// Batches: preserved. Threads: `f` runs where the reader's step runs. Cost: no frame, no allocation of its own.
///
/// Where `f` returns a stream: that stream's elements, and each is closed before the next begins. A frame, one more for each
/// stream that is no generator, and none per element. Rust: flat_map; Kotlin: flatMapConcat; Reactor: concatMap.
///
///     auto words = std::move(lines) | leat::flat_map([](std::string_view line) { return split(line); });
inline constexpr detail::flat_map_fn flat_map{};

} // namespace leat
