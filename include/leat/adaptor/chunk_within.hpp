#pragma once

#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include "../async_generator.hpp"
#include "../borrowed.hpp"
#include "../detail/refusals.hpp"
#include "../detail/timed.hpp"
#include "../pipe.hpp"
#include "../poison.hpp"
#include "../timer.hpp"

namespace leat {

namespace detail {

template <class S, class Ex>
async_generator<std::vector<stream_value_t<S>>> chunks_within(S up, Ex ex, std::size_t n, duration max_wait) {
    auto c = make_crew<timed_crew<S, Ex>>(static_cast<Ex&&>(ex));
    co_await on_close(c);
    c->read(static_cast<S&&>(up));
    std::vector<stream_value_t<S>> group;
    time_point due{};
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        const auto some = c->take(stop);
        const bool ended = c->ended(); // once, for the stream may end in between
        auto* x = some != nullptr ? some->first : nullptr;
        auto* const last = some != nullptr ? some->last : nullptr;
        bool given = false;
        do {
            if (x != last && group.empty()) {
                due = c->now() + max_wait;
                group.reserve(n < 4096 ? n : 4096);
            }
            for (; x != last && group.size() < n; ++x)
                group.push_back(static_cast<stream_reference_t<S>>(*x));
            // The time only closes a group; it is handed out when its reader asks, which is now.
            given = !group.empty() && (group.size() == n || ended || due <= c->now());
            if (given) {
                co_yield static_cast<std::vector<stream_value_t<S>>&&>(group);
                if constexpr (poisoning)
                    group = std::vector<stream_value_t<S>>(); // so that who still looks at it is found out
                group.clear();
            }
        } while (x != last);
        if (some != nullptr)
            c->open(some->taken);
        if (some != nullptr || given)
            continue;
        if (ended) {
            c->finish();
            if (c->over(stop))
                co_return;
        }
        c->obey(stop);
        if (!group.empty())
            c->wake_at(due);
        co_await c->change();
    }
}

struct chunk_within_fn : operation<chunk_within_fn> {
    template <class S, class Ex> static auto make(S&& s, Ex ex, std::size_t n, duration max_wait) {
        static_assert(!is_borrowed<stream_value_t<S>>, LEAT_VIEWS_REFUSED("leat::chunk_within"));
        if constexpr (has_timer<Ex>) {
            LEAT_ASSERT(n != 0, "leat::chunk_within: chunks of 0 elements would never end");
            return chunks_within<S, Ex>(static_cast<S&&>(s), static_cast<Ex&&>(ex), n, max_wait);
        } else {
            static_assert(always_false<Ex>, LEAT_EXECUTOR_UNKNOWN("leat::chunk_within"));
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `chunk_within(ex, n, max_wait)`: the elements in groups of `n`, or fewer when `max_wait` has passed since the first
/// one of the group: `chunk(n)` with a clock. Rust, tokio: `chunks_timeout`; Reactor: `bufferTimeout`; Pekko:
/// `groupedWithin`; Swift:
/// `chunks(ofCount:or:)`.
///
/// Yields: `std::vector<value>`, to keep: move it away, or leave it and its memory is used again. Never an empty one.
/// The time only closes a group, it pushes none: a group is handed out when its reader asks for it, and while that one
/// is busy no more is collected.
/// Ends: with its source, after the rest. Throws: what its source throws, and `leat::stopped`, after the group
/// collected so far: stopped at 37 of 100 elements, it gives the 37.
/// Owns: the source, which is closed with it, the executor, and up to `n` elements; views are refused, see
/// `materialize`.
/// Threads: the reader goes on where its source's wait ended, and on `ex` when the time has passed. Batches: taken
/// whole, and rebuilt. Cost: a frame, a small state and a frame for the source; a wait on the clock now and then; an
/// allocation per group that is moved away.
///
///     auto inserts = std::move(events) | leat::chunk_within(ex, 100, 1s);
inline constexpr detail::chunk_within_fn chunk_within{};

} // namespace leat
