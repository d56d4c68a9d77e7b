#include "fixture.hpp"

#include <memory>

using namespace leat::test;
using leat::executor;
using leat::task;
namespace http = leat::http;

TEST_CASE("http body hands over what has arrived before more is sent", "[http]") {
    // The server sends a piece only after the reader has shown that it has the one before.
    constexpr int pieces = 50;
    gate got[pieces];
    bool in_time = true;
    http_server server([&](exchange& x) {
        x.head(200, {{"Content-Type", "text/event-stream"}});
        for (int i = 0; i < pieces; ++i) {
            x.write("data: " + std::to_string(i) + "\n\n");
            in_time = got[i].wait() && in_time;
        }
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        http::response response = co_await client.post(server.url(), "ask");
        response.ensure_ok().ensure_content_type("text/event-stream");
        auto body = response.body();
        for (int i = 0; i < pieces; ++i) {
            const std::string expected = "data: " + std::to_string(i) + "\n\n";
            std::string piece;
            co_await read_at_least(body, piece, expected.size());
            CHECK(piece == expected);
            got[i].open();
        }
        auto end = co_await body.next();
        CHECK_FALSE(end);
        auto still = co_await body.next();
        CHECK_FALSE(still);
    });
    CHECK(in_time);
}

TEST_CASE("http gives the header before the body begins", "[http]") {
    gate headers_seen;
    bool in_time = false;
    http_server server([&](exchange& x) {
        x.head(200);
        in_time = headers_seen.wait();
        x.write("body");
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        http::response response = co_await client.get(server.url());
        headers_seen.open();
        const std::string body = co_await response.text();
        CHECK(body == "body");
    });
    CHECK(in_time);
}

TEST_CASE("http body hands over everything that is there as one chunk", "[http]") {
    gate first_read, written;
    http_server server([&](exchange& x) {
        x.head(200);
        x.write("a");
        first_read.wait();
        x.write("b");
        x.write("c");
        written.open();
        x.wait_for_client_to_leave();
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        http::response response = co_await client.get(server.url());
        auto body = response.body();
        std::string all;
        co_await read_at_least(body, all, 1);
        first_read.open();
        written.wait(); // the loop stands still: "b" and "c" pile up
        auto rest = co_await body.next();
        REQUIRE(rest);
        CHECK(rest->text() == "bc");
    });
}

