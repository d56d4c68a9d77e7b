#pragma once

#include "../http/header.hpp"
#include "answer.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace leat::llm {

/// One message of a conversation, in the terms that all servers share.
struct chat_message {
    /// Not an aggregate: g++ 12 destroys those twice that are made inside a `co_await`.
    explicit chat_message(std::string message_role, std::string message_text = {})
        : role(std::move(message_role)), text(std::move(message_text)) {}

    std::string role; ///< "system", "user", "assistant", or "tool": what a call of a tool gave
    std::string text;
    std::vector<tool_call> tool_calls = {}; ///< of an assistant
    std::string call_id = {};               ///< of a tool's result: the call that it belongs to ...
    std::string tool_name = {};             ///< ... and the tool that was called
};

/// A tool that the model may call.
struct chat_tool {
    std::string name = {};
    std::string description = {};
    nlohmann::json parameters = nlohmann::json::object(); ///< a JSON schema
};

/// When `chat` asks again. Only before an answer has begun: after no connection, or the status 408, 409, 429 or 5xx. What
/// was cut off, or timed out, is never sent again: the server may have done it.
struct chat_retry {
    /// 1: never again.
    int attempts = 1;
    /// Doubled with each attempt, up to the most; the real wait is a random part of it, between half and all.
    std::chrono::milliseconds first_delay = std::chrono::milliseconds(500);
    std::chrono::milliseconds max_delay = std::chrono::seconds(8);
    /// A server that asks for a longer wait (Retry-After) is not asked again; `llm::error::retry_after()` has it.
    std::chrono::milliseconds max_retry_after = std::chrono::seconds(60);
};

/// A question to a language model, for any dialect: what `llm::chat` sends.
///
/// Example:
///   leat::llm::chat_request ask("gpt-5-mini");
///   ask.api_key = key;
///   ask.system("You are a miller.").user("What is a leat?");
///   ask.extra["temperature"] = 0.2;
struct chat_request {
    explicit chat_request(std::string model_name) : model(std::move(model_name)) {}

    chat_request& system(std::string text) { return add("system", std::move(text)); }
    chat_request& user(std::string text) { return add("user", std::move(text)); }
    chat_request& assistant(std::string text) { return add("assistant", std::move(text)); }

    /// A tool that the model may call. `parameters` is a JSON schema.
    chat_request& tool(std::string name, std::string description,
                       nlohmann::json parameters = {{"type", "object"},
                                                    {"properties", nlohmann::json::object()}}) {
        chat_tool t;
        t.name = std::move(name);
        t.description = std::move(description);
        t.parameters = std::move(parameters);
        tools.push_back(std::move(t));
        return *this;
    }

    /// To go on with the conversation: what the model said, its calls included ...
    chat_request& reply(const answer& said) {
        chat_message& m = messages.emplace_back("assistant", said.text);
        m.tool_calls = said.tool_calls;
        return *this;
    }
    /// ... and what each call gave.
    chat_request& result(const tool_call& call, std::string output) {
        chat_message& m = messages.emplace_back("tool", std::move(output));
        m.call_id = call.id;
        m.tool_name = call.name;
        return *this;
    }

    std::string model;
    std::vector<chat_message> messages = {};
    std::vector<chat_tool> tools = {};
    /// Whatever else the server knows, as it spells it. It is merged into the body (RFC 7396) and has the last word: null
    /// takes a member out.
    nlohmann::json extra = nlohmann::json::object();

    /// Sent as the dialect wants it, over https or to this machine only.
    std::string api_key = {};
    /// Where the paths of the dialect begin, such as "http://127.0.0.1:8080/v1". Empty: the company that made the dialect.
    std::string base_url = {};
    /// The whole URL, where it is unlike the dialect's (Azure). Instead of `base_url`.
    std::string url = {};
    /// Further header lines. Of two with one name the server gets this one.
    http::header_list headers = {};

    chat_retry retry = {};

private:
    chat_request& add(const char* role, std::string text) {
        messages.emplace_back(role, std::move(text));
        return *this;
    }
};

} // namespace leat::llm
