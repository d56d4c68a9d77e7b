#pragma once

#include <exception>
#include <utility>

#include "../detail/is_stopped.hpp"
#include "../detail/pass_on.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

template <class S, class H> async_generator<handed_on_t<S>> catching(S up, H handler) {
    std::exception_ptr error;
    LEAT_TRY { co_yield elements_of(std::move(up)); }
    LEAT_CATCH_ALL { error = std::current_exception(); }
    if (!error)
        co_return;
    if (detail::is_stopped(error))
        std::rethrow_exception(std::move(error));
    auto other = handler(error);
    co_yield elements_of(std::move(other));
}

struct catch_fn : operation<catch_fn> {
    template <class S, class H> static auto make(S&& s, H handler) {
        if constexpr (!makes_stream<H, std::exception_ptr>) {
            static_assert(
                always_false<H>,
                "leat::catch_: the handler has to take a std::exception_ptr and return a stream; where "
                "there is nothing to go on with, it rethrows, or returns leat::empty<T>()");
            return static_cast<S&&>(s);
        } else if constexpr (!passes_as<stream_made_by<H, std::exception_ptr>, handed_on_t<S>>) {
            static_assert(
                always_false<H>,
                "leat::catch_: the elements of the handler's stream cannot take the place of those of the "
                "stream before; convert them by leat::transform");
            return static_cast<S&&>(s);
        } else {
            return detail::catching<S, H>(static_cast<S&&>(s), static_cast<H&&>(handler));
        }
    }
};

} // namespace detail

/// `catch_(handler)`: its source's elements and, where that throws, those of the stream that `handler(exception)` returns.
/// Rust: `or_else`; Kotlin: `catch`; .NET: `Catch`; Reactor: `onErrorResume`.
///
/// Yields: the elements before the exception, then the other stream's. Ends: with its source, or with the other stream.
/// Throws: what the handler throws (to let an exception through it rethrows it) and what the other stream throws.
/// The handler sees what its source and the stages before it throw, when that source is closed; never what comes from
/// the stages or the reader behind, and never `leat::stopped`, which is a wish of the reader. What the source's cleanup
/// throws beside the exception is not handled by it: see `closing_errors()`.
/// Owns: both streams and the handler. Threads: the handler runs where the reader's step runs.
/// Batches: preserved where the source is a generator, one by one behind stages. Cost: one allocation (the frame), four
/// more behind stages; none per element.
///
///     auto use_cache = [&](std::exception_ptr) { return leat::from_range(std::cref(cache)) | leat::materialize(); };
///     auto users = api_users() | leat::catch_(use_cache);
inline constexpr detail::catch_fn catch_{};

} // namespace leat
