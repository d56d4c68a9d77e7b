#include "support/catch.hpp"
#include "vectors/vectors.hpp"

#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/sse.hpp>

#include <coroutine>
#include <random>
#include <stdexcept>
#include <thread>

namespace llm = leat::llm;
namespace sse = leat::sse;
using namespace std::literals;

namespace {

leat::async_generator<std::string_view> body_of(std::vector<std::string> chunks) {
    for (auto& c : chunks)
        co_yield std::string_view(c);
}

using texts = std::vector<std::string>;

/// The tokens, and then how it ended: "done", or "error: the server's words".
template <class Tokens> texts read(Tokens tokens) {
    texts out;
    auto all = [](Tokens& from, texts& to) -> leat::task<> {
        while (auto token = co_await from.next())
            to.emplace_back(*token);
        auto after = co_await from.next();
        if (after)
            throw std::logic_error("a token after the end");
    };
    try {
        leat::sync_wait(all(tokens, out));
        out.emplace_back(to_string(tokens.reason().value()));
    } catch (const llm::error& e) {
        CHECK(tokens.reason() == e.reason());
        out.push_back(std::string(to_string(e.reason())) + ": " + e.server_message());
        bool more = true;
        auto once = [](Tokens& from, bool& got) -> leat::task<> {
            auto token = co_await from.next();
            got = static_cast<bool>(token);
        };
        leat::sync_wait(once(tokens, more));
        CHECK_FALSE(more); // stays at the end
    }
    return out;
}

template <class Dialect> texts answer(Dialect dialect, const std::vector<std::string>& documents) {
    std::string wire;
    for (const auto& d : documents)
        if (Dialect::media_type == "text/event-stream")
            sse::write_data(wire, d);
        else
            wire += d + "\n";
    return read(llm::tokens(body_of({wire}), dialect));
}

std::string chat(const std::string& content, const std::string& finish = "null") {
    return R"({"choices":[{"index":0,"delta":{"content":")" + content + R"("},"finish_reason":)" + finish +
           "}]}";
}

} // namespace

TEST_CASE("tokens take bytes or events, and fit into pipelines") {
    std::string wire;
    sse::write_data(wire, chat("a"));
    sse::write_data(wire, chat("b", "\"stop\""));
    sse::write_data(wire, "[DONE]");
    const texts expected = {"a", "b", "done"};
    CHECK(read(llm::tokens(body_of({wire}), llm::openai_chat)) == expected);
    CHECK(read(llm::tokens(sse::events(body_of({wire})), llm::openai_chat)) == expected);
    CHECK(read(body_of({wire}) | sse::events() | llm::tokens(llm::openai_chat)) == expected);
    auto bytes = [](std::string all) -> leat::async_generator<std::span<const std::byte>> {
        co_yield std::as_bytes(std::span(all));
    };
    CHECK(read(llm::tokens(bytes(wire), llm::openai_chat)) == expected);

    auto relay = body_of({wire}) | llm::tokens(llm::openai_chat) |
                 leat::transform([](std::string_view t) { return "<" + std::string(t) + ">"; }) |
                 sse::write();
    texts out;
    auto all = [](auto& from, texts& to) -> leat::task<> {
        while (auto w = co_await from.next())
            to.emplace_back(*w);
    };
    leat::sync_wait(all(relay, out));
    CHECK(out == texts{"data: \"<a>\"\n\n", "data: \"<b>\"\n\n"});
}

TEST_CASE("a source that is stopped early is not asked again, and the answer is truncated") {
    bool asked = false;
    auto source = [](bool& asked_again) -> leat::async_generator<std::string> {
        std::string wire;
        sse::write_data(wire, chat("a"));
        co_yield wire;
        asked_again = true;
        co_yield wire;
    };
    CHECK(read(source(asked) | leat::take(1) | llm::tokens(llm::openai_chat)) == texts{"a", "truncated: "});
    CHECK_FALSE(asked);
}

