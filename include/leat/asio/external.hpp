#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/version.hpp>

#include "../detail/awaiting.hpp"
#include "../detail/external.hpp"
#include "detail/loop_service.hpp"

// What makes a leat awaitable an Asio operation: `co_await s.next()` and `co_await some_task()` in an
// `asio::awaitable<>`, and `s.next()(token)` with any other completion token.

namespace leat::detail {

/// A coroutine that nobody owns but the event loop of its handler: when the loop is destroyed first, so is the coroutine.
struct handler_coroutine {
    struct promise_type {
        loop_service* service;
        loop_service::running place;

        template <class A, class Handler>
        promise_type(A&, Handler& h) : service(&loop_service::of(boost::asio::get_associated_executor(h))) {
            place = service->started(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        handler_coroutine get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept {
            service->over(place);
            return {};
        }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }
    };
};

#if BOOST_VERSION < 108200
// Asio before Boost 1.82 cannot compile an awaitable that awaits an operation with the signature void(exception_ptr, T)
// (its issue 1172). There we give it a type of our own as the T, which lets us replace the part that does not compile.
template <class R> struct carried { R value; };
template <class Token> inline constexpr bool is_awaiting = false;
template <> inline constexpr bool is_awaiting<boost::asio::detail::completion_signature_probe> = true;
template <class Signature, class Executor>
inline constexpr bool is_awaiting<boost::asio::detail::awaitable_async_op_handler<Signature, Executor>> =
    true;
template <class R, class Token>
using handler_value = std::conditional_t<is_awaiting<std::decay_t<Token>>, carried<R>, R>;
#else
template <class R, class Token> using handler_value = R;
#endif

template <class R, class Token> struct handler_signature {
    using value = handler_value<R, Token>;
    using type = void(std::exception_ptr, value);
};
template <class Token> struct handler_signature<void, Token> {
    using value = void;
    using type = void(std::exception_ptr);
};

template <class R, class Value, class A, class Handler>
handler_coroutine await_for_handler(A a, Handler handler) {
    auto ex = boost::asio::get_associated_executor(handler);
    const auto work = boost::asio::make_work_guard(ex);
    std::exception_ptr error;
    // Posted, for a handler is never called inside the call that starts its operation.
    if constexpr (std::is_void_v<R>) {
        try {
            co_await static_cast<A&&>(a);
        } catch (...) {
            error = std::current_exception();
        }
        boost::asio::post(ex, [handler = std::move(handler), error]() mutable { std::move(handler)(error); });
    } else {
        std::optional<R> result;
        try {
            result.emplace(co_await static_cast<A&&>(a));
        } catch (...) {
            error = std::current_exception();
            result.emplace();
        }
        boost::asio::post(ex, [handler = std::move(handler), error, result = std::move(result)]() mutable {
            std::move(handler)(error, Value{std::move(*result)});
        });
    }
}

template <class A, class Token> using signature_for = handler_signature<await_result<A&&>, Token>;
template <class A, class Token> using signature_of = typename signature_for<A, Token>::type;

template <class A, class Token>
    requires boost::asio::completion_token_for<std::decay_t<Token>, signature_of<A, Token>>
auto leat_initiate(A&& a, Token&& token) {
    using result = await_result<A&&>;
    auto initiate = [](auto handler, A awaited) {
        await_for_handler<result, typename signature_for<A, Token>::value, A, decltype(handler)>(
            std::move(awaited), std::move(handler));
    };
    return boost::asio::async_initiate<Token, signature_of<A, Token>>(initiate, token, static_cast<A&&>(a));
}

} // namespace leat::detail

namespace leat {
using detail::leat_initiate; // task is a template of this namespace
}

#if BOOST_VERSION < 108200
template <class R, class T, class Executor>
class boost::asio::detail::awaitable_async_op_handler<R(std::exception_ptr, leat::detail::carried<T>),
                                                      Executor> : public awaitable_thread<Executor> {
public:
    struct result_type {
        std::exception_ptr error;
        std::optional<T> value;
    };

    awaitable_async_op_handler(awaitable_thread<Executor>* h, result_type& result)
        : awaitable_thread<Executor>(std::move(*h)), result_(result) {}

    void operator()(std::exception_ptr error, leat::detail::carried<T> value) {
        result_.error = std::move(error);
        result_.value.emplace(std::move(value.value));
        this->entry_point()->top_of_stack_->attach_thread(this);
        this->entry_point()->top_of_stack_->clear_cancellation_slot();
        this->pump();
    }
    static T resume(result_type& result) {
        if (result.error)
            std::rethrow_exception(std::move(result.error));
        return std::move(*result.value);
    }

private:
    result_type& result_;
};
#endif
