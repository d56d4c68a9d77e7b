#pragma once

#include <exception>

#include "../detail/owned_task.hpp"
#include "../detail/sink.hpp"
#include "../detail/unstoppable.hpp"
#include "../detail/unwrap.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

template <class To, class X>
concept writes = requires(To& to, X&& x) {
    to.write(static_cast<X&&>(x));
};
template <class To, class X>
concept takes = requires(To& to, X&& x) {
    to(static_cast<X&&>(x));
};

// How an element comes into a sink: by its write(), or the sink is a function.
template <class To> class writer_to {
public:
    explicit writer_to(To& to) noexcept : to_(to) {}
    template <class X>
        requires(writes<To, X> || takes<To, X>)
    decltype(auto) operator()(X&& x) {
        if constexpr (writes<To, X>)
            return to_.write(static_cast<X&&>(x));
        else
            return to_(static_cast<X&&>(x));
    }

private:
    To& to_;
};

template <class S, class To> class forward_sink : public external<forward_sink<S, To>>, public terminal {
    using sink_type = std::remove_reference_t<decltype(detail::unwrap(std::declval<To&>()))>;
    using reference = stream_reference_t<S>;

public:
    forward_sink(S&& s, To to) : stream_(static_cast<S&&>(s)), to_(static_cast<To&&>(to)) {}

    auto operator co_await() noexcept { return owned_task<void>(run()); }
    const error_list& closing_errors() noexcept {
        return closing_errors_.empty() ? stream_.closing_errors() : closing_errors_;
    }

private:
    task<> run() {
        sink_type& to = detail::unwrap(to_);
        writer_to<sink_type> write(to);
        std::exception_ptr error;
        LEAT_TRY {
            while (auto x = co_await stream_.next()) {
                if constexpr (awaitable<give_result<writer_to<sink_type>, reference>>) {
                    auto&& writing = detail::give(write, x);
                    static_cast<void>(co_await detail::as_awaited<decltype(writing)>(writing));
                } else {
                    static_cast<void>(detail::give(write, x));
                }
            }
        }
        LEAT_CATCH_ALL { error = std::current_exception(); }
        if (error) {
            detail::fail(stream_, error);
            LEAT_TRY { co_await stream_.close(); }
            LEAT_CATCH_ALL {} // it is the error itself
            if constexpr (requires { to.fail(error); })
                co_await give_up(to, error);
            std::rethrow_exception(error);
        }
        if constexpr (requires { to.finish(); }) {
            if constexpr (awaitable<decltype(to.finish())>) {
                auto&& finishing = to.finish();
                static_cast<void>(co_await detail::as_awaited<decltype(finishing)>(finishing));
            } else {
                static_cast<void>(to.finish());
            }
        }
    }

    // The sink hears of it, whatever happens there: the first exception wins, and none is lost.
    task<> give_up(sink_type& to, const std::exception_ptr& error) {
        LEAT_TRY {
            if constexpr (awaitable<decltype(to.fail(error))>) {
                auto&& failing = to.fail(error);
                unstoppable<decltype(failing)> to_the_end(static_cast<decltype(failing)&&>(failing));
                static_cast<void>(co_await to_the_end);
            } else {
                static_cast<void>(to.fail(error));
            }
        }
        LEAT_CATCH_ALL {
            for (const std::exception_ptr& e : stream_.closing_errors())
                closing_errors_.push_back(e);
            closing_errors_.push_back(std::current_exception());
        }
        co_return;
    }

    S stream_;
    To to_;
    error_list closing_errors_;
};

struct forward_fn : operation<forward_fn> {
    template <class S, class To> static auto make(S&& s, To to) {
        using sink_type = std::remove_reference_t<decltype(detail::unwrap(to))>;
        if constexpr (takes_element<writer_to<sink_type>, stream_reference_t<S>>) {
            return forward_sink<S, To>(static_cast<S&&>(s), static_cast<To&&>(to));
        } else {
            static_assert(
                always_false<To>,
                "leat::forward: the sink takes no such elements; it needs a member write(x), or has to be "
                "callable with the stream's element");
            return task<>();
        }
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::forward(sink))`: writes all elements into `sink`, one after the other: each
/// `sink.write(x)` is waited for before the next element is asked for. So a slow sink slows down the source.
/// Rust: `forward`; Kotlin: `collect`; JS: `pipeTo`; Pekko: `runWith`; Go: `io.Copy`.
///
/// `write(x)` returns an awaitable or nothing. Where the sink has them: `finish()` is called, and waited for, when all is
/// written and the stream is closed; `fail(std::exception_ptr)` when something was thrown, by the stream or by `write`,
/// when the stream is closed. A stop does not cut short `fail`. A function that takes an element is a sink too.
/// Yields: nothing. Throws: what the stream, `write` and `finish` throw. What `fail` throws is in the `closing_errors()`.
/// Owns: the stream and the sink; borrows the sink where it is given as `std::ref(sink)`.
/// Threads: the sink is called where the producer yields. Cost: one frame, no allocation per element of its own.
///
///     auto copying = std::move(rows) | leat::transform(to_csv) | leat::forward(std::ref(socket_writer));
///     co_await copying;
inline constexpr detail::forward_fn forward{};

} // namespace leat
