#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "../async_generator.hpp"
#include "../borrowed.hpp"
#include "../detail/timed.hpp"
#include "../pipe.hpp"
#include "../timer.hpp"

namespace leat {

namespace detail {

template <class S, class Ex> async_generator<stream_value_t<S>> sampled(S up, Ex ex, duration period) {
    auto c = make_crew<timed_crew<S, Ex>>(static_cast<Ex&&>(ex));
    co_await on_close(c);
    time_point tick = c->now() + period;
    const auto move_on = [&tick,
                          period](time_point now) { // to the next tick; those that passed unused are left out
        if (tick <= now)
            tick += ((now - tick) / period + 1) * period;
    };
    c->read(static_cast<S&&>(up));
    std::optional<stream_value_t<S>> latest;
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        const auto some = c->take(stop);
        const time_point now = c->now();
        if (some != nullptr) {
            if (!latest)
                move_on(now);
            latest.emplace(static_cast<stream_reference_t<S>>(some->last[-1]));
            c->open(some->taken);
            if (now < tick)
                continue;
        }
        if (latest && (tick <= now || c->ended())) {
            move_on(now);
            stream_value_t<S> x = *static_cast<std::optional<stream_value_t<S>>&&>(latest);
            latest.reset();
            co_yield static_cast<stream_value_t<S>&&>(x);
        } else {
            if (c->ended()) {
                c->finish();
                if (c->over(stop))
                    co_return;
            }
            c->obey(stop);
            if (latest)
                c->wake_at(tick);
            co_await c->change();
        }
    }
}

struct sample_fn : operation<sample_fn> {
    template <class S, class Ex> static auto make(S&& s, Ex ex, duration period) {
        static_assert(!is_borrowed<stream_value_t<S>>,
                      "leat::sample: the elements are views that are valid for one step only; put "
                      "leat::materialize() before it");
        if constexpr (has_timer<Ex>) {
            LEAT_ASSERT(period.count() > 0, "leat::sample: a time of 0 leaves nothing out");
            return sampled<S, Ex>(static_cast<S&&>(s), static_cast<Ex&&>(ex), period);
        } else {
            static_assert(
                always_false<Ex>,
                "leat::sample: nobody knows how to wait on this executor; include <leat/asio.hpp> for "
                "those of Asio, or specialize leat::timer_traits");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `sample(ex, period)`: at each tick of a clock the newest element, if there is a new one. Kotlin, Rx: `sample`;
/// Swift:
/// `throttle`.
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
