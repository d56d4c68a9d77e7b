#pragma once

#include <condition_variable>
#include <coroutine>
#include <mutex>
#include <type_traits>
#include <utility>

#include "detail/outcome.hpp"
#include "stream.hpp"
#include "task.hpp"

namespace leat {

namespace detail {

/// Where a thread waits for a coroutine.
class wake_up {
public:
    void notify() noexcept {
        // Under the lock, so that the waiting thread cannot destroy this before we are out of it.
        const std::lock_guard lock(mutex_);
        done_ = true;
        changed_.notify_one();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return done_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool done_ = false;
};

/// A coroutine that starts at once and wakes a thread at its end.
class waiting_thread {
public:
    struct promise_type {
        wake_up& wake;
        template <class... A> explicit promise_type(wake_up& w, A&...) noexcept : wake(w) {}
        waiting_thread get_return_object() noexcept {
            return waiting_thread(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        struct final_awaiter {
            bool await_ready() const noexcept { return false; }
            LEAT_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<promise_type> h) const noexcept {
                h.promise().wake.notify();
            }
            void await_resume() const noexcept {}
        };
        final_awaiter final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); } // run_and_keep catches all
    };

    waiting_thread(waiting_thread&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    ~waiting_thread() {
        if (frame_)
            frame_.destroy();
    }

private:
    explicit waiting_thread(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    std::coroutine_handle<promise_type> frame_;
};

template <class R, class A>
waiting_thread run_and_keep(wake_up&, std::remove_reference_t<A>& a, outcome<R>& out) {
    LEAT_TRY {
        if constexpr (std::is_void_v<R>)
            co_await static_cast<A&&>(a);
        else
            out.set(co_await static_cast<A&&>(a));
    }
    LEAT_CATCH_ALL { out.fail(); }
}

} // namespace detail

/// Blocks this thread until `a` is done and gives its result: the way from ordinary code into coroutines.
///
/// Throws: what `a` throws. Threads: starts `a` here; it may finish on any thread. Not inside a coroutine: that would
/// block its event loop. For a whole program with an event loop use `leat::run` (leat/asio.hpp).
///
///     auto names = leat::sync_wait(std::move(users) | leat::collect<std::vector>());
template <awaitable A> detail::await_result<A> sync_wait(A&& a) {
    using result = detail::await_result<A>;
    detail::wake_up wake;
    detail::outcome<result> out;
    std::remove_reference_t<A>& ref = a;
    {
        auto running = detail::run_and_keep<result, A>(wake, ref, out);
        wake.wait();
    }
    return out.take();
}

} // namespace leat
