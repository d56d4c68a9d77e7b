#pragma once

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include <leat/stream.hpp>
#include <leat/task.hpp>

// Things to wait for, of every kind a producer may meet. None of them knows anything about leat.

/// An event that a test sets off by hand. One coroutine may wait for it.
class manual_event {
public:
    bool await_ready() const noexcept { return set_; }
    void await_suspend(std::coroutine_handle<> h) noexcept { waiting_ = h; }
    void await_resume() const noexcept {}

    bool awaited() const noexcept { return waiting_ != nullptr; }
    void set() {
        set_ = true;
        if (const auto h = std::exchange(waiting_, nullptr))
            h.resume();
    }
    void reset() noexcept { set_ = false; }

private:
    bool set_ = false;
    std::coroutine_handle<> waiting_;
};

/// An event loop of one thread, as simple as can be: `co_await loop.turn()` goes on when `loop.run()` comes to it.
class manual_loop {
public:
    class awaiter {
    public:
        explicit awaiter(manual_loop& l) noexcept : loop_(l) {}
        awaiter(const awaiter&) = delete;
        ~awaiter() {
            if (waits_) // the coroutine is destroyed while it waits
                loop_.forget(this);
        }
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) {
            handle_ = h;
            waits_ = true;
            loop_.queue_.push_back(this);
        }
        void await_resume() const noexcept {}

    private:
        friend manual_loop;
        manual_loop& loop_;
        std::coroutine_handle<> handle_;
        bool waits_ = false;
    };

    awaiter turn() noexcept { return awaiter(*this); }
    bool run_one() {
        if (queue_.empty())
            return false;
        awaiter* const a = queue_.front();
        queue_.pop_front();
        a->waits_ = false;
        ++turns_;
        a->handle_.resume();
        return true;
    }
    void run() {
        while (run_one()) {
        }
    }
    std::size_t turns() const noexcept { return turns_; }
    bool idle() const noexcept { return queue_.empty(); }

private:
    void forget(awaiter* a) {
        for (auto i = queue_.begin(); i != queue_.end(); ++i) {
            if (*i == a) {
                queue_.erase(i);
                return;
            }
        }
    }
    std::deque<awaiter*> queue_;
    std::size_t turns_ = 0;
};

/// One thread that resumes coroutines: `co_await thread.hop()` goes on there.
class other_thread {
public:
    other_thread() : thread_([this] { run(); }) {}
    other_thread(const other_thread&) = delete;
    ~other_thread() {
        {
            const std::lock_guard lock(mutex_);
            stop_ = true;
        }
        changed_.notify_one();
        thread_.join();
    }

    class awaiter {
    public:
        awaiter(other_thread& t, unsigned spins) noexcept : thread_(t), spins_(spins) {}
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) const {
            const unsigned spins =
                spins_; // the coroutine runs elsewhere from post() on, and this may be gone
            thread_.post(h);
            spin(spins);
        }
        void await_resume() const noexcept {}

    private:
        other_thread& thread_;
        unsigned spins_;
    };

    /// `spins` makes the thread that leaves dawdle, so that the other one often comes first.
    awaiter hop(unsigned spins = 0) noexcept { return awaiter(*this, spins); }
    std::thread::id id() const noexcept { return thread_.get_id(); }

    static void spin(unsigned n) noexcept {
        for (unsigned i = 0; i < n; ++i)
            std::atomic_signal_fence(std::memory_order_seq_cst); // keeps the loop
    }

private:
    void post(std::coroutine_handle<> h) {
        // Notified under the lock: the coroutine may destroy this object as soon as it runs.
        const std::lock_guard lock(mutex_);
        queue_.push_back(h);
        changed_.notify_one();
    }
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
            if (queue_.empty())
                return;
            const auto h = queue_.front();
            queue_.pop_front();
            lock.unlock();
            h.resume();
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::coroutine_handle<>> queue_;
    bool stop_ = false;
    std::thread thread_; // last: it uses all of the above
};

/// Two threads; `co_await threads.hop()` always goes on on the one that does not run the caller, so that each hop is one.
class two_threads {
public:
    other_thread::awaiter hop(unsigned spins = 0) noexcept {
        return std::this_thread::get_id() == a_.id() ? b_.hop(spins) : a_.hop(spins);
    }

private:
    other_thread a_;
    other_thread b_;
};

/// The smallest coroutine type that can await anything standard. It starts at once; whoever made it asks it whether it
/// is done. It has no await_transform and knows nothing of leat.
class foreign {
public:
    struct promise_type {
        std::exception_ptr error;
        foreign get_return_object() noexcept {
            return foreign(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() noexcept { error = std::current_exception(); }
    };

    foreign(foreign&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    ~foreign() {
        if (frame_)
            frame_.destroy();
    }
    bool done() const noexcept { return frame_.done(); }
    /// Throws what the coroutine threw.
    void check() const {
        if (frame_.promise().error)
            std::rethrow_exception(frame_.promise().error);
    }

private:
    explicit foreign(std::coroutine_handle<promise_type> h) noexcept : frame_(h) {}
    std::coroutine_handle<promise_type> frame_;
};

template <class T> foreign start_and_keep(leat::task<T> t, T& result) { result = co_await t; }
inline foreign start(leat::task<> t) { co_await t; }

/// Runs a task to its end on a manual loop. The task must not need anything else.
inline void run_on(manual_loop& loop, leat::task<> t) {
    const auto running = start(std::move(t));
    loop.run();
    if (!running.done())
        throw std::logic_error("the task waits, but nothing is left in the loop");
    running.check();
}

/// How a test's producer waits before an element.
enum class wait_kind { never, same_thread, other_thread };
