#include "fixture.hpp"

#include <string_view>

using namespace leat::test;
using leat::executor;
using leat::task;
namespace http = leat::http;

namespace {

// Pieces, some of them only after a wait.
leat::async_generator<std::string> pieces(executor ex, int n, std::string piece) {
    for (int i = 0; i < n; ++i) {
        if (i % 3 == 0)
            co_await leat::sleep_for(ex, 1ms);
        co_yield piece;
    }
}

leat::async_generator<std::string_view> failing() {
    co_yield "begun";
    throw std::runtime_error("the source is broken");
}

leat::async_generator<std::string> counting(std::atomic<std::size_t>& made, std::shared_ptr<int> alive) {
    for (;;) {
        made += 64 * 1024;
        co_yield std::string(64 * 1024, 'x');
    }
    (void)alive;
}

} // namespace

TEST_CASE("http upload sends a stream as it is made", "[http]") {
    http_server server([](exchange& x) {
        x.answer(200, x.method() + ":" + x.header("Transfer-Encoding") + ":" + x.header("Content-Type") +
                          ":" + x.body());
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        std::string expected;
        for (int i = 0; i < 10; ++i)
            expected += "piece;";
        auto source = pieces(ex, 10, "piece;");
        http::response response =
            co_await client.post(server.url(), std::move(source), http::header("Content-Type", "text/plain"));
        const std::string text = co_await response.text();
        CHECK(text == "POST:chunked:text/plain:" + expected);

        // Nothing at all, and large pieces, and another method.
        auto none = pieces(ex, 0, "");
        http::response empty = co_await client.post(server.url(), std::move(none));
        const std::string nothing = co_await empty.text();
        CHECK(nothing == "POST:chunked::");

        http::request put("PUT", server.url());
        put.stream(pieces(ex, 20, std::string(300'000, 'y')));
        http::response large = co_await client.send(std::move(put));
        const std::string all = co_await large.text(100'000'000);
        CHECK(all.size() == std::string("PUT:chunked::").size() + 6'000'000);
    });
    CHECK(server.connections() == 1);
}

TEST_CASE("http upload waits for a server that does not read", "[http]") {
    gate counted, done;
    std::atomic<std::size_t> made = 0;
    // Beast reads the whole request before it calls anyone; this server reads nothing.
    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor deaf(io, {boost::asio::ip::address_v4::loopback(), 0});
    const std::string url = "http://127.0.0.1:" + std::to_string(deaf.local_endpoint().port()) + "/";
    auto alive = std::make_shared<int>();
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        std::optional<http::error> failure;
        auto ask = [](http::client c, std::string to, leat::async_generator<std::string> body,
                      std::optional<http::error>& out) -> task<void> {
            try {
                http::response response = co_await c.post(std::move(to), std::move(body));
            } catch (const http::error& e) {
                out = e;
            }
        };
        leat::spawn(ex, ask(client, url, counting(made, alive), failure));
        std::size_t before = 0;
        for (int still = 0; still < 10;) {
            co_await leat::sleep_for(ex, 30ms);
            still = made == before && before != 0 ? still + 1 : 0;
            before = made;
        }
        CHECK(before < std::size_t{12} * 1024 * 1024); // what the kernel's socket buffers hold
        client.cancel();
        while (!failure)
            co_await leat::sleep_for(ex, 1ms);
        CHECK(failure->kind() == http::error_kind::cancelled);
        CHECK(alive.use_count() == 1); // the stream went with the request
    });
}

TEST_CASE("http upload passes on what its stream throws", "[http]") {
    http_server server([](exchange& x) { x.answer(200, x.body()); });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        std::string what;
        try {
            auto source = failing();
            http::response response = co_await client.post(server.url(), std::move(source));
        } catch (const std::runtime_error& e) {
            what = e.what();
        }
        CHECK(what == "the source is broken");
        const outcome after = co_await fetch(client, server.url());
        CHECK(after.status == 200);
    });
    CHECK(server.requests() == 1); // half a request is none
}

TEST_CASE("http goes through a proxy", "[http]") {
    http_server proxy([](exchange& x) { x.answer(200, x.target() + " " + x.header("Host")); });
    http::options o = quiet();
    o.proxy = proxy.url();
    const outcome o1 = fetch_alone(o, "http://no-such-host.invalid/path?q");
    CHECK(o1.body == "http://no-such-host.invalid/path?q no-such-host.invalid");

    // A proxy that does not let us through, for a tunnel.
    http_server refusing([](exchange& x) { x.answer(403, "no"); });
    o.proxy = "http://user:secret@127.0.0.1:" + std::to_string(refusing.port());
    const outcome o2 = fetch_alone(o, "https://no-such-host.invalid/path");
    REQUIRE(failure_kind(o2) == "connect");
    CHECK(std::string(o2.failure->what()).find("403") != std::string::npos);
    CHECK(std::string(o2.failure->what()).find("secret") == std::string::npos);

    o.proxy = "http://127.0.0.1:1";
    CHECK(failure_kind(fetch_alone(o, "http://no-such-host.invalid/path")) == "connect");
}
