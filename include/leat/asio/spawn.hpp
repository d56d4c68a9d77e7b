#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include <boost/asio/post.hpp>

#include "../stream.hpp"
#include "detail/loop_service.hpp"
#include "executor.hpp"

namespace leat {

namespace detail {

/// A coroutine that its event loop owns.
struct loop_coroutine {
    struct promise_type {
        executor ex;
        loop_service* service;
        loop_service::running place;

        template <class... A>
        explicit promise_type(const executor& e, A&...) : ex(e), service(&loop_service::of(e)) {
            place = service->started(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        loop_coroutine get_return_object() noexcept {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept {
            service->over(place);
            return {};
        }
        void return_void() const noexcept {}
        // Nobody is there to catch it: it leaves through the loop, as an exception out of its run().
        void unhandled_exception() {
            boost::asio::post(ex, [e = std::current_exception()] { std::rethrow_exception(e); });
        }
    };
    std::coroutine_handle<> frame;
};

template <class A> loop_coroutine run_alone(executor, A a) { co_await static_cast<A&&>(a); }

} // namespace detail

/// Starts `a` (a `task`, or any other awaitable) on `ex` and does not wait for it.
///
/// Throws: nothing here. What `a` throws leaves through the event loop: out of `io_context::run()`, or `leat::run`.
/// Owns: `a`, until it is done. What is not done when the loop is destroyed is destroyed with it.
///
///     leat::spawn(ex, serve(std::move(socket)));
template <awaitable A> void spawn(executor ex, A a) {
    const std::coroutine_handle<> frame = detail::run_alone<A>(ex, static_cast<A&&>(a)).frame;
    boost::asio::post(ex, [frame] { frame.resume(); });
}

} // namespace leat
