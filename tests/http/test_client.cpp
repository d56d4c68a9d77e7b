#include "fixture.hpp"

#include <vector>

using namespace leat::test;
using leat::executor;
using leat::task;
namespace http = leat::http;

TEST_CASE("http get brings status, headers and body", "[http]") {
    http_server server([](exchange& x) {
        x.answer(200, "hello " + x.method() + " " + x.target() + " " + x.header("X-Test"),
                 {{"Content-Type", "Text/Plain; charset=utf-8"},
                  {"X-Answer", "  spaced  "},
                  {"X-Twice", "1"},
                  {"X-Twice", "2"}});
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        http::response response =
            co_await client.get(server.url("/a%20b?q=1"), http::header("X-Test", "yes"));
        CHECK(response.status() == 200);
        CHECK(response.ok());
        CHECK(response.content_type() == "text/plain");
        CHECK(response.headers().get("x-ANSWER") == "spaced");
        CHECK(response.headers().get("x-twice") == "1");
        CHECK_FALSE(response.headers().get("x-none").has_value());
        CHECK(response.url() == server.url("/a%20b"));
        response.ensure_ok().ensure_content_type("text/plain");
        const std::string body = co_await response.text();
        CHECK(body == "hello GET /a%20b?q=1 yes");
    });
}

TEST_CASE("http post sends body and headers, and nothing that was not asked for", "[http]") {
    std::string seen, type, expect, accept_encoding;
    http_server server([&](exchange& x) {
        seen = x.method() + ":" + x.body();
        type = x.has_header("Content-Type") ? x.header("Content-Type") : "(none)";
        expect = x.has_header("Expect") ? "yes" : "no";
        accept_encoding = x.has_header("Accept-Encoding") ? "yes" : "no";
        x.answer(201, "made");
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        http::response json = co_await client.post(server.url(), "{\"a\":\"\0\"}",
                                                   http::header("Content-Type", "application/json"));
        CHECK(json.status() == 201);
        const std::string made = co_await json.text();
        CHECK(made == "made");
        CHECK(type == "application/json");
        CHECK(accept_encoding == "no");

        std::string large(3'000'000, 'x');
        large[1'000'000] = '\0';
        http::response bare = co_await client.post(server.url(), large);
        CHECK(bare.status() == 201);
        CHECK(seen == "POST:" + large);
        CHECK(type == "(none)");
        CHECK(expect == "no");
    });
}

TEST_CASE("http options are written by name", "[http]") {
    http_server server([](exchange& x) { x.answer(200, x.header("User-Agent")); });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, {.idle_timeout = 20s, .proxy = "", .user_agent = "mill/1"});
        http::response response = co_await client.get(server.url());
        const std::string named = co_await response.text();
        CHECK(named == "mill/1");
        response = co_await client.get(server.url(), http::header("user-agent", "other"));
        const std::string other = co_await response.text();
        CHECK(other == "other");

        http::client forged(ex, {.proxy = "", .user_agent = "x\r\nX-Forged: 1"});
        const outcome o = co_await fetch(forged, server.url());
        CHECK(failure_kind(o) == "bad_request");
    });
}

TEST_CASE("http send knows the other methods", "[http]") {
    http_server server([](exchange& x) {
        x.answer(200, x.method() + ":" + x.body(), {{"X-Method", x.method()}});
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        for (const std::string method : {"PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "GET", "POST"}) {
            http::request r(method, server.url());
            if (method == "PUT" || method == "PATCH")
                r.body = "b";
            http::response response = co_await client.send(std::move(r));
            CHECK(response.headers().get("X-Method") == method);
            const std::string body = co_await response.text();
            if (method == "HEAD")
                CHECK(body.empty());
            else
                CHECK(body == method + ":" + (method == "PUT" || method == "PATCH" ? "b" : ""));
        }
    });
}

TEST_CASE("http header values cannot forge headers", "[http]") {
    http_server server([](exchange& x) { x.answer(200, ""); });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        const std::vector<http::header> bad = {
            {"X-A", "secret\r\nX-B: 1"},
            {"X-A", "secret\nX-B: 1"},
            {"X-A", std::string("secret\0", 7)},
            {"X A", "secret"},
            {"X-A: 1\r\nX-B", "secret"},
            {"", "secret"},
            {"Content-Length", "7"},
            {"transfer-encoding", "chunked"},
        };
        for (const http::header& h : bad) {
            std::optional<http::error> failure;
            try {
                http::response response = co_await client.get(server.url(), h);
            } catch (const http::error& e) {
                failure = e;
            }
            REQUIRE(failure);
            CHECK(failure->kind() == http::error_kind::bad_request);
            CHECK(std::string(failure->what()).find("secret") == std::string::npos);
        }
    });
    CHECK(server.requests() == 0);
}