TEST_CASE("the stream knows why the model stopped") {
    std::string wire;
    sse::write_data(wire, chat("a"));
    sse::write_data(wire, chat("", "\"length\""));
    auto tokens = llm::tokens(body_of({wire}), llm::openai_chat);
    CHECK_FALSE(tokens.reason());
    auto all = [](auto& from) -> leat::task<> {
        while (auto t = co_await from.next())
            CHECK(*t == "a");
    };
    leat::sync_wait(all(tokens));
    CHECK(tokens.reason() == llm::end_reason::eof_after_finish);
    CHECK(tokens.finish_reason() == "length");
}

TEST_CASE("after the end mark nothing more is asked for, and the source is closed") {
    bool asked = false, closed = false;
    auto source = [](bool& asked_, bool& closed_) -> leat::async_generator<std::string> {
        co_await leat::on_close([&closed_]() -> leat::task<> {
            closed_ = true;
            co_return;
        });
        std::string wire;
        sse::write_data(wire, chat("a"));
        sse::write_data(wire, "[DONE]");
        sse::write_data(wire, chat("late"));
        co_yield wire;
        asked_ = true;
        co_yield wire;
    };
    CHECK(read(llm::tokens(source(asked, closed), llm::openai_chat)) == texts{"a", "done"});
    CHECK_FALSE(asked);
    CHECK(closed);
}

TEST_CASE("openai_chat: habits of its many speakers") {
    const auto& d = llm::openai_chat;
    CHECK(
        answer(d, {R"({"choices":[{"delta":{"content":"x"},"index":1},{"delta":{"content":"a"},"index":0}]})",
                   "[DONE]"}) ==
        texts{"a", "done"}); // the index may come after the delta, and the choice second
    CHECK(answer(d, {R"({"choices":[{"delta":{"content":"a"}},{"delta":{"content":"x"}}]})", "[DONE]"}) ==
          texts{"a", "done"}); // without an index the position counts
    CHECK(answer(d, {chat("a"), " [DONE]"}) == texts{"a", "done"});
    CHECK(answer(d, {chat("a"), "", "  ", "[DONE]"}) == texts{"a", "done"});
    CHECK(answer(d, {"[]", "5", "\"x\"", "null", "{}", chat("a"), "[DONE]"}) == texts{"a", "done"});
    CHECK(answer(d, {R"({"choices":{"index":0,"delta":{"content":"x"}}})", chat("a"), "[DONE]"}) ==
          texts{"a", "done"});
    CHECK(
        answer(
            d,
            {R"({"choices":[{"index":0,"delta":{"content":"a","tool_calls":[{"index":3,"delta":{"content":"x"}}]}}]})",
             "[DONE]"}) == texts{"a", "done"});
    CHECK(answer(d, {"[DONE]"}) == texts{"done"});
    CHECK(answer(d, {}) == texts{"truncated: "});
}

TEST_CASE("openai_chat: errors in the stream") {
    const auto& d = llm::openai_chat;
    CHECK(answer(d, {chat("a"), R"({"error":{"message":"boom","type":"server_error","code":500}})",
                     "[DONE]"}) == texts{"a", "error: boom"}); // the end mark after it does not make it good
    CHECK(answer(d, {R"({"object":"error","message":"old vLLM"})"}) == texts{"error: old vLLM"});
    CHECK(
        answer(
            d,
            {R"({"error":{"code":502,"message":"up"},"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"error"}]})"}) ==
        texts{"a", "error: up"}); // OpenRouter: both in one event; the token first
    CHECK(
        answer(d, {chat("a"),
                   R"({"choices":[{"index":0,"delta":{},"finish_reason":"error","error":{"message":"up"}}]})",
                   "[DONE]"}) == texts{"a", "error: up"});
    CHECK(answer(d, {R"({"error":{}})"}) == texts{"error: "});
    CHECK(answer(d, {R"({"error":true})"}) == texts{"error: "});
    CHECK(answer(d, {R"({"error":7})"}) == texts{"error: "});
    CHECK(answer(d, {R"({"error":null})", R"({"error":false})", R"({"error":""})", chat("a"), "[DONE]"}) ==
          texts{"a", "done"});
    std::string wire;
    sse::write(wire, {.type = "error", .data = "plain words"});
    CHECK(read(llm::tokens(body_of({wire}), d)) == texts{"error: plain words"});
    wire.clear();
    sse::write(wire, {.type = "error", .data = R"({"detail":"x"})"});
    CHECK(read(llm::tokens(body_of({wire}), d)) == texts{R"(error: {"detail":"x"})"});
}

