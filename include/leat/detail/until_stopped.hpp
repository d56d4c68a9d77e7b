#pragma once

#include <coroutine>
#include <optional>
#include <stop_token>

#include "../config.hpp"
#include "../stop.hpp"
#include "handshake.hpp"

namespace leat::detail {

#if defined(__cpp_exceptions)

/// A wait that nothing ends but a stop, then it throws `stopped`. The coroutine goes on where the stop is requested.
class until_stopped {
public:
    until_stopped() noexcept = default;
    until_stopped(const until_stopped&) = delete;
    ~until_stopped() {
        // The coroutine is destroyed while it waits: a request that comes now is to leave it alone.
        meeting_.exchange(turn::produced);
    }

    /// For the coroutine types of leat: the token to obey.
    void inherit_stop(const stop_ref& stop) noexcept { stop_ = stop; }

    bool await_ready() const noexcept { return stop_ && token_of(stop_).stop_requested(); }
    LEAT_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<> h) {
        waiting_ = h;
        if (stop_)
            callback_.emplace(token_of(stop_), wake(*this));
        // A request may have come in between, even inside of emplace; then the coroutine goes on here.
        return meeting_.exchange(turn::parked) == turn::idle;
    }
    void await_resume() {
        callback_.reset();
        throw stopped();
    }

private:
    class wake {
    public:
        explicit wake(until_stopped& w) noexcept : wait_(&w) {}
        void operator()() const noexcept {
            if (wait_->meeting_.exchange(turn::produced) == turn::parked)
                wait_->waiting_.resume(); // from here on this may be gone
        }

    private:
        until_stopped* wait_;
    };

    stop_ref stop_;
    std::coroutine_handle<> waiting_;
    handshake meeting_;
    std::optional<std::stop_callback<wake>> callback_;
};

#endif

} // namespace leat::detail