TEST_CASE("http body brings large bodies whole, whatever the buffer", "[http]") {
    std::string large;
    for (int i = 0; large.size() < 5'000'000; ++i)
        large += std::to_string(i) + ",";
    http_server server([&](exchange& x) {
        if (x.path() == "/chunked") {
            x.head(200);
            for (std::size_t at = 0; at < large.size(); at += 100'001)
                x.write(std::string_view(large).substr(at, 100'001));
        } else {
            x.answer(200, large);
        }
    });
    for (const std::size_t buffer :
         {std::size_t{1}, std::size_t{1000}, std::size_t{64 * 1024}, std::size_t{100'000'000}}) {
        http::options o = quiet();
        o.buffer_bytes = buffer;
        for (const std::string path : {"/", "/chunked"}) {
            const outcome got = fetch_alone(o, server.url(path));
            INFO(buffer << " " << path);
            CHECK(failure_kind(got) == "none");
            CHECK(got.body.size() == large.size());
            CHECK((got.body == large)); // in parentheses: do not print 5 MB
        }
    }
}

TEST_CASE("http body makes the server wait for a slow reader", "[http]") {
    constexpr std::size_t offered = 256 * 1024 * 1024;
    std::atomic<bool> all_sent = false;
    http_server server([&](exchange& x) {
        const std::string piece(64 * 1024, 'x');
        x.head(200);
        for (std::size_t sent = 0; sent < offered; sent += piece.size())
            x.write(piece);
        all_sent = true;
    });
    leat::run([&](executor ex) -> task<void> {
        http::options o = quiet();
        o.idle_timeout = 200ms; // a reader that takes its time is no idle server
        http::client client(ex, o);
        http::response response = co_await client.get(server.url());
        auto body = response.body();
        std::string first;
        co_await read_at_least(body, first, 1);
        // The loop runs while nobody reads, until the server's count stands still.
        std::size_t before = 0;
        int still = 0;
        while (still < 10) {
            co_await leat::sleep_for(ex, 50ms);
            const std::size_t now = server.bytes_written();
            still = now == before ? still + 1 : 0;
            before = now;
        }
        // 64 KiB here, and what the kernel's socket buffers hold.
        CHECK(before < std::size_t{12} * 1024 * 1024);
        CHECK_FALSE(all_sent);
        // And it goes on afterwards.
        std::size_t more = 0;
        while (more < std::size_t{32} * 1024 * 1024) {
            auto bytes = co_await body.next();
            REQUIRE(bytes);
            more += bytes->size();
            CHECK(bytes->size() <= o.buffer_bytes + std::size_t{16} * 1024);
        }
    });
    CHECK(server.bytes_written() < offered);
}

TEST_CASE("http body gives the bytes of a cut connection, then the error", "[http]") {
    http_server server([](exchange& x) {
        if (x.path() == "/length") {
            x.raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n12345");
            x.cut();
        }
        x.head(200);
        x.write("12345");
        if (x.path() == "/reset")
            x.reset();
        if (x.path() == "/in-chunk")
            x.raw("64\r\nnot a hundred bytes");
        x.cut();
    });
    for (const std::string path : {"/length", "/chunked", "/in-chunk"}) {
        const outcome o = fetch_alone(quiet(), server.url(path));
        INFO(path);
        CHECK(o.status == 200);
        CHECK(o.body == (path == "/in-chunk" ? "12345not a hundred bytes" : "12345"));
        REQUIRE(failure_kind(o) == "cut_connection");
        CHECK(o.failure->status() == 200);
    }
    // A reset may overtake bytes in the kernel, so only the error is sure.
    CHECK(failure_kind(fetch_alone(quiet(), server.url("/reset"))) == "cut_connection");
}

TEST_CASE("http body stays at the end after an error", "[http]") {
    http_server server([](exchange& x) {
        x.head(200);
        x.write("12345");
        x.cut();
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        http::response response = co_await client.get(server.url());
        auto body = response.body();
        std::string all;
        bool thrown = false;
        try {
            co_await read_at_least(body, all, 100);
        } catch (const http::error&) {
            thrown = true;
        }
        CHECK(thrown);
        CHECK(all == "12345");
        auto after = co_await body.next();
        CHECK_FALSE(after);
    });
}

TEST_CASE("http body may be empty", "[http]") {
    http_server server([](exchange& x) {
        if (x.path() == "/204")
            return x.raw("HTTP/1.1 204 No Content\r\n\r\n");
        if (x.path() == "/chunked")
            return x.head(200);
        x.answer(200, "");
    });
    for (const std::string path : {"/", "/204", "/chunked"}) {
        const outcome o = fetch_alone(quiet(), server.url(path));
        INFO(path);
        CHECK(failure_kind(o) == "none");
        CHECK(o.body.empty());
        CHECK(o.status == (path == "/204" ? 204 : 200));
    }
}

TEST_CASE("http body that is left early closes the connection", "[http]") {
    http_server server([](exchange& x) {
        x.head(200);
        x.write("endless");
        x.wait_for_client_to_leave();
    });
    const auto server_saw_it = [&] {
        return server.wait_until([&] { return server.connections_over() == 1; }, 20s);
    };
    // Every way of not reading on. The loop does not run on afterwards: it has to happen at once.
    const int way = GENERATE(range(0, 6));
    INFO("way " << way);
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        std::optional<http::response> response;
        response.emplace(co_await client.get(server.url()));
        if (way == 0) {
            response.reset(); // never asked for the body
            CHECK(server_saw_it());
            co_return;
        }
        auto body = std::make_unique<leat::async_generator<http::chunk>>(response->body());
        if (way == 1) {
            body.reset(); // never started
            CHECK(server_saw_it());
            co_return;
        }
        auto first = co_await body->next();
        CHECK(first->text() == "endless");
        if (way == 2) {
            co_await body->close();
            CHECK(server_saw_it());
            auto after = co_await body->next();
            CHECK_FALSE(after);
        } else if (way == 3) {
            body.reset();
            CHECK(server_saw_it());
        } else if (way == 4) {
            client.cancel();
            CHECK(server_saw_it());
            bool cancelled = false;
            try {
                co_await body->next();
            } catch (const http::error& e) {
                cancelled = e.kind() == http::error_kind::cancelled;
            }
            CHECK(cancelled);
        } else {
            // The client goes first, the body lives on.
            std::optional<http::client> other(std::in_place, ex, quiet());
            http::response second = co_await other->get(server.url());
            other.reset();
            auto kept = second.body();
            auto bytes = co_await kept.next();
            CHECK(bytes->text() == "endless");
            body.reset();
            CHECK(server_saw_it());
        }
    });
}

namespace {

task<void> read_for_ever(http::client client, std::string url, std::shared_ptr<int> alive, bool& reading) {
    http::response response = co_await client.get(std::move(url));
    auto body = response.body();
    while (auto bytes = co_await body.next()) {
        reading = true;
    }
    (void)alive;
}

} // namespace

TEST_CASE("http reader that is destroyed while it waits closes the connection", "[http]") {
    http_server server([](exchange& x) {
        if (x.path() == "/body") {
            x.head(200);
            x.write("endless");
        }
        x.wait_for_client_to_leave();
    });
    const std::string path = GENERATE("/body", "/no-answer");
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        auto alive = std::make_shared<int>();
        bool reading = false;
        // A task that is started and then dropped: not what a program does with leat::spawn, but what a
        // stopped loop, a timeout or a failed sibling does to it.
        struct starter {
            struct promise_type {
                starter get_return_object() {
                    return {std::coroutine_handle<promise_type>::from_promise(*this)};
                }
                std::suspend_never initial_suspend() noexcept { return {}; }
                std::suspend_always final_suspend() noexcept { return {}; }
                void return_void() {}
                void unhandled_exception() { std::terminate(); }
            };
            std::coroutine_handle<promise_type> frame;
        };
        auto start = [](task<void> t) -> starter { co_await t; };
        starter s = start(read_for_ever(client, server.url(path), alive, reading));
        if (path == "/body")
            while (!reading)
                co_await leat::sleep_for(ex, 1ms);
        else
            while (server.requests() == 0)
                co_await leat::sleep_for(ex, 1ms);
        CHECK(alive.use_count() == 2);
        s.frame.destroy();
        CHECK(alive.use_count() == 1);
        CHECK(server.wait_until([&] { return server.connections_over() == 1; }, 20s));
        co_await leat::sleep_for(ex, 10ms); // whatever was on its way must find nobody
    });
}