TEST_CASE("what() tells the kind of an error, but not the server's words") {
    const auto what_of = [](const std::string& document) {
        std::string wire;
        sse::write_data(wire, document);
        auto tokens = llm::tokens(body_of({wire}), llm::openai_chat);
        auto once = [](auto& from) -> leat::task<> {
            auto t = co_await from.next();
            CHECK_FALSE(t);
        };
        try {
            leat::sync_wait(once(tokens));
        } catch (const llm::error& e) {
            CHECK(e.server_type().size() > 2);
            return std::string(e.what());
        }
        return std::string("no error");
    };
    const std::string named = what_of(R"({"error":{"message":"secret","type":"server_error"}})");
    CHECK_THAT(named, Catch::Contains("(server_error)"));
    CHECK_THAT(named, !Catch::Contains("secret"));
    CHECK_THAT(what_of(R"({"error":{"message":"x","type":"sk-123"}})"), !Catch::Contains("sk-"));
}

TEST_CASE("what is not JSON ends the stream, and is not repeated") {
    for (const auto* bad :
         {"{\"secret\":", "secret", "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"secret\"}}]} x",
          "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"secret\"}", "{\"secret\":1e999}", "\"\\ud8",
          "{\"a\":\"\\", "\"\\ud83d\\u\""}) {
        INFO(bad);
        CHECK(answer(llm::openai_chat, {chat("a"), bad, "[DONE]"}) == texts{"a", "bad_json: "});
    }
    std::string wire;
    sse::write_data(wire, R"({"secret":)");
    auto tokens = llm::tokens(body_of({wire}), llm::openai_chat);
    auto once = [](auto& from) -> leat::task<> {
        auto t = co_await from.next();
        CHECK_FALSE(t);
    };
    try {
        leat::sync_wait(once(tokens));
        FAIL("no error");
    } catch (const llm::error& e) {
        CHECK_THAT(e.what(), Catch::Contains("at byte 11 of 10"));
        CHECK_THAT(e.what(), !Catch::Contains("secret"));
    }
}

TEST_CASE("halves of characters") {
    const auto& d = llm::openai_chat;
    CHECK(answer(d, {chat("\\ud83d"), chat("\\ude00"), "[DONE]"}) == texts{"\xF0\x9F\x98\x80", "done"});
    CHECK(answer(d, {chat("a\\uD83D"), chat(""), R"({"choices":[]})", chat("\\uDE00"), "[DONE]"}) ==
          texts{"a", "\xF0\x9F\x98\x80", "done"}); // held over events without text
    CHECK(answer(d, {chat("\\ud83d"), "[DONE]"}) == texts{"\xEF\xBF\xBD", "done"});
    CHECK(answer(d, {chat("\\ud83d")}) == texts{"\xEF\xBF\xBD", "truncated: "});
    CHECK(answer(d, {chat("\\ude00x\\ud83d\\ud83d\\ude00"), "[DONE]"}) ==
          texts{"\xEF\xBF\xBDx\xEF\xBF\xBD\xF0\x9F\x98\x80", "done"});
    CHECK(answer(d, {chat("\\\\ud83d"), "[DONE]"}) == texts{"\\ud83d", "done"}); // an escaped backslash
    // U+FDD0 is the mark inside: it has to survive, raw and escaped, beside halves and alone.
    CHECK(answer(d, {chat("\xEF\xB7\x90"
                          "d83d\\ufdd0\\ud83d"),
                     chat("\\ude00\xEF\xB7\x90"), "[DONE]"}) == texts{"\xEF\xB7\x90"
                                                                      "d83d\xEF\xB7\x90",
                                                                      "\xF0\x9F\x98\x80\xEF\xB7\x90",
                                                                      "done"});
    CHECK(answer(d, {chat("\xEF\xB7\x90"
                          "d83d\\ufdd0"),
                     "[DONE]"}) == texts{"\xEF\xB7\x90"
                                         "d83d\xEF\xB7\x90",
                                         "done"});
}

