#pragma once

#include "../detail/concatenated.hpp"
#include "../detail/flattening.hpp"

namespace leat {

namespace detail {

// The element as it is offered.
struct as_it_comes {
    template <class X> constexpr X&& operator()(X&& x) const noexcept { return static_cast<X&&>(x); }
};

struct flatten_fn : operation<flatten_fn> {
    template <class S> static auto make(S&& s) {
        if constexpr (std::ranges::input_range<stream_reference_t<S>>) {
            return flattening_stage<S, as_it_comes>(static_cast<S&&>(s), as_it_comes());
        } else if constexpr (is_stream_to_keep<stream_reference_t<S>>) {
            using inner = stream_value_t<S>;
            return concatenated<handed_on_t<inner>, S, open_itself>(static_cast<S&&>(s), open_itself());
        } else {
            static_assert(always_false<S>,
                          "leat::flatten: the stream's elements are not ranges, nor streams to keep; to make "
                          "one of each element use leat::flat_map");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `flatten()`: a stream of ranges becomes the stream of their elements. The opposite of `chunk`.
///
/// Yields: the ranges' elements: to keep, where its source gives containers to keep; lent, where it lends them or gives
/// views. Ends: with its source. Throws: what its source and the ranges throw.
/// Owns: nothing but a computed element. Do not move the pipeline in the middle of a range.
/// Threads: as its source. Batches: preserved. Cost: no frame, no allocation.
///
/// Of a stream of streams: their elements, and each is closed before the next begins. A frame, one more for each stream that
/// is no generator, and none per element. Rust: flatten; Kotlin: flattenConcat; .NET: Concat.
///
///     auto rows = std::move(pages) | leat::flatten();
inline constexpr detail::flatten_fn flatten{};

} // namespace leat
