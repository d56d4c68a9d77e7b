#pragma once

#include <chrono>
#include <coroutine>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "../config.hpp"
#include "executor.hpp"
#include "use_await.hpp"

namespace leat {

namespace detail {
class sleeping {
    using operation = decltype(std::declval<boost::asio::steady_timer&>().async_wait(use_await));

public:
    sleeping(const executor& ex, boost::asio::steady_timer::time_point until)
        : timer_(ex, until), wait_(timer_.async_wait(use_await)) {}
    sleeping(const sleeping&) = delete;

    void inherit_stop(const stop_ref& stop) noexcept { wait_.inherit_stop(stop); }
    bool await_ready() const noexcept { return false; }
    LEAT_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<> h) { wait_.await_suspend(h); }
    void await_resume() { wait_.await_resume(); }

private:
    boost::asio::steady_timer timer_;
    operation wait_;
};
} // namespace detail

/// `co_await leat::sleep_for(ex, 100ms)`: goes on after that time, on `ex`, without blocking it. A stop that was
/// requested of the stream (see `leat::stop_on`) cuts it short, and it throws `leat::stopped`.
inline detail::sleeping sleep_for(const executor& ex, std::chrono::steady_clock::duration time) {
    return detail::sleeping(ex, std::chrono::steady_clock::now() + time);
}

/// `co_await leat::sleep_until(ex, time)`: goes on at that time, on `ex`, without blocking it. Stops as `sleep_for`.
inline detail::sleeping sleep_until(const executor& ex, std::chrono::steady_clock::time_point time) {
    return detail::sleeping(ex, time);
}

} // namespace leat