TEST_CASE("any text cut at any UTF-16 unit comes back") {
    const auto seed = std::random_device{}();
    std::mt19937 random(seed);
    INFO("seed " << seed);
    // The text as UTF-16, sent in pieces of one to three units, everything escaped.
    for (int round = 0; round != 200; ++round) {
        std::vector<unsigned> units;
        std::string expected;
        for (int i = 0; i != 20; ++i) {
            const auto pick = random() % 4;
            if (pick == 0) {
                units.insert(units.end(), {0xD83D, 0xDE00});
                expected += "\xF0\x9F\x98\x80";
            } else if (pick == 1) {
                units.push_back(0xFDD0);
                expected += "\xEF\xB7\x90";
            } else {
                units.push_back('a' + i);
                expected += static_cast<char>('a' + i);
            }
        }
        texts events;
        for (std::size_t at = 0; at < units.size();) {
            std::string piece;
            for (auto n = 1 + random() % 3; n != 0 && at < units.size(); --n) {
                char escaped[8];
                std::snprintf(escaped, sizeof escaped, "\\u%04x", units[at++]);
                piece += escaped;
            }
            events.push_back(chat(piece));
        }
        events.emplace_back("[DONE]");
        std::string got;
        for (const auto& t : answer(llm::openai_chat, events))
            got += t;
        REQUIRE(got == expected + "done");
    }
}

TEST_CASE("openai_responses") {
    const auto& d = llm::openai_responses;
    CHECK(answer(d, {R"({"delta":"a","type":"response.output_text.delta"})",
                     R"({"type":"response.incomplete","response":{}})"}) == texts{"a", "done"});
    CHECK(answer(d, {R"({"type":"response.reasoning_text.delta","delta":"x"})",
                     R"({"type":"response.completed"})"}) == texts{"done"});
    CHECK(answer(d, {R"({"type":"error","code":"c","message":"beside"})"}) == texts{"error: beside"});
    CHECK(answer(d, {R"({"type":"error","error":{"message":"inside"}})"}) == texts{"error: inside"});
    CHECK(answer(d, {R"({"type":"response.output_text.delta","delta":"a"})", "[DONE]"}) ==
          texts{"a", "truncated: "});
}

TEST_CASE("anthropic") {
    const auto& d = llm::anthropic;
    const std::string a =
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}})";
    CHECK(answer(d, {a, R"({"type":"message_delta","delta":{"stop_reason":"end_turn"}})"}) ==
          texts{"a", "eof_after_finish"});
    CHECK(answer(d, {a, R"({"type":"message_stop"})", a}) == texts{"a", "done"});
    CHECK(answer(d, {a, R"({"type":"message_delta","delta":{"stop_reason":null}})"}) ==
          texts{"a", "truncated: "});
    CHECK(answer(d, {R"({"type":"ping"})",
                     R"({"type":"error","error":{"type":"overloaded_error","message":"busy"}})"}) ==
          texts{"error: busy"});
}

TEST_CASE("gemini") {
    const auto& d = llm::gemini;
    CHECK(
        answer(
            d,
            {R"({"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"a"},{"text":"b"}]},"finishReason":"STOP"}]})"}) ==
        texts{"ab", "eof_after_finish"});
    CHECK(
        answer(
            d,
            {R"({"candidates":[{"index":1,"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"},{"content":{"parts":[{"text":"a"}]}}]})"}) ==
        texts{"a", "truncated: "});
    CHECK(answer(d, {R"({"promptFeedback":{"blockReason":"SAFETY"}})"}) ==
          texts{"error: the prompt was blocked"});
    CHECK(answer(d, {R"({"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}})"}) ==
          texts{"error: busy"});
    CHECK(answer(d, {R"([{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}])"}) ==
          texts{"error: bad"});
}

