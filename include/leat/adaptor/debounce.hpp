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

template <class S, class Ex> async_generator<stream_value_t<S>> debounced(S up, Ex ex, duration quiet) {
    auto c = make_crew<timed_crew<S, Ex>>(static_cast<Ex&&>(ex));
    co_await on_close(c);
    c->read(static_cast<S&&>(up));
    std::optional<stream_value_t<S>> latest;
    time_point due{};
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        if (const auto some = c->take(stop)) {
            latest.emplace(static_cast<stream_reference_t<S>>(some->last[-1]));
            due = c->now() + quiet;
            c->open(some->taken);
        } else if (latest && (c->ended() || due <= c->now())) {
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
                c->wake_at(due);
            co_await c->change();
        }
    }
}

struct debounce_fn : operation<debounce_fn> {
    template <class S, class Ex> static auto make(S&& s, Ex ex, duration quiet) {
        static_assert(!is_borrowed<stream_value_t<S>>,
                      "leat::debounce: the elements are views that are valid for one step only; put "
                      "leat::materialize() before it");
        if constexpr (has_timer<Ex>) {
            LEAT_ASSERT(quiet.count() > 0, "leat::debounce: a time of 0 leaves nothing out");
            return debounced<S, Ex>(static_cast<S&&>(s), static_cast<Ex&&>(ex), quiet);
        } else {
            static_assert(
                always_false<Ex>,
                "leat::debounce: nobody knows how to wait on this executor; include <leat/asio.hpp> for "
                "those of Asio, or specialize leat::timer_traits");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `debounce(ex, quiet)`: an element after which nothing came for that long. Kotlin, Swift, Rx: `debounce`; Reactor:
/// `sampleTimeout`.
///
/// Yields: elements to keep: the last one of each burst, `quiet` after it came. The others are dropped: that is its
/// purpose.
/// Ends: with its source, after the last element. Throws: what its source throws, and `leat::stopped`, after that
/// element.
/// Owns: the source, which is closed with it, the executor, and one element; views are refused, see `materialize`.
/// While its reader is busy the source is asked for one more batch and then waits: what it gathers meanwhile comes as
/// one burst.
/// Threads: the reader goes on on `ex`; at the end where the source ended. Batches: taken whole; its own elements one
/// by one.
/// Cost: a frame, a small state and a frame for the source; a wait on the clock now and then, not for every element.
///
///     auto queries = std::move(key_strokes) | leat::debounce(ex, 300ms);
inline constexpr detail::debounce_fn debounce{};

} // namespace leat
