#pragma once

#include <type_traits>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "../detail/outcome.hpp"
#include "../error.hpp"
#include "../task.hpp"
#include "executor.hpp"
#include "spawn.hpp"

namespace leat {

namespace detail {

template <class F> using run_result = await_result<std::invoke_result_t<F&, executor>>;

template <class F>
task<> run_main(F& f, executor ex, outcome<run_result<F>>& out, bool& done, boost::asio::io_context& loop) {
    try {
        auto main = f(ex);
        if constexpr (std::is_void_v<run_result<F>>)
            co_await as_awaited<decltype(main)>(main);
        else
            out.set(co_await as_awaited<decltype(main)>(main));
    } catch (...) {
        out.fail();
    }
    done = true;
    loop.stop();
}

} // namespace detail

/// One event loop for one program: runs `f(executor)`, which returns a `leat::task<R>`, and gives its `R`.
///
/// Ends: when that task is done. What was spawned and is still running then is destroyed where it stands.
/// Throws: what the task throws; what a spawned one throws, at once; `leat::error` when nothing is left that could ever
/// finish the task.
/// Threads: everything on the calling thread, but for blocking calls (see `offload`).
///
///     int main() {
///         return leat::run([](leat::executor ex) -> leat::task<int> {
///             co_await leat::sleep_for(ex, std::chrono::seconds(1));
///             co_return 0;
///         });
///     }
template <class F> detail::run_result<F> run(F f) {
    boost::asio::io_context loop(1);
    detail::outcome<detail::run_result<F>> out;
    bool done = false;
    const executor ex = loop.get_executor();
    spawn(ex, detail::run_main(f, ex, out, done, loop));
    loop.run();
    // While the loop still exists: what these coroutines hold may need it to be let go.
    detail::loop_service::of(ex).destroy_running();
    if (!done)
        throw error(
            "leat::run: the program's task waits for something, but nothing is left in the event loop that "
            "could finish it; look for an awaitable that nobody completes");
    return out.take();
}

} // namespace leat
