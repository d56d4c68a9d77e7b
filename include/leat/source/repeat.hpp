#pragma once

#include <cstddef>

#include "../detail/pass_on.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

inline constexpr std::size_t for_ever = static_cast<std::size_t>(-1);

template <class T> async_generator<copied_or_lent<T>> repeated(T x, std::size_t n) {
    for (std::size_t i = 0; n == for_ever || i < n; ++i)
        co_yield x;
}

template <class F> async_generator<handed_on_t<stream_made_by<F>>> repeated_streams(F make, std::size_t n) {
    for (std::size_t i = 0; n == for_ever || i < n; ++i) {
        auto stream = make();
        co_yield elements_of(std::move(stream));
    }
}

} // namespace detail

/// `repeat(x)`: x again and again; `repeat(x, n)`: n times. `repeat(make)` and `repeat(make, n)`, where `make()` gives a
/// stream: its elements, then those of the next `make()` and so on, as if it were one stream.
/// Rust: `repeat`, `cycle`; Python: `repeat`, `cycle`; .NET: `Repeat`.
///
/// Yields: copies of x, to keep; lent, where x cannot be copied. The streams' elements as they are.
/// Ends: after n times; without n never. Throws: what `make` and its streams throw.
/// Owns: x or `make`. A stream is closed before the next one is made, and one that is left early is closed too.
/// Threads: `make` runs where the reader's step runs. Batches: x one by one; the streams' preserved where they are
/// generators, one by one behind stages. Cost: one allocation (the frame), and those of each
/// stream; four more for one that is no generator.
///
///     auto polled = leat::repeat([&] { return leat::once(read_sensor()); });
template <class X> auto repeat(X x, std::size_t n = detail::for_ever) {
    static_assert(!stream<X>,
                  "leat::repeat: a stream can be read only once; give it a function that makes one");
    if constexpr (detail::makes_stream<X>)
        return detail::repeated_streams<X>(static_cast<X&&>(x), n);
    else
        return detail::repeated<X>(static_cast<X&&>(x), n);
}

} // namespace leat
