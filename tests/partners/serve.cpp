// serve [VECTORS.json]: the server side of leat, for clients that are not leat's. Prints its port, and later a line for what
// the tests ask about: "closed" when the generator behind an endless answer was closed because its reader had gone.
//
//     GET  /numbers                an event stream of three numbers a connection, nine in all, then a 204
//     GET  /vector/N               the bytes of vector N, in its chunks
//     GET  /written/N              the events of vector N through leat's writer
//     POST /v1/chat/completions    as OpenAI; a question that contains "endless" never ends
//     POST /v1/messages            as Anthropic
//     GET  /                       an empty page
#include "../vectors/vectors.hpp"

#include <leat/asio.hpp>
#include <leat/leat.hpp>
#include <leat/sse.hpp>
#include <leat/sse/beast.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using nlohmann::json;
using tcp = boost::asio::ip::tcp;
namespace http = boost::beast::http;
namespace sse = leat::sse;
using leat::task;
using request_type = http::request<http::string_body>;

const std::vector<std::string> words = {"Ein",    " Mühlbach", " führt", "\n",
                                        "Wasser", " 🌊",        " zur ",  "\"Mühle\"."};

/// Says that a generator was closed.
struct tells_end {
    bool tell;
    ~tells_end() {
        if (tell)
            std::cout << "closed" << std::endl;
    }
};

leat::async_generator<std::string> model(leat::executor ex, bool endless) {
    const tells_end end{endless};
    for (std::size_t i = 0; endless || i != words.size(); ++i) {
        if (endless)
            co_await leat::sleep_for(ex, std::chrono::milliseconds(5));
        std::string word = words[i % words.size()];
        co_yield std::move(word);
    }
}

sse::owned_event chunk(json delta, json finish_reason) {
    json choice = {{"index", 0}, {"delta", std::move(delta)}, {"finish_reason", std::move(finish_reason)}};
    json all = {{"id", "chatcmpl-1"},
                {"object", "chat.completion.chunk"},
                {"created", 1735689600},
                {"model", "mill-1"}};
    all["choices"].push_back(std::move(choice));
    sse::owned_event e;
    e.data = all.dump();
    return e;
}
leat::async_generator<sse::owned_event> as_openai(leat::async_generator<std::string> tokens) {
    auto first = chunk({{"role", "assistant"}, {"content", ""}}, nullptr);
    co_yield std::move(first);
    while (auto token = co_await tokens.next()) {
        auto next = chunk({{"content", *token}}, nullptr);
        co_yield std::move(next);
    }
    auto last = chunk(json::object(), "stop");
    co_yield std::move(last);
    sse::owned_event done;
    done.data = "[DONE]";
    co_yield std::move(done);
}

sse::owned_event message(json data) {
    sse::owned_event e;
    e.type = data.at("type").get<std::string>();
    e.data = data.dump();
    return e;
}
leat::async_generator<sse::owned_event> as_anthropic(leat::async_generator<std::string> tokens) {
    json start = {{"type", "message_start"}};
    start["message"] = {{"id", "msg_1"},
                        {"type", "message"},
                        {"role", "assistant"},
                        {"model", "mill-1"},
                        {"content", json::array()},
                        {"stop_reason", nullptr},
                        {"stop_sequence", nullptr},
                        {"usage", {{"input_tokens", 1}, {"output_tokens", 1}}}};
    co_yield message(std::move(start));
    json block = {
        {"type", "content_block_start"}, {"index", 0}, {"content_block", {{"type", "text"}, {"text", ""}}}};
    co_yield message(std::move(block));
    while (auto token = co_await tokens.next()) {
        json delta = {{"type", "content_block_delta"},
                      {"index", 0},
                      {"delta", {{"type", "text_delta"}, {"text", *token}}}};
        co_yield message(std::move(delta));
    }
    json over = {{"type", "content_block_stop"}, {"index", 0}};
    co_yield message(std::move(over));
    json why = {{"type", "message_delta"},
                {"delta", {{"stop_reason", "end_turn"}, {"stop_sequence", nullptr}}},
                {"usage", {{"output_tokens", 8}}}};
    co_yield message(std::move(why));
    json stop = {{"type", "message_stop"}};
    co_yield message(std::move(stop));
}

leat::async_generator<sse::owned_event> numbers(int first) {
    for (int i = first; i != first + 3; ++i) {
        sse::owned_event e;
        e.type = "number";
        e.data = e.id = std::to_string(i);
        if (i == first)
            e.retry = std::chrono::milliseconds(20);
        co_yield std::move(e);
    }
}

