#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <utility>

#include "../async_generator.hpp"
#include "../detail/is_stopped.hpp"
#include "../detail/refusals.hpp"
#include "../detail/step_of.hpp"
#include "../pipe.hpp"
#include "../timer.hpp"

namespace leat {

/// How many elements may pass.
struct throttle_rate {
    /// So many ...
    std::size_t elements = 1;
    /// ... in this time, evenly spaced,
    std::chrono::steady_clock::duration per{};
    /// and so many of them at once after a pause.
    std::size_t burst = 1;
};

namespace detail {

/// Says when the next element may pass ("generic cell rate algorithm"): it is due one space after the last one, and
/// may come up to `burst - 1` spaces early.
class pacer {
public:
    using time_point = std::chrono::steady_clock::time_point;

    pacer(const throttle_rate& r, time_point now) noexcept
        : space_(r.per / static_cast<rep>(r.elements)), early_(space_ * static_cast<rep>(r.burst - 1)),
          due_(now) {}

    time_point next() const noexcept { return due_ - early_; }
    /// How many of `n` may pass now. They do.
    std::size_t pass(std::size_t n, time_point now) noexcept {
        if (now < next())
            return 0;
        if (due_ < now)
            due_ = now; // what was not used before is lost
        const rep allowed = space_.count() == 0 ? static_cast<rep>(n) : (now - next()) / space_ + 1;
        if (static_cast<rep>(n) > allowed)
            n = static_cast<std::size_t>(allowed);
        due_ += space_ * static_cast<rep>(n);
        return n;
    }

private:
    using rep = std::chrono::steady_clock::rep;
    std::chrono::steady_clock::duration space_;
    std::chrono::steady_clock::duration early_;
    time_point due_;
};

template <class S, class Ex> async_generator<handed_on_t<S>> throttled(S up, Ex ex, throttle_rate rate) {
    co_await on_close(up);
    pacer pace(rate, timer_traits<Ex>::now(ex));
    bool stopped = false;
    for (;;) {
        std::exception_ptr error;
        // Before asking: then nothing is held back meanwhile. But a stop does not lose what is ready above us.
        LEAT_TRY {
            if (!stopped && timer_traits<Ex>::now(ex) < pace.next())
                co_await timer_traits<Ex>::sleep_until(ex, pace.next());
        }
        LEAT_CATCH_ALL { error = std::current_exception(); }
        stopped = stopped || (error && detail::is_stopped(error));
        if (error && !stopped)
            std::rethrow_exception(error);
        auto some = co_await step_of(up);
        if (!some)
            co_return;
        const auto all = detail::elements_in(some);
        for (auto* x = all.begin(); x != all.end();) {
            const std::size_t rest = static_cast<std::size_t>(all.end() - x);
            std::size_t n = stopped || error ? rest : pace.pass(rest, timer_traits<Ex>::now(ex));
            if (n == 0) {
                LEAT_TRY { co_await timer_traits<Ex>::sleep_until(ex, pace.next()); }
                LEAT_CATCH_ALL { error = std::current_exception(); }
                stopped = stopped || (error && detail::is_stopped(error));
                continue;
            }
            const batch_view slice(x, x + n);
            x += n;
            co_yield batch(slice);
        }
        if (error && !stopped)
            std::rethrow_exception(error);
    }
}

struct throttle_fn {
    template <class Ex> auto operator()(Ex ex, throttle_rate rate) const {
        return closure([ex = static_cast<Ex&&>(ex), rate]<class S>(S&& s) mutable {
            return make(static_cast<S&&>(s), static_cast<Ex&&>(ex), rate);
        });
    }
    template <stream S, class Ex> auto operator()(S&& s, Ex ex, throttle_rate rate) const {
        static_assert(!std::is_lvalue_reference_v<S>,
                      "leat: a stream is moved into its pipeline: write std::move(stream)");
        return make(static_cast<S&&>(s), static_cast<Ex&&>(ex), rate);
    }

private:
    template <class S, class Ex> static auto make(S&& s, Ex ex, throttle_rate rate) {
        if constexpr (has_timer<Ex>) {
            LEAT_ASSERT(rate.elements != 0 && rate.burst != 0,
                        "leat::throttle: 0 elements, or a burst of 0, would let nothing pass for ever");
            LEAT_ASSERT(
                rate.per.count() > 0,
                "leat::throttle: no time is set; write leat::throttle(ex, {.elements = 10, .per = 1s})");
            return throttled<S, Ex>(static_cast<S&&>(s), static_cast<Ex&&>(ex), rate);
        } else {
            static_assert(always_false<Ex>, LEAT_EXECUTOR_UNKNOWN("leat::throttle"));
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `throttle(ex, {.elements = 10, .per = 1s, .burst = 3})`: the same elements, no faster than that.
/// Rust, tokio: `throttle`; Python: `spaceout`; Pekko: `throttle`. (Swift's `throttle` drops elements: that is
/// `sample`.)
///
/// Yields: its source's elements where they lie: lent ones stay lent, none is left out. They are spaced evenly, by
/// `per / elements`; after a pause up to `burst` of them pass at once. So in any time `per` there are at most
/// `elements + burst - 1`.
/// Ends: with its source. Throws: what its source throws. After a stop, what has come already passes at once, then
/// `leat::stopped`.
/// Owns: the source, which is closed with it, and the executor. The source is asked when its next element may pass, so
/// one that polls a service is no faster either; its end, too, is seen only then.
/// Threads: the elements arrive on `ex` after a wait. Batches: preserved, in slices of what may pass. Cost: one frame;
/// a wait for each slice.
///
///     auto polite = std::move(requests) | leat::throttle(ex, {.elements = 100, .per = 1min});
inline constexpr detail::throttle_fn throttle{};

} // namespace leat
