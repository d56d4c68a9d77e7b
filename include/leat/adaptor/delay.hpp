#pragma once

#include <chrono>
#include <exception>
#include <utility>

#include "../async_generator.hpp"
#include "../detail/is_stopped.hpp"
#include "../detail/refusals.hpp"
#include "../detail/step_of.hpp"
#include "../pipe.hpp"
#include "../timer.hpp"

namespace leat {

namespace detail {

template <class S, class Ex>
async_generator<handed_on_t<S>> delayed(S up, Ex ex, std::chrono::steady_clock::duration d) {
    co_await on_close(up);
    bool stopped = false;
    while (auto some = co_await step_of(up)) {
        // A stop ends the wait, but what has come is handed on before that, and so is what is ready by now.
        std::exception_ptr error;
        LEAT_TRY {
            if (!stopped)
                co_await timer_traits<Ex>::sleep_until(ex, timer_traits<Ex>::now(ex) + d);
        }
        LEAT_CATCH_ALL { error = std::current_exception(); }
        co_yield batch(detail::elements_in(some));
        stopped = stopped || (error && detail::is_stopped(error));
        if (error && !stopped)
            std::rethrow_exception(error);
    }
}

struct delay_fn : operation<delay_fn> {
    template <class S, class Ex> static auto make(S&& s, Ex ex, std::chrono::steady_clock::duration d) {
        if constexpr (has_timer<Ex>) {
            return delayed<S, Ex>(static_cast<S&&>(s), static_cast<Ex&&>(ex), d);
        } else {
            static_assert(always_false<Ex>, LEAT_EXECUTOR_UNKNOWN("leat::delay"));
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `delay(ex, d)`: every element `d` after it came. Reactor: `delayElements`; Python: `spaceout`; Pekko: `delay`.
///
/// Yields: its source's elements where they lie: lent ones stay lent. The source is asked for the next one when this
/// one has been taken, so nothing piles up, and between two elements there is `d` at least.
/// Ends: with its source. Throws: what its source throws; `leat::stopped`, after the element that was being held.
/// Owns: the source, which is closed with it, and the executor. Threads: the elements arrive on `ex`.
/// Batches: preserved, delayed as one. Cost: one frame; a wait for each batch.
///
///     auto later = std::move(messages) | leat::delay(ex, 50ms);
inline constexpr detail::delay_fn delay{};

} // namespace leat
