// The request that is sent for each dialect, and what is done with answers that are none. The server is ours, over a real
// socket of this machine.
#include "http/fixture.hpp"

#include <leat/adaptor/stop_on.hpp>
#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/llm/chat.hpp>
#include <leat/sse.hpp>

#include <nlohmann/json.hpp>

#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

using namespace leat::test;
using leat::executor;
using leat::task;
using nlohmann::json;
namespace http = leat::http;
namespace llm = leat::llm;

namespace {

const std::string key = "sk-very-secret";

/// An answer of two tokens in each dialect.
std::string answer_in(const llm::openai_chat_t&) {
    return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A\"}}]}\n\n"
           "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" "
           "leat\"},\"finish_reason\":\"stop\"}]}\n\n"
           "data: [DONE]\n\n";
}
std::string answer_in(const llm::openai_responses_t&) {
    return "data: {\"type\":\"response.output_text.delta\",\"delta\":\"A\"}\n\n"
           "data: {\"type\":\"response.output_text.delta\",\"delta\":\" leat\"}\n\n"
           "data: {\"type\":\"response.completed\"}\n\n";
}
std::string answer_in(const llm::anthropic_t&) {
    return "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"A "
           "leat\"}}\n\n"
           "data: {\"type\":\"message_stop\"}\n\n";
}
std::string answer_in(const llm::gemini_t&) {
    return "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"A "
           "leat\"}]},\"finishReason\":\"STOP\"}]}\r\n\r\n";
}
std::string answer_in(const llm::ollama_t&) {
    return "{\"message\":{\"content\":\"A leat\"},\"done\":false}\n{\"done\":true}\n";
}

/// What the server has seen of a request.
struct seen {
    std::string target;
    json body;
    std::vector<std::string> headers; // "name: value", of those that were asked for
};

/// A conversation with all that there is: a system message, a tool, its call and result.
llm::chat_request conversation(const std::string& base) {
    llm::chat_request ask("mill/1");
    ask.base_url = base;
    ask.api_key = key;
    ask.system("You are a miller.").user("How much water?");
    ask.tool("gauge", "Reads the gauge", {{"type", "object"}});
    llm::answer said;
    said.text = "I look.";
    said.tool_calls.push_back({.id = "c1", .name = "gauge", .arguments = R"({"at":"mill"})"});
    ask.reply(said);
    ask.result(said.tool_calls.front(), "3 feet");
    ask.extra["temperature"] = 0.5;
    return ask;
}

/// Sends it, and gives the text of the answer.
template <class Dialect>
seen ask_and_look(Dialect dialect, llm::chat_request (*make)(const std::string&),
                  const std::vector<std::string>& headers, std::string& text) {
    seen out;
    http_server server([&](exchange& x) {
        out.target = x.target();
        out.body = json::parse(x.body());
        for (const auto& name : headers)
            out.headers.push_back(x.header(name));
        x.head(200, {{"Content-Type", std::string(Dialect::media_type)}});
        x.write(answer_in(dialect));
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        llm::chat_request ask = make(server.url("/v1/"));
        auto answer = co_await llm::chat(client, ask, dialect);
        CHECK(answer.status() == 200);
        CHECK(answer.headers().contains("content-type"));
        auto tokens = answer.tokens();
        while (auto token = co_await tokens.next())
            text += *token;
        CHECK(tokens.reason().has_value());
    });
    return out;
}

/// How asking once goes wrong.
struct failure {
    std::string reason; // of llm::error, or the kind of http::error
    std::string what, message;
    int status = 0;
    std::optional<std::chrono::seconds> retry_after;
};

task<failure> ask_in_vain(http::client client, llm::chat_request ask) {
    failure f;
    try {
        auto answer = co_await llm::chat(client, ask, llm::openai_chat);
        f.reason = "none";
    } catch (const llm::error& e) {
        f = {std::string(to_string(e.reason())), e.what(), e.server_message(), e.status(), e.retry_after()};
    } catch (const http::error& e) {
        f = {"http " + std::string(to_string(e.kind())), e.what(), "", e.status(), std::nullopt};
    }
    CHECK_THAT(f.what, !Catch::Contains(key));
    CHECK_THAT(f.message, !Catch::Contains(key));
    co_return f;
}

failure fail_at(http_server& server, llm::chat_retry retry = {}) {
    return leat::run([&](executor ex) -> task<failure> {
        http::client client(ex, quiet());
        llm::chat_request ask("m");
        ask.base_url = server.url("");
        ask.api_key = key;
        ask.retry = retry;
        ask.user("secret question");
        failure f = co_await ask_in_vain(client, ask);
        co_return f;
    });
}

llm::chat_retry thrice() {
    llm::chat_retry retry;
    retry.attempts = 3;
    retry.first_delay = 1ms;
    return retry;
}

} // namespace

