#include "event_source.hpp"

#include <leat/adaptor/stop_on.hpp>
#include <leat/http/retry_after.hpp>

#include <atomic>
#include <stop_token>

using namespace leat::test;
using leat::executor;
using leat::task;
namespace http = leat::http;
namespace sse = leat::sse;
using ids = std::vector<std::string>;
using waits = std::vector<long long>;

namespace {

const std::vector<exchange::field> event_stream = {{"Content-Type", "text/event-stream"}};

/// Answers the n-th request with the n-th of `texts`, and 204 when there are none left. Notes what came in.
class script {
public:
    explicit script(std::vector<std::string> texts) : texts_(std::move(texts)) {}
    void operator()(exchange& x) {
        last_ids.push_back(x.has_header("Last-Event-ID") ? x.header("Last-Event-ID") : "(none)");
        if (at_ == texts_.size())
            return x.raw("HTTP/1.1 204 No Content\r\n\r\n");
        x.head(200, event_stream);
        x.write(texts_[at_++]);
    }
    ids last_ids;

private:
    std::vector<std::string> texts_;
    std::size_t at_ = 0;
};

} // namespace

TEST_CASE("event source goes on behind the last event, until the server says 204", "[sse]") {
    script s({"data: a\nid: 1\n\ndata: b\n\n", "data: c\n\nid: 2\n\ndata: cut sho", "data: d\nid\n\n",
              "data: e\n\n"});
    http_server server([&](exchange& x) { s(x); });
    const heard h = listen_to(server.url());
    CHECK(h.events == "a/1 b/1 c/1 d/ e/");
    CHECK(h.failure.empty());
    CHECK(s.last_ids == ids{"(none)", "1", "2", "(none)", "(none)"});
    CHECK(h.diary == "connecting open connecting open connecting open connecting open connecting closed");
    CHECK(h.waits == waits{3000, 3000, 3000, 3000});
    CHECK(h.state == sse::connection_state::closed);
}

TEST_CASE("event source asks as EventSource does", "[sse]") {
    std::string accept, cache, id, method, encoding;
    http_server server([&](exchange& x) {
        accept = x.header("Accept"), cache = x.header("Cache-Control"), id = x.header("Last-Event-ID");
        method = x.method(), encoding = x.has_header("Accept-Encoding") ? "yes" : "no";
        x.raw("HTTP/1.1 204 No Content\r\n\r\n");
    });
    sse::connect_options o = steady();
    o.last_event_id = "\xE2\x82\xAC 7"; // UTF-8 as it is
    const heard h = listen_to(server.url(), o);
    CHECK(method == "GET");
    CHECK(accept == "text/event-stream");
    CHECK(cache == "no-cache");
    CHECK(encoding == "no");
    CHECK(id == "\xE2\x82\xAC 7");
    CHECK(h.last_event_id == "\xE2\x82\xAC 7");
}

TEST_CASE("event source connects again after a cut, a refusal and no HTTP, but not for ever", "[sse]") {
    http_server server([](exchange& x) {
        if (x.path() == "/reset") {
            x.head(200, event_stream);
            x.cut();
        }
        x.raw("hello\r\n\r\n");
        x.cut();
    });
    sse::connect_options o = steady();
    o.reconnect.attempts = 3;
    const heard cut = listen_to(server.url("/reset"), o);
    CHECK(cut.failure == "gave_up");
    CHECK(cut.diary ==
          "connecting open connecting(cut_connection) open connecting(cut_connection) open closed(gave up)");
    CHECK(cut.waits == waits{3000, 3000});
    CHECK(listen_to(server.url("/no-http"), o).failure == "gave_up");
    CHECK(server.requests() == 6);

    const heard refused = listen_to("http://127.0.0.1:1/", o);
    CHECK(refused.diary == "connecting connecting(connect) connecting(connect) closed(gave up)");
    CHECK(listen_to("http://secret secret", o).failure == "bad_request"); // no attempt would change it
}

