#pragma once

#include <chrono>
#include <concepts>
#include <utility>

#include "../async_generator.hpp"
#include "../detail/refusals.hpp"
#include "../detail/timed.hpp"
#include "../pipe.hpp"
#include "../timer.hpp"

namespace leat {

namespace detail {

template <class S, class Ex, class F>
async_generator<handed_on_t<S>> kept_alive(S up, Ex ex, duration period, F make) {
    using object = typename element_traits<handed_on_t<S>>::object;
    auto c = make_crew<timed_crew<S, Ex>>(static_cast<Ex&&>(ex));
    co_await on_close(c);
    time_point due = c->now() + period;
    c->read(static_cast<S&&>(up));
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        if (const auto some = c->take(stop)) {
            co_yield batch(some->elements());
            due = c->now() + period; // its reader is through with them
            c->open(some->taken);
            continue;
        }
        if (c->ended()) {
            c->finish();
            if (c->over(stop))
                co_return;
        }
        c->obey(stop);
        if (due <= c->now() && !c->failed()) {
            object sign = make();
            if constexpr (std::is_lvalue_reference_v<handed_on_t<S>>)
                co_yield sign;
            else
                co_yield static_cast<object&&>(sign);
            due = c->now() + period;
            continue;
        }
        if (!c->failed())
            c->wake_at(due);
        co_await c->change();
    }
}

struct keep_alive_fn : operation<keep_alive_fn> {
    template <class S, class Ex, class F> static auto make(S&& s, Ex ex, duration period, F sign) {
        using object = typename element_traits<handed_on_t<S>>::object;
        if constexpr (!has_timer<Ex>) {
            static_assert(always_false<Ex>, LEAT_EXECUTOR_UNKNOWN("leat::keep_alive"));
            return static_cast<S&&>(s);
        } else if constexpr (requires(F & f) {
                                 { f() } -> std::convertible_to<std::remove_const_t<object>>;
                             }) {
            LEAT_ASSERT(period.count() > 0,
                        "leat::keep_alive: with a period of 0 there is nothing but signs of life");
            return kept_alive<S, Ex, F>(static_cast<S&&>(s), static_cast<Ex&&>(ex), period,
                                        static_cast<F&&>(sign));
        } else {
            static_assert(
                always_false<F>,
                "leat::keep_alive: the function has to be callable without arguments and return what the "
                "stream gives");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `keep_alive(ex, period, make)`: the same elements, and `make()` whenever its reader has waited for `period` in
/// vain: a comment line that keeps an SSE connection open, a ping. Pekko: `keepAlive`.
///
/// Yields: its source's elements where they lie, lent ones stay lent, and what `make` returns, to keep or lent as they
/// are. Never while its reader is busy with an element: the time begins when it asks for the next one.
/// Ends: with its source. Throws: what its source and `make` throw.
/// Owns: the source, which is closed with it, the executor and `make`. Threads: the reader goes on where its source's
/// wait ended, and on `ex` for a sign of life; `make` runs there. Batches: preserved. Cost: a frame, a small state and
/// a frame for the source; a wait on the clock now and then, not for every element.
///
///     auto body = std::move(texts) | leat::keep_alive(ex, 15s, [] { return std::string(":\n\n"); });
inline constexpr detail::keep_alive_fn keep_alive{};

} // namespace leat
