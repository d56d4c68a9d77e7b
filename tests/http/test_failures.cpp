#include "fixture.hpp"

using namespace leat::test;
using leat::executor;
using leat::task;
namespace http = leat::http;

namespace {

task<void> fetch_into(http::client client, std::string url, std::optional<outcome>& out) {
    out = co_await fetch(client, std::move(url));
}

} // namespace

TEST_CASE("http over TLS trusts who signed for the host, and nobody else", "[http]") {
    const test_authority ours;
    const test_authority foreign;
    http_server server([](exchange& x) { x.answer(200, "over tls"); }, ours);

    http::options o = quiet();
    o.ca_file = ours.ca_file();
    const outcome good = fetch_alone(o, server.url());
    CHECK(failure_kind(good) == "none");
    CHECK(good.body == "over tls");

    CHECK(failure_kind(fetch_alone(quiet(), server.url("/?secret"))) == "tls"); // the system's authorities

    o.ca_file = foreign.ca_file();
    const outcome wrong = fetch_alone(o, server.url("/?secret"));
    REQUIRE(failure_kind(wrong) == "tls");
    CHECK(std::string(wrong.failure->what()).find("secret") == std::string::npos);
    CHECK(std::string(wrong.failure->what()).find("ca_file") != std::string::npos);

    o.ca_file = "/nonexistent/ca.pem";
    CHECK(failure_kind(fetch_alone(o, server.url())) == "tls");

    o.ca_file = ours.ca_file();
    CHECK(failure_kind(fetch_alone(o, "https://localhost:" + std::to_string(server.port()))) == "none");
}

TEST_CASE("http over TLS refuses a certificate for another host", "[http]") {
    const test_authority authority("DNS:other.example,IP:127.0.0.2");
    http_server server([](exchange& x) { x.answer(200, ""); }, authority);
    http::options o = quiet();
    o.ca_file = authority.ca_file();
    CHECK(failure_kind(fetch_alone(o, server.url())) == "tls");
    CHECK(server.requests() == 0);
}

TEST_CASE("http over TLS streams, pauses and cuts like without", "[http]") {
    const test_authority authority;
    gate got;
    http_server server(
        [&](exchange& x) {
            x.head(200);
            if (x.path() == "/stream") {
                x.write("first");
                got.wait();
                return x.write("second");
            }
            if (x.path() == "/large")
                for (int i = 0; i < 200; ++i)
                    x.write(std::string(50'000, static_cast<char>('a' + i % 26)));
            else
                x.write("12345"), x.cut();
        },
        authority);
    http::options o = quiet();
    o.ca_file = authority.ca_file();
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, o);
        http::response response = co_await client.get(server.url("/stream"));
        auto body = response.body();
        std::string all;
        co_await read_at_least(body, all, 5);
        CHECK(all == "first");
        got.open();
        co_await read_at_least(body, all, 100);
        CHECK(all == "firstsecond");
    });
    o.buffer_bytes = 1; // a pause after every piece
    const outcome large = fetch_alone(o, server.url("/large"));
    CHECK(failure_kind(large) == "none");
    CHECK(large.body.size() == 10'000'000);
    const outcome cut = fetch_alone(o, server.url("/cut"));
    CHECK(cut.body == "12345");
    CHECK(failure_kind(cut) == "cut_connection");
}

TEST_CASE("http TLS to a plain server and plain to a TLS server fail", "[http]") {
    const test_authority authority;
    http_server plain([](exchange& x) { x.answer(200, ""); });
    http_server tls([](exchange& x) { x.answer(200, ""); }, authority);
    http::options o = quiet();
    o.ca_file = authority.ca_file();
    CHECK(failure_kind(fetch_alone(o, "https://127.0.0.1:" + std::to_string(plain.port()))) == "tls");
    CHECK(failure_kind(fetch_alone(o, "http://127.0.0.1:" + std::to_string(tls.port()))) != "none");
}

TEST_CASE("http connection refused and unknown hosts", "[http]") {
    unsigned short port = 0;
    {
        http_server closed([](exchange&) {});
        port = closed.port();
    }
    const outcome refused = fetch_alone(quiet(), "http://127.0.0.1:" + std::to_string(port) + "/path?secret");
    REQUIRE(failure_kind(refused) == "connect");
    CHECK(refused.failure->status() == 0);
    CHECK(refused.failure->url() == "http://127.0.0.1:" + std::to_string(port) + "/path");
    CHECK(std::string(refused.failure->what()).find("refused") != std::string::npos);

    CHECK(failure_kind(fetch_alone(quiet(), "http://no-such-host.invalid/")) == "connect");
}