TEST_CASE("event source stops at any other answer than an event stream", "[sse]") {
    http_server server([](exchange& x) {
        const std::string path = x.path().substr(1);
        if (path == "html")
            return x.answer(200, "data: x\n\n", {{"Content-Type", "text/html"}});
        if (path == "none")
            return x.answer(200, "data: x\n\n");
        if (path == "good") {
            x.answer(200, "data: x\n\n", {{"Content-Type", "Text/Event-Stream;charset=latin1; junk"}});
            return;
        }
        x.answer(std::stoi(path), "data: x\n\n", event_stream);
    });
    for (const int status : {201, 203, 205, 206, 210, 299, 304, 400, 401, 404, 410, 429, 500, 503}) {
        const heard h = listen_to(server.url("/" + std::to_string(status) + "?secret"));
        INFO(status);
        CHECK(h.failure == "not_an_event_stream");
        CHECK(h.status == status);
        CHECK(h.events.empty());
        CHECK(h.waits.empty());
        CHECK(h.what.find("secret") == std::string::npos);
        CHECK(h.what.find(std::to_string(status)) != std::string::npos);
        CHECK(h.state == sse::connection_state::closed);
    }
    CHECK(listen_to(server.url("/html")).failure == "not_an_event_stream");
    CHECK(listen_to(server.url("/none")).failure == "not_an_event_stream");
    CHECK(listen_to(server.url("/good"), steady(), 2).events == "x/ x/");
}

