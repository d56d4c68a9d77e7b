#include "fixture.hpp"

using namespace leat::test;
using leat::executor;
using leat::task;
namespace http = leat::http;

// A GET within an origin and the methods: test_client.cpp.

TEST_CASE("http follows to another origin what has no secret", "[http]") {
    std::string seen;
    http_server other([&](exchange& x) {
        seen = x.header("Accept") + "|" + x.header("Last-Event-ID") + "|" + x.header("Authorization");
        if (x.path() == "/back")
            return x.answer(302, "", {{"Location", x.header("Accept")}});
        x.answer(200, "other");
    });
    http_server server([&](exchange& x) {
        if (x.path() == "/end")
            return x.answer(200, "end " + x.header("Last-Event-ID"));
        if (x.path() == "/user")
            return x.answer(302, "", {{"Location", "http://user:sesame@localhost:1/"}});
        x.answer(x.path() == "/307" ? 307 : 302, "",
                 {{"Location", other.url(x.path() == "/back" ? "/back" : "/end")}});
    });
    http::options o = quiet();
    o.redirect = http::redirects::without_secrets;
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, o);
        http::response plain = co_await client.get(server.url("/302?key=1"), http::header("Accept", "a/b"),
                                                   http::header("last-event-id", "7"));
        CHECK(plain.status() == 200);
        CHECK(plain.crossed_origin());
        CHECK(plain.full_url() == other.url("/end"));
        CHECK(seen == "a/b||");

        // There and back again is two steps to another origin.
        http::response back =
            co_await client.get(server.url("/back"), http::header("Accept", server.url("/end")),
                                http::header("Last-Event-ID", "7"));
        const std::string text = co_await back.text();
        CHECK(text == "end ");

        for (const std::string name :
             {"Authorization", "X-Api-Key", "Cookie", "Proxy-Authorization", "X-Whatever"}) {
            http::response kept = co_await client.get(server.url("/302"), http::header(name, "sesame"));
            INFO(name);
            CHECK(kept.status() == 302);
            CHECK_FALSE(kept.crossed_origin());
        }
        http::response user = co_await client.get(server.url("/user"));
        CHECK(user.status() == 302);
        http::response from_user =
            co_await client.get("http://user:sesame@127.0.0.1:" + std::to_string(server.port()));
        CHECK(from_user.status() == 302);
        for (const std::string path : {"/302", "/307"}) {
            http::response post = co_await client.post(server.url(path), "sesame");
            CHECK(post.status() / 100 == 3);
        }
    });
    CHECK(other.requests() == 2);
}

TEST_CASE("http: one request may have a rule of its own for redirects", "[http]") {
    http_server server([](exchange& x) {
        if (x.path() == "/end")
            return x.answer(200, "end");
        x.answer(302, "", {{"Location", "/end?q=sesame"}});
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet()); // follows none
        http::request ask("GET", server.url("/"));
        ask.redirect = http::redirects::same_origin;
        http::response followed = co_await client.send(std::move(ask));
        CHECK(followed.status() == 200);
        CHECK(followed.url() == server.url("/end"));
        CHECK(followed.full_url() == server.url("/end?q=sesame"));
        CHECK_FALSE(followed.crossed_origin());
        http::response not_followed = co_await client.get(server.url("/"));
        CHECK(not_followed.status() == 302);
    });
}
