#pragma once

#include "../error.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace leat::http {

/// What went wrong, for programs that decide by it (retry, give up, ask the user).
enum class error_kind {
    bad_request,  ///< the request was refused before anything was sent (bad URL, line break in a header ...)
    connect,      ///< no connection: unknown host, refused, unreachable
    tls,          ///< the handshake or the check of the certificate failed
    timeout,      ///< one of the limits in `options` was passed
    status,       ///< `ensure_ok()`: the status is not 2xx
    content_type, ///< `ensure_content_type()`: the body is of another type
    cut_connection, ///< the connection ended before the response did
    protocol,       ///< the server does not speak correct HTTP, or its header is too large
    too_large,      ///< `response::text()`: the body is longer than the limit
    cancelled,      ///< `client::cancel()`
};

/// The name of a kind, as in the enumeration.
constexpr std::string_view to_string(error_kind kind) {
    switch (kind) {
    case error_kind::bad_request:
        return "bad_request";
    case error_kind::connect:
        return "connect";
    case error_kind::tls:
        return "tls";
    case error_kind::timeout:
        return "timeout";
    case error_kind::status:
        return "status";
    case error_kind::content_type:
        return "content_type";
    case error_kind::cut_connection:
        return "cut_connection";
    case error_kind::protocol:
        return "protocol";
    case error_kind::too_large:
        return "too_large";
    case error_kind::cancelled:
        return "cancelled";
    }
    return "unknown";
}

/// Every failure of the HTTP client.
///
/// `what()` reads "GET https://host/path: what happened. What to do." It holds no query, no user name or
/// password, no header value and nothing of a body, neither ours nor the server's.
class error : public leat::error {
public:
    error(error_kind kind, std::string url, const std::string& what, int status = 0)
        : leat::error(what), kind_(kind), status_(status), url_(std::move(url)) {}

    error_kind kind() const noexcept { return kind_; }
    /// The status of the response, 0 when there was none.
    int status() const noexcept { return status_; }
    /// Scheme, host, port and path; empty when the URL could not be read.
    const std::string& url() const noexcept { return url_; }

private:
    error_kind kind_;
    int status_;
    std::string url_;
};

} // namespace leat::http
