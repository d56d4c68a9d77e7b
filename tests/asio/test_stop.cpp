#include <leat/asio.hpp>
#include <leat/leat.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"

// A request to stop has to reach whatever waits at the bottom. The waits here are an hour long: without it, no test ends.

namespace {

using namespace std::chrono_literals;

leat::task<int> deep(leat::executor ex) {
    co_await leat::sleep_for(ex, 1h);
    co_return 1;
}

leat::async_generator<int> inner(leat::executor ex) {
    co_yield 1;
    co_yield co_await deep(ex);
}

// Closes `log`'s way, reads another stream, which awaits a task, which awaits a timer.
leat::async_generator<int> outer(leat::executor ex, std::vector<std::string>& log) {
    auto cleanup = [&log] { log.push_back("closed"); };
    co_await leat::on_close(cleanup);
    auto numbers = inner(ex) | leat::transform([](int x) { return x * 10; });
    while (auto x = co_await numbers.next())
        co_yield *x;
}

leat::async_generator<int> for_ever() {
    for (int i = 0;; ++i)
        co_yield i;
}

// Requests the stop from the loop, once everybody waits.
void stop_soon(leat::executor ex, std::stop_source source) {
    leat::spawn(ex, [](leat::executor e, std::stop_source s) -> leat::task<> {
        co_await leat::sleep_for(e, 5ms);
        s.request_stop();
    }(ex, source));
}

} // namespace

TEST_CASE("stop_on reaches the deepest wait and surfaces as stopped, after the elements and the cleanup") {
    std::vector<std::string> log;
    leat::run([&](leat::executor ex) -> leat::task<> {
        std::stop_source source;
        stop_soon(ex, source);
        auto stream = outer(ex, log) | leat::stop_on(source.get_token());
        try {
            while (auto x = co_await stream.next())
                log.push_back(std::to_string(*x));
            log.push_back("end");
        } catch (const leat::stopped&) {
            log.push_back("stopped");
        }
        const bool more = static_cast<bool>(co_await stream.next());
        CHECK(!more);
    });
    CHECK(log == std::vector<std::string>{"10", "closed", "stopped"});
}

TEST_CASE("a stop may be requested from any thread, again and again while the wait begins and ends") {
    for (int round = 0; round < 200; ++round) {
        int outcome = 0;
        leat::run([&](leat::executor ex) -> leat::task<> {
            std::stop_source source;
            std::jthread other([source]() mutable { source.request_stop(); });
            std::vector<std::string> log;
            auto stream = outer(ex, log) | leat::stop_on(source.get_token());
            try {
                while (auto x = co_await stream.next())
                    ++outcome;
            } catch (const leat::stopped&) {
                outcome += 100;
            }
        });
        CHECK((outcome == 100 || outcome == 101));
    }
}

TEST_CASE("take_until makes an end of it") {
    std::vector<std::string> log;
    leat::run([&](leat::executor ex) -> leat::task<> {
        std::stop_source source;
        stop_soon(ex, source);
        auto stream = outer(ex, log) | leat::take_until(source.get_token());
        while (auto x = co_await stream.next())
            log.push_back(std::to_string(*x));
        log.push_back("end");
    });
    CHECK(log == std::vector<std::string>{"10", "closed", "end"});
}

TEST_CASE("a terminal under stop_on closes its stream before it throws") {
    std::vector<std::string> log;
    leat::run([&](leat::executor ex) -> leat::task<> {
        std::stop_source source;
        stop_soon(ex, source);
        auto counting = outer(ex, log) | leat::stop_on(source.get_token()) | leat::count();
        try {
            co_await counting;
        } catch (const leat::stopped&) {
            log.push_back("stopped");
        }
    });
    CHECK(log == std::vector<std::string>{"closed", "stopped"});
}

TEST_CASE("a stream that never waits is stopped too") {
    std::stop_source source;
    int seen = 0;
    auto all = for_ever() | leat::stop_on(source.get_token()) | leat::for_each([&](int) {
                   if (++seen == 1000)
                       source.request_stop();
               });
    CHECK_THROWS_AS(leat::sync_wait(all), leat::stopped);
    CHECK(seen == 1000);
}

TEST_CASE("what was pulled before the stop is not lost") {
    std::vector<std::size_t> chunks;
    bool stopped = false;
    std::vector<std::string> log;
    leat::run([&](leat::executor ex) -> leat::task<> {
        std::stop_source source;
        stop_soon(ex, source);
        auto stream = outer(ex, log) | leat::stop_on(source.get_token()) | leat::chunk(10);
        try {
            while (auto c = co_await stream.next())
                chunks.push_back(c->size());
        } catch (const leat::stopped&) {
            stopped = true;
        }
    });
    CHECK(chunks == std::vector<std::size_t>{1});
    CHECK(stopped);
}

