#pragma once

#include "../http/header.hpp"
#include "anthropic.hpp"
#include "chat_request.hpp"
#include "gemini.hpp"
#include "ollama.hpp"
#include "openai_chat.hpp"
#include "openai_responses.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <utility>

// How each dialect wants to be asked: the path, the header lines and the body of a chat_request.

namespace leat::llm::detail {

using nlohmann::json;

struct wire_request {
    std::string url;
    http::header_list headers;
    json body;
};

/// `base/path`, or the whole URL where one is given.
inline std::string url_of(const chat_request& ask, std::string_view company, std::string_view rest) {
    if (!ask.url.empty())
        return ask.url;
    std::string url = ask.base_url.empty() ? std::string(company) : ask.base_url;
    while (!url.empty() && url.back() == '/')
        url.pop_back();
    return url.append(rest);
}

/// The object that the text is, or nothing: then it is null. Written by a model or a tool, it may be nested so deeply that
/// writing it again would be the end of the stack; that is no object either.
inline json object_in(const std::string& text) {
    constexpr int deepest = 200;
    bool too_deep = false;
    json value = json::parse(
        text,
        [&too_deep](int depth, json::parse_event_t, json&) {
            too_deep = too_deep || depth > deepest;
            return !too_deep;
        },
        false);
    return value.is_object() && !too_deep ? value : json();
}

/// The arguments of a call, as an object: what the model wrote, if it is one.
inline json arguments_of(const tool_call& call) {
    json value = object_in(call.arguments);
    return value.is_object() ? value : json::object();
}

/// As a part of a path.
inline std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '.' || c == '_' || c == '~';
        if (plain)
            out += c;
        else {
            out += '%';
            out += digits[static_cast<unsigned char>(c) >> 4];
            out += digits[static_cast<unsigned char>(c) & 15];
        }
    }
    return out;
}

inline void add_bearer(wire_request& w, const chat_request& ask) {
    if (!ask.api_key.empty())
        w.headers.add("Authorization", "Bearer " + ask.api_key);
}

/// As all but Anthropic's spell it.
inline json declaration_of(const chat_tool& t) {
    return {{"name", t.name}, {"description", t.description}, {"parameters", t.parameters}};
}
inline json functions_of(const chat_request& ask) {
    json tools = json::array();
    for (const chat_tool& t : ask.tools) {
        json tool = {{"type", "function"}, {"function", declaration_of(t)}};
        tools.push_back(std::move(tool));
    }
    return tools;
}

inline wire_request wire_of(const openai_chat_t&, const chat_request& ask) {
    wire_request w;
    w.url = url_of(ask, "https://api.openai.com/v1", "/chat/completions");
    add_bearer(w, ask);
    json messages = json::array();
    for (const chat_message& m : ask.messages) {
        json message = {{"role", m.role}, {"content", m.text}};
        for (const tool_call& c : m.tool_calls) {
            json f = {{"name", c.name}, {"arguments", c.arguments.empty() ? "{}" : c.arguments}};
            json call = {{"id", c.id}, {"type", "function"}, {"function", std::move(f)}};
            message["tool_calls"].push_back(std::move(call));
        }
        if (m.role == "tool")
            message["tool_call_id"] = m.call_id;
        messages.push_back(std::move(message));
    }
    w.body = {{"model", ask.model}, {"messages", std::move(messages)}, {"stream", true}};
    w.body["stream_options"]["include_usage"] = true;
    if (!ask.tools.empty())
        w.body["tools"] = functions_of(ask);
    return w;
}

inline wire_request wire_of(const openai_responses_t&, const chat_request& ask) {
    wire_request w;
    w.url = url_of(ask, "https://api.openai.com/v1", "/responses");
    add_bearer(w, ask);
    json input = json::array();
    for (const chat_message& m : ask.messages) {
        if (m.role == "tool") {
            json item = {{"type", "function_call_output"}, {"call_id", m.call_id}, {"output", m.text}};
            input.push_back(std::move(item));
            continue;
        }
        if (!m.text.empty() || m.tool_calls.empty()) {
            json item = {{"role", m.role}, {"content", m.text}};
            input.push_back(std::move(item));
        }
        for (const tool_call& c : m.tool_calls) {
            json item = {{"type", "function_call"},
                         {"call_id", c.id},
                         {"name", c.name},
                         {"arguments", c.arguments.empty() ? "{}" : c.arguments}};
            input.push_back(std::move(item));
        }
    }
    w.body = {{"model", ask.model}, {"input", std::move(input)}, {"stream", true}};
    for (const chat_tool& t : ask.tools) {
        json tool = declaration_of(t);
        tool["type"] = "function";
        w.body["tools"].push_back(std::move(tool));
    }
    return w;
}

/// Adds a part to the last message, if it is of that role, or to a new one: neighbours of one role are one message.
inline void add_part(json& messages, const char* role, const char* parts, json part) {
    if (messages.empty() || messages.back()["role"] != role) {
        json message = {{"role", role}};
        message[parts] = json::array();
        messages.push_back(std::move(message));
    }
    messages.back()[parts].push_back(std::move(part));
}

