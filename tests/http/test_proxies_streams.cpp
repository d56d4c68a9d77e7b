#include "event_source.hpp"
#include "support/proxy_server.hpp"

#include <leat/llm.hpp>
#include <leat/llm/chat.hpp>

#include <string_view>

// Streams of events and of tokens through a proxy: they come as they are made, and end where they are left.

using namespace leat::test;
using leat::executor;
using leat::task;
namespace http = leat::http;
namespace llm = leat::llm;
namespace sse = leat::sse;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

const std::vector<exchange::field> event_stream = {{"Content-Type", "text/event-stream"}};

} // namespace

TEST_CASE("proxy: an event source connects again through its tunnel, and closing closes it", "[sse][proxy]") {
    const test_authority authority("DNS:origin.test");
    http_server server(
        [](exchange& x) {
            x.head(200, event_stream);
            if (x.header("Last-Event-ID").empty())
                return x.write("id: 7\ndata: one\n\n");
            x.write("data: behind " + x.header("Last-Event-ID") + "\n\n");
            x.wait_for_client_to_leave();
        },
        authority);
    proxy_server proxy({.user = "ann", .password = "sesame"});
    http::options o;
    o.proxy = "http://ann:sesame@" + proxy.address();
    o.ca_file = authority.ca_file();
    o.reuse_connections = false; // a tunnel for each
    const heard h =
        listen_to("https://origin.test:" + std::to_string(server.port()) + "/news", steady(), 2, o);
    CHECK(h.events == "one/7 behind 7/7");
    CHECK(h.failure.empty());
    CHECK(h.diary == "connecting open connecting open closed");
    CHECK(proxy.wait_until_over(2));
    CHECK(proxy.heads().size() == 2);
    CHECK(server.wait_until([&] { return server.connections_over() == 2; }, 20s));
}

TEST_CASE("proxy: an event source tries again when its proxy cuts it off, and not for ever", "[sse][proxy]") {
    http_server server([](exchange& x) {
        x.head(200, event_stream);
        for (;;)
            x.write("data: x\n\n");
    });
    proxy_server proxy({.cut_after = 1000});
    http::options o;
    o.proxy = "http://" + proxy.address();
    sse::connect_options twice = steady();
    twice.reconnect.attempts = 2;
    const heard h =
        listen_to("http://origin.test:" + std::to_string(server.port()) + "/", twice, 1'000'000, o);
    CHECK(h.failure == "gave_up");
    CHECK(h.diary == "connecting open connecting(cut_connection) open closed(gave up)");

    // A proxy that wants another password is no event stream; in front of a tunnel it is no connection.
    proxy_server closed({.user = "ann", .password = "sesame"});
    o.proxy = "http://ann:secret@" + closed.address();
    const heard plain = listen_to("http://origin.test/", twice, 1, o);
    CHECK(plain.failure == "not_an_event_stream");
    CHECK(plain.status == 407);
    CHECK_FALSE(has(plain.what, "secret"));
    const heard tunnel = listen_to("https://origin.test/", twice, 1, o);
    CHECK(tunnel.failure == "gave_up");
    CHECK(tunnel.diary == "connecting connecting(connect) closed(gave up)");
    CHECK_FALSE(has(tunnel.what, "secret"));
}

TEST_CASE("proxy: a chat's key goes through a tunnel, or not at all", "[llm][proxy]") {
    const test_authority authority("DNS:origin.test");
    gate read_one;
    http_server server(
        [&](exchange& x) {
            x.head(200, event_stream);
            x.write("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + x.header("Authorization") +
                    "\"}}]}\n\n");
            read_one.wait();
            x.write("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" more\"}}]}\n\n");
            x.wait_for_client_to_leave();
        },
        authority);
    proxy_server proxy;
    http::options o;
    o.ca_file = authority.ca_file();
    for (const std::string scheme : {"http", "socks5h"}) {
        o.proxy = scheme + "://" + proxy.address();
        leat::run([&](executor ex) -> task<> {
            http::client client(ex, o);
            llm::chat_request ask("m");
            ask.api_key = "sesame";
            ask.base_url = "https://origin.test:" + std::to_string(server.port());
            auto response = co_await llm::chat(client, ask);
            auto tokens = response.tokens() | leat::take(2);
            std::string all;
            while (auto token = co_await tokens.next()) {
                all += *token;
                read_one.open();
            }
            CHECK(all == "Bearer sesame more");

            // To this machine it may go in the clear, but not through a proxy.
            ask.base_url = "http://localhost:" + std::to_string(server.port());
            std::optional<http::error> failure;
            try {
                auto never = co_await llm::chat(client, ask);
            } catch (const http::error& e) {
                failure = e;
            }
            CHECK(failure);
            if (failure)
                CHECK(failure->kind() == http::error_kind::bad_request);
        });
    }
    CHECK_FALSE(has(proxy.all_heads(), "sesame"));
    CHECK(proxy.wait_until_over(2));
    CHECK(server.wait_until([&] { return server.connections_over() == 2; }, 20s));
    CHECK(server.requests() == 2);
}
