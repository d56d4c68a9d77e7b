#pragma once

#include <chrono>
#include <concepts>

#include "stream.hpp"

namespace leat {

/// How to wait on an executor of type `Ex`: what every operator with a time in it asks, and all that it knows of event
/// loops. Specialize it for your own:
///
///     template <> struct leat::timer_traits<my_loop> {
///         static std::chrono::steady_clock::time_point now(const my_loop& ex);
///         static auto sleep_until(const my_loop& ex, std::chrono::steady_clock::time_point t);
///     };
///
/// `sleep_until` gives an awaitable that goes on at that time, on `ex`. It obeys a stop where its awaiter has a
/// function
/// `inherit_stop`, as that of `leat::sleep_until` has; it may be destroyed while it waits.
/// `<leat/asio/timer.hpp>` does it for `leat::executor`, and `<leat/testing.hpp>` for the executor of a virtual clock.
template <class Ex> struct timer_traits {};

/// Is it known how to wait on an `Ex`?
template <class Ex>
concept has_timer = requires(const Ex& ex, std::chrono::steady_clock::time_point t) {
    { timer_traits<Ex>::now(ex) } -> std::same_as<std::chrono::steady_clock::time_point>;
    { timer_traits<Ex>::sleep_until(ex, t) } -> awaitable;
};

} // namespace leat
