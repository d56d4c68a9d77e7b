#pragma once

// Event streams as responses of a Boost.Beast server. Needs leat::asio too.

#include "../asio/executor.hpp"
#include "../asio/timer.hpp"
#include "../asio/use_await.hpp"
#include "../config.hpp"
#include "../stream.hpp"
#include "../task.hpp"
#include "send.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/system/system_error.hpp>

#include <coroutine>
#include <exception>
#include <memory>
#include <stop_token>
#include <string_view>
#include <utility>

namespace leat::sse {

/// The header of a response to this request that is an event stream. Add to it what you like, such as
/// Access-Control-Allow-Origin, then `respond`. The connection ends with the response.
///
/// Example:
///   auto head = leat::sse::response_head(request);
///   head.set(boost::beast::http::field::access_control_allow_origin, "https://example.com");
template <class Body, class Fields>
boost::beast::http::response<boost::beast::http::empty_body>
response_head(const boost::beast::http::request<Body, Fields>& request) {
    namespace http = boost::beast::http;
    http::response<http::empty_body> head(http::status::ok, request.version());
    for (const response_header& line : response_headers)
        head.set(boost::beast::string_view(line.name.data(), line.name.size()),
                 boost::beast::string_view(line.value.data(), line.value.size()));
    head.keep_alive(false);
    if (request.version() >= 11)
        head.chunked(true); // so that a client can tell the end from a cut; HTTP/1.0 has no way to say it
    return head;
}

namespace detail {

/// Reads from a connection on which nothing more is to come, to learn of its end.
template <class Connection> class end_watch : public std::enable_shared_from_this<end_watch<Connection>> {
public:
    explicit end_watch(Connection& c) : connection_(&c) {}

    std::stop_token gone() const noexcept { return gone_.get_token(); }

    void begin() {
        connection_->async_read_some(
            boost::asio::buffer(unread_),
            boost::asio::bind_cancellation_slot(
                cancel_.slot(), [self = this->shared_from_this()](boost::system::error_code code,
                                                                  std::size_t) { self->came(code); }));
    }
    void end() {
        connection_ = nullptr;
        cancel_.emit(boost::asio::cancellation_type::terminal);
    }

    /// `co_await over()`, after `end()`: until the read has let go of the connection. One with TLS still uses it when it
    /// is cancelled.
    class over_awaiter {
    public:
        explicit over_awaiter(end_watch& w) noexcept : watch_(w) {}
        over_awaiter(const over_awaiter&) = delete;
        ~over_awaiter() { watch_.waiting_ = nullptr; }
        bool await_ready() const noexcept { return watch_.over_; }
        LEAT_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<> h) noexcept { watch_.waiting_ = h; }
        void await_resume() const noexcept {}

    private:
        end_watch& watch_;
    };
    over_awaiter over() noexcept { return over_awaiter(*this); }

private:
    void came(boost::system::error_code code) {
        if (!code && connection_ != nullptr)
            return begin(); // somebody talks on: nobody listens
        over_ = true;
        if (connection_ != nullptr) // or it may be no more
            gone_.request_stop();
        else if (waiting_)
            std::exchange(waiting_, nullptr).resume();
    }