TEST_CASE("chat: what openai_chat is sent", "[http]") {
    std::string text;
    const seen got =
        ask_and_look(llm::openai_chat, conversation, {"Authorization", "Content-Type", "Accept"}, text);
    CHECK(text == "A leat");
    CHECK(got.target == "/v1/chat/completions");
    CHECK(got.headers == std::vector<std::string>{"Bearer " + key, "application/json", "text/event-stream"});
    CHECK(got.body == json::parse(R"({"model":"mill/1","stream":true,"stream_options":{"include_usage":true},
        "temperature":0.5,"messages":[{"role":"system","content":"You are a miller."},
        {"role":"user","content":"How much water?"},
        {"role":"assistant","content":"I look.","tool_calls":[{"id":"c1","type":"function","function":{"name":"gauge","arguments":"{\"at\":\"mill\"}"}}]},
        {"role":"tool","content":"3 feet","tool_call_id":"c1"}],
        "tools":[{"type":"function","function":{"name":"gauge","description":"Reads the gauge","parameters":{"type":"object"}}}]})"));
}

TEST_CASE("chat: what openai_responses is sent", "[http]") {
    std::string text;
    const seen got = ask_and_look(llm::openai_responses, conversation, {"Authorization"}, text);
    CHECK(text == "A leat");
    CHECK(got.target == "/v1/responses");
    CHECK(got.headers.front() == "Bearer " + key);
    CHECK(got.body == json::parse(R"({"model":"mill/1","stream":true,"temperature":0.5,
        "input":[{"role":"system","content":"You are a miller."},{"role":"user","content":"How much water?"},
        {"role":"assistant","content":"I look."},
        {"type":"function_call","call_id":"c1","name":"gauge","arguments":"{\"at\":\"mill\"}"},
        {"type":"function_call_output","call_id":"c1","output":"3 feet"}],
        "tools":[{"type":"function","name":"gauge","description":"Reads the gauge","parameters":{"type":"object"}}]})"));
}

TEST_CASE("chat: what anthropic is sent", "[http]") {
    std::string text;
    const seen got =
        ask_and_look(llm::anthropic, conversation, {"x-api-key", "anthropic-version", "Authorization"}, text);
    CHECK(text == "A leat");
    CHECK(got.target == "/v1/messages");
    CHECK(got.headers == std::vector<std::string>{key, "2023-06-01", ""});
    CHECK(got.body == json::parse(R"({"model":"mill/1","stream":true,"max_tokens":4096,"temperature":0.5,
        "system":"You are a miller.","messages":[
        {"role":"user","content":[{"type":"text","text":"How much water?"}]},
        {"role":"assistant","content":[{"type":"text","text":"I look."},{"type":"tool_use","id":"c1","name":"gauge","input":{"at":"mill"}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"3 feet"}]}],
        "tools":[{"name":"gauge","description":"Reads the gauge","input_schema":{"type":"object"}}]})"));
}

