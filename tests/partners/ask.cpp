// ask DIALECT BASE_URL MODEL QUESTION [whole]: asks a model as a program with leat would, and prints one line of JSON: what
// came, token by token or as a whole answer with its tool calls, and how it ended.
#include <leat/asio.hpp>
#include <leat/http.hpp>
#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/llm/chat.hpp>

#include <nlohmann/json.hpp>

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using nlohmann::json;
namespace http = leat::http;
namespace llm = leat::llm;

template <class Dialect>
leat::task<void> ask(leat::executor ex, llm::chat_request question, Dialect dialect, bool whole, json& out) {
    http::client client(ex);
    try {
        auto response = co_await llm::chat(client, question, dialect);
        if (whole) {
            auto deltas = response.deltas();
            const llm::answer answer = co_await llm::collect_answer(std::move(deltas));
            out["text"] = answer.text;
            out["finish"] = answer.finish_reason;
            for (const llm::tool_call& call : answer.tool_calls)
                out["calls"].push_back({{"name", call.name}, {"arguments", call.arguments}});
            co_return;
        }
        auto tokens = response.tokens();
        while (auto token = co_await tokens.next())
            out["tokens"].push_back(std::string(*token));
        out["end"] = to_string(*tokens.reason());
        out["finish"] = tokens.finish_reason();
    } catch (const llm::error& e) {
        out["end"] = to_string(e.reason());
        out["status"] = e.status();
        out["what"] = e.what();
    } catch (const http::error& e) {
        out["end"] = "http: " + std::string(to_string(e.kind()));
        out["what"] = e.what();
    }
}

json ask(const std::string& dialect, const llm::chat_request& question, bool whole) {
    json out = {{"tokens", json::array()}, {"calls", json::array()}};
    leat::run([&](leat::executor ex) -> leat::task<void> {
        if (dialect == "openai_chat")
            co_await ask(ex, question, llm::openai_chat, whole, out);
        else if (dialect == "openai_responses")
            co_await ask(ex, question, llm::openai_responses, whole, out);
        else if (dialect == "anthropic")
            co_await ask(ex, question, llm::anthropic, whole, out);
        else if (dialect == "gemini")
            co_await ask(ex, question, llm::gemini, whole, out);
        else if (dialect == "ollama")
            co_await ask(ex, question, llm::ollama, whole, out);
        else
            throw std::runtime_error("no such dialect: " + dialect);
    });
    return out;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    try {
        llm::chat_request question(arguments.at(2));
        question.base_url = arguments.at(1);
        question.api_key = "sk-partners";
        question.user(arguments.at(3)).tool("turn", "Turns the wheel of the mill.");
        const bool whole = arguments.size() > 4 && arguments[4] == "whole";
        std::cout << ask(arguments.at(0), question, whole) << '\n';
        return 0;
    } catch (const std::exception& e) {
        std::cerr << "ask: " << e.what() << '\n';
        return 1;
    }
}
