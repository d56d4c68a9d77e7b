#pragma once

#include "../detail/pass_on.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

template <class F> async_generator<handed_on_t<stream_made_by<F>>> deferred(F make) {
    auto stream = make();
    co_yield elements_of(std::move(stream));
}

} // namespace detail

/// `defer(make)`: the stream that `make()` returns, made at the first step and not before.
/// Reactor: `defer`; .NET: `Defer`; Pekko: `lazySource`.
///
/// Yields, ends: as that stream. Throws: what `make` and that stream throw.
/// Owns: `make`, until the stream is over. Threads: `make` runs where the reader's first step runs.
/// Batches: preserved where the stream is a generator, one by one behind stages.
/// Cost: one allocation (the frame), and those of the stream; four more where that is no generator.
///
///     auto rows = leat::defer([&] { return leat::postgres::rows<user>(ex, pool.any(), query); });
template <class F> auto defer(F make) {
    if constexpr (detail::makes_stream<F>) {
        return detail::deferred<F>(static_cast<F&&>(make));
    } else {
        static_assert(detail::always_false<F>,
                      "leat::defer: the function has to be callable without arguments and return a stream");
        return async_generator<int>();
    }
}

} // namespace leat