TEST_CASE("chat: what gemini is sent", "[http]") {
    std::string text;
    const seen got = ask_and_look(llm::gemini, conversation, {"x-goog-api-key", "Authorization"}, text);
    CHECK(text == "A leat");
    CHECK(got.target == "/v1/models/mill%2F1:streamGenerateContent?alt=sse");
    CHECK(got.headers == std::vector<std::string>{key, ""});
    CHECK(got.body ==
          json::parse(R"({"temperature":0.5,"systemInstruction":{"parts":[{"text":"You are a miller."}]},
        "contents":[{"role":"user","parts":[{"text":"How much water?"}]},
        {"role":"model","parts":[{"text":"I look."},{"functionCall":{"id":"c1","name":"gauge","args":{"at":"mill"}}}]},
        {"role":"user","parts":[{"functionResponse":{"id":"c1","name":"gauge","response":{"result":"3 feet"}}}]}],
        "tools":[{"functionDeclarations":[{"name":"gauge","description":"Reads the gauge","parameters":{"type":"object"}}]}]})"));
}

TEST_CASE("chat: what ollama is sent", "[http]") {
    std::string text;
    const seen got = ask_and_look(llm::ollama, conversation, {"Authorization", "Accept"}, text);
    CHECK(text == "A leat");
    CHECK(got.target == "/v1/api/chat");
    CHECK(got.headers == std::vector<std::string>{"Bearer " + key, "application/x-ndjson"});
    CHECK(got.body == json::parse(R"({"model":"mill/1","stream":true,"temperature":0.5,
        "messages":[{"role":"system","content":"You are a miller."},{"role":"user","content":"How much water?"},
        {"role":"assistant","content":"I look.","tool_calls":[{"function":{"name":"gauge","arguments":{"at":"mill"}}}]},
        {"role":"tool","content":"3 feet","tool_name":"gauge"}],
        "tools":[{"type":"function","function":{"name":"gauge","description":"Reads the gauge","parameters":{"type":"object"}}}]})"));
}

TEST_CASE("chat: a URL and headers of one's own; extra has the last word; text that is not UTF-8", "[http]") {
    std::string text;
    const seen got = ask_and_look(
        llm::openai_chat,
        [](const std::string& base) {
            llm::chat_request ask("m");
            ask.url = base + "deployments/d/chat/completions?api-version=1";
            ask.headers.add("api-key", key);
            ask.headers.add("accept", "*/*");
            ask.user("\xFF");
            ask.extra = {{"stream_options", nullptr}, {"model", "another"}};
            return ask;
        },
        {"api-key", "Accept", "Authorization"}, text);
    CHECK(got.target == "/v1/deployments/d/chat/completions?api-version=1");
    CHECK(got.headers == std::vector<std::string>{key, "*/*", ""});
    CHECK(
        got.body ==
        json::parse(R"({"model":"another","stream":true,"messages":[{"role":"user","content":"\ufffd"}]})"));
}

