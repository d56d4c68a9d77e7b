#include "event_source.hpp"

#include <leat/sse.hpp>
#include <leat/sse/beast.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <string_view>

// What a hostile server, a hostile text, or a server in trouble can do to a reader of event streams.

using namespace leat::test;
using leat::executor;
using leat::task;
namespace http = leat::http;
namespace sse = leat::sse;

namespace {

const std::vector<exchange::field> event_stream = {{"Content-Type", "text/event-stream"}};

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

} // namespace

TEST_CASE("hostile: a line without an end", "[sse]") {
    for (const std::string begin : {"data: ", "id: ", "event: ", "data: x\nevent: y\nid: z\ndata: "}) {
        http_server server([&](exchange& x) {
            x.head(200, event_stream);
            x.write("data: good\n\n" + begin);
            const std::string piece(64 * 1024, 'x');
            for (;;)
                x.write(piece);
        });
        sse::connect_options o = steady();
        o.max_event_bytes = 1024 * 1024;
        const heard h = listen_to(server.url(), o);
        INFO(begin);
        CHECK(h.events == "good/");
        CHECK(h.failure == "event_too_large");
        CHECK(has(h.what, "1048576"));
        CHECK(h.waits.empty()); // the same server would send the same again
        CHECK(h.state == sse::connection_state::closed);
        CHECK(server.wait_until([&] { return server.connections_over() == 1; }, 20s));
        CHECK(server.bytes_written() < std::size_t{16} * 1024 * 1024); // 1 MiB, and what the kernel holds
    }
}

TEST_CASE("hostile: a line without an end that means nothing is not kept", "[sse]") {
    http_server server([](exchange& x) {
        x.head(200, event_stream);
        x.write(":");
        for (int i = 0; i != 100; ++i)
            x.write(std::string(64 * 1024, 'c'));
        x.write("\ndata: after it\n\n");
        x.wait_for_client_to_leave();
    });
    sse::connect_options o = steady();
    o.max_event_bytes = 1000;
    CHECK(listen_to(server.url(), o, 1).events == "after it/");
}

TEST_CASE("hostile: a slow drip", "[sse]") {
    http_server server([](exchange& x) {
        x.head(200, event_stream);
        if (x.path() == "/event") {
            for (const char c : std::string("data: drop by drop\r\n\r\n")) {
                x.write({&c, 1});
                x.sleep(5ms);
            }
            x.wait_for_client_to_leave();
        }
        for (;;) { // never silent, and never an event
            x.write("d");
            x.sleep(5ms);
        }
    });
    http::options how = quiet();
    how.idle_timeout = 10s;
    CHECK(listen_to(server.url("/event"), steady(), 1, how).events == "drop by drop/");

    // Bytes count for the idle timeout; who wants events in time says so.
    leat::run([&](executor ex) -> task<> {
        http::client client(ex, how);
        auto events = sse::connect(client, server.url("/never")) | leat::timeout(ex, {.idle = 100ms});
        bool timed_out = false;
        try {
            co_await events.next();
        } catch (const leat::timed_out&) {
            timed_out = true;
        }
        CHECK(timed_out);
    });
    CHECK(server.wait_until([&] { return server.connections_over() == 2; }, 20s));
}

TEST_CASE("hostile: a gzip bomb stays folded, and is no event stream", "[sse]") {
    // "data: ", 64 Ki of x and an empty line, 600 times as long as this.
    static constexpr char bytes[] =
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x0d\x00\x30\x08\x00\xb0\x1f\x15\xe8\x98\x1b"
        "\x12\x24\x70\x4c\x3e\x08\x69\xdb\x35\xf5\xf2\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
        "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
        "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
        "\x00\x00\xc0\x89\x58\x83\x35\x68\x89\x08\x00\x01\x00";
    const std::string_view bomb(bytes, sizeof bytes - 1);

    http_server server([&](exchange& x) {
        x.answer(200, bomb,
                 {{"Content-Type", "text/event-stream"}, {"Content-Encoding", x.path().substr(1)}});
    });
    for (const std::string encoding : {"gzip", "br", "deflate", "GZIP"}) {
        const heard h = listen_to(server.url("/" + encoding));
        CHECK(h.failure == "not_an_event_stream");
        CHECK(has(h.what, "compressed"));
        CHECK(h.events.empty());
    }
    CHECK(fetch_alone(quiet(), server.url("/gzip")).body == bomb);
}

