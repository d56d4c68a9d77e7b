// The answer of a language model, printed as it comes, and passed on as server-sent events to a reader of our own.
// needs: http llm sse
#include "support/event_stream_response.hpp"
#include "support/model_server.hpp"

#include <leat/asio.hpp>
#include <leat/http.hpp>
#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/sse.hpp>

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
    auto wire = std::move(words) | leat::sse::write();
    co_await answer_with(std::move(wire), socket);
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
