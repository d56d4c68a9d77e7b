#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "../async_generator.hpp"
#include "../detail/refusals.hpp"
#include "../pipe.hpp"
#include "../timer.hpp"

namespace leat {

namespace detail {

template <class Ex> async_generator<std::uint64_t> ticks(Ex ex, std::chrono::steady_clock::duration period) {
    const std::chrono::steady_clock::time_point begin = timer_traits<Ex>::now(ex);
    for (std::int64_t n = 1;; ++n) {
        co_await timer_traits<Ex>::sleep_until(ex, begin + n * period);
        // Counted from the beginning, so that nothing adds up; and what was missed meanwhile is left out.
        if (const auto passed = (timer_traits<Ex>::now(ex) - begin) / period; passed > n)
            n = passed;
        co_yield static_cast<std::uint64_t>(n);
    }
}

} // namespace detail

/// `interval(ex, period)`: a tick every `period`, for ever.
/// Rust, tokio: `IntervalStream`; Reactor: `interval`; Go: `time.Ticker`; Swift: `AsyncTimerSequence`.
///
/// Yields: how many periods have passed since the first step: 1, 2, 3 ... The first one comes after one period. A
/// reader that is late gets one tick at once and then those at their times: the ticks that it missed are left out, and
/// their numbers with them, so that it can see how many they were. Nothing drifts.
/// Ends: never. Throws: `leat::stopped` when a stop is requested (see `stop_on`). Owns: the executor.
/// Threads: the elements arrive on `ex`, the executor that its reader lives on. Batches: none. Cost: one allocation
/// (the frame), and those of a wait on that executor.
///
///     auto polled = leat::interval(ex, 10s) | leat::transform([&](std::uint64_t) { return sensor.read(); });
template <class Ex> auto interval(Ex ex, std::chrono::steady_clock::duration period) {
    if constexpr (has_timer<Ex>) {
        LEAT_ASSERT(period.count() > 0, "leat::interval: a period of 0 has a tick at every time");
        return detail::ticks<Ex>(static_cast<Ex&&>(ex), period);
    } else {
        static_assert(detail::always_false<Ex>, LEAT_EXECUTOR_UNKNOWN("leat::interval"));
        return async_generator<std::uint64_t>();
    }
}

} // namespace leat
