#include "fixture.hpp"
#include "support/proxy_server.hpp"

#include <cstdlib>
#include <string_view>

// Through proxies of all kinds: HTTP, a CONNECT tunnel, SOCKS5. No name server knows the host that is asked for, so what
// arrives has come through the proxy.

using namespace leat::test;
using leat::executor;
using leat::task;
namespace http = leat::http;

namespace {

const proxy_rules with_password{.user = "ann", .password = "sesame"};

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

/// The server, by a name that only the proxy knows.
std::string url_of(const http_server& server, const std::string& path, const std::string& scheme = "http") {
    return scheme + "://origin.test:" + std::to_string(server.port()) + path;
}

http::options by(const std::string& proxy) {
    http::options o;
    o.proxy = proxy;
    return o;
}

/// Set for a test, and as it was after it.
class environment {
public:
    environment(const char* name, const std::string& value) : name_(name) {
        if (const char* old = std::getenv(name))
            before_ = old;
        ::setenv(name, value.c_str(), 1);
    }
    environment(const environment&) = delete;
    ~environment() {
        if (before_)
            ::setenv(name_, before_->c_str(), 1);
        else
            ::unsetenv(name_);
    }

private:
    const char* name_;
    std::optional<std::string> before_;
};

leat::async_generator<std::string> pieces() {
    for (int i = 0; i != 20; ++i)
        co_yield std::string(10'000, static_cast<char>('a' + i));
}

} // namespace

TEST_CASE("proxy: plain HTTP goes through it as a whole URL", "[http][proxy]") {
    http_server server([](exchange& x) {
        x.answer(200, x.method() + " " + x.target() + " " + x.header("Host") + " " + x.header("X-Mine") +
                          " " + (x.has_header("Proxy-Authorization") ? "leaked " : "") + x.body());
    });
    const std::string host = "origin.test:" + std::to_string(server.port());
    for (const bool password : {false, true}) {
        proxy_server proxy(password ? with_password : proxy_rules());
        const std::string address = "http://" + std::string(password ? "ann:sesame@" : "") + proxy.address();
        leat::run([&](executor ex) -> task<> {
            http::client client(ex, by(address));
            http::response response =
                co_await client.post(url_of(server, "/path?q"), "body", http::header("X-Mine", "yes"));
            const std::string text = co_await response.text();
            CHECK(text == "POST /path?q " + host + " yes body");
        });
        const auto heads = proxy.heads();
        REQUIRE(heads.size() == 1);
        CHECK(heads[0].starts_with("POST http://" + host + "/path?q HTTP/1.1\r\n"));
        CHECK(has(heads[0], "Proxy-Authorization") == password);
    }
    CHECK(server.requests() == 2);
}

TEST_CASE("proxy: a plain one streams both ways, and is left at once", "[http][proxy]") {
    gate read_one;
    http_server server([&](exchange& x) {
        if (x.method() == "POST")
            return x.answer(200, std::to_string(x.body().size()));
        x.head(200);
        x.write("first");
        read_one.wait();
        x.write("second");
        x.wait_for_client_to_leave();
    });
    proxy_server proxy;
    leat::run([&](executor ex) -> task<> {
        http::client client(ex, by("http://" + proxy.address()));
        auto upload = pieces();
        http::response response = co_await client.post(url_of(server, "/"), std::move(upload));
        const std::string size = co_await response.text();
        CHECK(size == "200000");

        http::response stream = co_await client.get(url_of(server, "/"));
        auto body = stream.body();
        std::string all;
        co_await read_at_least(body, all, 5);
        CHECK(all == "first");
        read_one.open();
        co_await read_at_least(body, all, 11);
        CHECK(all == "firstsecond");
    });
    CHECK(proxy.wait_until_over(2));
    CHECK(server.wait_until([&] { return server.connections_over() == 2; }, 20s));
}

TEST_CASE("proxy: a tunnel to a TLS server, of which the proxy sees the name only", "[http][proxy]") {
    const test_authority authority("DNS:origin.test");
    gate read_one;
    http_server server(
        [&](exchange& x) {
            x.head(200);
            x.write(x.header("Authorization"));
            read_one.wait();
            x.write(x.target() + (x.has_header("Proxy-Authorization") ? " leaked" : ""));
        },
        authority);
    const std::string host = "origin.test:" + std::to_string(server.port());
    proxy_server proxy(with_password);
    http::options o = by("http://ann:sesame@" + proxy.address());
    o.ca_file = authority.ca_file();
    leat::run([&](executor ex) -> task<> {
        http::client client(ex, o);
        http::response response = co_await client.get(url_of(server, "/path?q", "https"),
                                                      http::header("Authorization", "Bearer top"));
        CHECK(response.status() == 200);
        CHECK(response.headers().size() == 1); // the server's, not those of the proxy
        auto body = response.body();
        std::string all;
        co_await read_at_least(body, all, 10);
        CHECK(all == "Bearer top");
        read_one.open();
        co_await read_at_least(body, all, 100);
        CHECK(all == "Bearer top/path?q");
    });
    const auto heads = proxy.heads();
    REQUIRE(heads.size() == 1);
    CHECK(heads[0].starts_with("CONNECT " + host + " HTTP/1.1\r\n"));
    CHECK_FALSE(has(heads[0], "/path"));
    CHECK_FALSE(has(heads[0], "Bearer"));
}

TEST_CASE("proxy: a tunnel does not make a certificate better, and may break", "[http][proxy]") {
    const test_authority other("DNS:other.test");
    http_server wrong([](exchange& x) { x.answer(200, "never"); }, other);
    proxy_server proxy;
    http::options o = by("http://" + proxy.address());
    o.ca_file = other.ca_file();
    CHECK(failure_kind(fetch_alone(o, url_of(wrong, "/", "https"))) == "tls");
    CHECK(wrong.requests() == 0);

    const test_authority authority("DNS:origin.test");
    http_server server([](exchange& x) { x.answer(200, std::string(1'000'000, 'x')); }, authority);
    proxy_server cuts({.cut_after = 100'000});
    o = by("http://" + cuts.address());
    o.ca_file = authority.ca_file();
    const outcome cut = fetch_alone(o, url_of(server, "/", "https"));
    CHECK(failure_kind(cut) == "cut_connection");
    CHECK(cut.status == 200);
    CHECK(cut.body.size() < 100'000);
}

TEST_CASE("proxy: SOCKS5, with names or addresses, plain or TLS", "[http][proxy]") {
    const test_authority authority("DNS:origin.test,IP:127.0.0.1");
    http_server plain([](exchange& x) { x.answer(200, "plain " + x.target()); });
    http_server tls([](exchange& x) { x.answer(200, "tls " + x.target()); }, authority);
    for (const bool password : {false, true}) {
        proxy_server proxy(password ? with_password : proxy_rules());
        const std::string address = (password ? "ann:sesame@" : "") + proxy.address();
        http::options o = by("socks5h://" + address);
        o.ca_file = authority.ca_file();
        const outcome one = fetch_alone(o, url_of(plain, "/a?b"));
        CHECK(failure_kind(one) == "none");
        CHECK(one.body == "plain /a?b");
        CHECK(fetch_alone(o, url_of(tls, "/c", "https")).body == "tls /c");
        o.proxy = "socks5://" + address; // looks names up itself
        CHECK(fetch_alone(o, tls.url("/d")).body == "tls /d");
        const std::string who = password ? "ann:sesame" : "";
        CHECK(proxy.heads() ==
              std::vector<std::string>{"SOCKS5 origin.test:" + std::to_string(plain.port()) + " " + who,
                                       "SOCKS5 origin.test:" + std::to_string(tls.port()) + " " + who,
                                       "SOCKS5 127.0.0.1:" + std::to_string(tls.port()) + " " + who});
    }
}

TEST_CASE("proxy: a wrong password is an error that does not repeat it", "[http][proxy]") {
    http_server server([](exchange& x) { x.answer(200, "never"); });
    proxy_server proxy(with_password);
    const std::string address = "ann-secret:wrong-secret@" + proxy.address();

    // For plain HTTP the proxy answers instead of the server, so that is the response.
    leat::run([&](executor ex) -> task<> {
        http::client client(ex, by("http://" + address));
        http::response response = co_await client.get(url_of(server, "/?secret"));
        CHECK(response.status() == 407);
        std::string what;
        try {
            response.ensure_ok();
        } catch (const http::error& e) {
            what = e.what();
        }
        CHECK(has(what, "407"));
        CHECK_FALSE(has(what, "secret"));
    });
    for (const std::string scheme : {"http", "socks5h", "socks5"}) {
        INFO(scheme);
        const outcome o =
            fetch_alone(by(scheme + "://" + address),
                        scheme == "socks5" ? server.url("/?secret")
                                           : url_of(server, "/?secret", scheme == "http" ? "https" : "http"));
        REQUIRE(failure_kind(o) == "connect");
        CHECK(has(o.failure->what(), "proxy"));
        CHECK_FALSE(has(o.failure->what(), "secret"));
    }
    CHECK(server.requests() == 0);
}

TEST_CASE("proxy: one that cannot be used is an error without its password", "[http][proxy]") {
    for (const std::string address :
         {"http://ann:secret@no-such-proxy.invalid:1", "socks5h://ann:secret@127.0.0.1:1",
          "http://ann:secret@127.0.0.1:1", "ftp://ann:secret@127.0.0.1:1",
          "http://ann:secret@[::", "http://ann:se\r\ncret@127.0.0.1:1", "secret://"}) {
        INFO(address);
        for (const std::string url : {"http://origin.test/", "https://origin.test/"}) {
            const outcome o = fetch_alone(by(address), url);
            REQUIRE(o.failure);
            CHECK_FALSE(has(o.failure->what(), "secret"));
            CHECK_FALSE(has(o.failure->what(), "ann"));
        }
    }
}

TEST_CASE("proxy: one that is named by the environment, but not for this machine", "[http][proxy]") {
    http_server server([](exchange& x) { x.answer(200, "here"); });
    proxy_server proxy;
    const environment http_proxy("http_proxy", "http://" + proxy.address());
    const environment none("no_proxy", "");
    CHECK(fetch_alone({}, url_of(server, "/")).body == "here");
    CHECK(proxy.heads().size() == 1);
    // What is sent to this machine in the clear is not to leave it.
    CHECK(fetch_alone({}, server.url()).body == "here");
    CHECK(fetch_alone({}, "http://localhost:" + std::to_string(server.port())).body == "here");
    CHECK(proxy.heads().size() == 1);
    CHECK(failure_kind(fetch_alone(by(""), url_of(server, "/"))) ==
          "connect"); // nor does it need to be heeded
    CHECK(proxy.heads().size() == 1);
    // Who names one in the program has it.
    CHECK(fetch_alone(by("http://" + proxy.address()), server.url()).body == "here");
    CHECK(proxy.heads().size() == 2);
}
