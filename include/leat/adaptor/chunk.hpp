#pragma once

#include <cstddef>

#include "../borrowed.hpp"
#include "../detail/chunking.hpp"
#include "../detail/refusals.hpp"

namespace leat {

namespace detail {
struct chunk_fn : operation<chunk_fn> {
    template <class S> static auto make(S&& s, std::size_t n) {
        static_assert(!is_borrowed<stream_value_t<S>>, LEAT_VIEWS_REFUSED("leat::chunk"));
        LEAT_ASSERT(n != 0, "leat::chunk: chunks of 0 elements would never end");
        return chunking_stage<S, chunk_by_count<true>>(static_cast<S&&>(s), chunk_by_count<true>(n));
    }
};
} // namespace detail

/// `chunk(n)`: the elements in groups of `n`; the last group may be smaller. Rust: `chunks`; Kotlin: `chunked`.
///
/// Yields: `std::vector<value>`, to keep: move it away, or leave it and its memory is used again.
/// Ends: with its source, after the rest. Throws: what its source throws, after the group collected so far.
/// Owns: up to `n` elements; elements that are only views are refused, see `materialize`. Waits until a group is full:
/// for what is there now use `ready_chunks`. Threads: as its source. Batches: taken whole, and rebuilt.
/// Cost: no frame; an allocation per group that is moved away, otherwise one in all.
///
///     auto pages = std::move(rows) | leat::chunk(500);
inline constexpr detail::chunk_fn chunk{};

} // namespace leat
