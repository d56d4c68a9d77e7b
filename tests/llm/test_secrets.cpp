// Servers are known to repeat the key they were sent in what they say of an error. Nobody gets to see it.
#include "http/fixture.hpp"

#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/llm/chat.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace leat::test;
using leat::executor;
using leat::task;
namespace http = leat::http;
namespace llm = leat::llm;

namespace {

const std::string key = "sesame";

/// All that an error has to say.
struct words {
    std::string reason = "none", what = {}, message = {}, type = {}, code = {};
    bool has(std::string_view text) const {
        return (what + "|" + message + "|" + type + "|" + code).find(text) != std::string::npos;
    }
};
words of(const llm::error& e) {
    return {std::string(to_string(e.reason())), e.what(), e.server_message(), e.server_type(),
            e.server_code()};
}

/// An error in the stream, in each dialect's shape, whose every part repeats what the server was sent.
template <class Dialect> std::string error_in(const Dialect&, const std::string& sent) {
    const std::string about =
        R"({"message":"wrong key: )" + sent + R"(!","type":")" + sent + R"(","code":")" + sent + R"("})";
    if (Dialect::media_type != "text/event-stream")
        return R"({"error":"wrong key: )" + sent + "!\"}\n";
    if constexpr (std::is_same_v<Dialect, llm::openai_responses_t>)
        return R"(data: {"type":"response.failed","response":{"error":)" + about + "}}\n\n";
    return R"(data: {"type":"error","error":)" + about + "}\n\n";
}

template <class Dialect, class Ask> words ask_and_fail(Dialect dialect, http_server& server, Ask make) {
    words got;
    leat::run([&](executor ex) -> task<> {
        http::client client(ex, quiet());
        llm::chat_request ask("m");
        ask.base_url = server.url("");
        make(ask);
        try {
            auto response = co_await llm::chat(client, ask, dialect);
            auto tokens = response.tokens();
            while (auto token = co_await tokens.next()) {
            }
        } catch (const llm::error& e) {
            got = of(e);
        }
    });
    return got;
}

template <class Dialect> void repeats_in_the_stream(Dialect dialect) {
    INFO(Dialect::media_type);
    http_server server([&](exchange& x) {
        const std::string sent =
            x.header("Authorization") + x.header("x-api-key") + x.header("x-goog-api-key");
        x.head(200, {{"Content-Type", std::string(Dialect::media_type)}});
        x.write(error_in(dialect, sent.find(key) != sent.npos ? key : "not sent"));
    });
    const words got = ask_and_fail(dialect, server, [](llm::chat_request& ask) { ask.api_key = key; });
    CHECK(got.reason == "error");
    CHECK(got.message == "wrong key: [key]!");
    CHECK_FALSE(got.has(key));
}

leat::async_generator<std::string_view> body_of(std::string text) { co_yield std::string_view(text); }

template <class Stream> words failure_of(Stream stream) {
    auto all = [](Stream& s) -> task<> {
        while (auto x = co_await s.next()) {
        }
    };
    try {
        leat::sync_wait(all(stream));
    } catch (const llm::error& e) {
        return of(e);
    }
    return {};
}

} // namespace

TEST_CASE("secrets: chat takes the key out of errors in the stream, in each dialect", "[http]") {
    repeats_in_the_stream(llm::openai_chat);
    repeats_in_the_stream(llm::openai_responses);
    repeats_in_the_stream(llm::anthropic);
    repeats_in_the_stream(llm::gemini);
    repeats_in_the_stream(llm::ollama);
}

TEST_CASE("secrets: chat knows keys in headers and queries too", "[http]") {
    for (const bool in_stream : {true, false}) {
        http_server server([&](exchange& x) {
            const std::string said = x.target() + " " + x.header("Authorization") + " " +
                                     x.header("api-key") + " " + x.header("Cookie");
            if (!in_stream)
                return x.answer(401, said, {{"Content-Type", "text/plain"}});
            x.head(200, {{"Content-Type", "text/event-stream"}});
            x.write("event: error\ndata: " + said + "\n\n");
        });
        const words got = ask_and_fail(llm::openai_chat, server, [&](llm::chat_request& ask) {
            ask.base_url.clear();
            ask.url = server.url("/chat?v=1&key=hidden-in-query&last=2");
            ask.headers.add("Authorization", "Bearer hidden-behind-bearer");
            ask.headers.add("api-key", "hidden-in-header");
            ask.headers.add("Cookie", "a=hidden1; b=hidden2");
            ask.headers.add("X-Max-Tokens", "2"); // no secret, whatever its name is
        });
        CHECK(got.reason == (in_stream ? "error" : "http_error"));
        CHECK_FALSE(got.has("hidden"));
        CHECK(got.message == "/chat?v=1&key=[key]&last=2 Bearer [key] [key] [key] [key]");
    }
}

TEST_CASE("secrets: a stream can be told what to hide") {
    const std::string wire = R"(data: {"error":{"message":"no sesame/1 and \u0073esame","type":"sesame"}})"
                             "\n\n";
    auto tokens = llm::tokens(body_of(wire), llm::openai_chat);
    tokens.hide("sesame");
    tokens.hide("sesame/1");
    const words got = failure_of(std::move(tokens));
    CHECK(got.message == "no [key] and [key]");
    CHECK(got.type == "[key]");
    CHECK_FALSE(got.has("sesame"));

    auto deltas = llm::deltas(body_of("event: error\ndata: sesame is wrong\n\n"), llm::anthropic);
    deltas.hide("sesame");
    deltas.hide("");
    CHECK(failure_of(std::move(deltas)).message == "[key] is wrong");

    CHECK(failure_of(llm::tokens(body_of(wire), llm::openai_chat)).has("sesame")); // nobody knows what it is
}

TEST_CASE("secrets: check_response can be told, too") {
    for (const std::string body :
         {R"({"error":{"message":"wrong: sesame","type":"sesame"}})", "wrong: sesame"}) {
        words got;
        try {
            llm::check_response({.status = 401, .body = body, .secret = "sesame"}, llm::openai_chat);
        } catch (const llm::error& e) {
            got = of(e);
        }
        CHECK(got.reason == "http_error");
        CHECK(got.message == "wrong: [key]");
        CHECK_FALSE(got.has("sesame"));
    }
}