inline wire_request wire_of(const anthropic_t&, const chat_request& ask) {
    wire_request w;
    w.url = url_of(ask, "https://api.anthropic.com/v1", "/messages");
    w.headers.add("anthropic-version", "2023-06-01");
    if (!ask.api_key.empty())
        w.headers.add("x-api-key", ask.api_key);
    json messages = json::array();
    std::string system;
    for (const chat_message& m : ask.messages) {
        if (m.role == "system") {
            system += (system.empty() ? "" : "\n\n") + m.text;
            continue;
        }
        if (m.role == "tool") {
            json part = {{"type", "tool_result"}, {"tool_use_id", m.call_id}, {"content", m.text}};
            add_part(messages, "user", "content", std::move(part));
            continue;
        }
        const char* const role = m.role == "assistant" ? "assistant" : "user";
        if (!m.text.empty()) { // an empty one is refused
            json part = {{"type", "text"}, {"text", m.text}};
            add_part(messages, role, "content", std::move(part));
        }
        for (const tool_call& c : m.tool_calls) {
            json part = {{"type", "tool_use"}, {"id", c.id}, {"name", c.name}, {"input", arguments_of(c)}};
            add_part(messages, role, "content", std::move(part));
        }
    }
    // The limit is demanded by the server; `extra` may have another.
    w.body = {
        {"model", ask.model}, {"max_tokens", 4096}, {"messages", std::move(messages)}, {"stream", true}};
    if (!system.empty())
        w.body["system"] = system;
    for (const chat_tool& t : ask.tools) {
        json tool = {{"name", t.name}, {"description", t.description}, {"input_schema", t.parameters}};
        w.body["tools"].push_back(std::move(tool));
    }
    return w;
}

inline wire_request wire_of(const gemini_t&, const chat_request& ask) {
    wire_request w;
    w.url = url_of(ask, "https://generativelanguage.googleapis.com/v1beta",
                   "/models/" + percent_encoded(ask.model) + ":streamGenerateContent?alt=sse");
    if (!ask.api_key.empty())
        w.headers.add("x-goog-api-key", ask.api_key); // not in the query: URLs are logged
    json contents = json::array(), system = json::array();
    for (const chat_message& m : ask.messages) {
        json text = {{"text", m.text}};
        if (m.role == "system") {
            system.push_back(std::move(text));
            continue;
        }
        if (m.role == "tool") {
            json output = object_in(m.text);
            if (!output.is_object()) {
                output = json::object();
                output["result"] = m.text;
            }
            json part;
            part["functionResponse"] = {{"name", m.tool_name}, {"response", std::move(output)}};
            if (!m.call_id.empty())
                part["functionResponse"]["id"] = m.call_id;
            add_part(contents, "user", "parts", std::move(part));
            continue;
        }
        const char* const role = m.role == "assistant" ? "model" : "user";
        if (!m.text.empty())
            add_part(contents, role, "parts", std::move(text));
        for (const tool_call& c : m.tool_calls) {
            json part;
            part["functionCall"] = {{"name", c.name}, {"args", arguments_of(c)}};
            if (!c.id.empty())
                part["functionCall"]["id"] = c.id;
            add_part(contents, role, "parts", std::move(part));
        }
    }
    w.body["contents"] = std::move(contents);
    if (!system.empty())
        w.body["systemInstruction"]["parts"] = std::move(system);
    if (!ask.tools.empty()) {
        json functions = json::array();
        for (const chat_tool& t : ask.tools)
            functions.push_back(declaration_of(t));
        json tool;
        tool["functionDeclarations"] = std::move(functions);
        w.body["tools"].push_back(std::move(tool));
    }
    return w;
}

inline wire_request wire_of(const ollama_t&, const chat_request& ask) {
    wire_request w;
    w.url = url_of(ask, "http://127.0.0.1:11434", "/api/chat");
    add_bearer(w, ask);
    json messages = json::array();
    for (const chat_message& m : ask.messages) {
        json message = {{"role", m.role}, {"content", m.text}};
        for (const tool_call& c : m.tool_calls) {
            json call;
            call["function"] = {{"name", c.name}, {"arguments", arguments_of(c)}};
            message["tool_calls"].push_back(std::move(call));
        }
        if (m.role == "tool")
            message["tool_name"] = m.tool_name;
        messages.push_back(std::move(message));
    }
    w.body = {{"model", ask.model}, {"messages", std::move(messages)}, {"stream", true}};
    if (!ask.tools.empty())
        w.body["tools"] = functions_of(ask);
    return w;
}

/// Is the host of an http URL this machine, whatever a name server says? Only plain spellings are: nothing that another
/// reader of URLs may see differently.
inline bool is_loopback(std::string_view url) {
    url.remove_prefix(std::string_view("http://").size());
    if (url.find_first_of("@\\") != std::string_view::npos)
        return false;
    std::string_view host = url.substr(0, url.find_first_of("/?#"));
    host = host.substr(0, host.find(':', host.starts_with('[') ? host.find(']') : 0));
    return http::detail::is_loopback(host);
}

/// May a secret be sent there? Through a proxy that is over https only: then there is a tunnel.
inline bool keeps_secrets(std::string_view url, bool by_proxy = false) {
    const auto begins_with = [url](std::string_view scheme) {
        return url.size() > scheme.size() &&
               http::detail::equal_ignoring_case(url.substr(0, scheme.size()), scheme);
    };
    return begins_with("https://") || (begins_with("http://") && !by_proxy && is_loopback(url));
}

/// Is that header line likely to be a secret?
inline bool is_secret(std::string_view name) {
    std::string lower(name);
    for (char& c : lower)
        c = http::detail::ascii_lower(c);
    for (const auto* word : {"key", "auth", "token", "secret", "cookie", "password"})
        if (lower.find(word) != std::string::npos)
            return true;
    return false;
}

} // namespace leat::llm::detail
