// The answer of a language model, printed as it comes, and passed on as server-sent events to a reader of our own.
// needs: http llm sse
#include "support/model_server.hpp"

#include <leat/asio.hpp>
#include <leat/http.hpp>
#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/sse.hpp>
#include <leat/sse/beast.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include <iostream>
#include <string>

using boost::asio::ip::tcp;

// The words of the answer, each as soon as the model has said it.
leat::async_generator<std::string> ask(leat::http::client client, std::string url, std::string question) {
    nlohmann::json body = {{"model", "mill-1"}, {"stream", true}};
    body["messages"].push_back({{"role", "user"}, {"content", question}});

    auto response =
        co_await client.post(url, body.dump(), leat::http::header("Content-Type", "application/json"));
    response.ensure_ok().ensure_content_type("text/event-stream");

    auto tokens = leat::llm::tokens(response.body(), leat::llm::openai_chat);
    while (auto token = co_await tokens.next())
        co_yield std::string(*token);
}

// To the terminal.
leat::task<void> print(leat::async_generator<std::string> words) {
    while (auto word = co_await words.next())
        std::cout << *word << std::flush;
    std::cout << '\n';
}

// To a browser, say: a server that answers one request with the words as they come.
leat::task<void> relay(leat::async_generator<std::string> words, tcp::acceptor& acceptor) {
    tcp::socket socket = co_await acceptor.async_accept(leat::use_await);
    boost::beast::flat_buffer buffer;
    boost::beast::http::request<boost::beast::http::empty_body> request;
    co_await boost::beast::http::async_read(socket, buffer, request, leat::use_await);
    auto responding = leat::sse::respond(socket, leat::sse::response_head(request), std::move(words));
    co_await std::move(responding);
}

// What the browser would see. A token is sent as a JSON string, so that its blanks and line breaks arrive as they are.
leat::task<void> read_relayed(leat::http::client client, std::string url) {
    auto response = co_await client.get(url, leat::http::header("Accept", "text/event-stream"));
    auto events = leat::sse::events(response.body());
    while (auto event = co_await events.next())
        std::cout << "event: " << event->data << '\n';
}

leat::task<void> run(leat::executor ex) {
    model_server model({"A", " leat", " brings", " water", "\n", "to", " the", " mill", "."},
                       std::chrono::milliseconds(5));
    leat::http::client client(ex);

    co_await print(ask(client, model.url(), "What is a leat?"));

    tcp::acceptor acceptor(ex, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    const std::string here =
        "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/answer";
    leat::spawn(ex, relay(ask(client, model.url(), "Once more, please."), acceptor));
    co_await read_relayed(client, here);
}

int main() { leat::run(run); }
