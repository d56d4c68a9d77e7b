#pragma once

#include "../../config.hpp"

#include <coroutine>
#include <utility>

namespace leat::http::detail {

/// One coroutine waiting for something that the loop will tell, on the loop's own thread. A coroutine
/// destroyed while it waits is forgotten.
class waiter {
public:
    class awaiter {
    public:
        explicit awaiter(waiter& w) noexcept : waiter_(w) {}
        awaiter(const awaiter&) = delete;
        // The frame may be destroyed in the middle of the wait; after a wake this is empty already.
        ~awaiter() { waiter_.waiting_ = nullptr; }

        bool await_ready() const noexcept { return false; }
        LEAT_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<> h) noexcept { waiter_.waiting_ = h; }
        void await_resume() const noexcept {}

    private:
        waiter& waiter_;
    };

    /// Always waits: ask first whether there is anything to wait for.
    awaiter wait() noexcept { return awaiter(*this); }

    bool is_waiting() const noexcept { return static_cast<bool>(waiting_); }

    /// Resumes the coroutine here and now. It may destroy this object.
    void wake() {
        if (const auto h = std::exchange(waiting_, nullptr))
            h.resume();
    }

private:
    std::coroutine_handle<> waiting_;
};

} // namespace leat::http::detail