TEST_CASE("hostile: a text forges nothing on its way through our server", "[sse]") {
    const std::string evil = "x\n\nevent: admin\ndata: pwn\n\nid: 9\r\rretry: 1\r\n\r\n:\n";
    for (const auto as : {sse::text_as::json, sse::text_as::lines}) {
        leat::run([&](executor ex) -> task<> {
            using boost::asio::ip::tcp;
            tcp::acceptor acceptor(ex, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
            auto serve = [](tcp::acceptor& a, std::string text, sse::text_as how) -> task<> {
                tcp::socket socket = co_await a.async_accept(leat::use_await);
                boost::beast::http::request<boost::beast::http::empty_body> request;
                request.version(11);
                auto texts = leat::from_range(std::vector<std::string>{text, "after"});
                sse::send_options o{.write = {.text = how}};
                auto responding = sse::respond(socket, sse::response_head(request), std::move(texts), o);
                co_await std::move(responding);
            };
            leat::spawn(ex, serve(acceptor, evil, as));
            http::client client(ex, quiet());
            auto events =
                sse::connect(client, "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()));
            for (int i = 0; i != 2; ++i) {
                auto e = co_await events.next();
                CHECK(e->type == "message");
                CHECK(e->id.empty());
                CHECK_FALSE(e->retry);
            }
        });
    }
    std::string out;
    for (const std::string_view bad : {"a\nid: 1", "a\rid: 1", "a\r\n"}) {
        CHECK_THROWS_AS(sse::write(out, {.type = bad, .data = "x"}), sse::bad_field);
        CHECK_THROWS_AS(sse::write(out, {.data = "x", .id = bad}), sse::bad_field);
    }
    CHECK_THROWS_AS(sse::write(out, {.data = "x", .id = std::string_view("a\0b", 3)}), sse::bad_field);
    CHECK(out.empty());
}

TEST_CASE("hostile: an id forges no header", "[sse]") {
    std::vector<std::string> seen;
    http_server server([&](exchange& x) {
        seen.push_back(x.header("Last-Event-ID") + "|" + x.header("X-Forged"));
        if (seen.size() == 2)
            return x.raw("HTTP/1.1 204 No Content\r\n\r\n");
        x.head(200, event_stream);
        x.write(std::string("id: 1\0\nid: 7\x0bX-Forged: 1\ndata: x\n\n", 34));
    });
    sse::connect_options o = steady();
    o.last_event_id = "1\r\nX-Forged: 1"; // what a program was given to go on with
    const heard h = listen_to(server.url(), o);
    CHECK(h.failure.empty());
    CHECK(seen == std::vector<std::string>{"|", "|"});
}

TEST_CASE("hostile: a server that asks for a reconnect storm gets none", "[sse]") {
    // What other clients make of the second is a timer that overflows, and a storm.
    for (const std::string retry : {"0", "99999999999", "18446744073709551616"}) {
        http_server server([&](exchange& x) {
            x.head(200, event_stream);
            x.write("retry: " + retry + "\n\n");
        });
        leat::run([&](executor ex) -> task<> { // by the real clock
            http::client client(ex, quiet());
            auto events = sse::connect(client, server.url()) | leat::timeout(ex, {.total = 350ms});
            try {
                while (auto e = co_await events.next()) {
                }
            } catch (const leat::timed_out&) {
            }
        });
        INFO(retry);
        CHECK(server.requests() <= (retry == "0" ? 4 : 1));
        CHECK(server.requests() >= 1);
    }
}

TEST_CASE("hostile: no secret in what() of an event source", "[sse]") {
    http_server server([](exchange& x) {
        const std::string path = x.path();
        if (path == "/401")
            return x.answer(401, "wrong key: sesame",
                            {{"X-Trace", "sesame"}, {"Content-Type", "sesame/sesame"}});
        if (path == "/type")
            return x.answer(200, "sesame", {{"Content-Type", "sesame/sesame"}});
        if (path == "/encoding")
            return x.answer(200, "x",
                            {{"Content-Type", "text/event-stream"}, {"Content-Encoding", "sesame"}});
        if (path == "/redirect")
            return x.answer(307, "", {{"Location", "http://sesame:sesame@localhost/sesame?sesame"}});
        if (path == "/cut")
            x.cut();
        if (path == "/no-http") {
            x.raw("sesame sesame\r\n\r\n");
            x.cut();
        }
        x.head(200, event_stream);
        x.write("id: sesame\nevent: sesame\ndata: " + std::string(2000, 's') + "sesame\n\n");
    });
    sse::connect_options o = steady();
    o.reconnect.attempts = 2;
    o.max_event_bytes = 1000;
    o.last_event_id = "sesame";
    http::header_list headers;
    headers.add("Authorization", "Bearer sesame");
    const std::string host = "http://user-sesame:sesame@127.0.0.1:" + std::to_string(server.port());
    for (const std::string path : {"/401", "/type", "/encoding", "/redirect", "/cut", "/no-http", "/large"}) {
        const heard h = listen_to(host + path + "?key=sesame", o, 1000, quiet(), headers);
        INFO(path);
        CHECK_FALSE(h.failure.empty());
        CHECK_FALSE(h.what.empty());
        CHECK_FALSE(has(h.what, "sesame"));
    }
    const heard refused = listen_to("http://sesame:sesame@127.0.0.1:1/?sesame", o, 1000, quiet(), headers);
    CHECK(refused.failure == "gave_up");
    CHECK_FALSE(has(refused.what, "sesame"));
}