TEST_CASE("http refuses URLs it cannot use, without repeating them", "[http]") {
    for (const std::string url :
         {"", "secret", "ftp://h/secret", "file:///etc/passwd", "http://", "//h/secret",
          "http://h/secret path", "http://h:99999/secret", "gopher://secret", "http://[secret/"}) {
        const outcome o = fetch_alone(quiet(), url);
        INFO(url);
        REQUIRE(failure_kind(o) == "bad_request");
        CHECK(std::string(o.failure->what()).find("secret") == std::string::npos);
    }
}

TEST_CASE("http errors hold no secret", "[http]") {
    http_server server([](exchange& x) {
        x.answer(401, "Incorrect API key provided: sk-secret", {{"X-Trace", "sk-secret"}});
    });
    const std::string url = "http://user-secret:pass-secret@127.0.0.1:" + std::to_string(server.port()) +
                            "/path?key=secret#secret";
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        http::response response =
            co_await client.post(url, "body-secret", http::header("Authorization", "Bearer sk-secret"));
        CHECK(response.status() == 401);
        CHECK(response.url() == server.url("/path"));
        std::optional<http::error> failure;
        try {
            response.ensure_ok();
        } catch (const http::error& e) {
            failure = e;
        }
        REQUIRE(failure);
        CHECK(failure->kind() == http::error_kind::status);
        CHECK(failure->status() == 401);
        CHECK(failure->url() == server.url("/path"));
        CHECK(std::string(failure->what()).find("secret") == std::string::npos);
        CHECK(std::string(failure->what()).find("401") != std::string::npos);
        CHECK(std::string(failure->what()).find("POST " + server.url("/path")) == 0);
        const std::string text = co_await response.text(); // for the one who asks for it
        CHECK(text == "Incorrect API key provided: sk-secret");
    });
    // A connection that fails must not show it either.
    const outcome refused =
        fetch_alone(quiet(), "http://user-secret:pass-secret@127.0.0.1:1/path?key=secret");
    REQUIRE(failure_kind(refused) == "connect");
    CHECK(std::string(refused.failure->what()).find("secret") == std::string::npos);
}

TEST_CASE("http statuses are responses, ensure_ok makes them errors", "[http]") {
    http_server server([](exchange& x) { x.answer(std::stoi(x.path().substr(1)), "text"); });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        for (const int status : {200, 201, 302, 304, 400, 404, 429, 500, 503}) {
            http::response response = co_await client.get(server.url("/" + std::to_string(status)));
            CHECK(response.status() == status);
            if (status < 300)
                CHECK_NOTHROW(response.ensure_ok());
            else
                CHECK_THROWS_AS(response.ensure_ok(), http::error);
        }
    });
}

TEST_CASE("http ensure_content_type refuses another type", "[http]") {
    http_server server([](exchange& x) {
        if (x.path() == "/none")
            x.answer(200, "<html>");
        else
            x.answer(
                200, "<html>",
                {{"Content-Type", x.path() == "/html" ? "text/html" : "TEXT/Event-Stream ; charset=utf-8"}});
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        http::response good = co_await client.get(server.url("/sse"));
        CHECK_NOTHROW(good.ensure_content_type("text/event-stream"));
        for (const std::string path : {"/html", "/none"}) {
            http::response bad = co_await client.get(server.url(path));
            std::optional<http::error> failure;
            try {
                bad.ensure_ok().ensure_content_type("text/event-stream");
            } catch (const http::error& e) {
                failure = e;
            }
            REQUIRE(failure);
            CHECK(failure->kind() == http::error_kind::content_type);
            CHECK(failure->status() == 200);
        }
    });
}

TEST_CASE("http uses one connection for a thousand requests", "[http]") {
    http_server server([](exchange& x) {
        if (x.path() == "/chunked") {
            x.head(200);
            x.write("a");
            x.write("b");
        } else {
            x.answer(200, "ab");
        }
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        int good = 0;
        for (int i = 0; i < 1000; ++i) {
            const outcome o = co_await fetch(client, server.url(i % 2 ? "/chunked" : "/"));
            good += o.status == 200 && o.body == "ab";
        }
        CHECK(good == 1000);
    });
    CHECK(server.requests() == 1000);
    CHECK(server.connections() == 1);
}

