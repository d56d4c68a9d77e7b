#pragma once

#include "fault.hpp"

#include <leat/testing/virtual_clock.hpp>
#include <leat/timer.hpp>

#include <atomic>
#include <memory>
#include <optional>

// A clock for the fault harness: a wait for a time is one of the harness's waits, at which something can go wrong, and when
// it is over that time has come.

namespace fault {

class clock_of {
public:
    explicit clock_of(context& ctx) : ctx_(&ctx), state_(std::make_shared<state>()) {}
    /// For operators that wait for their source and for the clock at once: on two threads a run could not be repeated, so
    /// there no time ever comes.
    clock_of stands_still_on_two_threads() const {
        clock_of c = *this;
        c.stands_still_ = ctx_->waits() == wait_kind::other_thread;
        c.beside_the_source_ = true;
        return c;
    }
    /// No time ever comes.
    clock_of stands_still() const {
        clock_of c = *this;
        c.stands_still_ = true;
        return c;
    }

    using time_point = std::chrono::steady_clock::time_point;
    time_point now() const { return time_point(time_point::duration(state_->now.load())); }
    class waiting;

private:
    struct state {
        std::atomic<time_point::rep> now = 0;
        leat::testing::virtual_clock never;
    };
    context* ctx_;
    std::shared_ptr<state> state_;
    bool stands_still_ = false;
    bool beside_the_source_ = false;
};

class clock_of::waiting {
public:
    waiting(const clock_of& c, time_point t)
        : ctx_(*c.ctx_), state_(c.state_), until_(t), raises_once_(c.beside_the_source_) {
        if (c.stands_still_)
            never_.emplace(state_->never, t);
        else
            pause_.emplace(*c.ctx_, place::wait);
    }
    waiting(const waiting&) = delete;

    void inherit_stop(const leat::detail::stop_ref& stop) noexcept {
        if (never_)
            never_->inherit_stop(stop);
        else
            pause_->inherit_stop(stop);
        stop_ = stop;
    }
    bool await_ready() { return never_ ? never_->await_ready() : pause_->await_ready(); }
    bool await_suspend(std::coroutine_handle<> h) {
        if (never_)
            return never_->await_suspend(h);
        pause_->await_suspend(h);
        return true;
    }
    void await_resume() {
        if (never_)
            return never_->await_resume();
        if (stop_ && leat::detail::token_of(stop_).stop_requested())
            stop_.get()->raise(); // it was not waited for: nothing goes wrong
        // Of two faults this one may come after a cleanup's that it is the cause of: the source goes on meanwhile.
        if (!raises_once_ || ctx_.what() != action::raise_twice)
            pause_->await_resume();
        if (state_->now < until_.time_since_epoch().count())
            state_->now = until_.time_since_epoch().count();
    }

private:
    context& ctx_;
    std::shared_ptr<state> state_;
    time_point until_;
    bool raises_once_;
    leat::detail::stop_ref stop_;
    std::optional<leat::testing::virtual_clock::sleeper> never_;
    std::optional<context::pausing> pause_;
};

/// The oracle of `options::check` for operators that add or drop elements by the clock: `kept(got)` are the elements of the
/// source among those that came; `whole(kept, yielded)`: they are all that had to come.
template <class Kept, class Whole> auto check_elements(Kept kept, Whole whole) {
    return [=](const context& c) -> std::string {
        const ints got = kept(c.got);
        auto next = c.yielded.begin();
        for (const int x : got) {
            while (next != c.yielded.end() && *next != x)
                ++next;
            if (next == c.yielded.end())
                return "an element that was not there, or in another order";
        }
        const auto at = c.thrown.empty() ? 0 : static_cast<std::size_t>(c.thrown.front());
        const bool stage_threw = at != 0 && at <= c.trace.size() && c.trace[at - 1] == place::stage;
        if (c.watched && c.over && !stage_threw && c.what() != action::destroy && c.what() != action::close &&
            !c.reader_threw && !whole(got, c.yielded))
            return "an element that was pulled is lost";
        return "";
    };
}

} // namespace fault

template <> struct leat::timer_traits<fault::clock_of> {
    static std::chrono::steady_clock::time_point now(const fault::clock_of& c) { return c.now(); }
    static fault::clock_of::waiting sleep_until(const fault::clock_of& c,
                                                std::chrono::steady_clock::time_point t) {
        return fault::clock_of::waiting(c, t);
    }
};