    Connection* connection_;
    std::stop_source gone_;
    boost::asio::cancellation_signal cancel_;
    std::coroutine_handle<> waiting_;
    bool over_ = false;
    char unread_[256];
};

/// Ends the watch with the response.
template <class Connection> class watching {
public:
    explicit watching(Connection& c) : watch_(std::make_shared<end_watch<Connection>>(c)) { watch_->begin(); }
    watching(const watching&) = delete;
    ~watching() { watch_->end(); }
    std::stop_token gone() const noexcept { return watch_->gone(); }
    auto end() {
        watch_->end();
        return watch_->over();
    }

private:
    std::shared_ptr<end_watch<Connection>> watch_;
};

/// The connection is lost. An exception of its own, for the stream may throw a boost::system::system_error too.
struct client_lost {};

template <class Connection> task<> write_chunk(Connection& c, std::string_view text, bool chunked) {
    const boost::asio::const_buffer bytes(text.data(), text.size());
    try {
        if (chunked) {
            const boost::beast::http::chunk_body piece(bytes);
            co_await boost::asio::async_write(c, piece, use_await);
        } else {
            co_await boost::asio::async_write(c, bytes, use_await);
        }
    } catch (const boost::system::system_error&) {
        throw client_lost();
    }
}

template <class Connection> class chunk_writer {
public:
    chunk_writer(Connection& c, bool chunked) noexcept : connection_(&c), chunked_(chunked) {}
    task<> operator()(std::string_view text) const {
        return detail::write_chunk(*connection_, text, chunked_);
    }

private:
    Connection* connection_;
    bool chunked_;
};

using stream_head = boost::beast::http::response<boost::beast::http::empty_body>;

/// Before the first event, or after the last one: false when nobody is there.
template <class Connection> task<bool> write_head(Connection& c, stream_head& head) {
    try {
        boost::beast::http::response_serializer<boost::beast::http::empty_body> serializer(head);
        co_await boost::beast::http::async_write_header(c, serializer, use_await);
        co_return true;
    } catch (const boost::system::system_error&) {
        co_return false;
    }
}
template <class Connection> task<bool> write_end(Connection& c) {
    try {
        co_await boost::asio::async_write(c, boost::beast::http::make_chunk_last(), use_await);
        co_return true;
    } catch (const boost::system::system_error&) {
        co_return false;
    }
}

template <class Connection, class S>
task<sent> responded(Connection& connection, stream_head head, S stream, send_options options) {
    const bool chunked = head.chunked();
    auto& socket = boost::beast::get_lowest_layer(connection);
    if constexpr (requires { socket.expires_never(); })
        socket.expires_never(); // a client that says nothing is not late
    watching<Connection> client(connection);
    const leat::executor ex = connection.get_executor();
    sent how = sent::client_left;
    std::exception_ptr failure;
    const bool begun = co_await detail::write_head(connection, head);
    try {
        if (begun) {
            chunk_writer<Connection> write(connection, chunked);
            auto sending = sse::send(std::move(stream), ex, write, options, client.gone());
            how = co_await std::move(sending);
        } else {
            co_await stream.close();
        }
    } catch (const client_lost&) {
    } catch (...) {
        if (begun) // who is gone hears of nothing
            failure = std::current_exception();
    }
    if (how == sent::all && chunked) {
        const bool ended = co_await detail::write_end(connection);
        if (!ended)
            how = sent::client_left;
    }
    co_await client.end();
    if (failure)
        std::rethrow_exception(failure);
    co_return how;
}

} // namespace detail

/// `respond(connection, head, stream)`: answers a request with a stream of texts or events, each sent the moment it is there;
/// `head` is `response_head(request)`, or that with headers of your own. The connection is a TCP socket, a
/// `beast::tcp_stream` or a TLS stream, on which nothing else is read or written meanwhile; close it afterwards.
///
/// Yields: a task with `sent::all`, or `sent::client_left`: the client closed its end, or the connection was lost. That is noticed at
///   once, also while the stream is silent, and the stream is closed then: a model stops answering, a query is cancelled.
/// Ends: with the stream. A browser's EventSource connects again then, so let the last event say that it is over, and answer
///   the next request with 204.
/// Throws: what the stream throws, after the events before it; the client sees a response that is cut short.
/// Owns/borrows: the stream; borrows the connection until it is done, and where it is destroyed in the middle a TLS stream until the
///   loop has come to what that cancels. Threads: the connection's executor, a strand or a context run
///   by one thread. Batches, cost, heartbeats, the queue of a slow client: see `send`.
/// Example:
///   leat::task<> answer(tcp::socket& socket, request r) {
///       auto responding = leat::sse::respond(socket, leat::sse::response_head(r), tokens());
///       co_await std::move(responding);
///   }
template <class Connection, leat::stream S>
task<sent> respond(Connection& connection, boost::beast::http::response<boost::beast::http::empty_body> head,
                   S stream, send_options options = {}) {
    return detail::responded(connection, std::move(head), std::move(stream), options);
}

} // namespace leat::sse
