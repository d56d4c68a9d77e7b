#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/waiting.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect_pipe.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/writable_pipe.hpp>
#include <boost/asio/write.hpp>

#include <leat/asio.hpp>
#include <leat/leat.hpp>

// Asio's operations in leat's coroutines.

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using leat::async_generator;
using leat::executor;
using leat::task;
using tcp = asio::ip::tcp;

struct noting {
    bool* gone;
    explicit noting(bool& g) : gone(&g) {}
    noting(const noting&) = delete;
    ~noting() { *gone = true; }
};

struct pipes {
    asio::readable_pipe read;
    asio::writable_pipe write;
    explicit pipes(executor ex) : read(ex), write(ex) { asio::connect_pipe(read, write); }
};

async_generator<std::string> words(asio::readable_pipe& pipe) {
    std::array<char, 64> buffer{};
    for (;;) {
        auto [error, n] =
            co_await pipe.async_read_some(asio::buffer(buffer), asio::as_tuple(leat::use_await));
        if (error == asio::error::eof)
            co_return;
        if (error)
            throw boost::system::system_error(error);
        co_yield std::string(buffer.data(), n);
    }
}

// An operation that calls its handler before it returns, which Asio's own never do but others' may.
template <class Token> auto at_once(Token&& token) {
    auto initiate = [](auto handler, int value) { std::move(handler)(boost::system::error_code(), value); };
    return asio::async_initiate<Token, void(boost::system::error_code, int)>(initiate, token, 5);
}
template <class Token> auto with_exception(executor ex, bool fails, Token&& token) {
    auto initiate = [](auto handler, executor e, bool f) {
        asio::post(e, [h = std::move(handler), f]() mutable {
            std::move(h)(f ? std::make_exception_ptr(std::runtime_error("operation")) : nullptr,
                         std::string("done"));
        });
    };
    return asio::async_initiate<Token, void(std::exception_ptr, std::string)>(initiate, token, ex, fails);
}
template <class Token> auto two_values(executor ex, Token&& token) {
    auto initiate = [](auto handler, executor e) {
        asio::post(e, [h = std::move(handler)]() mutable {
            std::move(h)(boost::system::error_code(), 1, std::make_unique<int>(2));
        });
    };
    return asio::async_initiate<Token, void(boost::system::error_code, int, std::unique_ptr<int>)>(initiate,
                                                                                                   token, ex);
}
template <class Token> auto fails_to_start(Token&& token) {
    auto initiate = [](auto&&) { throw std::runtime_error("not started"); };
    return asio::async_initiate<Token, void(boost::system::error_code)>(initiate, token);
}

} // namespace

TEST_CASE("use_await: a timer", "[use_await]") {
    auto program = [](executor ex) -> task<int> {
        asio::steady_timer timer(ex, 1ms);
        co_await timer.async_wait(leat::use_await);
        timer.expires_after(24h);
        asio::post(ex, [&timer] { timer.cancel(); });
        int cancelled = 0;
        try {
            co_await timer.async_wait(leat::use_await);
        } catch (const boost::system::system_error& e) {
            cancelled += e.code() == asio::error::operation_aborted ? 1 : 0;
        }
        timer.expires_after(24h);
        asio::post(ex, [&timer] { timer.cancel(); });
        auto [error] = co_await timer.async_wait(asio::as_tuple(leat::use_await));
        cancelled += error == asio::error::operation_aborted ? 1 : 0;
        co_await asio::post(ex, leat::use_await); // no result at all
        co_return cancelled;
    };
    CHECK(leat::run(program) == 2);
}