TEST_CASE("event source honours Retry-After where it is to try again", "[sse]") {
    const std::vector<std::string> asked = {"7", "0", "junk", "99999999999999999999",
                                            "Thu, 01 Jan 1970 00:00:00 GMT"};
    std::atomic<std::size_t> at = 0;
    http_server server([&](exchange& x) {
        if (at == asked.size())
            return x.raw("HTTP/1.1 204 No Content\r\n\r\n");
        x.answer(at % 2 == 0 ? 429 : 503, "", {{"Retry-After", asked[at]}});
        ++at;
    });
    sse::connect_options o = steady();
    o.retry_when_busy = true;
    const heard h = listen_to(server.url(), o);
    CHECK(h.failure.empty());
    CHECK(h.waits == waits{7000, 3000, 3000, 300'000, 3000});
    CHECK(
        h.diary ==
        "connecting connecting(429) connecting(503) connecting(429) connecting(503) connecting(429) closed");
}

TEST_CASE("http reads Retry-After", "[http]") {
    using namespace std::chrono;
    const auto now = sys_days(year(2026) / 1 / 2) + 3h + 4min + 5s;
    const auto read = [&](std::string value) -> long long {
        http::header_list headers;
        headers.add("Retry-After", value);
        const auto wait = http::retry_after(headers, 1h, now);
        return wait ? wait->count() : -1;
    };
    CHECK(read("0") == 0);
    CHECK(read("120") == 120'000);
    CHECK(read("3600") == 3'600'000);
    CHECK(read("3601") == 3'600'000);
    CHECK(read(std::string(1000, '9')) == 3'600'000);
    CHECK(read("Fri, 02 Jan 2026 03:04:15 GMT") == 10'000);
    CHECK(read("Fri, 02 Jan 2026 03:04:05 GMT") == 0);
    CHECK(read("Wed, 01 Jan 0000 00:00:00 GMT") == 0);
    CHECK(read("Fri, 31 Dec 9999 23:59:60 GMT") == 3'600'000);
    for (const std::string bad :
         {"", "-1", "1.5", "1 ", "soon", "Fri, 32 Jan 2026 03:04:15 GMT", "Fri, 30 Feb 2026 03:04:15 GMT",
          "Fri, 02 anF 2026 03:04:15 GMT", "Fri, 02 Jan 2026 24:04:15 GMT", "Fri, 02 Jan 2026 03:04:15 CET",
          "Friday, 02-Jan-26 03:04:15 GMT", "Fri, +2 Jan 2026 03:04:15 GMT", "Fri, -2 Jan 2026 03:04:15 GMT"})
        CHECK(read(bad) == -1);
    CHECK_FALSE(http::retry_after(http::header_list(), 1h, now));
}

TEST_CASE("event source waits as the server asks, within limits", "[sse]") {
    script s({"retry: 0\n\n", "retry: 250\n\n", "retry: 99999999999\n\n",
              "retry: 99999999999999999999999999\n\n", "retry: 1x\n\n"});
    http_server server([&](exchange& x) { s(x); });
    CHECK(listen_to(server.url()).waits == waits{100, 250, 3'600'000, 3'600'000, 3'600'000});
}

TEST_CASE("event source counts its failures from a good connection on", "[sse]") {
    instant clock;
    int n = 0;
    http_server server([&](exchange& x) {
        x.head(200, event_stream);
        x.write("data: " + std::to_string(n++) + "\n\n");
    });
    sse::connect_options o = steady();
    o.reconnect.attempts = 3;
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        auto news = sse::connect(clock, client, http::request("GET", server.url()), o);
        int seen = 0;
        bool gave_up = false;
        try {
            while (auto e = co_await news.next())
                if (++seen < 10)
                    clock.pass(60s); // this one stood for a minute
        } catch (const sse::gave_up& e) {
            gave_up = true;
            CHECK(e.attempts() == 3);
            CHECK_FALSE(e.last()); // the server had ended it
        }
        CHECK(gave_up);
        CHECK(seen == 11);
        CHECK(news.connections() == 11);
    });
}

TEST_CASE("event source sends no id that could do harm", "[sse]") {
    const std::string longest(4096, 'x');
    script s({"id: a\tb\ndata: 1\n\n", "id: a\x1b[31m\ndata: 2\n\n", "id: " + longest + "\ndata: 3\n\n",
              "id: " + longest + "x\ndata: 4\n\n", "id: \x7f\ndata: 5\n\n", "id: ok\ndata: 6\n\n"});
    http_server server([&](exchange& x) { s(x); });
    const heard h = listen_to(server.url());
    CHECK(h.failure.empty());
    CHECK(s.last_ids == ids{"(none)", "(none)", "(none)", longest, "(none)", "(none)", "ok"});
}

TEST_CASE("event source: closing is the end, even of what was there already", "[sse]") {
    http_server server([](exchange& x) {
        x.head(200, event_stream);
        x.write("data: 1\n\ndata: 2\n\ndata: 3\n\n");
        x.wait_for_client_to_leave();
    });
    const heard h = listen_to(server.url(), steady(), 1);
    CHECK(h.events == "1/");
    CHECK(h.diary == "connecting open closed");
    CHECK(h.state == sse::connection_state::closed);
    CHECK(server.wait_until([&] { return server.connections_over() == 1; }, 20s));
}

TEST_CASE("event source: a stop cuts every wait short", "[sse]") {
    http_server server([](exchange& x) {
        if (x.path() == "/silent") {
            x.head(200, event_stream);
            x.write("data: 1\n\n");
        } else if (x.path() == "/lost") {
            x.cut();
        }
        x.wait_for_client_to_leave();
    });
    for (const std::string path : {"/silent", "/no-answer", "/lost"}) {
        INFO(path);
        leat::run([&](executor ex) -> task<void> {
            http::client client(ex, quiet());
            std::stop_source stop;
            auto stop_soon = [](executor e, std::stop_source s) -> task<void> {
                co_await leat::sleep_for(e, 30ms);
                s.request_stop();
            };
            sse::connect_options o;
            o.reconnect.reconnection_time = 1h; // the real clock
            auto news = sse::connect(client, server.url(path), o) | leat::stop_on(stop.get_token());
            leat::spawn(ex, stop_soon(ex, stop));
            bool stopped = false;
            try {
                while (auto e = co_await news.next()) {
                }
            } catch (const leat::stopped&) {
                stopped = true;
            }
            CHECK(stopped);
        });
    }
}

TEST_CASE("event source: comments are signs of life, silence is a lost connection", "[sse]") {
    std::atomic<int> n = 0;
    http_server server([&](exchange& x) {
        if (n++ == 1)
            return x.raw("HTTP/1.1 204 No Content\r\n\r\n");
        x.head(200, event_stream);
        for (int i = 0; i != 8; ++i) {
            x.sleep(100ms);
            x.write(":\n\n");
        }
        x.write("data: after 800 ms of comments\n\n");
        x.wait_for_client_to_leave();
    });
    http::options how = quiet();
    how.idle_timeout = 400ms;
    const heard h = listen_to(server.url(), steady(), 1000, how);
    CHECK(h.events == "after 800 ms of comments/");
    CHECK(h.diary == "connecting open connecting(timeout) closed");

    http_server mute([](exchange& x) { x.wait_for_client_to_leave(); });
    how.first_byte_timeout = 50ms;
    sse::connect_options o = steady();
    o.reconnect.attempts = 2;
    CHECK(listen_to(mute.url(), o, 1000, how).diary == "connecting connecting(timeout) closed(gave up)");
}

TEST_CASE("event source follows redirects, and stays where they led", "[sse]") {
    ids paths;
    http_server server([&](exchange& x) {
        paths.push_back(x.target());
        if (x.path() == "/final") {
            if (paths.size() == 3)
                return x.raw("HTTP/1.1 204 No Content\r\n\r\n");
            x.head(200, event_stream);
            return x.write("data: x\nid: 1\n\n");
        }
        if (x.path() == "/loop")
            return x.answer(302, "", {{"Location", "/loop"}});
        if (x.path() == "/nowhere")
            return x.answer(301, "");
        x.answer(std::stoi(x.path().substr(1)), "", {{"Location", "/final?key=secret"}});
    });
    for (const std::string status : {"301", "302", "303", "307", "308"}) {
        paths.clear();
        const heard h = listen_to(server.url("/" + status));
        INFO(status);
        CHECK(h.events == "x/1");
        CHECK(paths == ids{"/" + status, "/final?key=secret", "/final?key=secret"});
    }
    for (const std::string path : {"/loop", "/nowhere"}) {
        const heard h = listen_to(server.url(path));
        CHECK(h.failure == "not_an_event_stream");
        CHECK(h.what.find("redirect") != std::string::npos);
    }
}

TEST_CASE("event source takes no secret and no id to another origin", "[sse]") {
    ids seen;
    std::string cookie;
    http_server other([&](exchange& x) {
        seen.push_back(x.has_header("Last-Event-ID") ? x.header("Last-Event-ID") : "(none)");
        if (seen.size() == 3)
            return x.raw("HTTP/1.1 204 No Content\r\n\r\n");
        x.head(200, event_stream);
        x.write(seen.size() == 1 ? "data: theirs\n\n" : "data: theirs\nid: 9\n\n");
    });
    http_server server([&](exchange& x) { x.answer(302, "", {{"Location", other.url("/elsewhere")}}); });

    for (const std::string name : {"Authorization", "X-Api-Key", "Cookie", "X-Anything"}) {
        http::header_list headers;
        headers.add(name, "sesame");
        const heard h = listen_to(server.url(), steady(), 1000, quiet(), headers);
        INFO(name);
        CHECK(h.failure == "not_an_event_stream");
        CHECK(h.status == 302);
        CHECK(h.what.find("sesame") == std::string::npos);
        CHECK(other.requests() == 0);
    }
    const std::string with_user = "http://user:sesame@127.0.0.1:" + std::to_string(server.port()) + "/";
    CHECK(listen_to(with_user).failure == "not_an_event_stream");
    CHECK(other.requests() == 0);

    // Without a secret it may go there, but the id stays here; the other origin gets its own ids.
    sse::connect_options o = steady();
    o.last_event_id = "ours";
    const heard h = listen_to(server.url(), o);
    CHECK(h.events == "theirs/ theirs/9");
    CHECK(seen == ids{"(none)", "(none)", "9"});
    CHECK(h.failure.empty());
}

TEST_CASE("event source does not go from https to http", "[sse]") {
    const test_authority authority;
    http_server plain([](exchange& x) { x.answer(200, "", event_stream); });
    http_server server([&](exchange& x) { x.answer(302, "", {{"Location", plain.url()}}); }, authority);
    http::options how = quiet();
    how.ca_file = authority.ca_file();
    CHECK(listen_to(server.url(), steady(), 1000, how).failure == "not_an_event_stream");
    CHECK(plain.requests() == 0);
    // A server that cannot prove who it is will not be able to next time.
    const heard stranger = listen_to(server.url());
    CHECK(stranger.failure == "tls");
    CHECK(stranger.waits.empty());
}

TEST_CASE("event source keeps two connections in different places apart", "[sse]") {
    http_server server([](exchange& x) {
        x.head(200, event_stream);
        x.write("data: " + x.path() + "\nid: " + x.path() + "\n\n");
        x.wait_for_client_to_leave();
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        auto a = sse::connect(client, server.url("/a"));
        auto b = sse::connect(client, server.url("/b"));
        CHECK(a.state() == sse::connection_state::connecting);
        auto x = co_await a.next();
        auto y = co_await b.next();
        CHECK(x->data == "/a");
        CHECK(y->data == "/b");
        CHECK(a.state() == sse::connection_state::open);
        CHECK(a.last_event_id() == "/a");
        // It can be collected, as what it gives can be kept.
        auto kept = std::move(b) | leat::materialize() | leat::take(0);
        const auto none = co_await leat::collect<std::vector>(std::move(kept));
        CHECK(none.empty());
    });
}
