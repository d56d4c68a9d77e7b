#pragma once

#include <type_traits>

#include <boost/asio/execution/executor.hpp>
#include <boost/asio/is_executor.hpp>

#include "../timer.hpp"
#include "executor.hpp"
#include "sleep.hpp"

/// Operators with a time in them (`timeout`, `debounce`, `interval` ...) on `leat::executor` and every executor of Asio that
/// can become one.
template <class Ex>
    requires(boost::asio::is_executor<Ex>::value || boost::asio::execution::is_executor<Ex>::value)
&&std::is_convertible_v<const Ex&, leat::executor> struct leat::timer_traits<Ex> {
    static std::chrono::steady_clock::time_point now(const Ex&) noexcept {
        return std::chrono::steady_clock::now();
    }
    static auto sleep_until(const Ex& ex, std::chrono::steady_clock::time_point t) {
        return leat::sleep_until(ex, t);
    }
};
