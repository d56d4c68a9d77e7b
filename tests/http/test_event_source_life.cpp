#include "event_source.hpp"

#include <leat/sse.hpp>

#include <optional>
#include <stdexcept>

// How an event source begins and ends, and who owns what meanwhile.

using namespace leat::test;
using leat::executor;
using leat::task;
namespace http = leat::http;
namespace sse = leat::sse;

namespace {

const std::vector<exchange::field> event_stream = {{"Content-Type", "text/event-stream"}};

task<> read_on(sse::event_source& source, bool& reading) {
    while (auto e = co_await source.next())
        reading = true;
}

} // namespace

TEST_CASE("event source asks for nothing before its first step", "[sse]") {
    http_server server([](exchange& x) { x.answer(200, "", event_stream); });
    leat::run([&](executor ex) -> task<> {
        http::client client(ex, quiet());
        diary d;
        {
            auto never = sse::connect(client, http::request("GET", server.url()), {}, d);
            co_await leat::sleep_for(ex, 20ms);
            CHECK(never.state() == sse::connection_state::connecting);
        }
        CHECK(d.text->empty());
        auto closed = sse::connect(client, http::request("GET", server.url()), {}, d);
        co_await closed.close();
        auto none = co_await closed.next();
        CHECK_FALSE(none);
    });
    CHECK(server.requests() == 0);
}

TEST_CASE("event source gives the events of a packet as a batch, and those before an error", "[sse]") {
    http_server server([](exchange& x) {
        x.head(200, event_stream);
        x.write("data: 1\n\ndata: 2\nid: 7\n\ndata: " + std::string(2000, 'x') + "\n\ndata: 4\n\n");
        x.wait_for_client_to_leave();
    });
    leat::run([&](executor ex) -> task<> {
        http::client client(ex, quiet());
        sse::connect_options o = steady();
        o.max_event_bytes = 1000;
        auto source = sse::connect(client, server.url(), o);
        int together = 0;
        {
            auto some = co_await source.next_batch();
            for (const sse::event& e : some) {
                ++together;
                CHECK(e.data == std::to_string(together));
            }
        }
        CHECK(together == 2);
        bool thrown = false;
        try {
            co_await source.next();
        } catch (const sse::event_too_large&) {
            thrown = true;
        }
        CHECK(thrown);
        CHECK(source.state() == sse::connection_state::closed);
        CHECK(source.last_event_id() == "7");
        auto after = co_await source.next();
        CHECK_FALSE(after);
    });
    CHECK(server.requests() == 1);
}

TEST_CASE("event source may be destroyed in each of its waits", "[sse]") {
    http_server server([](exchange& x) {
        if (x.path() == "/body") {
            x.head(200, event_stream);
            x.write("data: 1\n\n");
        }
        if (x.path() == "/cut")
            x.cut(); // then it waits for an hour
        x.wait_for_client_to_leave();
    });
    for (const std::string path : {"/body", "/head", "/cut"}) {
        INFO(path);
        bool reading = false;
        leat::run([&](executor ex) -> task<> {
            http::client client(ex, quiet());
            sse::connect_options o;
            o.reconnect.reconnection_time = 1h;
            // The loop ends with the reader in the middle of its wait, and destroys both.
            auto alone = [](sse::event_source s, bool& r) -> task<> { co_await read_on(s, r); };
            leat::spawn(ex, alone(sse::connect(client, server.url(path), o), reading));
            co_await leat::sleep_for(ex, 50ms);
        });
        CHECK(reading == (path == "/body"));
    }
    CHECK(server.wait_until([&] { return server.connections_over() == 3; }, 20s));
}

TEST_CASE("event source closed in the wait between two connections", "[sse]") {
    http_server server([](exchange& x) {
        x.head(200, event_stream);
        x.write("data: 1\n\n");
    });
    leat::run([&](executor ex) -> task<> {
        http::client client(ex, quiet());
        diary d;
        sse::connect_options o;
        o.reconnect.reconnection_time = 1h;
        auto source = sse::connect(client, http::request("GET", server.url()), o, d) | leat::take(1);
        int n = 0;
        while (auto e = co_await source.next())
            ++n;
        CHECK(n == 1);
        CHECK(*d.text == "connecting open closed");
    });
    CHECK(server.requests() == 1);
}

TEST_CASE("event source throws what watch throws, and is closed", "[sse]") {
    http_server server([](exchange& x) {
        x.head(200, event_stream);
        x.write("data: 1\n\n");
        x.wait_for_client_to_leave();
    });
    for (const auto when : {sse::connection_state::connecting, sse::connection_state::open}) {
        leat::run([&](executor ex) -> task<> {
            http::client client(ex, quiet());
            auto watch = [when](const sse::connection_change& c) {
                if (c.state == when)
                    throw std::logic_error("the watcher is broken");
            };
            auto source = sse::connect(client, http::request("GET", server.url()), steady(), watch);
            bool thrown = false;
            try {
                co_await source.next();
            } catch (const std::logic_error&) {
                thrown = true;
            }
            CHECK(thrown);
            CHECK(source.state() == sse::connection_state::closed);
            auto after = co_await source.next();
            CHECK_FALSE(after);
        });
    }
}

TEST_CASE("event source: the client may be cancelled, or go first", "[sse]") {
    http_server server([](exchange& x) {
        x.head(200, event_stream);
        x.write("data: 1\n\n");
        x.wait_for_client_to_leave();
    });
    leat::run([&](executor ex) -> task<> {
        std::optional<http::client> client(std::in_place, ex, quiet());
        auto source = sse::connect(*client, server.url(), steady());
        http::client copy = *client;
        client.reset();
        auto first = co_await source.next();
        CHECK(first->data == "1");
        copy.cancel();
        std::optional<http::error_kind> kind;
        try {
            co_await source.next();
        } catch (const http::error& e) {
            kind = e.kind();
        }
        CHECK(kind == http::error_kind::cancelled); // no other connection
        CHECK(source.connections() == 1);
    });
}
