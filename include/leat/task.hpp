#pragma once

#include <coroutine>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

#include "config.hpp"
#include "detail/awaiting.hpp"
#include "detail/external.hpp"
#include "detail/frame_memory.hpp"
#include "detail/handshake.hpp"
#include "detail/stop_ref.hpp"

namespace leat {

template <class T> class task;

namespace detail {

/// One computation and the one who waits for it. Same idea as `channel`: no atomic while nothing really waits.
struct task_state {
    bool detached = false;
    handshake meeting;
    std::coroutine_handle<> waiting;
    stop_ref stop; // as in channel_base

    bool leave() noexcept {
        if (detached)
            return false;
        detached = true;
        return true;
    }
    void stay() noexcept { detached = false; }
};

struct task_final {
    bool await_ready() const noexcept { return false; }
    template <class P>
    LEAT_AWAIT_SUSPEND std::coroutine_handle<> await_suspend(std::coroutine_handle<P> h) const noexcept {
        task_state& s = h.promise();
        if (s.detached && s.meeting.exchange(turn::produced) == turn::parked)
            return s.waiting;
        return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
};

struct task_promise_base : task_state, frame_memory {
    task_state& waiting_state() noexcept { return *this; }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    task_final final_suspend() const noexcept { return {}; }
};

template <class T> class task_result {
public:
    task_result() noexcept : none_() {}
    task_result(const task_result&) = delete;
    ~task_result() {
        if (has_value_)
            value_.~T();
    }
    template <class U = T>
        requires std::is_constructible_v<T, U>
    void return_value(U&& value) {
        ::new (static_cast<void*>(&value_)) T(static_cast<U&&>(value));
        has_value_ = true;
    }
    void unhandled_exception() noexcept { error_ = std::current_exception(); }
    T take() {
        if (error_)
            std::rethrow_exception(std::exchange(error_, nullptr));
        return static_cast<T&&>(value_);
    }

private:
    union {
        char none_;
        T value_;
    };
    bool has_value_ = false;
    std::exception_ptr error_;
};

template <class T> class task_result<T&> {
public:
    void return_value(T& value) noexcept { value_ = __builtin_addressof(value); }
    void unhandled_exception() noexcept { error_ = std::current_exception(); }
    T& take() {
        if (error_)
            std::rethrow_exception(std::exchange(error_, nullptr));
        return *value_;
    }

private:
    T* value_ = nullptr;
    std::exception_ptr error_;
};

template <> class task_result<void> {
public:
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { error_ = std::current_exception(); }
    void take() {
        if (error_)
            std::rethrow_exception(std::exchange(error_, nullptr));
    }

private:
    std::exception_ptr error_;
};

} // namespace detail

/// A coroutine that computes one `T` for the one who awaits it. It starts when it is awaited.
///
/// Throws: what the coroutine threw, at the `co_await`.
/// Owns: its frame. Destroying a task that waits destroys the coroutine where it stands.
/// Threads: runs inside the awaiting coroutine until it waits for something, then on whatever resumes it. The
/// awaiting coroutine goes on there too; or where it is, if that was another thread and it was through before this one
/// came to wait. So `co_await pool.schedule()` in a task of its own does not move the caller for certain.
/// Cost: one allocation (the frame); no atomic when it finishes without waiting. A loop over any number of tasks
/// that are ready at once does not grow the stack.
///
///     leat::task<int> answer() { co_return 42; }
///     leat::task<void> print() { std::cout << co_await answer(); }
template <class T = void> class [[nodiscard]] task : public detail::external<task<T>> {
public:
    struct promise_type : detail::task_promise_base, detail::task_result<T> {
        task get_return_object() noexcept {
            return task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        template <class A> auto await_transform(A&& a) {
            return detail::make_awaiting(*this, static_cast<A&&>(a));
        }
    };

    task() noexcept = default;
    task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    task& operator=(task&& other) noexcept {
        if (this != &other) {
            destroy();
            frame_ = std::exchange(other.frame_, nullptr);
        }
        return *this;
    }
    ~task() { destroy(); }

    /// Is there a coroutine in here? (Not after a move.)
    explicit operator bool() const noexcept { return frame_ != nullptr; }

    class awaiter {
    public:
        explicit awaiter(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {
            LEAT_ASSERT(frame_, "leat::task: an empty (moved-from) task was awaited");
            LEAT_ASSERT(!frame_.done(), "leat::task: awaited a second time; a task gives its result once");
        }
        bool await_ready() {
            frame_.resume();
            return !frame_.promise().detached;
        }
        LEAT_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<> waiting) noexcept {
            detail::task_state& s = frame_.promise();
            s.waiting = waiting;
            return s.meeting.exchange(detail::turn::parked) == detail::turn::idle;
        }
        T await_resume() { return frame_.promise().take(); }
        void inherit_stop(const detail::stop_ref& stop) noexcept {
            if (!frame_.promise().stop)
                frame_.promise().stop = stop;
        }

    private:
        std::coroutine_handle<promise_type> frame_;
    };

    /// Starts the task and waits for its result. Once only.
    awaiter operator co_await() const& noexcept { return awaiter(frame_); }
    awaiter operator co_await() const&& noexcept { return awaiter(frame_); }

private:
    explicit task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    void destroy() noexcept {
        if (frame_)
            frame_.destroy();
    }

    std::coroutine_handle<promise_type> frame_;
};

} // namespace leat
