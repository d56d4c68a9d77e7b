#pragma once

#include <leat/asio.hpp>
#include <leat/leat.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <string_view>
#include <utility>

/// Reads one request from the socket and answers it with the stream's elements as `text/event-stream`, one HTTP chunk each,
/// sent the moment it is there. An ordinary Boost.Beast server; `leat::use_await` makes its operations awaitable.
template <leat::stream S> leat::task<void> answer_with(S wire, boost::asio::ip::tcp::socket& socket) {
    namespace http = boost::beast::http;
    boost::beast::flat_buffer buffer;
    http::request<http::string_body> request;
    co_await http::async_read(socket, buffer, request, leat::use_await);

    http::response<http::empty_body> head(http::status::ok, 11);
    head.set(http::field::content_type, "text/event-stream");
    head.set(http::field::cache_control, "no-store");
    head.chunked(true);
    http::response_serializer<http::empty_body> serializer(head);
    co_await http::async_write_header(socket, serializer, leat::use_await);

    while (auto event = co_await wire.next()) {
        const auto chunk = http::make_chunk(boost::asio::const_buffer(event->data(), event->size()));
        co_await boost::asio::async_write(socket, chunk, leat::use_await);
    }
    co_await boost::asio::async_write(socket, http::make_chunk_last(), leat::use_await);
}