TEST_CASE("ollama") {
    const auto& d = llm::ollama;
    CHECK(answer(d, {R"({"response":"a","done":false})",
                     R"({"response":"","done":true,"done_reason":"stop"})"}) ==
          texts{"a", "done"}); // /api/generate
    CHECK(answer(d, {R"({"message":{"content":"a"},"done":false})", "", R"({"done":true})",
                     R"({"response":"late"})"}) == texts{"a", "done"});
    CHECK(read(llm::tokens(body_of({"{\"response\":\"a\xFF\",\"done\":false}\r\n{\"done\":true}"}), d)) ==
          texts{"a\xEF\xBF\xBD", "done"});
    CHECK(read(llm::tokens(body_of({"{\"response\":\"a\",\"done\":false}\n{\"respo"}), d)) ==
          texts{"a", "bad_json: "});
}

TEST_CASE("events and lines over the limit are refused") {
    const auto limited = [](auto dialect, std::size_t limit) {
        const std::string document = R"({"response":"a","x":")" + std::string(1000, 'x') + "\"}";
        std::string wire = document + "\n";
        if (dialect.media_type == "text/event-stream") {
            wire.clear();
            sse::write_data(wire, document);
        }
        read(llm::tokens(body_of(vectors::bytes_of(wire)), dialect,
                         llm::tokens_options{.max_event_bytes = limit}));
    };
    CHECK_NOTHROW(limited(llm::ollama, 1100));
    CHECK_THROWS_AS(limited(llm::ollama, 1000), llm::line_too_large);
    CHECK_NOTHROW(limited(llm::openai_chat, 1100));
    CHECK_THROWS_AS(limited(llm::openai_chat, 1000), sse::event_too_large);
}

