#include "fixture.hpp"

#include <leat/leat.hpp>
#include <leat/sse.hpp>
#include <leat/sse/beast.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <functional>
#include <memory>
#include <vector>

// Our server against our client, and against bare sockets.

using namespace leat::test;
using boost::asio::ip::tcp;
using leat::executor;
using leat::task;
namespace http = leat::http;
namespace sse = leat::sse;

namespace {

using make_words = std::function<leat::async_generator<std::string>()>;

/// A server for one request, whose answer is what `make` makes. Says how it ended.
struct one_answer {
    explicit one_answer(executor ex)
        : acceptor(ex, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {}
    std::string url() const {
        return "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/";
    }

    task<> serve(make_words make, sse::send_options o = {}) {
        tcp::socket socket = co_await acceptor.async_accept(leat::use_await);
        boost::beast::flat_buffer buffer;
        boost::beast::http::request<boost::beast::http::empty_body> request;
        co_await boost::beast::http::async_read(socket, buffer, request, leat::use_await);
        try {
            auto head = sse::response_head(request);
            head.set("X-Ours", "yes");
            auto responding = sse::respond(socket, head, make(), o);
            how = co_await std::move(responding);
        } catch (const std::exception& e) {
            failure = e.what();
        }
        over = true;
    }

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
    throw boost::system::system_error(boost::asio::error::host_not_found); // not of our connection
}
/// One word, and silence, or words without end.
leat::async_generator<std::string> silent(executor ex, std::shared_ptr<int> alive) {
    co_yield std::string("one");
    co_await leat::sleep_for(ex, 1h);
    (void)alive;
}
leat::async_generator<std::string> endless(executor ex, std::shared_ptr<int> alive, std::size_t& made) {
    for (;; ++made) {
        if (made % 64 == 0)
            co_await leat::sleep_for(ex, 0ms);
        co_yield std::string(1000, 'x');
    }
    (void)alive;
}

task<> until(executor ex, const bool& done) {
    while (!done)
        co_await leat::sleep_for(ex, 1ms);
}

} // namespace

TEST_CASE("respond answers with an event stream", "[sse]") {
    leat::run([](executor ex) -> task<> {
        one_answer server(ex);
        leat::spawn(ex, server.serve([] { return words({"a", "b\n"}); }));
        http::client client(ex, quiet());
        http::response response = co_await client.get(server.url());
        CHECK(response.status() == 200);
        CHECK(response.content_type() == "text/event-stream");
        CHECK(response.headers().get("Cache-Control") == "no-store, no-transform");
        CHECK(response.headers().get("X-Accel-Buffering") == "no");
        CHECK(response.headers().get("Connection") == "close");
        CHECK(response.headers().get("X-Ours") == "yes");
        const std::string all = co_await response.text();
        CHECK(all == "data: \"a\"\n\ndata: \"b\\n\"\n\n");
        co_await until(ex, server.over);
        CHECK(server.how == sse::sent::all);
    });
}

TEST_CASE("respond sends each event at once, and signs of life between", "[sse]") {
    leat::run([](executor ex) -> task<> {
        one_answer server(ex);
        auto make = [&] { return silent(ex, nullptr); };
        sse::send_options o;
        o.heartbeat = 20ms;
        leat::spawn(ex, server.serve(make, o));
        http::client client(ex, quiet());
        http::response response = co_await client.get(server.url());
        auto body = response.body();
        std::string all;
        co_await read_at_least(body, all, 20);
        CHECK(all.starts_with("data: \"one\"\n\n:\n\n:\n\n"));
    });
}

TEST_CASE("respond closes its stream when the client leaves, also while that is silent", "[sse]") {
    const bool busy = GENERATE(false, true);
    leat::run([busy](executor ex) -> task<> {
        one_answer server(ex);
        auto alive = std::make_shared<int>();
        std::size_t made = 0;
        auto make = [&] { return busy ? endless(ex, alive, made) : silent(ex, alive); };
        leat::spawn(ex, server.serve(make));
        http::client client(ex, quiet());
        http::response response = co_await client.get(server.url());
        {
            auto body = response.body();
            auto first = co_await body.next();
            CHECK(first->size() != 0);
        } // here it leaves
        const auto left = std::chrono::steady_clock::now();
        co_await until(ex, server.over);
        CHECK(std::chrono::steady_clock::now() - left < 5s);
        CHECK(server.how == sse::sent::client_left);
        CHECK(server.failure.empty());
        CHECK(alive.use_count() == 1);
    });
}

TEST_CASE("respond makes the stream wait for a client that does not read", "[sse]") {
    leat::run([](executor ex) -> task<> {
        one_answer server(ex);
        auto alive = std::make_shared<int>();
        std::size_t made = 0;
        leat::spawn(ex, server.serve([&] { return endless(ex, alive, made); }));
        tcp::socket deaf(ex);
        co_await deaf.async_connect(server.acceptor.local_endpoint(), leat::use_await);
        const std::string ask = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        co_await boost::asio::async_write(deaf, boost::asio::buffer(ask), leat::use_await);
        std::size_t before = 0;
        for (int still = 0; still < 10;) {
            co_await leat::sleep_for(ex, 30ms);
            still = made == before && before != 0 ? still + 1 : 0;
            before = made;
        }
        CHECK(before < 12'000); // 12 MB: what the kernel's socket buffers hold
        // Who talks on is not listened to, and is still there.
        co_await boost::asio::async_write(deaf, boost::asio::buffer(ask), leat::use_await);
        co_await leat::sleep_for(ex, 20ms);
        CHECK_FALSE(server.over);
        deaf.close();
        co_await until(ex, server.over);
        CHECK(server.how == sse::sent::client_left);
        CHECK(alive.use_count() == 1);
    });
}

TEST_CASE("respond cuts the response when the stream fails", "[sse]") {
    leat::run([](executor ex) -> task<> {
        one_answer server(ex);
        auto serve = [](one_answer& s) -> task<> {
            co_await s.serve([] { return then_fail(); });
            s.acceptor.close();
        };
        leat::spawn(ex, serve(server));
        http::client client(ex, quiet());
        const outcome o = co_await fetch(client, server.url());
        CHECK(o.body == "data: \"one\"\n\n");
        CHECK(failure_kind(o) == "cut_connection");
        co_await until(ex, server.over);
        CHECK_FALSE(server.how);
        CHECK(server.failure.find("not found") != std::string::npos);
    });
}

TEST_CASE("respond speaks HTTP/1.0 too", "[sse]") {
    leat::run([](executor ex) -> task<> {
        one_answer server(ex);
        leat::spawn(ex, server.serve([] { return words({"a"}); }));
        tcp::socket old(ex);
        co_await old.async_connect(server.acceptor.local_endpoint(), leat::use_await);
        const std::string ask = "GET / HTTP/1.0\r\n\r\n";
        co_await boost::asio::async_write(old, boost::asio::buffer(ask), leat::use_await);
        std::string all;
        char some[1000];
        while (all.find("\n\ndata") == all.npos && all.find("\"a\"") == all.npos) {
            const std::size_t n = co_await old.async_read_some(boost::asio::buffer(some), leat::use_await);
            all.append(some, n);
        }
        CHECK(all.starts_with("HTTP/1.0 200 OK\r\n"));
        CHECK(all.find("chunked") == all.npos);
        CHECK(all.ends_with("\r\n\r\ndata: \"a\"\n\n"));
    });
}

TEST_CASE("respond takes a beast::tcp_stream, and may be destroyed in the middle", "[sse]") {
    auto alive = std::make_shared<int>();
    leat::run([alive](executor ex) -> task<> {
        tcp::acceptor acceptor(ex, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
        auto serve = [](tcp::acceptor& a, std::shared_ptr<int> life, executor e) -> task<> {
            boost::beast::tcp_stream stream(co_await a.async_accept(leat::use_await));
            boost::beast::http::request<boost::beast::http::empty_body> request;
            request.version(11);
            auto responding = sse::respond(stream, sse::response_head(request), silent(e, life));
            co_await std::move(responding);
        };
        leat::spawn(ex, serve(acceptor, alive, ex));
        tcp::socket client(ex);
        co_await client.async_connect(acceptor.local_endpoint(), leat::use_await);
        char some[10];
        co_await boost::asio::async_read(client, boost::asio::buffer(some), leat::use_await);
    }); // the loop ends here
    CHECK(alive.use_count() == 1);
}
