#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <string>
#include <utility>

#include "../async_generator.hpp"
#include "../detail/refusals.hpp"
#include "../detail/timed.hpp"
#include "../error.hpp"
#include "../pipe.hpp"
#include "../timer.hpp"

namespace leat {

/// How long a reader of `timeout` waits. 0: for ever.
struct timeout_limits {
    /// For the first element, or the end; 0: as `idle`.
    std::chrono::steady_clock::duration first{};
    /// For each element, or the end.
    std::chrono::steady_clock::duration idle{};
    /// For everything, counted from the first step.
    std::chrono::steady_clock::duration total{};
};

/// Which of the limits.
enum class timeout_limit { first_element, idle, total };

/// What `timeout` throws.
class timed_out : public error {
public:
    timed_out(timeout_limit which, std::chrono::steady_clock::duration after, std::size_t elements)
        : error("leat::timeout: " + sentence(which) + " within " + text(after) + ", after " +
                std::to_string(elements) + " elements; the source was stopped and closed"),
          which_(which), elements_(elements) {}

    timeout_limit which() const noexcept { return which_; }
    /// How many elements had come.
    std::size_t elements() const noexcept { return elements_; }

private:
    static std::string sentence(timeout_limit which) {
        switch (which) {
        case timeout_limit::first_element:
            return "the first element did not come (limit .first)";
        case timeout_limit::idle:
            return "the next element did not come (limit .idle)";
        default:
            return "the stream did not come to its end (limit .total)";
        }
    }
    static std::string text(std::chrono::steady_clock::duration d) {
        return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(d).count()) + " ms";
    }

    timeout_limit which_;
    std::size_t elements_;
};

namespace detail {

/// The limit that is reached next.
class next_limit {
public:
    explicit next_limit(const timeout_limits& l, time_point begin) noexcept : limits_(l), begin_(begin) {}

    void find(time_point asked, std::size_t elements) noexcept {
        which = timeout_limit::total;
        after = limits_.total;
        at = begin_ + after;
        const bool at_first = elements == 0 && limits_.first.count() > 0;
        const duration wait = at_first ? limits_.first : limits_.idle;
        if (wait.count() > 0 && (after.count() <= 0 || asked + wait < at)) {
            which = at_first ? timeout_limit::first_element : timeout_limit::idle;
            after = wait;
            at = asked + wait;
        }
    }
    bool any() const noexcept { return after.count() > 0; }

    timeout_limit which{};
    duration after{};
    time_point at{};

private:
    timeout_limits limits_;
    time_point begin_;
};

template <class S, class Ex>
async_generator<handed_on_t<S>> within_limits(S up, Ex ex, timeout_limits limits) {
    auto c = make_crew<timed_crew<S, Ex>>(static_cast<Ex&&>(ex));
    co_await on_close(c);
    time_point asked = c->now();
    next_limit limit(limits, asked);
    std::size_t elements = 0;
    c->read(static_cast<S&&>(up));
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        if (auto* some = c->take(stop)) {
            elements += some->elements().size();
            co_yield batch(some->elements());
            asked = c->now(); // while its reader is busy, nobody waits
            if (limits.total.count() > 0 && !c->failed()) {
                limit.find(asked, elements);
                if (limit.at <= asked) {
                    c->fail(std::make_exception_ptr(timed_out(limit.which, limit.after, elements)));
                    c->obey(stop); // before the source goes on
                }
            }
            c->open(some->taken);
            continue;
        }
        if (c->ended()) {
            c->finish();
            if (c->over(stop))
                co_return;
        }
        c->obey(stop);
        if (!c->failed()) {
            limit.find(asked, elements);
            if (limit.any() && limit.at <= c->now()) {
                c->fail(std::make_exception_ptr(timed_out(limit.which, limit.after, elements)));
                continue;
            }
            if (limit.any())
                c->wake_at(limit.at);
        }
        co_await c->change();
    }
}

struct timeout_fn {
    template <class Ex> auto operator()(Ex ex, timeout_limits limits) const {
        return closure([ex = static_cast<Ex&&>(ex), limits]<class S>(S&& s) mutable {
            return make(static_cast<S&&>(s), static_cast<Ex&&>(ex), limits);
        });
    }
    template <stream S, class Ex> auto operator()(S&& s, Ex ex, timeout_limits limits) const {
        static_assert(!std::is_lvalue_reference_v<S>,
                      "leat: a stream is moved into its pipeline: write std::move(stream)");
        return make(static_cast<S&&>(s), static_cast<Ex&&>(ex), limits);
    }

private:
    template <class S, class Ex> static auto make(S&& s, Ex ex, timeout_limits limits) {
#if !defined(__cpp_exceptions)
        static_assert(always_false<S>,
                      "leat::timeout: throws leat::timed_out, and exceptions are switched off");
#endif
        if constexpr (has_timer<Ex>) {
            LEAT_ASSERT(limits.first.count() > 0 || limits.idle.count() > 0 || limits.total.count() > 0,
                        "leat::timeout: no limit is set; write leat::timeout(ex, {.idle = 30s})");
            return within_limits<S, Ex>(static_cast<S&&>(s), static_cast<Ex&&>(ex), limits);
        } else {
            static_assert(always_false<Ex>, LEAT_EXECUTOR_UNKNOWN("leat::timeout"));
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `timeout(ex, {.first = 10s, .idle = 30s, .total = 5min})`: the same elements, as long as they come in time.
/// Rust, tokio: `timeout`; Kotlin, Python, Reactor: `timeout`; .NET: `Timeout`; Pekko: `initialTimeout`,
/// `idleTimeout`,
/// `completionTimeout`.
///
/// Yields: its source's elements where they lie: lent ones stay lent. Ends: with its source.
/// Throws: `leat::timed_out`, which says which limit it was and after how many elements: `.first` for the first
/// element,
/// `.idle` for each one (the first too, without `.first`), `.total` for all of them and the end. The source is stopped
/// and closed before, and what is ready still comes. Else what its source throws.
/// Counted is the time for which its reader waits (and for `.total` all time): a reader that is slow itself runs into
/// no
/// `.idle`.
/// Owns: the source, which is closed with it, and the executor. Threads: the reader goes on where its source's wait
/// ended, and for a time-out on `ex`. Batches: preserved. Cost: a frame, a small state and a frame for the source; a
/// look at the clock per batch, a wait on it now and then.
///
///     auto tokens = std::move(reply) | leat::timeout(ex, {.first = 60s, .idle = 15s});
inline constexpr detail::timeout_fn timeout{};

} // namespace leat