TEST_CASE("chat: what a model or a tool has said is sent on, whatever it is") {
    const std::string deep(100'000, '[');
    for (const std::string& said : {std::string(), std::string("no JSON"), std::string("[1]"), deep,
                                    "{\"x\":" + deep + std::string(100'000, ']') + "}"}) {
        llm::chat_request ask("m");
        llm::answer a;
        a.tool_calls.push_back({.id = "c", .name = "f", .arguments = said});
        ask.reply(a);
        ask.result(a.tool_calls.front(), said);
        const auto body = llm::detail::wire_of(llm::anthropic, ask).body;
        CHECK(body["messages"][0]["content"][0]["input"] == json::object());
        CHECK(body["messages"][1]["content"][0]["content"] == said);
        const auto gemini = llm::detail::wire_of(llm::gemini, ask).body;
        CHECK(gemini["contents"][0]["parts"][0]["functionCall"]["args"] == json::object());
        CHECK(gemini["contents"][1]["parts"][0]["functionResponse"]["response"]["result"] == said);
        CHECK(llm::detail::wire_of(llm::ollama, ask).body.dump().size() > 10);
    }
    llm::chat_request ask("m");
    llm::tool_call call;
    call.name = "f";
    ask.result(call, R"({"feet":3})");
    CHECK(llm::detail::wire_of(llm::gemini, ask).body["contents"][0]["parts"][0]["functionResponse"] ==
          json::parse(R"({"name":"f","response":{"feet":3}})"));
}

TEST_CASE("chat: deltas of an answer, as a whole", "[http]") {
    http_server server([&](exchange& x) {
        x.head(200, {{"Content-Type", "text/event-stream; charset=utf-8"}});
        x.write(answer_in(llm::openai_chat));
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        llm::chat_request ask("m");
        ask.base_url = server.url("");
        auto response = co_await llm::chat(client, ask); // openai_chat
        llm::answer whole = co_await llm::collect_answer(response.deltas());
        CHECK(whole.text == "A leat");
        CHECK(whole.finish_reason == "stop");
    });
}

TEST_CASE("chat: answers that are none are errors, and keep secrets", "[http]") {
    SECTION("401, whose words repeat the key") {
        http_server server([](exchange& x) {
            x.answer(401,
                     R"({"error":{"message":"Incorrect key: )" + x.header("Authorization") +
                         R"(","code":"k"}})",
                     {{"Content-Type", "application/json"}});
        });
        const failure f = fail_at(server);
        CHECK(f.reason == "http_error");
        CHECK(f.status == 401);
        CHECK(f.message == "Incorrect key: Bearer [key]");
        CHECK(f.message.find(key) == std::string::npos);
        CHECK_THAT(f.what, Catch::Contains("401"));
        CHECK(server.requests() == 1);
    }
    SECTION("plain words, cleaned") {
        http_server server([](exchange& x) {
            x.answer(404, "no such \x1b[31mmodel\n", {{"Content-Type", "text/plain"}});
        });
        const failure f = fail_at(server);
        CHECK(f.status == 404);
        CHECK(f.message == "no such  [31mmodel ");
        CHECK_THAT(f.what, !Catch::Contains("no such"));
    }
    SECTION("more words than anybody reads, and no end of them") {
        http_server server([](exchange& x) {
            x.head(500, {{"Content-Type", "text/plain"}});
            x.write(std::string(100'000, 'x'));
            x.wait_for_client_to_leave();
        });
        const failure f = fail_at(server);
        CHECK(f.status == 500);
        CHECK(f.message.size() == 4096);
    }
    SECTION("a page that says: log in") {
        http_server server([](exchange& x) { x.answer(200, "<html>", {{"Content-Type", "text/html"}}); });
        CHECK(fail_at(server, thrice()).reason == "bad_content_type");
        CHECK(server.requests() == 1);
    }
    SECTION("nothing") {
        http_server server([](exchange& x) { x.answer(204, "", {{"Content-Type", "text/event-stream"}}); });
        CHECK(fail_at(server).reason == "http_error");
    }
    SECTION("elsewhere: the request is not sent there") {
        http_server server([](exchange& x) { x.answer(307, "", {{"Location", "/other"}}); });
        const failure f = fail_at(server, thrice());
        CHECK(f.reason == "http_error");
        CHECK(f.status == 307);
        CHECK(server.requests() == 1);
    }
}

TEST_CASE("chat: asks again only where it may", "[http]") {
    const auto answers = [](std::vector<int> statuses, std::vector<exchange::field> fields = {}) {
        return [statuses, fields, n = std::make_shared<std::atomic<std::size_t>>(0)](exchange& x) {
            const std::size_t i = (*n)++;
            const int status = i < statuses.size() ? statuses[i] : 200;
            if (status == 200) {
                x.head(200, {{"Content-Type", "text/event-stream"}});
                x.write(answer_in(llm::openai_chat));
            } else
                x.answer(status, "{}", fields);
        };
    };
    SECTION("not unless it is told to") {
        http_server server(answers({429}));
        CHECK(fail_at(server).status == 429);
        CHECK(server.requests() == 1);
    }
    SECTION("after 429 and 5xx, until it is answered") {
        http_server server(answers({429, 529}, {{"retry-after-ms", "1"}}));
        CHECK(fail_at(server, thrice()).reason == "none");
        CHECK(server.requests() == 3);
    }
    SECTION("after each status that may pass") {
        for (const int status : {408, 409, 429, 500, 502, 503, 504, 529}) {
            INFO(status);
            http_server server(answers({status}, {{"retry-after-ms", "1"}}));
            CHECK(fail_at(server, thrice()).reason == "none");
            CHECK(server.requests() == 2);
        }
    }
    SECTION("as often as it may") {
        http_server server(answers({500, 500, 500, 500}));
        CHECK(fail_at(server, thrice()).status == 500);
        CHECK(server.requests() == 3);
    }
    SECTION("not after what will not change") {
        http_server server(answers({400}));
        CHECK(fail_at(server, thrice()).status == 400);
        CHECK(server.requests() == 1);
    }
    SECTION("not where the server says so") {
        http_server server(answers({503}, {{"x-should-retry", "false"}}));
        CHECK(fail_at(server, thrice()).status == 503);
        CHECK(server.requests() == 1);
    }
    SECTION("not where the server asks for too long a wait") {
        http_server server(answers({429}, {{"Retry-After", "3600"}}));
        const failure f = fail_at(server, thrice());
        CHECK(f.status == 429);
        CHECK(f.retry_after == 3600s);
        CHECK(server.requests() == 1);
    }
    SECTION("at once where the server says so") {
        http_server server(answers({503}, {{"Retry-After", "0"}}));
        llm::chat_retry slow = thrice();
        slow.first_delay = 1h;
        slow.max_delay = 1h;
        CHECK(fail_at(server, slow).reason == "none");
    }
    SECTION("never once it was sent and not answered") {
        http_server server([](exchange& x) { x.cut(); });
        CHECK(fail_at(server, thrice()).reason == "http cut_connection");
        CHECK(server.requests() == 1);
    }
    SECTION("where there is no server") {
        std::string gone;
        {
            http_server server([](exchange&) {});
            gone = server.url("");
        }
        const failure f = leat::run([&](executor ex) -> task<failure> {
            http::client client(ex, quiet());
            llm::chat_request ask("m");
            ask.base_url = gone;
            ask.retry = thrice();
            failure got = co_await ask_in_vain(client, ask);
            co_return got;
        });
        CHECK(f.reason == "http connect");
    }
}

TEST_CASE("chat: how long it waits") {
    using std::chrono::milliseconds;
    llm::chat_retry rule;
    rule.attempts = 100;
    for (int i = 0; i != 200; ++i) {
        const auto first = llm::detail::wait_before(1, rule, nullptr);
        REQUIRE(first);
        CHECK((*first >= 250ms && *first <= 500ms));
        const auto third = llm::detail::wait_before(3, rule, nullptr);
        CHECK((*third >= 1000ms && *third <= 2000ms));
        const auto late = llm::detail::wait_before(99, rule, nullptr);
        CHECK((*late >= 4s && *late <= 8s));
    }
    CHECK_FALSE(llm::detail::wait_before(100, rule, nullptr));
    rule.first_delay = milliseconds(0);
    CHECK(llm::detail::wait_before(1, rule, nullptr) == milliseconds(0));
    rule.first_delay = rule.max_delay = milliseconds::max();
    CHECK(llm::detail::wait_before(50, rule, nullptr) > milliseconds(0)); // no overflow
}

TEST_CASE("chat: a key goes over https or to this machine only") {
    using llm::detail::keeps_secrets;
    for (const auto* good :
         {"https://api.example.com/v1", "HTTPS://x", "http://127.0.0.1:80/v1", "http://127.8.9.1",
          "http://localhost/v1", "http://localhost:8080", "http://[::1]:80/", "http://[::1]"})
        CHECK(keeps_secrets(good));
    for (const auto* bad : {"http://example.com",
                            "http://127.0.0.1.example.com/",
                            "http://127.1/",
                            "http://127.0.0.1@example.com/",
                            "http://localhost@example.com/",
                            "http://localhost:x@example.com/",
                            "http://example.com/127.0.0.1",
                            "http://localhost.example.com",
                            "http://[::1].example.com",
                            "http://[::2]/",
                            "http://10.0.0.1/",
                            "http://1270.0.0.1/",
                            "http://",
                            "ftp://127.0.0.1",
                            "127.0.0.1",
                            "",
                            "http://127.0.0.1\\@example.com/",
                            "http://example.com\\127.0.0.1",
                            "http://example.com#@127.0.0.1",
                            "https:/x"}) {
        INFO(bad);
        CHECK_FALSE(keeps_secrets(bad));
    }
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        llm::chat_request ask("m");
        ask.base_url = "http://mill.invalid/v1";
        ask.api_key = key;
        failure f = co_await ask_in_vain(client, ask);
        CHECK(f.reason == "http bad_request");
        ask.api_key.clear();
        ask.headers.add("X-Gateway-Token", key);
        failure g = co_await ask_in_vain(client, ask);
        CHECK(g.reason == "http bad_request");
    });
}

