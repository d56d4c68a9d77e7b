#pragma once

#include "../adaptor/keep_alive.hpp"
#include "../adaptor/materialize.hpp"
#include "../adaptor/prefetch.hpp"
#include "../adaptor/stop_on.hpp"
#include "../detail/refusals.hpp"
#include "../pipe.hpp"
#include "../stream.hpp"
#include "../task.hpp"
#include "../timer.hpp"
#include "write.hpp"

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace leat::sse {

/// A header line of a response that is an event stream.
struct response_header {
    std::string_view name, value;
};

/// What the answer to an EventSource says of itself: its type, that nobody may keep or change it, and that a proxy
/// (nginx) may not hold it back. `leat::sse::respond` sends them; with another server, set them yourself.
inline constexpr response_header response_headers[] = {
    {"Content-Type", "text/event-stream"},
    {"Cache-Control", "no-store, no-transform"},
    {"X-Accel-Buffering", "no"},
};

/// How events are sent. Trivial to destroy: see `write_options`.
struct send_options {
    /// How texts become events.
    write_options write{};
    /// After so long without an event a comment is sent: it keeps the connection open, and tells that it is lost. 0: none.
    std::chrono::milliseconds heartbeat = std::chrono::seconds(15);
    /// The most that may wait for a client that is slower than the stream; then the stream waits too.
    std::size_t queue_bytes = std::size_t{64} * 1024;
};

/// How sending came to its end.
enum class sent {
    all,        ///< the stream has ended, and everything is written
    client_left ///< nobody is there any more
};

namespace detail {

/// Writes what is there, in one piece, and again. Closes the stream in any case.
template <class S, class Write> task<sent> send_all(S wire, Write write, std::stop_token gone) {
    std::string joined;
    std::exception_ptr failure;
    try {
        while (auto some = co_await wire.next_batch()) {
            joined.clear();
            for (const std::string& e : some)
                joined += e;
            const std::string_view text = joined;
            if constexpr (awaitable<std::invoke_result_t<Write&, std::string_view>>)
                co_await write(text);
            else
                write(text);
        }
    } catch (...) {
        failure = std::current_exception();
    }
    try {
        co_await wire.close();
    } catch (...) {
        if (!failure)
            failure = std::current_exception(); // else the first one is what is told
    }
    if (gone.stop_requested())
        co_return sent::client_left; // then it does not matter what else has failed
    if (failure)
        std::rethrow_exception(failure);
    co_return sent::all;
}

struct send_fn : leat::detail::operation<send_fn> {
    template <class S, class Ex, class Write>
    static task<sent> make(S&& s, Ex ex, Write write, send_options options, std::stop_token gone) {
        if constexpr (!has_timer<Ex>) {
            static_assert(leat::detail::always_false<Ex>, LEAT_EXECUTOR_UNKNOWN("leat::sse::send"));
            return task<sent>();
        } else if constexpr (!std::is_convertible_v<stream_reference_t<S>, const event&> &&
                             !byte_chunk<stream_reference_t<S>>) {
            static_assert(leat::detail::always_false<S>,
                          "leat::sse::send: the stream's elements must be texts or leat::sse::event; make "
                          "them so with leat::transform");
            return task<sent>();
        } else if constexpr (!std::invocable<Write&, std::string_view>) {
            static_assert(leat::detail::always_false<Write>,
                          "leat::sse::send: the function has to be callable with a std::string_view, the "
                          "bytes to send");
            return task<sent>();
        } else {
            auto queued = sse::write(static_cast<S&&>(s), options.write) | materialize() |
                          prefetch({.elements = 1024, .bytes = options.queue_bytes});
            if (options.heartbeat.count() > 0) {
                auto kept =
                    std::move(queued) |
                    keep_alive(std::move(ex), options.heartbeat, [] { return std::string(":\n\n"); }) |
                    stop_on(gone);
                return detail::send_all(std::move(kept), std::move(write), std::move(gone));
            }
            auto plain = std::move(queued) | stop_on(gone);
            return detail::send_all(std::move(plain), std::move(write), std::move(gone));
        }
    }
};

} // namespace detail

/// `send(ex, write)`: sends a stream of texts (the tokens of a language model) or of events to one client, by
/// `co_await write(bytes)`: all it needs to know of your server. `write` takes a std::string_view and returns an awaitable, or
/// nothing. The header of the response is yours: see `response_headers`.
///
/// Yields: a task with `sent::all`, or with `sent::client_left` once a stop was requested of `gone`, the last argument.
/// Ends: when all is written. An event is written the moment it is there; those that came meanwhile go out together.
/// Throws: what the stream throws, after the events before it; what `write` throws. Nothing once the client has left. The stream
///   is closed first, every time: a generator never works for a client that is gone. Of several exceptions it is the first.
/// Owns: the stream and `write`. The bytes are there until `write` is done.
/// Threads: `ex`, where the heartbeats come from. Client gone? Request a stop, on any thread; it reaches the stream in the middle
///   of a wait. Without that it is noticed at the next write, so after a heartbeat at the latest.
/// Batches: made of what is there. Cost: a frame for the queue and one for the heartbeat, one string per event.
/// Example:
///   auto write = [&](std::string_view bytes) { return socket.write(bytes); };
///   auto sending = std::move(tokens) | leat::sse::send(ex, write);
///   co_await sending;
template <leat::stream S, class Ex, class Write>
auto send(S&& s, Ex ex, Write write, send_options options = {}, std::stop_token gone = {}) {
    return detail::send_fn{}(static_cast<S&&>(s), std::move(ex), std::move(write), options, std::move(gone));
}
template <class Ex, class Write>
    requires(!leat::stream<Ex>)
auto send(Ex ex, Write write, send_options options = {}, std::stop_token gone = {}) {
    return detail::send_fn{}(std::move(ex), std::move(write), options, std::move(gone));
}

} // namespace leat::sse
