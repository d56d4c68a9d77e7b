#include "fixture.hpp"

#include <leat/leat.hpp>
#include <leat/sse.hpp>
#include <leat/sse/beast.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

// An event stream as a response over TLS: the client leaves, talks on, reads to the end, and the server lets go at once.

using namespace leat::test;
using boost::asio::ip::tcp;
using leat::executor;
using leat::task;
namespace http = leat::http;
namespace sse = leat::sse;
namespace ssl = boost::asio::ssl;

namespace {

using connection = ssl::stream<tcp::socket>;
using make_words = std::function<leat::async_generator<std::string>()>;

/// A TLS server for one request. Its connection is gone the moment it has responded.
struct one_answer {
    one_answer(executor ex, const test_authority& authority)
        : context(authority.server_context()),
          acceptor(ex, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {}
    std::string url() const {
        return "https://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/";
    }

    template <class Connection = connection> task<> serve(make_words make, bool goodbye) {
        {
            tcp::socket socket = co_await acceptor.async_accept(leat::use_await);
            Connection c(std::move(socket), context);
            co_await c.async_handshake(ssl::stream_base::server, leat::use_await);
            boost::beast::flat_buffer buffer;
            boost::beast::http::request<boost::beast::http::empty_body> request;
            co_await boost::beast::http::async_read(c, buffer, request, leat::use_await);
            if constexpr (requires { c.next_layer().expires_after(1ms); })
                c.next_layer().expires_after(1ms); // the limit of the request is not one of the response
            try {
                auto responding = sse::respond(c, sse::response_head(request), make());
                how = co_await std::move(responding);
            } catch (const std::exception& e) {
                failure = e.what();
            }
            if (goodbye)
                co_await c.async_shutdown(leat::use_await);
        }
        over = true;
    }

    ssl::context context;
    tcp::acceptor acceptor;
    std::optional<sse::sent> how;
    std::string failure;
    bool over = false;
};

leat::async_generator<std::string> words(std::vector<std::string> all) {
    for (auto& w : all)
        co_yield w;
}
leat::async_generator<std::string> then_fail() {
    co_yield std::string("one");
    throw std::runtime_error("the source is broken");
}
/// One word, and silence, or words without end.
leat::async_generator<std::string> going_on(executor ex, std::shared_ptr<int> alive, bool silent) {
    for (;;) {
        co_yield std::string(1000, 'x');
        co_await leat::sleep_for(ex, silent ? 1h : 0h);
    }
    (void)alive;
}

task<> until(executor ex, const bool& done) {
    while (!done)
        co_await leat::sleep_for(ex, 1ms);
}

http::options trusting(const test_authority& authority) {
    http::options o = quiet();
    o.ca_file = authority.ca_file();
    return o;
}

} // namespace

TEST_CASE("respond over TLS: all of it, whether the server says goodbye or not", "[sse][tls]") {
    const test_authority authority;
    for (const bool goodbye : {false, true})
        leat::run([&](executor ex) -> task<> {
            one_answer server(ex, authority);
            leat::spawn(ex, server.serve([] { return words({"a", std::string(100'000, 'b')}); }, goodbye));
            http::client client(ex, trusting(authority));
            const outcome o = co_await fetch(client, server.url());
            CHECK(failure_kind(o) == "none");
            CHECK(o.body == "data: \"a\"\n\ndata: \"" + std::string(100'000, 'b') + "\"\n\n");
            co_await until(ex, server.over);
            CHECK(server.how == sse::sent::all);
        });
}

TEST_CASE("respond forgets the limit of time of a beast::tcp_stream, over TLS or not", "[sse][tls]") {
    const test_authority authority;
    auto make = [](executor ex) -> leat::async_generator<std::string> {
        co_yield std::string("a");
        co_await leat::sleep_for(ex, 20ms);
        co_yield std::string("b");
    };
    leat::run([&](executor ex) -> task<> {
        one_answer server(ex, authority);
        using beasts = ssl::stream<boost::beast::tcp_stream>;
        leat::spawn(ex, server.serve<beasts>([&] { return make(ex); }, false));
        http::client client(ex, trusting(authority));
        const outcome o = co_await fetch(client, server.url());
        CHECK(o.body == "data: \"a\"\n\ndata: \"b\"\n\n");
        co_await until(ex, server.over);
        CHECK(server.how == sse::sent::all);
    });
    leat::run([&](executor ex) -> task<> {
        tcp::acceptor acceptor(ex, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
        std::optional<sse::sent> how;
        auto serve = [&](tcp::acceptor& a) -> task<> {
            boost::beast::tcp_stream stream(co_await a.async_accept(leat::use_await));
            boost::beast::flat_buffer buffer;
            boost::beast::http::request<boost::beast::http::empty_body> request;
            co_await boost::beast::http::async_read(stream, buffer, request, leat::use_await);
            stream.expires_after(1ms);
            auto responding = sse::respond(stream, sse::response_head(request), make(ex));
            how = co_await std::move(responding);
        };
        leat::spawn(ex, serve(acceptor));
        http::client client(ex, quiet());
        const outcome o = co_await fetch(
            client, "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/");
        CHECK(o.body == "data: \"a\"\n\ndata: \"b\"\n\n");
        while (!how)
            co_await leat::sleep_for(ex, 1ms);
        CHECK(how == sse::sent::all);
    });
}

TEST_CASE("respond over TLS closes its stream when the client leaves", "[sse][tls]") {
    const test_authority authority;
    for (const bool silent : {false, true})
        leat::run([&](executor ex) -> task<> {
            one_answer server(ex, authority);
            auto alive = std::make_shared<int>();
            leat::spawn(ex, server.serve([&] { return going_on(ex, alive, silent); }, false));
            http::client client(ex, trusting(authority));
            {
                http::response response = co_await client.get(server.url());
                auto body = response.body();
                auto first = co_await body.next();
                CHECK(first->size() != 0);
            } // here it leaves
            co_await until(ex, server.over);
            CHECK(server.how == sse::sent::client_left);
            CHECK(server.failure.empty());
            CHECK(alive.use_count() == 1);
        });
}

TEST_CASE("respond over TLS cuts the response when the stream fails", "[sse][tls]") {
    const test_authority authority;
    leat::run([&](executor ex) -> task<> {
        one_answer server(ex, authority);
        leat::spawn(ex, server.serve([] { return then_fail(); }, false));
        http::client client(ex, trusting(authority));
        const outcome o = co_await fetch(client, server.url());
        CHECK(o.body == "data: \"one\"\n\n");
        CHECK(o.failure);
        co_await until(ex, server.over);
        CHECK(server.failure == "the source is broken");
    });
}

TEST_CASE("respond over TLS does not listen to a client that talks on", "[sse][tls]") {
    const test_authority authority;
    leat::run([&](executor ex) -> task<> {
        one_answer server(ex, authority);
        auto alive = std::make_shared<int>();
        leat::spawn(ex, server.serve([&] { return going_on(ex, alive, false); }, false));
        ssl::context trusts(ssl::context::tls_client);
        trusts.load_verify_file(authority.ca_file());
        connection client(tcp::socket(ex), trusts);
        client.set_verify_mode(ssl::verify_peer);
        co_await client.next_layer().async_connect(server.acceptor.local_endpoint(), leat::use_await);
        co_await client.async_handshake(ssl::stream_base::client, leat::use_await);
        const std::string ask = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        std::string some(5000, '\0');
        for (int i = 0; i != 100; ++i) { // reading and writing at the same time, on both sides
            co_await boost::asio::async_write(client, boost::asio::buffer(ask), leat::use_await);
            co_await boost::asio::async_read(client, boost::asio::buffer(some), leat::use_await);
        }
        CHECK_FALSE(server.over);
        client.next_layer().close(); // without a goodbye
        co_await until(ex, server.over);
        CHECK(server.how == sse::sent::client_left);
        CHECK(alive.use_count() == 1);
    });
}

TEST_CASE("respond over TLS may be destroyed in the middle, with its loop", "[sse][tls]") {
    const test_authority authority;
    auto alive = std::make_shared<int>();
    leat::run([&](executor ex) -> task<> {
        auto serve = [](executor e, const test_authority& a, std::shared_ptr<int> life,
                        std::shared_ptr<std::string> url) -> task<> {
            one_answer here(e, a);
            *url = here.url();
            co_await here.serve([&] { return going_on(e, life, true); }, false);
        };
        auto url = std::make_shared<std::string>();
        leat::spawn(ex, serve(ex, authority, alive, url));
        while (url->empty())
            co_await leat::sleep_for(ex, 1ms);
        http::client client(ex, trusting(authority));
        http::response response = co_await client.get(*url);
        auto body = response.body();
        auto first = co_await body.next();
        CHECK(first->size() != 0);
    });
    CHECK(alive.use_count() == 1);
}
