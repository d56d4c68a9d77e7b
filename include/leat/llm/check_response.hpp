#pragma once

#include "error.hpp"
#include "openai_chat.hpp"
#include "reading.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace leat::llm {

/// The head of an HTTP response, and for an error as much of the body as was read. All borrowed.
struct response_head {
    int status = 0;
    std::string_view content_type = {};
    std::string_view retry_after = {}; // the header's value
    std::string_view body = {};        // of an error: the server says there what is wrong
    std::string_view secret = {};      // the key that was sent: hidden, should the server repeat it
};

namespace detail {

/// "text/event-stream; charset=utf-8" is of type "text/event-stream", in upper or lower case.
inline bool is_media_type(std::string_view content_type, std::string_view wanted) noexcept {
    content_type = content_type.substr(0, content_type.find(';'));
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!content_type.empty() && blank(content_type.front()))
        content_type.remove_prefix(1);
    while (!content_type.empty() && blank(content_type.back()))
        content_type.remove_suffix(1);
    if (content_type.size() != wanted.size())
        return false;
    for (std::size_t i = 0; i != wanted.size(); ++i) {
        const char c = content_type[i];
        if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c) != wanted[i])
            return false;
    }
    return true;
}

/// Seconds; capped at a year. The other form of the header, a date, gives nothing.
inline std::optional<std::chrono::seconds> retry_after_of(std::string_view header) noexcept {
    constexpr long long year = 365LL * 24 * 3600;
    long long seconds = 0;
    for (const char c : header) {
        if (c < '0' || c > '9')
            return std::nullopt;
        seconds = seconds * 10 + (c - '0');
        if (seconds > year)
            seconds = year;
    }
    if (header.empty())
        return std::nullopt;
    return std::chrono::seconds(seconds);
}

inline const char* advice_for(int status) noexcept {
    switch (status) {
    case 401:
        return "The key is missing or not accepted: check it.";
    case 403:
        return "The key does not allow this: check its rights.";
    case 404:
        return "Check the URL and the name of the model.";
    case 407:
        return "The proxy on the way wants a login: check http::options::proxy.";
    case 408:
    case 429:
        return "Ask again later; retry_after() says when, if the server did.";
    default:
        return status >= 500 ? "The fault is the server's: ask again later." : "Check the request.";
    }
}

template <class Dialect> void check_response(const response_head& head, const Dialect&, const secrets& hide) {
    const bool has_stream =
        head.status >= 200 && head.status < 300 && head.status != 204 && head.status != 205;
    if (!has_stream) {
        typename Dialect::reader reader;
        reader.start();
        if (!head.body.empty() && detail::read_json(head.body, reader))
            reader.start(); // not JSON: plain words, a page of HTML
        server_error said = reader.result().server;
        if (said.message.empty())
            said.message = std::string(head.body);
        const server_error server = detail::harmless(said, hide);
        throw error(end_reason::http_error,
                    "leat::llm: the server answered with status " + std::to_string(head.status) +
                        detail::in_brackets(server.type) + " instead of a token stream. " +
                        detail::advice_for(head.status) + " server_message() has what it said.",
                    server, head.status, detail::retry_after_of(head.retry_after));
    }
    if (!detail::is_media_type(head.content_type, Dialect::media_type))
        throw error(end_reason::bad_content_type,
                    "leat::llm: the answer is not of the type " + std::string(Dialect::media_type) +
                        ", so it is not a token stream. Check the URL, and that the request asks for "
                        "\"stream\": true.",
                    {}, head.status);
}

} // namespace detail

/// Is this the beginning of a token stream? Call it before the body is read as one; the HTTP adapter does.
///
/// Throws: llm::error with http_error (not a 2xx with a body) or bad_content_type. Official clients end
/// silently with
///   no token in the second case.
/// Example: leat::llm::check_response({.status = 200, .content_type = type}, leat::llm::openai_chat);
template <class Dialect = openai_chat_t>
void check_response(const response_head& head, Dialect dialect = {}) {
    detail::secrets hide;
    hide.add(head.secret);
    detail::check_response(head, dialect, hide);
}

} // namespace leat::llm