TEST_CASE("http can leave connections alone", "[http]") {
    http_server server([](exchange& x) { x.answer(200, "ab"); });
    http::options o = quiet();
    o.reuse_connections = false;
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, o);
        for (int i = 0; i < 5; ++i)
            co_await fetch(client, server.url());
    });
    CHECK(server.connections() == 5);
}

namespace {

task<void> fetch_and_count(http::client& client, std::string url, std::string expected, int& good,
                           int& open) {
    const outcome o = co_await fetch(client, std::move(url));
    good += o.body == expected;
    --open;
}

} // namespace

TEST_CASE("http runs many transfers side by side", "[http]") {
    constexpr int many = 100;
    std::mutex mutex;
    std::condition_variable all_here;
    int here = 0;
    // Nobody is answered before everybody has asked.
    http_server server([&](exchange& x) {
        x.head(200);
        x.write(x.path());
        std::unique_lock lock(mutex);
        ++here;
        all_here.notify_all();
        all_here.wait_for(lock, 20s, [&] { return here == many; });
        lock.unlock();
        x.write("/end");
    });
    int good = 0, open = many;
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        for (int i = 0; i < many; ++i) {
            const std::string path = "/" + std::to_string(i);
            leat::spawn(ex, fetch_and_count(client, server.url(path), path + "/end", good, open));
        }
        while (open > 0)
            co_await leat::sleep_for(ex, 1ms);
    });
    CHECK(good == many);
    CHECK(server.connections() == many);
}

TEST_CASE("http does not send a POST twice", "[http]") {
    std::atomic<int> posts = 0, gets = 0;
    http_server server([&](exchange& x) {
        if (x.path() == "/ok")
            return x.answer(200, "ok");
        // The kept connection breaks after the request has been read: it may have been carried out.
        if (x.method() == "POST") {
            ++posts;
            x.cut();
        }
        if (++gets == 1)
            x.cut();
        x.answer(200, "again");
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        co_await fetch(client, server.url("/ok"));
        std::optional<http::error> failure;
        try {
            http::response response = co_await client.post(server.url("/break"), "buy");
        } catch (const http::error& e) {
            failure = e;
        }
        REQUIRE(failure);
        CHECK(failure->kind() == http::error_kind::cut_connection);
        CHECK(posts == 1);

        // A GET may be repeated, and libcurl does.
        co_await fetch(client, server.url("/ok"));
        const outcome o = co_await fetch(client, server.url("/break"));
        CHECK(o.body == "again");
        CHECK(gets == 2);
    });
}

TEST_CASE("http hands redirects to the caller", "[http]") {
    http_server server([](exchange& x) { x.answer(302, "", {{"Location", "/elsewhere"}}); });
    const outcome o = fetch_alone(quiet(), server.url());
    CHECK(o.status == 302);
    CHECK(server.requests() == 1);
}

TEST_CASE("http follows redirects within an origin where asked to", "[http]") {
    http_server other([](exchange& x) { x.answer(200, "other"); });
    http_server server([&](exchange& x) {
        const std::string path = x.path();
        if (path == "/end")
            return x.answer(200, x.method() + ":" + x.body() + ":" + x.header("X-Key") + ":" +
                                     x.header("Content-Type"));
        if (path == "/loop")
            return x.answer(302, "", {{"Location", "/loop"}});
        if (path == "/away")
            return x.answer(307, "", {{"Location", other.url("/end")}});
        if (path == "/strange")
            return x.answer(302, "", {{"Location", "ftp://127.0.0.1/"}});
        if (path == "/missing")
            return x.answer(302, "");
        x.answer(std::stoi(path.substr(1)), "ignored", {{"Location", "end?x=1"}});
    });
    http::options o = quiet();
    o.redirect = http::redirects::same_origin;
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, o);
        const std::vector<std::pair<std::string, std::string>> expected = {
            {"/301", "GET::k:"},
            {"/302", "GET::k:"},
            {"/303", "GET::k:"},
            {"/307", "POST:body:k:text/plain"},
            {"/308", "POST:body:k:text/plain"},
        };
        for (const auto& [path, answer] : expected) {
            http::response response =
                co_await client.post(server.url(path), "body", http::header("X-Key", "k"),
                                     http::header("Content-Type", "text/plain"));
            CHECK(response.url() == server.url("/end"));
            const std::string text = co_await response.text();
            CHECK(text == answer);
        }
        for (const std::string path : {"/loop", "/away", "/strange", "/missing"}) {
            http::response response = co_await client.get(server.url(path), http::header("X-Key", "k"));
            CHECK(response.status() / 100 == 3);
        }
    });
    CHECK(other.requests() == 0);
}
