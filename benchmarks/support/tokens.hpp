#pragma once

#include "../../examples/support/model_server.hpp"
#include "sample.hpp"

#include <leat/asio.hpp>
#include <leat/http.hpp>
#include <leat/leat.hpp>
#include <leat/llm.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The tokens of a language model's answer, over HTTP.
namespace bench::tokens {

inline std::vector<std::string> words() {
    return {"A",     " leat", " is",   " the", " channel", " that", " brings", " water", " to", " a",
            " mill", ",",     " when", " the", " mill",    " asks", " for",    " it",    ".",   "\n"};
}

/// What the reader does with a token.
inline std::uint64_t look_at(std::string_view token) {
    std::uint64_t sum = token.size();
    for (const char c : token)
        sum += static_cast<unsigned char>(c);
    return sum;
}

inline leat::http::request question(const std::string& url, std::size_t size) {
    leat::http::request ask("POST", url);
    ask.add("Content-Type", "application/json");
    ask.body = R"({"model":"mill-1","stream":true,"max_tokens":)" + std::to_string(size) +
               R"(,"messages":[{"role":"user","content":"What is a leat?"}]})";
    return ask;
}

inline leat::async_generator<std::string_view> once(std::string_view text) { co_yield text; }

/// How it is done without streams: the whole answer, then the work. The same client and the same parser.
inline result eager(const std::string& url, std::size_t size) {
    return leat::run([&](leat::executor ex) -> leat::task<result> {
        leat::http::client client(ex);
        sample s;
        std::uint64_t check = 0;
        auto response = co_await client.send(question(url, size));
        response.ensure_ok().ensure_content_type("text/event-stream");
        const std::string body = co_await response.text(std::size_t{1} << 34);
        auto tokens = leat::llm::tokens(once(body), leat::llm::openai_chat);
        while (auto token = co_await tokens.next()) {
            s.element();
            check += look_at(*token);
        }
        co_return s.stop(check);
    });
}

inline result streamed(const std::string& url, std::size_t size) {
    return leat::run([&](leat::executor ex) -> leat::task<result> {
        leat::http::client client(ex);
        sample s;
        std::uint64_t check = 0;
        auto response = co_await client.send(question(url, size));
        response.ensure_ok().ensure_content_type("text/event-stream");
        auto tokens = leat::llm::tokens(response.body(), leat::llm::openai_chat);
        while (auto token = co_await tokens.next()) {
            s.element();
            check += look_at(*token);
        }
        co_return s.stop(check);
    });
}

} // namespace bench::tokens
