// needs: http llm sse
#include "../support/model_server.hpp"

#include <leat/asio.hpp>
#include <leat/http.hpp>
#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/sse.hpp>

#include <iostream>
#include <string>
#include <string_view>
#include <utility>

leat::task<> print_answer(leat::http::client client, std::string url, std::string key) {
    leat::http::request ask("POST", url);
    ask.add("Authorization", "Bearer " + key);
    ask.add("Content-Type", "application/json");
    ask.body =
        R"({"model": "mill-1", "stream": true, "messages": [{"role": "user", "content": "What is a leat?"}]})";

    auto response = co_await client.send(std::move(ask));
    response.ensure_ok().ensure_content_type("text/event-stream");

    auto tokens = leat::llm::tokens(response.body(), leat::llm::openai_chat);
    while (auto token = co_await tokens.next())
        std::cout << *token << std::flush;
    std::cout << '\n' << tokens.finish_reason() << '\n';
}

leat::async_generator<std::string_view> cut_off_answer() {
    co_yield std::string_view("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A le\"}}]}\n\n");
}

leat::task<> print_cut_off_answer() {
    auto tokens = leat::llm::tokens(cut_off_answer(), leat::llm::openai_chat);
    try {
        while (auto token = co_await tokens.next())
            std::cout << *token << '\n';
    } catch (const leat::llm::error& e) {
        std::cout << "the answer is " << to_string(e.reason()) << '\n';
    }
}

leat::async_generator<std::string_view> bytes() {
    co_yield std::string_view("event: level\ndata: high\nid: 7\n\nda");
    co_yield std::string_view("ta: low\nevent: level\n\n"); // a chunk may end anywhere
}

leat::task<> print_events() {
    auto events = leat::sse::events(bytes());
    while (auto e = co_await events.next())
        std::cout << e->type << ' ' << e->data << '\n';
    std::cout << events.last_event_id() << '\n';
}

leat::async_generator<std::string> words() {
    co_yield "Hello,";
    co_yield " \"mill\"";
}

leat::task<> write_events() {
    auto wire = words() | leat::sse::write();
    while (auto text = co_await wire.next())
        std::cout << *text;
}

leat::task<> run(leat::executor ex) {
    model_server model({"A", " leat", " brings", " water."});
    leat::http::client client(ex);
    co_await print_answer(client, model.url(), "secret");
    co_await print_cut_off_answer();
    co_await print_events();
    co_await write_events();
}

int main() { leat::run(run); }
