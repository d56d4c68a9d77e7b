#pragma once

#include <utility>

#include "../detail/pass_on.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

template <class S, class F> async_generator<handed_on_t<S>> with_finally(S up, F f) {
    auto call = [&f]() -> decltype(auto) { return f(); };
    co_await on_close(call);
    co_yield elements_of(std::move(up));
}

struct finally_fn : operation<finally_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        if constexpr (requires { f(); }) {
            return detail::with_finally<S, F>(static_cast<S&&>(s), static_cast<F&&>(f));
        } else {
            static_assert(always_false<F>,
                          "leat::finally: the function has to be callable without arguments");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `finally(f)`: the same elements; `f()` runs when the stream is left: at its end, after an exception, a stop, or an early
/// end of its reader. Where it returns an awaitable, that is waited for.
/// Rust: Drop; Kotlin: `onCompletion`; Python: `finally`; .NET: `Finally`.
///
/// Yields, ends, throws: as its source, which is closed before `f` runs. What `f` throws reaches the reader unless an
/// earlier exception does: then it is in the `closing_errors()`. `f` is a cleanup as `leat::on_close` registers it, from the
/// first step on: it does not run where an open stream is destroyed, and a stop does not cut it short.
/// Owns: the stream and `f`. Threads: `f` runs where the reader's step or `close()` runs.
/// Batches: preserved where the source is a generator, one by one behind stages. Cost: four allocations: the frame and
/// three for the cleanup; four more behind stages; none per element.
///
///     auto lines = read(path) | leat::finally([&] { return leat::file::remove(ex, path); });
inline constexpr detail::finally_fn finally{};

} // namespace leat
