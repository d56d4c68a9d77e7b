// needs: http llm sse simdjson
#include "../support/model_server.hpp"

#include <leat/asio.hpp>
#include <leat/http.hpp>
#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/llm/chat.hpp>
#include <leat/llm/simdjson.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace llm = leat::llm;

// A request of one's own, where `chat` is not enough.
leat::task<> print_answer(leat::http::client client, std::string url, std::string key) {
    leat::http::request ask("POST", url);
    ask.add("Authorization", "Bearer " + key);
    ask.add("Content-Type", "application/json");
    ask.body =
        R"({"model": "mill-1", "stream": true, "messages": [{"role": "user", "content": "What is a leat?"}]})";
    auto response = co_await client.send(std::move(ask));
    response.ensure_ok().ensure_content_type("text/event-stream");

    auto tokens = llm::tokens(response.body(), llm::openai_chat);
    tokens.hide(key); // should the server repeat it in an error
    while (auto token = co_await tokens.next())
        std::cout << *token << std::flush;
    std::cout << '\n' << tokens.finish_reason() << '\n';
}

// What a server sends that wants a tool to be called.
leat::async_generator<std::string_view> answer_with_a_call() {
    co_yield std::string_view(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"I look.\"}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\","
        "\"function\":{\"name\":\"gauge\",\"arguments\":\"{\\\"at\\\":\"}}]}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
        "\"function\":{\"arguments\":\"\\\"mill\\\"}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n"
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":9}}\n\n"
        "data: [DONE]\n\n");
}

leat::task<> print_deltas() {
    auto deltas = llm::deltas(answer_with_a_call(), llm::openai_chat);
    while (auto d = co_await deltas.next()) {
        switch (d->kind) {
        case llm::delta_kind::text:
            std::cout << "text: " << d->text << '\n';
            break;
        case llm::delta_kind::tool_call:
            std::cout << "call " << d->call << " of " << d->name << ": " << d->text << '\n';
            break;
        case llm::delta_kind::finish:
            std::cout << "finish: " << d->text << '\n';
            break;
        case llm::delta_kind::usage:
            std::cout << "tokens: " << d->usage.output_tokens.value_or(0) << '\n';
            break;
        default: // reasoning, refusal
            break;
        }
    }
}

leat::task<> print_whole_answer() {
    auto deltas = llm::deltas(answer_with_a_call(), llm::openai_chat);
    llm::answer whole = co_await llm::collect_answer(std::move(deltas));
    for (const llm::tool_call& call : whole.tool_calls)
        std::cout << whole.text << ' ' << call.name << ' ' << call.arguments << '\n';
}

std::string gauge(const std::string& arguments) {
    const auto given = nlohmann::json::parse(arguments, nullptr, false); // whatever the model wrote
    if (!given.is_object() || given.value("at", nlohmann::json()) != "mill")
        return "There is a gauge at the mill only.";
    return "3 feet";
}

// Asks, calls the tool as often as the model wants it, and gives what it says in the end.
leat::task<std::string> answer_with_tools(leat::http::client client, llm::chat_request ask) {
    ask.tool("gauge", "The height of the water at a place",
             {{"type", "object"}, {"properties", {{"at", {{"type", "string"}}}}}});
    for (int round = 0; round != 5; ++round) {
        auto response = co_await llm::chat(client, ask, llm::openai_chat);
        llm::answer said = co_await llm::collect_answer(response.deltas());
        if (said.tool_calls.empty())
            co_return said.text;
        ask.reply(said);
        for (const llm::tool_call& call : said.tool_calls)
            ask.result(call, call.name == "gauge" ? gauge(call.arguments) : "no such tool");
    }
    co_return "The model does not come to an end.";
}

leat::task<> ask_patiently(leat::http::client client, llm::chat_request ask) {
    ask.retry.attempts = 4;
    try {
        auto answer = co_await llm::chat(client, ask, llm::openai_chat);
        auto tokens = answer.tokens();
        while (auto token = co_await tokens.next())
            std::cout << *token << std::flush;
    } catch (const llm::error& e) {
        std::cerr << e.what() << '\n'; // for logs: nothing of the data, no key
        if (e.reason() == llm::end_reason::truncated)
            std::cerr << "the text above is not whole\n";
        if (e.status() == 429 && e.retry_after())
            std::cerr << "again in " << e.retry_after()->count() << " s\n";
    } catch (const leat::http::error& e) {
        std::cerr << e.what() << '\n'; // no connection, a timeout, a connection that was cut
    }
}

leat::async_generator<std::string_view> cut_off_answer() {
    co_yield std::string_view("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A le\"}}]}\n\n");
}

leat::task<> print_cut_off_answer() {
    llm::answer_builder so_far;
    auto deltas = llm::deltas(cut_off_answer(), llm::openai_chat);
    try {
        while (auto d = co_await deltas.next())
            so_far.add(*d);
    } catch (const llm::error& e) {
        std::cout << "the answer is " << to_string(e.reason()) << ": " << so_far.so_far().text << '\n';
    }
}

leat::task<> print_quickly(leat::http::client client, llm::chat_request ask) {
    auto answer = co_await llm::chat(client, ask, llm::by_simdjson(llm::openai_chat));
    auto tokens = answer.tokens();
    while (auto token = co_await tokens.next())
        std::cout << *token << std::flush;
}

leat::task<> run(leat::executor ex) {
    model_server model({"A", " leat", " brings", " water."});
    leat::http::client client(ex);
    co_await print_answer(client, model.url(), "1234");
    co_await print_deltas();
    co_await print_whole_answer();
    co_await print_cut_off_answer();

    llm::chat_request ask("mill-1");
    ask.url = model.url();
    ask.user("What is a leat?");
    std::string text = co_await answer_with_tools(client, ask);
    std::cout << text << '\n';
}

int main() { leat::run(run); }