TEST_CASE("use_await: a socket, there and back", "[use_await]") {
    auto program = [](executor ex) -> task<std::string> {
        tcp::acceptor acceptor(ex, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        auto serve = [](tcp::acceptor& a) -> task<> {
            tcp::socket peer = co_await a.async_accept(leat::use_await);
            std::array<char, 4> buffer{};
            const std::size_t n = co_await asio::async_read(peer, asio::buffer(buffer), leat::use_await);
            co_await asio::async_write(peer, asio::buffer(buffer.data(), n), leat::use_await);
        };
        leat::spawn(ex, serve(acceptor));
        tcp::socket socket(ex);
        co_await socket.async_connect(acceptor.local_endpoint(), leat::use_await);
        const std::string out = "ping";
        co_await asio::async_write(socket, asio::buffer(out), leat::use_await);
        std::string in(4, ' ');
        co_await asio::async_read(socket, asio::buffer(in), leat::use_await);
        // The peer is gone.
        char more = 0;
        auto [error, n] =
            co_await socket.async_read_some(asio::buffer(&more, 1), asio::as_tuple(leat::use_await));
        bool refused = false;
        tcp::socket other(ex);
        const auto endpoint = acceptor.local_endpoint();
        acceptor.close();
        try {
            co_await other.async_connect(endpoint, leat::use_await);
        } catch (const boost::system::system_error&) {
            refused = true;
        }
        co_return in + (error == asio::error::eof && n == 0 ? " eof" : "") + (refused ? " refused" : "");
    };
    CHECK(leat::run(program) == "ping eof refused");
}

TEST_CASE("use_await: a generator over a pipe", "[use_await]") {
    auto program = [](executor ex) -> task<std::string> {
        pipes p(ex);
        auto send = [](asio::writable_pipe& w, executor e) -> task<> {
            for (const std::string word : {"one", "two", "three"}) {
                co_await asio::async_write(w, asio::buffer(word), leat::use_await);
                co_await leat::sleep_for(e, 1ms);
            }
            w.close();
        };
        leat::spawn(ex, send(p.write, ex));
        std::string all;
        auto s = words(p.read);
        while (auto w = co_await s.next())
            all += *w + ".";
        co_return all;
    };
    CHECK(leat::run(program) == "one.two.three.");
}

TEST_CASE("use_await: operations of every signature", "[use_await]") {
    auto program = [](executor ex) -> task<std::string> {
        const int five = co_await at_once(leat::use_await);
        const std::string done = co_await with_exception(ex, false, leat::use_await);
        auto [one, two] = co_await two_values(ex, leat::use_await);
        std::string errors;
        try {
            const std::string never = co_await with_exception(ex, true, leat::use_await);
            errors = never;
        } catch (const std::runtime_error& e) {
            errors = e.what();
        }
        try {
            co_await fails_to_start(leat::use_await);
        } catch (const std::runtime_error& e) {
            errors += std::string(", ") + e.what();
        }
        co_return std::to_string(five) + done + std::to_string(one) + std::to_string(*two) + errors;
    };
    CHECK(leat::run(program) == "5done12operation, not started");
}

TEST_CASE("use_await: an operation that is never awaited is never started", "[use_await]") {
    asio::io_context loop;
    asio::steady_timer timer(loop, 24h);
    {
        auto unused = timer.async_wait(leat::use_await);
        static_cast<void>(unused);
    }
    CHECK(loop.run() == 0);
}

TEST_CASE("use_await: destroying the one that waits cancels the operation, whose handler finds nobody",
          "[use_await]") {
    asio::io_context loop;
    const executor ex = loop.get_executor();
    pipes p(ex);
    bool gone = false;
    auto waits = [](asio::readable_pipe& pipe, bool& g) -> task<> {
        auto buffer = std::make_unique<std::array<char, 16>>();
        const noting n(g);
        co_await pipe.async_read_some(asio::buffer(*buffer), leat::use_await);
        FAIL("nobody is here any more");
    };
    SECTION("before it has anything") {
        { const auto waiting = start(waits(p.read, gone)); }
        CHECK(gone);
        loop.run();
    }
    SECTION("when it has finished, but its handler has not run") {
        asio::write(p.write, asio::buffer("x", 1));
        { const auto waiting = start(waits(p.read, gone)); }
        CHECK(gone);
        loop.run();
    }
    SECTION("many times over") {
        for (int i = 0; i < 1000; ++i) {
            const auto waiting = start(waits(p.read, gone));
            if (i % 3 == 0)
                loop.poll();
        }
        loop.restart();
        loop.run();
    }
    SECTION("a stream and its reader") {
        auto read = [](async_generator<std::string> s) -> task<> {
            auto pipeline = std::move(s) | leat::filter([](const std::string&) { return true; });
            while (auto w = co_await pipeline.next())
                FAIL("nothing was written: " << *w);
        };
        { const auto waiting = start(read(words(p.read))); }
        loop.run();
    }
    // The pipe is still good.
    std::string all;
    asio::write(p.write, asio::buffer("later", 5));
    p.write.close();
    auto collect = [](asio::readable_pipe& pipe, std::string& out) -> task<> {
        auto s = words(pipe);
        while (auto w = co_await s.next())
            out += *w;
    };
    loop.restart();
    leat::spawn(ex, collect(p.read, all));
    loop.run();
    CHECK(all.size() >= 4);
}

TEST_CASE("use_await: the loop is destroyed while a coroutine waits in it", "[use_await]") {
    bool gone = false;
    SECTION("one that the loop owns") {
        asio::io_context loop;
        const executor ex = loop.get_executor();
        auto waits = [](executor e, bool& g) -> task<> {
            pipes p(e);
            const noting n(g);
            auto s = words(p.read);
            if (auto w = co_await s.next())
                FAIL("nothing was written: " << *w);
        };
        leat::spawn(ex, waits(ex, gone));
        loop.run_for(1ms);
    }
    SECTION("one that outlives it") {
        auto loop = std::make_unique<asio::io_context>();
        auto waits = [](executor e, bool& g) -> task<> {
            const noting n(g);
            co_await asio::post(e, leat::use_await);
        };
        const auto waiting = start(waits(loop->get_executor(), gone));
        loop.reset(); // its handler is destroyed without having been called
        CHECK_FALSE(gone);
        CHECK_FALSE(waiting.done());
        gone = true;
    }
    CHECK(gone);
}

TEST_CASE("use_await: the loop is destroyed with a stop on its way", "[use_await]") {
    bool gone = false;
    std::stop_source stop;
    {
        asio::io_context loop;
        const executor ex = loop.get_executor();
        auto read = [](executor e, std::stop_token token, bool& g) -> task<> {
            const noting n(g);
            auto body = [](executor x) -> async_generator<int> {
                co_await leat::sleep_for(x, 24h);
                co_yield 1;
            };
            auto s = body(e) | leat::stop_on(token);
            while (auto x = co_await s.next())
                FAIL("a day is not over: " << *x);
        };
        leat::spawn(ex, read(ex, stop.get_token(), gone));
        loop.run_for(1ms);
        stop.request_stop();
    }
    CHECK(gone);
}
