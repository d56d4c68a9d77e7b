#pragma once

#include "../async_generator.hpp"
#include "../detail/until_stopped.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {
template <class T> async_generator<T> nothing_ever() {
#if defined(__cpp_exceptions)
    co_await until_stopped();
#else
    static_assert(always_false<T>,
                  "leat::never: a stop throws leat::stopped, and exceptions are switched off");
#endif
    co_return;
}
} // namespace detail

/// `never<T>()`: a stream of `T` that waits, without an element and without an end, until it is stopped or destroyed.
/// Rust: `pending`; Python: `never`; .NET: `Never`.
///
/// Ends: never. Throws: `leat::stopped` when a stop is requested (see `stop_on`; with `take_until` that is its end).
/// Threads: a stop may be requested from any thread; the reader goes on in that thread, inside of `request_stop()`.
/// Needs no executor. Cost: one allocation (the frame).
///
///     auto until_told = leat::never<int>() | leat::take_until(shutdown.get_token());
template <class T> async_generator<T> never() { return detail::nothing_ever<T>(); }

} // namespace leat