leat::async_generator<sse::owned_event> events_of(const json& vector) {
    for (const json& wanted : vector.at("expect")) {
        sse::owned_event e;
        e.type = wanted.at("event").get<std::string>();
        e.data = wanted.at("data").get<std::string>();
        e.id = wanted.at("id").get<std::string>();
        if (const auto retry = wanted.find("retry"); retry != wanted.end() && retry->is_number_unsigned())
            e.retry = std::chrono::milliseconds(retry->get<std::uint32_t>());
        co_yield std::move(e);
    }
}

leat::async_generator<std::string> chunks_of(const json& vector) {
    auto chunks = vectors::chunks_of(vector);
    for (std::string& chunk : chunks)
        co_yield std::move(chunk);
}

task<> send_page(tcp::socket& socket, http::status status, std::string text) {
    http::response<http::string_body> page(status, 11, std::move(text));
    page.set(http::field::content_type, "text/html; charset=utf-8");
    page.keep_alive(false);
    if (status != http::status::no_content)
        page.prepare_payload();
    co_await http::async_write(socket, page, leat::use_await);
}

/// Bytes as they are, which no writer has made.
task<> send_bytes(tcp::socket& socket, const request_type& request,
                  leat::async_generator<std::string> bytes) {
    auto head = sse::response_head(request);
    http::response_serializer<http::empty_body> serializer(head);
    co_await http::async_write_header(socket, serializer, leat::use_await);
    while (auto some = co_await bytes.next()) {
        const boost::asio::const_buffer piece(some->data(), some->size());
        const auto chunk = http::make_chunk(piece);
        if (!some->empty()) // an empty one would be the end
            co_await boost::asio::async_write(socket, chunk, leat::use_await);
    }
    co_await boost::asio::async_write(socket, http::make_chunk_last(), leat::use_await);
}

/// The number behind the last slash.
std::size_t number_in(std::string_view target) {
    return std::stoul(std::string(target.substr(target.rfind('/') + 1)));
}

task<> answer(leat::executor ex, tcp::socket& socket, const request_type& request, const json& vectors) {
    const std::string_view target(request.target().data(), request.target().size());
    auto head = sse::response_head(request);
    if (request.method() == http::verb::post) {
        const json asked = json::parse(request.body());
        auto tokens = model(ex, asked.at("messages").dump().find("endless") != std::string::npos);
        auto events =
            target == "/v1/messages" ? as_anthropic(std::move(tokens)) : as_openai(std::move(tokens));
        co_await sse::respond(socket, std::move(head), std::move(events));
    } else if (target == "/numbers") {
        const auto id = request.find("Last-Event-ID");
        const int last = id == request.end() ? 0 : std::stoi(std::string(id->value()));
        if (last < 9)
            co_await sse::respond(socket, std::move(head), numbers(last + 1));
        else
            co_await send_page(socket, http::status::no_content, "");
    } else if (target.starts_with("/vector/")) {
        co_await send_bytes(socket, request, chunks_of(vectors.at(number_in(target))));
    } else if (target.starts_with("/written/")) {
        co_await sse::respond(socket, std::move(head), events_of(vectors.at(number_in(target))));
    } else {
        co_await send_page(socket, http::status::ok, "<!doctype html><title>leat</title>");
    }
}

/// One request a connection.
task<> serve(leat::executor ex, tcp::socket socket, const json& vectors) {
    try {
        boost::beast::flat_buffer buffer;
        request_type request;
        co_await http::async_read(socket, buffer, request, leat::use_await);
        co_await answer(ex, socket, request, vectors);
        boost::system::error_code ignored;
        socket.shutdown(tcp::socket::shutdown_both, ignored);
    } catch (const boost::system::system_error&) {
        // The client has gone.
    } catch (const std::exception& e) {
        std::cerr << "serve: " << e.what() << std::endl;
    }
}

task<> run(leat::executor ex, const json& vectors) {
    tcp::acceptor acceptor(ex, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    std::cout << acceptor.local_endpoint().port() << std::endl;
    for (;;) {
        tcp::socket socket = co_await acceptor.async_accept(leat::use_await);
        socket.set_option(tcp::no_delay(true));
        leat::spawn(ex, serve(ex, std::move(socket), vectors));
    }
}

} // namespace

int main(int argc, char** argv) {
    try {
        json vectors = json::array();
        if (argc > 1)
            vectors = json::parse(std::ifstream(argv[1])).at("vectors");
        leat::run([&](leat::executor ex) { return run(ex, vectors); });
    } catch (const std::exception& e) {
        std::cerr << "serve: " << e.what() << '\n';
        return 1;
    }
}
