#pragma once

#include <coroutine>
#include <memory>
#include <stop_token>
#include <type_traits>
#include <utility>

#include <boost/asio/post.hpp>

#include "../config.hpp"
#include "../detail/outcome.hpp"
#include "../detail/stop_ref.hpp"
#include "../stop.hpp"
#include "blocking_pool.hpp"
#include "detail/loop_service.hpp"
#include "executor.hpp"

namespace leat {

namespace detail {

template <class F> struct offload_result { using type = std::invoke_result_t<F&>; };
template <class F>
    requires std::is_invocable_v<F&, std::stop_token>
struct offload_result<F> {
    using type = std::invoke_result_t<F&, std::stop_token>;
};

/// Waits for a blocking call on another thread.
template <class F> class offloaded {
    static constexpr bool takes_token = std::is_invocable_v<F&, std::stop_token>;
    using result = typename offload_result<F>::type;

    // Shared by the call, its way back, and the awaiter. Only `f` and `out` are touched on the other thread.
    struct call {
        F f;
        outcome<result> out;
        std::coroutine_handle<> waiting;
        stop_ref stop;
        explicit call(F&& g) : f(static_cast<F&&>(g)) {}

        result run() {
            if constexpr (takes_token)
                return f(stop ? token_of(stop) : std::stop_token());
            else
                return f();
        }
    };

public:
    offloaded(executor ex, F f) : ex_(std::move(ex)), call_(std::make_shared<call>(static_cast<F&&>(f))) {}
    offloaded(offloaded&&) = default;
    ~offloaded() {
        if (call_)
            call_->waiting = nullptr; // the waiting coroutine is being destroyed: nobody is to be resumed
    }

    void inherit_stop(const stop_ref& stop) noexcept requires takes_token { call_->stop = stop; }
    bool await_ready() const noexcept { return false; }
    LEAT_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<> h) {
        call_->waiting = h;
        auto back = loop_service::of(ex_).back();
        const auto ticket = back->leave(ex_);
        auto work = [shared = call_, back, ticket]() mutable {
            try {
                if constexpr (std::is_void_v<result>)
                    shared->run();
                else
                    shared->out.set(shared->run());
            } catch (...) {
                shared->out.fail();
            }
            way_back& loop = *back;
            loop.come_back(ticket, [shared = std::move(shared)] {
                if (const auto waiting = shared->waiting)
                    waiting.resume();
            });
        };
        try {
            boost::asio::post(blocking_pool(), std::move(work));
        } catch (...) { // no thread, no memory
            back->give_up(ticket);
            throw;
        }
    }
    result await_resume() { return call_->out.take(); }

private:
    executor ex_;
    std::shared_ptr<call> call_;
};

} // namespace detail

/// `co_await leat::offload(ex, f)`: runs the blocking `f()` on a worker thread and goes on with its result on `ex`.
///
/// Throws: what `f` throws. Owns: `f`, until it has run.
/// A stop that was requested of the stream (see `leat::stop_on`): a function that takes a `std::stop_token` is given the
/// stream's and may return early, or throw `leat::stopped`. The result of any other is waited for, and reaches the reader
/// before the stop does.
/// Destroying the waiting coroutine does not stop `f`: its result is dropped, so `f` must own what it uses.
/// Threads: `f` on one of `blocking_pool()`; the coroutine on `ex`, on which it must also be destroyed.
/// Cost: 5-10 us for the way there and back. So: a page or a chunk at a time, never an element.
///
///     std::string text = co_await leat::offload(ex, [path] { return read_whole_file(path); });
template <class F> auto offload(executor ex, F f) {
    return detail::offloaded<F>(std::move(ex), static_cast<F&&>(f));
}

} // namespace leat
