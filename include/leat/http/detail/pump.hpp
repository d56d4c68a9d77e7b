#pragma once

#include <coroutine>
#include <exception>
#include <utility>

namespace leat::http::detail {

/// A coroutine that runs beside the one that made it, and ends with this object at the latest.
class pump {
public:
    struct promise_type {
        pump get_return_object() { return pump(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); } // it has to catch its own
    };

    pump() = default;
    pump(pump&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    pump& operator=(pump&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~pump() { reset(); }

    void reset() noexcept {
        if (const auto frame = std::exchange(frame_, nullptr))
            frame.destroy();
    }

private:
    explicit pump(std::coroutine_handle<promise_type> frame) : frame_(frame) {}

    std::coroutine_handle<promise_type> frame_;
};

} // namespace leat::http::detail
