#pragma once

#include <cstddef>

#include "../borrowed.hpp"
#include "../detail/chunking.hpp"
#include "../detail/refusals.hpp"

namespace leat {

namespace detail {
struct ready_chunks_fn : operation<ready_chunks_fn> {
    template <class S> static auto make(S&& s, std::size_t n) {
        static_assert(!is_borrowed<stream_value_t<S>>, LEAT_VIEWS_REFUSED("leat::ready_chunks"));
        LEAT_ASSERT(n != 0, "leat::ready_chunks: chunks of 0 elements would never end");
        return chunking_stage<S, chunk_by_count<false>>(static_cast<S&&>(s), chunk_by_count<false>(n));
    }
};
} // namespace detail

/// `ready_chunks(n)`: all that is ready now as one group, at most `n` elements. It never waits for a group to fill:
/// groups are large where the source is ahead of the reader, and small where the reader waits. Rust: `ready_chunks`.
///
/// Yields: `std::vector<value>` of at least one element, to keep: move it away, or leave it and its memory is used
/// again. Ends: with its source. Throws: what its source throws, after the group collected so far.
/// Owns: up to `n` elements; elements that are only views are refused, see `materialize`. Threads: as its source.
/// Batches: taken whole, and rebuilt: one group each, or several where a batch is larger than `n`; what a source yields
/// one by one is groups of one. Cost: no frame; the allocations of a growing vector per group that is moved away,
/// otherwise of one in all.
///
///     auto writes = std::move(messages) | leat::ready_chunks(64); // one system call for all that has arrived
inline constexpr detail::ready_chunks_fn ready_chunks{};

} // namespace leat
