#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

#include "../detail/outcome.hpp"
#include "../detail/until_stopped.hpp"
#include "../error.hpp"
#include "../stop.hpp"
#include "../task.hpp"
#include "../timer.hpp"

namespace leat::testing {

/// A clock that a test moves by hand, and the event loop that waits on it: an hour takes no time.
///
///     leat::testing::virtual_clock clock;
///     auto ticks = leat::interval(clock.executor(), 1h) | leat::take(3);
///     clock.run(std::move(ticks) | leat::for_each(print)); // at once
///
/// Those who wait go on in the order of their times, and for the same time in the order in which they came: every run
/// is the same. The clock has to outlive all who wait on it.
/// Threads: `advance` and `run` resume on the calling thread. A stop that is requested of one who waits makes it go on
/// there and then, inside of `request_stop()`; that may be on any thread.
/// Cost: no allocation.
class virtual_clock {
public:
    using duration = std::chrono::steady_clock::duration;
    using time_point = std::chrono::steady_clock::time_point;

    class sleeper;
    class handle;

    virtual_clock() noexcept = default;
    virtual_clock(const virtual_clock&) = delete;

    /// Begins at 0.
    time_point now() const {
        const std::lock_guard guard(mutex_);
        return now_;
    }
    /// To be given to `timeout`, `interval` and the like. Copies all mean this clock.
    handle executor() noexcept;

    /// `co_await clock.sleep_until(t)`: goes on when the clock has come to `t`. Throws `leat::stopped` when it is
    /// stopped.
    sleeper sleep_until(time_point t) noexcept;
    sleeper sleep_for(duration d);

    /// Lets `d` pass, and all go on whose time comes meanwhile, each at its own time.
    void advance(duration d) {
        const time_point until = now() + d;
        while (wake_one(until)) {
        }
        const std::lock_guard guard(mutex_);
        if (now_ < until)
            now_ = until;
    }
    /// Jumps from one time to the next until nobody waits. A stream without end (`interval`) needs an end first, such
    /// as
    /// `take(n)`, or `advance`.
    void run() {
        while (wake_one(time_point::max())) {
        }
    }
    /// Runs a task, or a terminal such as `collect()`, to its end and gives its result. Throws what it throws, and
    /// `leat::error` if it waits for something that is not this clock.
    template <awaitable A> leat::detail::await_result<A&> run(A work);
    /// How many wait.
    std::size_t waiting() const {
        const std::lock_guard guard(mutex_);
        return waiting_;
    }

private:
    bool wake_one(time_point until);
    bool add(sleeper& s);
    bool take_out(sleeper& s);

    mutable std::mutex mutex_; // a stop may come from any thread
    time_point now_{};
    sleeper* first_ = nullptr; // in the order of their times
    std::size_t waiting_ = 0;
};

/// The executor of a virtual clock.
class virtual_clock::handle {
public:
    explicit handle(virtual_clock& c) noexcept : clock_(&c) {}
    virtual_clock& clock() const noexcept { return *clock_; }

private:
    virtual_clock* clock_;
};
inline virtual_clock::handle virtual_clock::executor() noexcept { return handle(*this); }

/// What `sleep_until` gives, to be awaited.
class virtual_clock::sleeper {
public:
    sleeper(virtual_clock& c, time_point at) noexcept : clock_(c), at_(at) {}
    sleeper(const sleeper&) = delete;
    ~sleeper() {
        stopping_.reset();
        clock_.take_out(*this); // the coroutine is destroyed while it waits
    }

    void inherit_stop(const leat::detail::stop_ref& stop) noexcept { stop_ = stop; }
    bool await_ready() {
        if (stop_ && leat::detail::token_of(stop_).stop_requested())
            state_ = state::cut_short;
        return state_ == state::cut_short || at_ <= clock_.now();
    }
    LEAT_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<> h) {
        who_ = h;
        if (stop_)
            stopping_.emplace(leat::detail::token_of(stop_), cut(*this));
        return clock_.add(*this); // from here on this may be gone
    }
    void await_resume() {
        stopping_.reset();
        if (state_ == state::cut_short)
            stop_.get()->raise();
    }

private:
    friend virtual_clock;
    enum class state { new_here, waits, cut_short, woken };
    class cut {
    public:
        explicit cut(sleeper& s) noexcept : sleeper_(&s) {}
        void operator()() const {
            sleeper& s = *sleeper_;
            if (s.clock_.take_out(s))
                s.who_.resume(); // this may be gone afterwards
        }

