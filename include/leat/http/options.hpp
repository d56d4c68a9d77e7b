#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace leat::http {

/// What the client does with a 3xx response.
enum class redirects {
    none,            ///< it is the response, for the caller to look at
    same_origin,     ///< followed while scheme, host and port stay the same; another origin is handed to the
                     ///< caller
    without_secrets, ///< also to another origin, where nothing secret can go along: a GET or HEAD whose only
                     ///< headers are among Accept, Accept-Language, Cache-Control, Last-Event-ID (which
    ///< stays behind) and User-Agent, without a user in its URL, and never from https to http
};

/// The settings of a client, the same for all its requests. Certificates are always checked (TLS 1.2 or
/// newer), and compression is never asked for: an event stream must arrive event by event, and a bomb must
/// not unfold.
///
/// Example:
///   leat::http::client client(ex, {.idle_timeout = 30s, .ca_file = "/etc/company-ca.pem"});
struct options {
    /// Name lookup, TCP and TLS together. Unset: 300 s, which is libcurl's own.
    std::optional<std::chrono::milliseconds> connect_timeout = std::chrono::seconds(30);
    /// From the start of the request to the first byte of the response. Unset: for ever.
    std::optional<std::chrono::milliseconds> first_byte_timeout = std::nullopt;
    /// Between two pieces of the response, any bytes count. The clock stands still while the reader is the
    /// slow one and the buffer is full. Unset: for ever. There is no limit on the whole: a stream may be
    /// endless.
    std::optional<std::chrono::milliseconds> idle_timeout = std::nullopt;

    /// Bytes that may wait for the reader of a body before the connection is no longer read. A transfer holds
    /// at most twice as much (the waiting part and the part being read) plus one network read.
    std::size_t buffer_bytes = std::size_t{64} * 1024;
    /// Bytes asked from the network at once, per transfer. Smaller saves memory with thousands of streams.
    std::size_t receive_bytes = std::size_t{16} * 1024;
    /// All header lines of one response together.
    std::size_t max_header_bytes = std::size_t{256} * 1024;

    /// A PEM file of the authorities to trust, instead of the system's.
    std::string ca_file = {};
    /// `http://user:password@host:port`, or `socks5h://`; empty: none; unset: what the environment says (`https_proxy`
    /// ...), but none to this machine itself (`localhost`, `127.0.0.1`).
    std::optional<std::string> proxy = std::nullopt;

    redirects redirect = redirects::none; ///< `request::redirect` has another for one request
    int max_redirects = 5;

    /// Negotiate HTTP/2 over TLS. HTTP/1.1 is the default: one connection a stream makes back-pressure
    /// simple. With HTTP/2 libcurl itself may hold some 32 MiB of a body that is not read.
    bool http2 = false;
    /// Keep connections for the next request. Off is cheaper with thousands of streams that never end.
    bool reuse_connections = true;
    std::string user_agent = "leat";
};

} // namespace leat::http