TEST_CASE("hostile documents") {
    const auto& d = llm::openai_chat;
    const std::string deep(100'000, '[');
    CHECK(answer(d, {chat("a"), deep}) == texts{"a", "bad_json: "});
    CHECK(answer(d, {chat("a"), deep + std::string(100'000, ']'), "[DONE]"}) == texts{"a", "done"});
    std::string objects;
    for (int i = 0; i != 50'000; ++i)
        objects += "{\"choices\":[";
    std::string ends;
    for (int i = 0; i != 50'000; ++i)
        ends += "]}";
    CHECK(answer(d, {objects + ends, chat("a"), "[DONE]"}) == texts{"a", "done"});
    CHECK(answer(d, {R"({"choices":[{"index":18446744073709551615,"delta":{"content":"x"}}]})", chat("a"),
                     "[DONE]"}) == texts{"a", "done"});
    // The same names elsewhere in the document are something else.
    CHECK(answer(d, {R"({"a":[{"choices":[{"index":0,"delta":{"content":"x"}}]}]})", chat("a"), "[DONE]"}) ==
          texts{"a", "done"});
}

TEST_CASE("the source's error wins, after the tokens before it") {
    auto cut = []() -> leat::async_generator<std::string> {
        std::string wire;
        sse::write_data(wire, chat("a"));
        co_yield wire;
        throw std::runtime_error("connection cut");
    };
    auto tokens = llm::tokens(cut(), llm::openai_chat);
    texts out;
    auto all = [](auto& from, texts& to) -> leat::task<> {
        while (auto t = co_await from.next())
            to.emplace_back(*t);
    };
    CHECK_THROWS_WITH(leat::sync_wait(all(tokens, out)), "connection cut");
    CHECK(out == texts{"a"});
}

namespace {

/// Threads that start one another. Joined in that order, so that each one is stored before it is looked at.
struct chain_of_threads {
    std::jthread all[4];
    ~chain_of_threads() {
        for (auto& thread : all)
            if (thread.joinable())
                thread.join();
    }
};

/// Goes on in another thread, so that the reader really waits.
class elsewhere {
public:
    explicit elsewhere(std::jthread& thread) : thread_(thread) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) {
        std::jthread& slot = thread_; // once the thread runs, this awaiter may be gone
        slot = std::jthread([h] { h.resume(); });
    }
    void await_resume() const noexcept {}

private:
    std::jthread& thread_;
};

leat::async_generator<std::string_view> slow_body_of(std::string wire, chain_of_threads& threads) {
    std::string_view all = wire;
    for (auto& thread : threads.all) {
        co_await elsewhere(thread);
        const std::string_view chunk = all.substr(0, wire.size() / 3);
        all.remove_prefix(chunk.size());
        co_yield chunk;
    }
}

} // namespace

TEST_CASE("a source that makes its reader wait, into every kind of end") {
    for (const bool with_done : {true, false}) {
        std::string wire;
        sse::write_data(wire, chat("a"));
        sse::write_data(wire, chat("b\\ud83d"));
        if (with_done)
            sse::write_data(wire, "[DONE]");
        {
            chain_of_threads threads;
            CHECK(read(llm::tokens(slow_body_of(wire, threads), llm::openai_chat)) ==
                  texts{"a", "b", "\xEF\xBF\xBD", with_done ? "done" : "truncated: "});
        }
        texts out;
        chain_of_threads threads;
        auto all = llm::tokens(slow_body_of(wire, threads), llm::openai_chat) | sse::write() |
                   leat::for_each([&](std::string_view w) { out.emplace_back(w); });
        if (with_done)
            CHECK_NOTHROW(leat::sync_wait(std::move(all)));
        else
            CHECK_THROWS_AS(leat::sync_wait(std::move(all)), llm::error);
        CHECK(out == texts{"data: \"a\"\n\n", "data: \"b\"\n\n", "data: \"\xEF\xBF\xBD\"\n\n"});
    }
}

TEST_CASE("check_response") {
    const auto reason_of = [](llm::response_head head) {
        try {
            llm::check_response(head);
            return "ok"s;
        } catch (const llm::error& e) {
            CHECK(e.status() == head.status);
            CHECK_THAT(e.what(), !Catch::Contains("sk-"));
            return std::string(to_string(e.reason()));
        }
    };
    CHECK(reason_of({.status = 200, .content_type = "text/event-stream"}) == "ok");
    CHECK(reason_of({.status = 200, .content_type = "Text/Event-Stream ; charset=utf-8"}) == "ok");
    CHECK(reason_of({.status = 201, .content_type = "text/event-stream;x"}) == "ok");
    CHECK(reason_of({.status = 200, .content_type = "text/event-streams"}) == "bad_content_type");
    CHECK(reason_of({.status = 200, .content_type = ""}) == "bad_content_type");
    CHECK(reason_of({.status = 204, .content_type = "text/event-stream"}) == "http_error");
    CHECK(reason_of({.status = 302, .content_type = "text/event-stream"}) == "http_error");
    CHECK(reason_of({.status = 0}) == "http_error");
    const std::string body = R"({"error":{"message":"Incorrect key )"
                             "sk-abc"
                             R"(\u001b[31m\n","type":"sk-123","code":7}})";
    CHECK(reason_of({.status = 401, .content_type = "application/json", .body = body}) == "http_error");
    CHECK(reason_of({.status = 500, .content_type = "text/html", .body = "<html>sk-"}) == "http_error");
    try {
        llm::check_response({.status = 401, .body = body});
        FAIL("no error");
    } catch (const llm::error& e) {
        CHECK(e.server_message() == "Incorrect key sk-abc [31m ");
        CHECK(e.server_code() == "7");
        CHECK_THAT(e.what(), Catch::Contains("401"));
    }
    const auto seconds = [](std::string_view header) { return llm::detail::retry_after_of(header); };
    CHECK(seconds("20") == 20s);
    CHECK(seconds("99999999999999999999999999") == std::chrono::seconds(365LL * 24 * 3600));
    CHECK_FALSE(seconds(""));
    CHECK_FALSE(seconds("-1"));
    CHECK_FALSE(seconds("Wed, 21 Oct 2015 07:28:00 GMT"));
    const std::string long_text(10'000, 'x');
    CHECK(llm::detail::harmless(long_text).size() == 4096);
}
