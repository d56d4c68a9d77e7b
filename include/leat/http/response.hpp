#pragma once

#include "../async_generator.hpp"
#include "../task.hpp"
#include "chunk.hpp"
#include "detail/transfer.hpp"
#include "error.hpp"
#include "header.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace leat::http {

/// The answer to a request: status and headers are here, the body is still arriving.
///
/// Owns: its transfer, until `body()` or `text()` takes it. Dropping the response without reading it closes
/// the connection. It keeps what it needs alive: the client may go first.
/// Threads: the client's executor.
class response {
public:
    explicit response(detail::transfer_handle t, bool crossed_origin = false)
        : status_(t->status()), headers_(t->headers()), url_(t->url().shown()), full_url_(t->url().full()),
          method_(t->request().method), crossed_origin_(crossed_origin), transfer_(std::move(t)) {}

    int status() const noexcept { return status_; }
    bool ok() const noexcept { return status_ >= 200 && status_ < 300; }
    const header_list& headers() const noexcept { return headers_; }

    /// Scheme, host, port and path of the request that was answered, after redirects.
    const std::string& url() const noexcept { return url_; }
    /// The same with its query, to ask again. Not for logs: it may hold a secret.
    const std::string& full_url() const noexcept { return full_url_; }
    /// Redirects have led to another origin (scheme, host and port) than the request was sent to.
    bool crossed_origin() const noexcept { return crossed_origin_; }

    /// The media type in lower case and without parameters: `text/event-stream`. Empty when the server said
    /// none.
    std::string content_type() const {
        std::string_view value = headers_.get("content-type").value_or("");
        value = detail::trimmed(value.substr(0, value.find(';')));
        std::string type(value);
        std::transform(type.begin(), type.end(), type.begin(), detail::ascii_lower);
        return type;
    }

    /// Throws `error` of kind `status` unless the status is 2xx. The server's words are not repeated: see
    /// `text()`.
    response& ensure_ok() {
        if (!ok())
            throw error(error_kind::status, url_,
                        where() + "the server answered with status " + std::to_string(status_) + ". " +
                            advice(status_),
                        status_);
        return *this;
    }

    /// Throws `error` of kind `content_type` unless the body is of that type: a page that says "please log
    /// in" is not an empty event stream.
    response& ensure_content_type(std::string_view expected) {
        if (!detail::equal_ignoring_case(content_type(), expected))
            throw error(error_kind::content_type, url_,
                        where() + "the body is not " + std::string(expected) + " but " +
                            (content_type().empty() ? "of no declared type" : "something else") +
                            " (response::content_type() says what). Check the path, and that no proxy "
                            "answers instead.",
                        status_);
        return *this;
    }

    /// The body as it arrives. To be asked for once.
    ///
    /// Yields: `chunk`s, never empty, each all the bytes that were there; a chunk is good until the next
    /// step.
    /// Ends: at the end of the body. Closing or destroying the stream before that closes the connection at
    /// once, so that the server stops.
    /// Throws: `error` after the bytes that came before: `cut_connection`, `timeout` (idle), `protocol`,
    /// `cancelled`. A body that is ended by closing the connection alone (neither a length nor chunks,
    /// HTTP/1.0) cannot be told from a cut one.
    /// Owns: the transfer. It is independent of this response and of the client.
    /// Threads: the client's executor. A stop (`leat::stop_on`) cuts every wait short and closes the connection.
    /// Fairness: each chunk is waited for on the loop (two in one go where the reader was slow), so the others always get
    /// their turn.
    /// Cost: bounded memory (`options::buffer_bytes`): a slow reader makes the server wait. One copy of the
    /// bytes.
    ///
    /// Example:
    ///   auto body = response.body();
    ///   while (auto bytes = co_await body.next())
    ///       std::cout << bytes->text() << std::flush;
    async_generator<chunk> body() { return read(take_transfer()); }

    /// The whole body, for short ones such as the text of an error. It is the server's text: do not trust or
    /// log it blindly. Throws like `body()`, and `error` of kind `too_large` above the limit, having read no
    /// more than that.
    task<std::string> text(std::size_t limit = std::size_t{1024} * 1024) {
        return read_all(read(take_transfer()), limit,
                        error(error_kind::too_large, url_,
                              where() + "the body is longer than " + std::to_string(limit) +
                                  " bytes. Raise the limit of text(), or read body() piece by piece.",
                              status_));
    }

private:
    static async_generator<chunk> read(detail::transfer_handle t) {
        // No on_close: the handle, a parameter, goes with the frame, and closing and destroying both end
        // that.
        for (;;) {
            if (t->has_bytes()) {
                chunk bytes(t->take());
                co_yield bytes;
            } else if (t->done()) {
                t->rethrow_failure();
                co_return;
            } else {
                co_await t->changed();
            }
        }
    }

    static task<std::string> read_all(async_generator<chunk> body, std::size_t limit, error too_large) {
        std::string all;
        while (auto bytes = co_await body.next()) {
            if (bytes->size() > limit - all.size())
                throw too_large;
            all += bytes->text();
        }
        co_return all;
    }

    detail::transfer_handle take_transfer() {
        if (!transfer_)
            throw error(error_kind::bad_request, url_,
                        where() +
                            "the body was taken already. Call body() or text() once, and keep the stream.",
                        status_);
        return std::move(transfer_);
    }

    std::string where() const { return method_ + " " + url_ + ": "; }

    static const char* advice(int status) {
        switch (status) {
        case 401:
        case 403:
            return "Check the key or the login that is sent.";
        case 404:
            return "Check the path.";
        case 408:
        case 425:
        case 429:
        case 503:
            return "Try again later.";
        default:
            break;
        }
        if (status >= 300 && status < 400)
            return "It points elsewhere (header Location), and redirects to there are not followed "
                   "(options::redirect).";
        return status >= 500 ? "The server failed, not the request."
                             : "The server did not accept the request.";
    }

    int status_;
    header_list headers_;
    std::string url_;
    std::string full_url_;
    std::string method_;
    bool crossed_origin_;
    detail::transfer_handle transfer_;
};

} // namespace leat::http
