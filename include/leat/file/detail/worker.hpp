#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "../../asio/executor.hpp"
#include "../../asio/offload.hpp"
#include "../../asio/stoppable_wait.hpp"

namespace leat::file::detail {

namespace asio = boost::asio;

/// What one coroutine on the loop and at most one job on a worker thread share, and how the one waits for the
/// other.
///
/// It is owned by both. So the coroutine can be destroyed at any time, also while the job is inside a system
/// call: the job then finishes on its own, and what it used is freed after it.
class shared_work : public std::enable_shared_from_this<shared_work> {
public:
    explicit shared_work(executor ex) : ex_(std::move(ex)) {}
    shared_work(const shared_work&) = delete;
    virtual ~shared_work() = default;

    const executor& home() const noexcept { return ex_; }

    /// `co_await state->change()`: until the job, or whoever calls `notify`, has something new. Throws `leat::stopped`
    /// where it would have to wait and a stop is requested.
    class change_awaiter {
    public:
        change_awaiter(shared_work& work, bool stoppable) noexcept : work_(work), stoppable_(stoppable) {}
        change_awaiter(const change_awaiter&) = delete;
        ~change_awaiter() {
            if (guard_) // destroyed while it waits
                work_.forget_waiter();
        }
        void inherit_stop(const leat::detail::stop_ref& stop) noexcept {
            if (stoppable_)
                stop_.inherit(stop);
        }
        bool await_ready() {
            const std::lock_guard lock(work_.mutex_);
            return std::exchange(work_.changed_, false);
        }
        LEAT_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<> h) {
            stop_.begin(work_.ex_, wake_it{work_.shared_from_this()});
            const std::lock_guard lock(work_.mutex_);
            if (std::exchange(work_.changed_, false))
                return false;
            guard_.emplace(work_.ex_); // the loop must not end meanwhile
            work_.waiter_ = h;
            return true;
        }
        void await_resume() noexcept { guard_.reset(); }

    private:
        struct wake_it {
            std::shared_ptr<shared_work> work;
            void operator()() const { work->resume_waiter(); }
        };

        shared_work& work_;
        bool stoppable_;
        stoppable_wait<wake_it> stop_;
        std::optional<asio::executor_work_guard<executor>> guard_;
    };
    change_awaiter change(bool stoppable = true) noexcept { return change_awaiter(*this, stoppable); }

protected:
    /// Runs `job` on a worker. Under the lock, and only if no job runs.
    template <class Job> void start(Job job) {
        asio::post(blocking_pool(), [self = shared_from_this(), job = std::move(job)]() mutable {
            job();
            const std::lock_guard lock(self->mutex_);
            self->working_ = false;
            self->notify();
        });
        working_ =
            true; // only now, for there may be no thread for it; the job waits for the lock before it is over
        changed_ = false;
    }

    /// There is something new. Under the lock, on any thread.
    void notify() {
        changed_ = true;
        wake();
    }

    // On the executor. A waiter may be woken for nothing, so it looks again at what it waits for.
    void resume_waiter() {
        std::coroutine_handle<> h;
        {
            const std::lock_guard lock(mutex_);
            waking_ = false;
            h = std::exchange(waiter_, nullptr);
            changed_ = h == nullptr;
        }
        if (h)
            h.resume();
    }

    std::mutex mutex_;
    bool working_ = false; // a job runs

private:
    void wake() {
        if (!waiter_ || waking_)
            return;
        waking_ = true;
        asio::post(ex_, [self = shared_from_this()] { self->resume_waiter(); });
    }

    void forget_waiter() noexcept {
        const std::lock_guard lock(mutex_);
        waiter_ = nullptr;
    }

    executor ex_;
    std::coroutine_handle<> waiter_;
    bool waking_ = false;  // a handler that resumes the waiter is on its way
    bool changed_ = false; // since the job was started, or since the last wait
};

} // namespace leat::file::detail