TEST_CASE("a stop that was requested before the first step starts nothing") {
    std::vector<std::string> log;
    leat::run([&](leat::executor ex) -> leat::task<> {
        std::stop_source source;
        source.request_stop();
        auto counting = outer(ex, log) | leat::take_until(source.get_token()) | leat::count();
        const std::size_t n = co_await counting;
        CHECK(n == 0);
    });
    CHECK(log.empty());
}

TEST_CASE("a socket's wait is cut short, and a failure of its own stays what it is") {
    leat::run([](leat::executor ex) -> leat::task<> {
        boost::asio::local::stream_protocol::socket here(ex), there(ex);
        boost::asio::local::connect_pair(here, there);
        auto reading = [](boost::asio::local::stream_protocol::socket& s) -> leat::async_generator<char> {
            for (;;) {
                char c = 0;
                co_await boost::asio::async_read(s, boost::asio::buffer(&c, 1), leat::use_await);
                co_yield c;
            }
        };
        std::stop_source source;
        stop_soon(ex, source);
        auto stopped = reading(here) | leat::stop_on(source.get_token()) | leat::count();
        bool threw_stopped = false;
        try {
            co_await stopped;
        } catch (const leat::stopped&) {
            threw_stopped = true;
        }
        CHECK(threw_stopped);

        there.close();
        std::stop_source never;
        auto cut = reading(here) | leat::stop_on(never.get_token()) | leat::count();
        boost::system::error_code code;
        try {
            co_await cut;
        } catch (const boost::system::system_error& e) {
            code = e.code();
        }
        CHECK(code == boost::asio::error::eof);
    });
}

namespace {

// `f` on a worker, then an element.
template <class F> leat::async_generator<int> offloading(leat::executor ex, F f) {
    co_yield co_await leat::offload(ex, f);
    co_yield co_await leat::offload(ex, f);
}

// What comes of a stream, and whether it was stopped.
template <class S> leat::task<std::string> story_of(S stream) {
    std::string story;
    try {
        while (auto x = co_await stream.next())
            story += std::to_string(*x) + ' ';
        story += "end";
    } catch (const leat::stopped&) {
        story += "stopped";
    }
    co_return story;
}

} // namespace

TEST_CASE("contract: cancellation reaches the deepest wait: a sleep") {
    leat::run([](leat::executor ex) -> leat::task<> {
        std::stop_source source;
        stop_soon(ex, source);
        auto sleeping = [](leat::executor e) -> leat::async_generator<int> {
            co_await leat::sleep_until(e, std::chrono::steady_clock::now() + 1h);
            co_yield 1;
        };
        leat::any_stream<int> any = inner(ex) | leat::filter([](int) { return true; });
        auto concat = [](leat::any_stream<int> first,
                         leat::async_generator<int> second) -> leat::async_generator<int> {
            co_yield leat::elements_of(std::move(first));
            co_yield leat::elements_of(std::move(second));
        };
        auto both = concat(std::move(any), sleeping(ex)) | leat::stop_on(source.get_token());
        const std::string story = co_await story_of(std::move(both));
        CHECK(story == "1 stopped");

        source = std::stop_source();
        stop_soon(ex, source);
        auto second = concat(leat::async_generator<int>(for_ever()) | leat::take(2), sleeping(ex)) |
                      leat::stop_on(source.get_token());
        const std::string other = co_await story_of(std::move(second));
        CHECK(other == "0 1 stopped");
    });
}

TEST_CASE(
    "contract: cancellation reaches the deepest wait: a function of offload that takes a std::stop_token") {
    leat::run([](leat::executor ex) -> leat::task<> {
        const auto wait = [](std::stop_token token) {
            while (!token.stop_requested())
                std::this_thread::yield();
            return 7;
        };
        std::stop_source source;
        stop_soon(ex, source);
        auto early = offloading(ex, wait) | leat::stop_on(source.get_token());
        const std::string story = co_await story_of(std::move(early));
        CHECK(story == "7 stopped"); // what it gave is not lost

        const auto give_up = [](std::stop_token token) -> int {
            while (!token.stop_requested())
                std::this_thread::yield();
            throw leat::stopped();
        };
        source = std::stop_source();
        stop_soon(ex, source);
        auto given_up = offloading(ex, give_up) | leat::take_until(source.get_token());
        const std::string ended = co_await story_of(std::move(given_up));
        CHECK(ended == "end");

        const auto possible = [](std::stop_token token) { return static_cast<int>(token.stop_possible()); };
        const int alone = co_await leat::offload(ex, possible);
        CHECK(alone == 0); // nobody can stop it
    });
}

TEST_CASE("offload: without a token the call is waited for, its result comes, then the stop") {
    leat::run([](leat::executor ex) -> leat::task<> {
        std::stop_source source;
        const auto call = [source]() mutable {
            source.request_stop();
            std::this_thread::sleep_for(5ms);
            return 5;
        };
        auto stream = offloading(ex, call) | leat::stop_on(source.get_token());
        const std::string story = co_await story_of(std::move(stream));
        CHECK(story == "5 stopped");
    });
}