TEST_CASE("http cancel reaches those who wait for an answer", "[http]") {
    http_server server([](exchange& x) { x.wait_for_client_to_leave(); });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        std::optional<outcome> o;
        auto ask = [](http::client c, std::string url, std::optional<outcome>& out) -> task<void> {
            out = co_await fetch(c, url);
        };
        leat::spawn(ex, ask(client, server.url(), o));
        while (server.requests() == 0)
            co_await leat::sleep_for(ex, 1ms);
        CHECK_FALSE(o);
        client.cancel();
        while (!o)
            co_await leat::sleep_for(ex, 1ms);
        CHECK(failure_kind(*o) == "cancelled");
    });
}

TEST_CASE("http body is given once", "[http]") {
    http_server server([](exchange& x) { x.answer(200, "text"); });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        http::response response = co_await client.get(server.url());
        const std::string body = co_await response.text();
        CHECK(body == "text");
        CHECK_THROWS_AS(response.body(), http::error);
        CHECK_THROWS_AS(response.text(), http::error);
    });
}

TEST_CASE("http text has a limit", "[http]") {
    http_server server([](exchange& x) {
        x.head(200);
        for (;;)
            x.write(std::string(1000, 'x'));
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        http::response response = co_await client.get(server.url());
        std::optional<http::error> failure;
        try {
            const std::string body = co_await response.text(10'000);
        } catch (const http::error& e) {
            failure = e;
        }
        REQUIRE(failure);
        CHECK(failure->kind() == http::error_kind::too_large);
    });
}
