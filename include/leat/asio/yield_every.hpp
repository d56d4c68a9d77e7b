#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "../async_generator.hpp"
#include "../error.hpp"
#include "../pipe.hpp"
#include "budget.hpp"
#include "executor.hpp"
#include "fairness.hpp"

namespace leat {

namespace detail {

template <class S> async_generator<handed_on_t<S>> take_turns(S up, executor ex, fairness limits) {
    co_await on_close(up); // NOLINT(bugprone-use-after-move): a coroutine is no loop
    budget turns(std::move(ex), limits, 64);
    if constexpr (lends_batches<S>) {
        while (auto all = co_await next_batch_of(up)) {
            for (auto* next = all.begin(); next != all.end();) {
                if (turns.due())
                    co_await turns.turn();
                batch_view slice(next, next + turns.most(static_cast<std::size_t>(all.end() - next)));
                next = slice.end();
                co_yield batch(slice);
            }
        }
    } else {
        while (auto x = co_await next_of(up)) {
            if (turns.due())
                co_await turns.turn();
            turns.most(1);
            if constexpr (std::is_lvalue_reference_v<handed_on_t<S>>)
                co_yield *x;
            else
                co_yield static_cast<handed_on_t<S>&&>(*x);
        }
    }
}

struct yield_every_fn : operation<yield_every_fn> {
    template <class S> static auto make(S&& s, executor ex, fairness limits) {
        return take_turns<S>(static_cast<S&&>(s), std::move(ex), limits);
    }

    // Not only the templates of `operation`: a braced {.elements = 100} has no type to find.
    auto operator()(executor ex, fairness limits) const {
        check(limits);
        return operation::operator()(std::move(ex), limits);
    }
    template <stream S> auto operator()(S&& s, executor ex, fairness limits) const {
        check(limits);
        return operation::operator()(static_cast<S&&>(s), std::move(ex), limits);
    }

private:
    static void check(const fairness& limits) {
        if (limits.elements == 0 && limits.time.count() <= 0)
            throw error(
                "leat::yield_every: neither elements nor a time is set, so nobody would ever get a turn; "
                "write leat::yield_every(ex, {.elements = 1000}), or leave it out");
    }
};

} // namespace detail

/// `yield_every(ex, {.elements = n, .time = t})`: the same elements, but others on the loop get a turn at least every `n`
/// elements, and once `t` has passed since the turn before.
///
/// For a source that is always ready and knows nothing of loops: it would keep the loop for itself. Leat's own sources
/// of files, rows and bodies take their turns themselves.
///
/// Yields: its source's elements where they lie: lent ones stay lent, none is copied.
/// Ends, throws: with its source; here, `leat::error` when both limits are 0.
/// Owns: the source, which is closed when this is closed, and waited for.
/// Threads: `ex` is the executor its reader lives on; after a turn the elements arrive there. With a pool of threads: a
/// strand.
/// Batches: preserved, a large one in slices: of at most `n`, and with a time of at most 64, for the clock is looked at
/// between slices. Behind `transform` and its like the elements come one by one, so put it directly behind the source.
/// When a stop is requested, what was pulled already is still handed out, as everywhere.
/// Cost: one frame and a small allocation; a turn costs what a post to the loop costs (about 100 ns), a slice with a time 25 ns for the clock.
///
///     auto numbers = compute_for_ever() | leat::yield_every(ex, {.elements = 1000, .time = 200us});
inline constexpr detail::yield_every_fn yield_every{};

} // namespace leat
