#pragma once

#include <coroutine>

#include "../task.hpp"

namespace leat::detail {

/// The awaiter of a task that nobody else owns.
template <class R> class owned_task {
public:
    explicit owned_task(task<R> t) noexcept
        : task_(static_cast<task<R>&&>(t)), awaiter_(task_.operator co_await()) {}
    owned_task(owned_task&&) = delete;

    bool await_ready() { return awaiter_.await_ready(); }
    LEAT_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<> h) noexcept {
        return awaiter_.await_suspend(h);
    }
    R await_resume() { return awaiter_.await_resume(); }
    void inherit_stop(const stop_ref& stop) noexcept { awaiter_.inherit_stop(stop); }

private:
    task<R> task_;
    typename task<R>::awaiter awaiter_;
};

} // namespace leat::detail
