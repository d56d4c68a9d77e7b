#include "parse.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <leat/leat.hpp>
#include <leat/sse.hpp>
#include <leat/testing/virtual_clock.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <stop_token>

namespace sse = leat::sse;
using leat::task;
using leat::testing::virtual_clock;
using namespace std::literals;

namespace {

/// A text now and then: after so many seconds each.
leat::async_generator<std::string> texts(virtual_clock::handle ex,
                                         std::vector<std::pair<int, std::string>> all,
                                         std::shared_ptr<int> alive = nullptr) {
    for (auto& [seconds, text] : all) {
        if (seconds != 0)
            co_await leat::timer_traits<virtual_clock::handle>::sleep_until(
                ex, ex.clock().now() + std::chrono::seconds(seconds));
        co_yield text;
    }
    (void)alive;
}

leat::async_generator<std::string> failing() {
    co_yield "before"s;
    throw std::runtime_error("the source is broken");
}

leat::async_generator<std::string> counting(int& made, int last) {
    while (made != last) {
        ++made;
        co_yield std::string(1000, 'x');
    }
}

/// Notes what is written, and when.
struct client {
    virtual_clock::handle ex;
    std::vector<std::string> wire;
    std::vector<long long> at; // in s

    task<> write(std::string_view bytes) {
        wire.emplace_back(bytes);
        at.push_back(
            std::chrono::duration_cast<std::chrono::seconds>(ex.clock().now().time_since_epoch()).count());
        co_return;
    }
    auto writer() {
        return [this](std::string_view bytes) { return write(bytes); };
    }
    std::string all() const {
        std::string text;
        for (const auto& w : wire)
            text += w;
        return text;
    }
};

using lines = std::vector<std::string>;

} // namespace

TEST_CASE("send writes each event the moment it is there, with signs of life between", "[send]") {
    virtual_clock clock;
    client c{clock.executor(), {}, {}};
    auto sending =
        sse::send(texts(clock.executor(), {{0, "a"}, {1, "b"}, {40, "c"}}), clock.executor(), c.writer());
    CHECK(clock.run(std::move(sending)) == sse::sent::all);
    CHECK(c.wire == lines{"data: \"a\"\n\n", "data: \"b\"\n\n", ":\n\n", ":\n\n", "data: \"c\"\n\n"});
    CHECK(c.at == std::vector<long long>{0, 1, 16, 31, 41});
}

TEST_CASE("send takes events too, a function that returns nothing, and no heartbeat", "[send]") {
    virtual_clock clock;
    std::string wire;
    auto write = [&wire](std::string_view bytes) { wire += bytes; };
    sse::send_options o{.write = {.text = sse::text_as::lines, .type = "token"}, .heartbeat = 0s};
    auto sending = texts(clock.executor(), {{0, "a\nb"}, {100, "c"}}) | sse::send(clock.executor(), write, o);
    CHECK(clock.run(std::move(sending)) == sse::sent::all);
    CHECK(wire == "event: token\ndata: a\ndata: b\n\nevent: token\ndata: c\n\n");

    wire.clear();
    auto bytes = leat::from_range(std::vector<std::string>{"data: x\nid: 7\n\ndata: y\n\n"});
    auto relay = std::move(bytes) | sse::events() | sse::send(clock.executor(), write);
    CHECK(clock.run(std::move(relay)) == sse::sent::all);
    CHECK(parse(wire).events == std::vector<owned_event>{{"message", "x", "7"}, {"message", "y", "7"}});
}

TEST_CASE("send throws what its source throws, after the events before it", "[send]") {
    virtual_clock clock;
    client c{clock.executor(), {}, {}};
    auto sending = failing() | sse::send(clock.executor(), c.writer());
    CHECK_THROWS_AS(clock.run(std::move(sending)), std::runtime_error);
    CHECK(c.all() == "data: \"before\"\n\n");
}

TEST_CASE("send closes its source when a write fails", "[send]") {
    virtual_clock clock;
    auto alive = std::make_shared<int>();
    auto write = [](std::string_view bytes) {
        if (bytes == ":\n\n")
            throw std::logic_error("gone");
    };
    auto sending =
        texts(clock.executor(), {{0, "a"}, {1000, "b"}}, alive) | sse::send(clock.executor(), write);
    CHECK_THROWS_AS(clock.run(std::move(sending)), std::logic_error);
    CHECK(alive.use_count() == 1);
    CHECK(clock.now().time_since_epoch() == 15s); // by the first heartbeat
}

TEST_CASE("send ends in the middle of a silent source when the client leaves", "[send]") {
    virtual_clock clock;
    auto alive = std::make_shared<int>();
    std::stop_source gone;
    client c{clock.executor(), {}, {}};
    auto leave = [](virtual_clock& time, std::stop_source s) -> task<> {
        co_await time.sleep_for(20s);
        s.request_stop();
    };
    const auto running = start(leave(clock, gone));
    auto sending = texts(clock.executor(), {{0, "a"}, {1000, "b"}}, alive) |
                   sse::send(clock.executor(), c.writer(), {}, gone.get_token());
    CHECK(clock.run(std::move(sending)) == sse::sent::client_left);
    CHECK(c.wire == lines{"data: \"a\"\n\n", ":\n\n"});
    CHECK(clock.now().time_since_epoch() == 20s);
    CHECK(alive.use_count() == 1);
}

TEST_CASE("send to a client that left before: nothing is asked for", "[send]") {
    virtual_clock clock;
    std::stop_source gone;
    gone.request_stop();
    int made = 0;
    client c{clock.executor(), {}, {}};
    auto sending = counting(made, 1000) | sse::send(clock.executor(), c.writer(), {}, gone.get_token());
    CHECK(clock.run(std::move(sending)) == sse::sent::client_left);
    CHECK(made <= 1);
}

TEST_CASE("send holds no more for a slow client than it is told", "[send]") {
    virtual_clock clock;
    int made = 0, most = 0;
    std::size_t written = 0;
    auto write = [&](std::string_view bytes) -> task<> {
        most = std::max(most, made - static_cast<int>(written / 1010));
        written += bytes.size();
        co_await clock.sleep_for(1s); // meanwhile the source is asked for more
    };
    auto sending = counting(made, 500) | sse::send(clock.executor(), write, {.queue_bytes = 10'000});
    CHECK(clock.run(std::move(sending)) == sse::sent::all);
    CHECK(written == 500 * 1010);
    CHECK(most <= 11);
    CHECK(most >= 5);
}

TEST_CASE("send may be destroyed in the middle", "[send]") {
    virtual_clock clock;
    auto alive = std::make_shared<int>();
    client c{clock.executor(), {}, {}};
    {
        auto sending =
            texts(clock.executor(), {{0, "a"}, {1000, "b"}}, alive) | sse::send(clock.executor(), c.writer());
        auto alone = [](task<sse::sent> t) -> task<> { co_await std::move(t); };
        const auto running = start(alone(std::move(sending)));
        clock.advance(5s);
        CHECK(c.wire.size() == 1);
    }
    CHECK(alive.use_count() == 1);
}