    private:
        sleeper* sleeper_;
    };

    virtual_clock& clock_;
    time_point at_;
    sleeper* next_ = nullptr;
    std::coroutine_handle<> who_;
    state state_ = state::new_here; // as the rest of the queue, guarded by the clock's mutex while it waits
    leat::detail::stop_ref stop_;
    std::optional<std::stop_callback<cut>> stopping_;
};

inline virtual_clock::sleeper virtual_clock::sleep_until(time_point t) noexcept { return sleeper(*this, t); }
inline virtual_clock::sleeper virtual_clock::sleep_for(duration d) { return sleeper(*this, now() + d); }

inline bool virtual_clock::wake_one(time_point until) {
    std::coroutine_handle<> who;
    {
        const std::lock_guard guard(mutex_);
        if (first_ == nullptr || first_->at_ > until)
            return false;
        sleeper& s = *std::exchange(first_, first_->next_);
        --waiting_;
        if (now_ < s.at_)
            now_ = s.at_;
        s.state_ = sleeper::state::woken;
        who = s.who_;
    }
    who.resume();
    return true;
}
// False: it was stopped on its way here.
inline bool virtual_clock::add(sleeper& s) {
    const std::lock_guard guard(mutex_);
    if (s.state_ == sleeper::state::cut_short)
        return false;
    sleeper** place = &first_;
    while (*place != nullptr && (*place)->at_ <= s.at_)
        place = &(*place)->next_;
    s.next_ = std::exchange(*place, &s);
    s.state_ = sleeper::state::waits;
    ++waiting_;
    return true;
}
// Did it wait?
inline bool virtual_clock::take_out(sleeper& s) {
    const std::lock_guard guard(mutex_);
    const sleeper::state before = s.state_;
    if (before == sleeper::state::woken)
        return false;
    s.state_ = sleeper::state::cut_short;
    if (before != sleeper::state::waits)
        return false;
    sleeper** place = &first_;
    while (*place != &s)
        place = &(*place)->next_;
    *place = s.next_;
    --waiting_;
    return true;
}

namespace detail {

/// A task that runs while somebody else looks on. Destroying it destroys the task where it stands.
class running {
public:
    struct promise_type {
        running get_return_object() noexcept {
            return running(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); } // follow() catches all
    };

    running(running&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    ~running() {
        if (frame_)
            frame_.destroy();
    }
    bool done() const noexcept { return frame_.done(); }

private:
    explicit running(std::coroutine_handle<> h) noexcept : frame_(h) {}
    std::coroutine_handle<> frame_;
};

// A task, so that it is one of our coroutines that awaits the work.
template <class R, class A> task<R> begin(A& work) { co_return co_await work; }

template <class R> running follow(task<R> work, leat::detail::outcome<R>& result) {
    LEAT_TRY {
        if constexpr (std::is_void_v<R>)
            co_await work;
        else
            result.set(co_await work);
    }
    LEAT_CATCH_ALL { result.fail(); }
}

} // namespace detail

template <awaitable A> leat::detail::await_result<A&> virtual_clock::run(A work) {
    using result_type = leat::detail::await_result<A&>;
    leat::detail::outcome<result_type> result;
    const detail::running r = detail::follow(detail::begin<result_type>(work), result);
    while (!r.done() && wake_one(time_point::max())) {
    }
    if (!r.done()) {
#if defined(__cpp_exceptions)
        throw error(
            "leat::testing::virtual_clock: the task waits for something that is not this clock, so it would "
            "wait for ever");
#else
        LEAT_ASSERT(false,
                    "leat::testing::virtual_clock: the task waits for something that is not this clock");
#endif
    }
    return result.take();
}

} // namespace leat::testing

template <> struct leat::timer_traits<leat::testing::virtual_clock::handle> {
    using handle = leat::testing::virtual_clock::handle;
    static std::chrono::steady_clock::time_point now(const handle& ex) { return ex.clock().now(); }
    static auto sleep_until(const handle& ex, std::chrono::steady_clock::time_point t) {
        return ex.clock().sleep_until(t);
    }
};
