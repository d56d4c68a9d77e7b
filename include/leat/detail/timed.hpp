#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "../async_generator.hpp"
#include "../timer.hpp"
#include "crew.hpp"
#include "offer.hpp"

/// What operators are made of that watch a stream and the clock at once (`timeout`, `debounce`, `keep_alive` ...).
namespace leat::detail {

using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;

template <class Crew> worker wake_at(Crew& c, time_point t) {
    co_await timer_traits<typename Crew::executor>::sleep_until(c.ex, t);
    const auto guard = c.lock();
    c.rang(t);
    c.changed_locked();
}

/// A worker reads the stream, others wait for a time each; the generator waits for all of them:
///
///     auto c = make_crew<timed_crew<S, Ex>>(ex);
///     co_await on_close(c);
///     c->read(std::move(up));
///     for (;;) {
///         const stop_ref& stop = co_await this_stop();
///         auto* some = c->take(stop);
///         const bool ended = c->ended();       // once, for the stream may end in between
///         if (some) {
///             ... hand out some->elements() ...
///             c->open(some->taken);
///         } else if (there is something to hand out because of the time, or of the end) {
///             ...
///         } else {
///             if (ended) {
///                 c->finish();                 // those who still wait for a time
///                 if (c->over(stop)) co_return; // throws what failed
///             }
///             c->obey(stop);                   // a stop goes down to the stream
///             c->wake_at(a time);
///             co_await c->change();
///         }
///     }
template <class S, class Ex> struct timed_crew : crew {
    using executor = Ex;
    using element = std::remove_reference_t<stream_reference_t<S>>;

    explicit timed_crew(Ex e) : ex(static_cast<Ex&&>(e)) {}

    const Ex ex;

    // ---- for the generator ----

    time_point now() const { return timer_traits<Ex>::now(ex); }
    void read(S&& up) { start(detail::offer_all(*this, static_cast<S&&>(up), 0)); }

    /// What the stream has for us, until `open(taken)`. A stop that is requested stops the stream here, even if it is
    /// always ready.
    offer<element>* take(const stop_ref& stop) {
        offer<element>* some = nullptr;
        {
            const auto guard = lock();
            some = std::exchange(offered_, nullptr);
        }
        if (some != nullptr && stop)
            obey(stop);
        return some;
    }
    /// The stream is over and closed, and everything was taken.
    bool ended() {
        const auto guard = lock();
        return ended_ && offered_ == nullptr;
    }
    /// `change()` is to end at `t` at the latest. Times that are not wanted any more do no harm: it ends, and everything
    /// is looked at again. So whoever moves a time further away, with every element, waits for it only now and then.
    void wake_at(time_point t) {
        {
            const auto guard = lock();
            for (const time_point other : times_)
                if (other <= t)
                    return;
            times_.push_back(t);
        }
        start(detail::wake_at(*this, t));
    }

    // ---- for the workers, with the mutex held ----

    void arrived(offer<element>& o) noexcept { offered_ = &o; }
    void through(std::size_t) noexcept { ended_ = true; }
    void rang(time_point t) { times_.erase(std::find(times_.begin(), times_.end(), t)); }

private:
    offer<element>* offered_ = nullptr;
    bool ended_ = false;
    std::vector<time_point> times_; // that somebody waits for
};

/// What `debounce` and `sample` are: the latest element, when it is `Due`. That is made of the time of the first step and of
/// `d`, is told when elements have come (are they alone?) and when one is given, and says `at()` what time it is due.
template <class Due, class S, class Ex>
async_generator<stream_value_t<S>> latest_when(S up, Ex ex, duration d) {
    auto c = make_crew<timed_crew<S, Ex>>(static_cast<Ex&&>(ex));
    co_await on_close(c);
    Due due(c->now(), d);
    c->read(static_cast<S&&>(up));
    std::optional<stream_value_t<S>> latest;
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        const auto some = c->take(stop);
        const bool ended = c->ended(); // once, for the stream may end in between
        const time_point now = c->now();
        if (some != nullptr) {
            due.came(now, !latest);
            latest.emplace(static_cast<stream_reference_t<S>>(some->last[-1]));
            c->open(some->taken);
            if (now < due.at())
                continue; // there may be a newer one
        }
        if (latest && (due.at() <= now || ended)) {
            due.given(now);
            stream_value_t<S> x = *static_cast<std::optional<stream_value_t<S>>&&>(latest);
            latest.reset();
            co_yield static_cast<stream_value_t<S>&&>(x);
            continue;
        }
        if (ended) {
            c->finish();
            if (c->over(stop))
                co_return;
        }
        c->obey(stop);
        if (latest)
            c->wake_at(due.at());
        co_await c->change();
    }
}

} // namespace leat::detail