TEST_CASE("chat: leaving early closes the connection, however it is left", "[http]") {
    http_server server([](exchange& x) {
        x.head(200, {{"Content-Type", "text/event-stream"}});
        x.write("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A\"}}]}\n\n");
        x.wait_for_client_to_leave();
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        llm::chat_request ask("m");
        ask.base_url = server.url("");
        { auto dropped = co_await llm::chat(client, ask, llm::openai_chat); }
        auto closed = co_await llm::chat(client, ask, llm::openai_chat);
        auto tokens = closed.tokens();
        auto token = co_await tokens.next();
        CHECK(*token == "A");
        co_await tokens.close();
        auto response = co_await llm::chat(client, ask, llm::openai_chat);
        auto one = response.deltas() | leat::take(1) |
                   leat::for_each([](const llm::delta& d) { CHECK(d.text == "A"); });
        co_await std::move(one);
    });
    CHECK(server.wait_until([&] { return server.connections_over() == 3; }, 20s));
}

TEST_CASE("chat: a stop reaches the wait for a server that is silent, and the wait before another try",
          "[http]") {
    const bool silent = GENERATE(true, false);
    http_server server([&](exchange& x) {
        if (silent)
            x.wait_for_client_to_leave();
        x.answer(503, "busy", {{"Retry-After", "30"}});
    });
    leat::run([&](executor ex) -> task<void> {
        auto all = [](http::client client, std::string url) -> leat::async_generator<std::string> {
            llm::chat_request ask("m");
            ask.base_url = url;
            ask.retry.attempts = 2;
            auto answer = co_await llm::chat(client, ask, llm::openai_chat);
            auto tokens = answer.tokens();
            while (auto token = co_await tokens.next())
                co_yield std::string(*token);
        };
        auto stop_soon = [](executor e, std::stop_source s) -> task<void> {
            co_await leat::sleep_for(e, 50ms);
            s.request_stop();
        };
        std::stop_source source;
        http::client client(ex, quiet());
        auto tokens = all(client, server.url("")) | leat::stop_on(source.get_token());
        leat::spawn(ex, stop_soon(ex, source));
        const auto start = std::chrono::steady_clock::now();
        bool stopped = false;
        try {
            auto token = co_await tokens.next();
            CHECK_FALSE(token);
        } catch (const leat::stopped&) {
            stopped = true;
        }
        CHECK(stopped);
        CHECK(std::chrono::steady_clock::now() - start < 10s);
    });
}
