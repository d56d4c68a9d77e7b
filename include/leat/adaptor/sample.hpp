#pragma once

#include <chrono>
#include <utility>

#include "../borrowed.hpp"
#include "../detail/refusals.hpp"
#include "../detail/timed.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

/// The next tick of a clock. Those that passed unused are left out.
class next_tick {
public:
    next_tick(time_point begin, duration period) noexcept : at_(begin + period), period_(period) {}
    time_point at() const noexcept { return at_; }
    void came(time_point now, bool alone) noexcept {
        if (alone)
            given(now);
    }
    void given(time_point now) noexcept {
        if (at_ <= now)
            at_ += ((now - at_) / period_ + 1) * period_;
    }

private:
    time_point at_;
    duration period_;
};

struct sample_fn : operation<sample_fn> {
    template <class S, class Ex> static auto make(S&& s, Ex ex, duration period) {
        static_assert(!is_borrowed<stream_value_t<S>>, LEAT_VIEWS_REFUSED("leat::sample"));
        if constexpr (has_timer<Ex>) {
            LEAT_ASSERT(period.count() > 0, "leat::sample: a time of 0 leaves nothing out");
            return latest_when<next_tick, S, Ex>(static_cast<S&&>(s), static_cast<Ex&&>(ex), period);
        } else {
            static_assert(always_false<Ex>, LEAT_EXECUTOR_UNKNOWN("leat::sample"));
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `sample(ex, period)`: at each tick of a clock the newest element, if there is a new one. Kotlin, Rx: `sample`;
/// Swift: `throttle`.
///
/// Yields: elements to keep: the last one that came in each period, at its end; counted from the first step. The
/// others are dropped: that is its purpose.
/// Ends: with its source, after the last element. Throws: what its source throws, and `leat::stopped`, after that
/// element.
/// Owns: the source, which is closed with it, the executor, and one element; views are refused, see `materialize`.
/// While its reader is busy the source is asked for one more batch and then waits; ticks pass unused.
/// Threads: the reader goes on on `ex`; at the end where the source ended. Batches: taken whole; its own elements one
/// by one.
/// Cost: a frame, a small state and a frame for the source; a wait on the clock for each period with an element.
///
///     auto shown = std::move(positions) | leat::sample(ex, 40ms);
inline constexpr detail::sample_fn sample{};

} // namespace leat
