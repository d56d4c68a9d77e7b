#include "fixture.hpp"

#include <leat/adaptor/stop_on.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

using namespace leat::test;
using leat::async_generator;
using leat::executor;
using leat::task;
namespace http = leat::http;

namespace {

/// From the request to the last byte, as one stream.
async_generator<std::string> download(http::client client, std::string url) {
    http::response response = co_await client.get(std::move(url));
    auto body = response.body();
    while (auto bytes = co_await body.next())
        co_yield std::string(bytes->text());
}

struct stopped_download {
    std::string body;
    bool stopped = false;
    std::chrono::steady_clock::duration took{};
};

/// Stops 50 ms after the last thing that happened.
stopped_download stop_download(std::string url, std::string wait_for = {}) {
    stopped_download got;
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        std::stop_source source;
        auto stop_soon = [](executor e, std::stop_source s) -> task<void> {
            co_await leat::sleep_for(e, 50ms);
            s.request_stop();
        };
        auto pieces = download(client, url) | leat::stop_on(source.get_token());
        const auto start = std::chrono::steady_clock::now();
        if (wait_for.empty())
            leat::spawn(ex, stop_soon(ex, source));
        try {
            while (auto piece = co_await pieces.next()) {
                got.body += *piece;
                if (got.body == wait_for)
                    leat::spawn(ex, stop_soon(ex, source));
            }
        } catch (const leat::stopped&) {
            got.stopped = true;
        }
        got.took = std::chrono::steady_clock::now() - start;
        const bool more = static_cast<bool>(co_await pieces.next());
        CHECK_FALSE(more);
    });
    return got;
}

/// The connection was closed by us, so that the server stops.
bool closed_for(http_server& server) {
    return server.wait_until([&] { return server.connections_over() == 1; }, 20s);
}

} // namespace

TEST_CASE("contract: cancellation reaches the deepest wait: an HTTP body whose server is silent", "[http]") {
    http_server server([](exchange& x) {
        x.head(200);
        x.write("abc");
        x.wait_for_client_to_leave();
    });
    const stopped_download got = stop_download(server.url(), "abc");
    CHECK(got.body == "abc");
    CHECK(got.stopped);
    CHECK(got.took < 5s);
    CHECK(closed_for(server));
}

TEST_CASE("contract: cancellation reaches the deepest wait: HTTP before the first byte, and while connecting",
          "[http]") {
    http_server server([](exchange& x) { x.wait_for_client_to_leave(); });
    const stopped_download silent = stop_download(server.url());
    CHECK(silent.stopped);
    CHECK(silent.took < 5s);
    CHECK(closed_for(server));

    // The kernel takes the TCP connection, and nobody ever answers the TLS greeting.
    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor mute(io, {boost::asio::ip::address_v4::loopback(), 0});
    const std::string port = std::to_string(mute.local_endpoint().port());
    const stopped_download connecting = stop_download("https://127.0.0.1:" + port + "/");
    CHECK(connecting.stopped);
    CHECK(connecting.took < 5s);
}

TEST_CASE("contract: cancellation reaches the deepest wait: HTTP, requested from another thread", "[http]") {
    http_server server([](exchange& x) {
        x.head(200);
        x.write("abc");
        x.wait_for_client_to_leave();
    });
    leat::run([&](executor ex) -> task<void> {
        http::client client(ex, quiet());
        for (int round = 0; round != 50; ++round) {
            std::stop_source source;
            std::jthread other([source, round]() mutable {
                std::this_thread::sleep_for(std::chrono::microseconds(round * 40));
                source.request_stop();
            });
            auto pieces = download(client, server.url()) | leat::stop_on(source.get_token());
            bool stopped = false;
            try {
                while (auto piece = co_await pieces.next()) {
                }
            } catch (const leat::stopped&) {
                stopped = true;
            }
            if (!stopped)
                FAIL_CHECK("not stopped");
        }
    });
}

TEST_CASE("contract: fairness: another task runs during a long HTTP body, at every second chunk", "[http]") {
    std::string large(20'000'000, 'x');
    http_server server([&](exchange& x) {
        x.head(200);
        for (std::size_t at = 0; at < large.size(); at += 1'000'000)
            x.write(std::string_view(large).substr(at, 1'000'000));
    });
    leat::run([&](executor ex) -> task<void> {
        struct neighbour {
            static void run(executor e, std::shared_ptr<long> turns) {
                boost::asio::post(e, [e, turns] {
                    if (*turns >= 0) {
                        ++*turns;
                        run(e, turns);
                    }
                });
            }
        };
        const auto turns = std::make_shared<long>(0);
        neighbour::run(ex, turns);
        http::client client(ex, quiet());
        http::response response = co_await client.get(server.url());
        auto body = response.body();
        long before = -1;
        int run = 0, longest = 0, chunks = 0;
        std::size_t size = 0;
        while (auto bytes = co_await body.next()) {
            run = *turns == before ? run + 1 : 1;
            before = *turns;
            longest = std::max(longest, run);
            size += bytes->size();
            ++chunks;
        }
        *turns = -1;
        CHECK(size == large.size());
        CHECK(chunks > 100);
        // Every chunk comes out of libcurl in a handler of the loop; only one that libcurl held back while it was
        // paused comes in the same one.
        CHECK(longest <= 2);
    });
}
