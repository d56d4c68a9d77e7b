#pragma once

#include "../async_generator.hpp"
#include "../stream.hpp"
#include "chunk.hpp"
#include "header.hpp"
#include "options.hpp"

#include <concepts>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace leat::http {

/// A stream whose elements are bytes side by side: std::string, std::string_view, chunk, std::span ...
template <class S>
concept byte_stream = stream<S> &&(std::convertible_to<const stream_value_t<S>&, std::string_view> ||
                                   std::convertible_to<const stream_value_t<S>&, std::span<const std::byte>>);

/// A request as it will be sent. `http://` and `https://` only.
///
/// The length of the body and `Transfer-Encoding` are written by the client and may not be among the headers.
/// A body without a `Content-Type` is sent without one.
///
/// Example:
///   leat::http::request ask("POST", "https://api.example.com/v1/chat/completions");
///   ask.add("Authorization", "Bearer " + key);
///   ask.add("Content-Type", "application/json");
///   ask.body = json.dump();
///   auto response = co_await client.send(std::move(ask));
///
/// A body may also be a stream, sent as it is made (in chunks, with back-pressure):
/// `ask.stream(std::move(lines))`. It runs on the client's executor, and what it throws is thrown by `send`.
/// Such a request is never repeated.
struct request {
    request(std::string request_method, std::string request_url)
        : method(std::move(request_method)), url(std::move(request_url)) {}

    request& add(std::string name, std::string value) {
        headers.add(std::move(name), std::move(value));
        return *this;
    }

    template <byte_stream S> request& stream(S bytes) {
        upload = chunks_of(std::move(bytes));
        return *this;
    }

    std::string method;
    std::string url;
    header_list headers;
    std::string body;
    /// Unset: `options::redirect`.
    std::optional<redirects> redirect;
    /// In use instead of `body` when it is valid().
    async_generator<chunk> upload;

private:
    template <class S> static async_generator<chunk> chunks_of(S bytes) {
        while (auto piece = co_await bytes.next()) {
            if constexpr (std::convertible_to<const stream_value_t<S>&, std::string_view>) {
                const std::string_view text = *piece;
                chunk view(std::as_bytes(std::span(text)));
                co_yield view;
            } else {
                chunk view{std::span<const std::byte>(*piece)};
                co_yield view;
            }
        }
    }
};

} // namespace leat::http
