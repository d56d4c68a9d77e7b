#pragma once

#include <exception>
#include <utility>

#include "../detail/is_stopped.hpp"
#include "../detail/pass_on.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

struct throw_again {
    std::exception_ptr error;
    explicit throw_again(std::exception_ptr e) noexcept : error(std::move(e)) {}
    void operator()() const { std::rethrow_exception(error); }
};

template <class S, class F> async_generator<handed_on_t<S>> showing_errors(S up, F f) {
    std::exception_ptr error;
    LEAT_TRY { co_yield elements_of(std::move(up)); }
    LEAT_CATCH_ALL { error = std::current_exception(); }
    if (!error)
        co_return;
    if (!detail::is_stopped(error)) {
        std::exception_ptr second;
        LEAT_TRY {
            const std::exception_ptr& seen = error;
            if constexpr (awaitable<decltype(f(seen))>) {
                auto&& seeing = f(seen);
                static_cast<void>(co_await detail::as_awaited<decltype(seeing)>(seeing));
            } else {
                f(seen);
            }
        }
        LEAT_CATCH_ALL { second = std::current_exception(); }
        if (second) { // the first one wins, and none is lost
            throw_again again(std::move(second));
            on_close later(again);
            co_await std::move(later).quiet();
        }
    }
    std::rethrow_exception(std::move(error));
}

struct on_error_fn : operation<on_error_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        if constexpr (requires(const std::exception_ptr& e) { f(e); }) {
            return detail::showing_errors<S, F>(static_cast<S&&>(s), static_cast<F&&>(f));
        } else {
            static_assert(always_false<F>, "leat::on_error: the function has to take a std::exception_ptr");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `on_error(f)`: the same elements; where its source throws, `f(exception)` sees it, and it goes on to the reader.
/// Rust: `inspect_err`; Reactor: `doOnError`; .NET: `Do`.
///
/// Yields, ends: as its source. Throws: what its source throws; `f` does not change that: what it throws itself is in the
/// `closing_errors()`. `f` may return an awaitable, which is waited for. It sees what `leat::catch_` would handle: not
/// what stages and readers behind throw, and not `leat::stopped`.
/// Owns: the stream and `f`. Threads: `f` runs where the reader's step runs, when the source is closed.
/// Batches: preserved where the source is a generator, one by one behind stages. Cost: one allocation (the frame), four
/// more behind stages; none per element.
///
///     auto rows = query() | leat::on_error([&](std::exception_ptr e) { log.write("the query failed", e); });
inline constexpr detail::on_error_fn on_error{};

} // namespace leat