TEST_CASE("http answers that are no HTTP", "[http]") {
    http_server server([](exchange& x) {
        if (x.path() == "/close")
            x.cut();
        if (x.path() == "/half-header") {
            x.raw("HTTP/1.1 200 OK\r\nContent-Ty");
            x.cut();
        }
        if (x.path() == "/smtp")
            x.raw("220 mail.example.com ESMTP\r\n");
        if (x.path() == "/garbage")
            x.raw(std::string(1000, '\0'));
        if (x.path() == "/bad-chunk") {
            x.head(200);
            x.write("12345");
            x.raw("zz\r\n");
        }
        if (x.path() == "/long-header") {
            x.raw("HTTP/1.1 200 OK\r\n");
            for (int i = 0; i < 100'000; ++i)
                x.raw("X-Filler-" + std::to_string(i) + ": 0123456789012345678901234567890123456789\r\n");
        }
        x.cut();
    });
    CHECK(failure_kind(fetch_alone(quiet(), server.url("/close"))) == "cut_connection");
    CHECK(failure_kind(fetch_alone(quiet(), server.url("/half-header"))) == "cut_connection");
    CHECK(failure_kind(fetch_alone(quiet(), server.url("/smtp"))) == "protocol");
    CHECK(failure_kind(fetch_alone(quiet(), server.url("/garbage"))) == "protocol");
    const outcome chunk = fetch_alone(quiet(), server.url("/bad-chunk"));
    CHECK(chunk.body == "12345");
    CHECK(failure_kind(chunk) == "protocol");
    CHECK(failure_kind(fetch_alone(quiet(), server.url("/long-header"))) == "protocol");
}

TEST_CASE("http reads headers in odd shapes", "[http]") {
    http_server server([](exchange& x) {
        x.raw("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
              "HTTP/1.1 200 OK\r\nX-Folded: one\r\n  two\r\nX-Empty:\r\nContent-Length: 2\r\n\r\nok");
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        http::response response = co_await client.get(server.url());
        CHECK(response.status() == 200);
        CHECK_FALSE(response.headers().contains("X-Early"));
        CHECK(response.headers().get("X-Folded") == "one two");
        CHECK(response.headers().get("X-Empty") == "");
        const std::string body = co_await response.text();
        CHECK(body == "ok");
    });
}

TEST_CASE("http connect timeout", "[http]") {
    // The kernel takes the TCP connection, and nobody ever answers the TLS greeting.
    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor mute(io, {boost::asio::ip::address_v4::loopback(), 0});
    http::options o = quiet();
    o.connect_timeout = 100ms;
    const auto start = std::chrono::steady_clock::now();
    const outcome got =
        fetch_alone(o, "https://127.0.0.1:" + std::to_string(mute.local_endpoint().port()) + "/?secret");
    REQUIRE(failure_kind(got) == "timeout");
    CHECK(std::string(got.failure->what()).find("connect_timeout") != std::string::npos);
    CHECK(std::string(got.failure->what()).find("secret") == std::string::npos);
    CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("http first byte timeout", "[http]") {
    http_server server([](exchange& x) { x.wait_for_client_to_leave(); });
    http::options o = quiet();
    o.first_byte_timeout = 100ms;
    const outcome got = fetch_alone(o, server.url("/?secret"));
    REQUIRE(failure_kind(got) == "timeout");
    CHECK(std::string(got.failure->what()).find("first_byte_timeout") != std::string::npos);
    CHECK(std::string(got.failure->what()).find("secret") == std::string::npos);
    CHECK(server.wait_until([&] { return server.connections_over() == 1; }, 20s));
}

TEST_CASE("http idle timeout counts from the last byte", "[http]") {
    http_server server([](exchange& x) {
        if (x.path() == "/stops") {
            x.head(200);
            x.write("begin");
            x.wait_for_client_to_leave();
        }
        if (x.path() == "/stops-in-header") {
            x.raw("HTTP/1.1 200 OK\r\nX-A: ");
            x.wait_for_client_to_leave();
        }
        // Longer than the limit in all, but never silent.
        x.raw_slowly("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", 20ms);
    });
    http::options o = quiet();
    o.idle_timeout = 500ms;
    const outcome stops = fetch_alone(o, server.url("/stops"));
    CHECK(stops.body == "begin");
    REQUIRE(failure_kind(stops) == "timeout");
    CHECK(std::string(stops.failure->what()).find("idle_timeout") != std::string::npos);
    CHECK(stops.failure->status() == 200);
    CHECK(failure_kind(fetch_alone(o, server.url("/stops-in-header"))) == "timeout");

    const outcome slow = fetch_alone(o, server.url("/slow"));
    CHECK(failure_kind(slow) == "none");
    CHECK(slow.body == "0123456789");

    // The idle limit does not hold for the wait before the answer.
    http_server thinks([](exchange& x) {
        x.sleep(300ms);
        x.answer(200, "thought");
    });
    o.idle_timeout = 50ms;
    CHECK(fetch_alone(o, thinks.url()).body == "thought");
}

TEST_CASE("http never blocks its loop", "[http]") {
    http_server server([](exchange& x) {
        x.head(200);
        x.write("a");
        x.sleep(200ms);
        x.write("b");
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        std::optional<outcome> o;
        leat::spawn(ex, fetch_into(client, server.url(), o));
        int ticks = 0;
        for (; !o; ++ticks)
            co_await leat::sleep_for(ex, 5ms);
        CHECK(ticks > 10);
        CHECK(o->body == "ab");
    });
}

TEST_CASE("http lets a loop end when nothing is under way", "[http]") {
    http_server server([](exchange& x) { x.answer(200, "done"); });
    boost::asio::io_context io;
    http::client client(io.get_executor(), quiet()); // keeps a connection, and is still there
    std::optional<outcome> o;
    leat::spawn(io.get_executor(), fetch_into(client, server.url(), o));
    const auto start = std::chrono::steady_clock::now();
    io.run();
    CHECK(std::chrono::steady_clock::now() - start < 2s);
    REQUIRE(o);
    CHECK(o->body == "done");
}
