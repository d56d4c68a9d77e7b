#include "fixture.hpp"

#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/sse.hpp>

#include <vector>

// From the socket to the tokens: the whole way that a chat client goes.

using namespace leat::test;
using leat::executor;
using leat::task;
namespace http = leat::http;

namespace {

std::string delta(const std::string& token) {
    return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + token +
           "\"},\"finish_reason\":null}]}\n\n";
}
const std::string finish = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

} // namespace

TEST_CASE("http tokens arrive one by one", "[http]") {
    const std::vector<std::string> words = {"a", " leat", " brings", " water"};
    std::vector<gate> got(words.size());
    bool in_time = true;
    http_server server([&](exchange& x) {
        x.head(200, {{"Content-Type", "text/event-stream"}});
        for (std::size_t i = 0; i < words.size(); ++i) {
            x.write(delta(words[i]));
            in_time = got[i].wait() && in_time;
        }
        x.write(finish + "data: [DONE]\n\n");
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        http::response response = co_await client.post(server.url("/v1/chat/completions"), "{}");
        response.ensure_ok().ensure_content_type("text/event-stream");
        auto tokens = leat::llm::tokens(response.body(), leat::llm::openai_chat);
        std::size_t i = 0;
        while (auto token = co_await tokens.next()) {
            CHECK(*token == words.at(i));
            got[i++].open();
        }
        CHECK(i == words.size());
    });
    CHECK(in_time);
}

TEST_CASE("http events of one packet come together, and a cut stream is an error after them", "[http]") {
    http_server server([](exchange& x) {
        x.head(200, {{"Content-Type", "text/event-stream"}});
        x.write("data: one\n\ndata: two\r\n\r\ndata: half");
        x.cut();
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        http::response response = co_await client.get(server.url());
        auto events = leat::sse::events(response.body());
        std::vector<std::string> seen;
        std::optional<http::error> failure;
        try {
            while (auto event = co_await events.next())
                seen.emplace_back(event->data);
        } catch (const http::error& e) {
            failure = e;
        }
        CHECK(seen == std::vector<std::string>{"one", "two"});
        REQUIRE(failure);
        CHECK(failure->kind() == http::error_kind::cut_connection);
    });
}

TEST_CASE("http leaving a token stream early stops the server", "[http]") {
    http_server server([](exchange& x) {
        x.head(200, {{"Content-Type", "text/event-stream"}});
        x.write(delta("one") + delta("two") + delta("three"));
        x.wait_for_client_to_leave();
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        http::response response = co_await client.get(server.url());
        auto tokens =
            leat::llm::tokens(response.body(), leat::llm::openai_chat) | leat::take(2) | leat::materialize();
        const auto two = co_await leat::collect<std::vector>(std::move(tokens));
        CHECK(two.size() == 2);
        CHECK(server.wait_until([&] { return server.connections_over() == 1; }, 20s));
    });
}
