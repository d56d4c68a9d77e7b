#include "clock.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <leat/leat.hpp>
#include <leat/testing.hpp>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

// The testing kit that users get.

using leat::async_generator;
using leat::task;
using leat::testing::bad_script;
using leat::testing::counting_source;
using leat::testing::marble_error;
using leat::testing::marbles;
using leat::testing::record;
using leat::testing::virtual_clock;
using namespace std::chrono_literals;

namespace {

task<> note_after(virtual_clock& clock, virtual_clock::duration d, int name, std::vector<int>& out) {
    co_await clock.sleep_for(d);
    out.push_back(name);
}

} // namespace

TEST_CASE("virtual_clock: who waits goes on at its time, in the order of the times and then of coming",
          "[testing]") {
    virtual_clock clock;
    std::vector<int> out;
    const foreign a = start(note_after(clock, 20ms, 1, out));
    const foreign b = start(note_after(clock, 10ms, 2, out));
    const foreign c = start(note_after(clock, 20ms, 3, out));
    CHECK(clock.waiting() == 3);
    CHECK(out.empty());
    clock.advance(9ms);
    CHECK(out.empty());
    clock.advance(1ms);
    CHECK(out == std::vector<int>{2});
    clock.run();
    CHECK(out == std::vector<int>{2, 1, 3});
    CHECK(since_0(clock) == 20ms);
    clock.advance(1h); // nobody waits
    CHECK(since_0(clock) == 1h + 20ms);
    CHECK(clock.waiting() == 0);
}

TEST_CASE("virtual_clock: each goes on at its own time, and may wait again meanwhile", "[testing]") {
    virtual_clock clock;
    std::vector<int> at;
    auto work = [](virtual_clock& c, std::vector<int>& times) -> task<> {
        for (int i = 0; i < 4; ++i) {
            co_await c.sleep_for(10ms);
            times.push_back(static_cast<int>(since_0(c) / 1ms));
        }
        co_await c.sleep_for(-1ms); // ready
        co_await c.sleep_until(c.now());
    };
    const foreign r = start(work(clock, at));
    clock.advance(35ms);
    CHECK(at == std::vector<int>{10, 20, 30});
    CHECK(since_0(clock) == 35ms);
    clock.run();
    CHECK(at.back() == 40);
    CHECK(r.done());
}

TEST_CASE("virtual_clock: run() gives the result of a task or a terminal, and throws what it throws",
          "[testing]") {
    virtual_clock clock;
    auto answer = [](virtual_clock& c) -> task<std::unique_ptr<int>> {
        co_await c.sleep_for(24h);
        co_return std::make_unique<int>(42);
    };
    CHECK(*clock.run(answer(clock)) == 42);
    CHECK(since_0(clock) == 24h);
    CHECK(clock.run(marbles("a-b|", clock) | leat::count()) == 2);
    CHECK_THROWS_AS(clock.run(marbles("a-#", clock) | leat::count()), marble_error);
    auto stuck = [](virtual_clock& c) -> task<> {
        auto s = marbles("", c); // waits for ever
        co_await s.next();
    };
    CHECK_THROWS_WITH(clock.run(stuck(clock)), Catch::Contains("something that is not this clock"));
}

TEST_CASE("virtual_clock: a stop ends a wait there and then", "[testing]") {
    virtual_clock clock;
    auto hours = [](virtual_clock& c) -> async_generator<int> {
        for (int i = 0;; ++i) {
            co_await c.sleep_for(1h);
            co_yield i;
        }
    };
    SECTION("while it waits") {
        std::stop_source stop;
        auto s = hours(clock) | leat::stop_on(stop.get_token());
        bool stopped = false;
        auto read = [](auto& stream, bool& out) -> task<> {
            try {
                co_await stream.next();
            } catch (const leat::stopped&) {
                out = true;
            }
        };
        const foreign r = start(read(s, stopped));
        CHECK(clock.waiting() == 1);
        stop.request_stop();
        CHECK(stopped);
        CHECK(clock.waiting() == 0);
        CHECK(since_0(clock) == 0ms);
    }
    SECTION("before it waits") {
        std::stop_source stop;
        stop.request_stop();
        CHECK_THROWS_AS(clock.run(hours(clock) | leat::stop_on(stop.get_token()) | leat::count()),
                        leat::stopped);
        CHECK(since_0(clock) == 0ms);
    }
    SECTION("from another thread") {
        for (int i = 0; i < 100; ++i) {
            std::stop_source stop;
            auto s = hours(clock) | leat::take_until(stop.get_token());
            std::jthread other([&] { stop.request_stop(); });
            CHECK(leat::sync_wait(std::move(s) | leat::count()) == 0);
        }
    }
}

TEST_CASE("virtual_clock: who waits may be destroyed", "[testing]") {
    virtual_clock clock;
    std::vector<int> out;
    {
        const foreign a = start(note_after(clock, 10ms, 1, out));
        const foreign b = start(note_after(clock, 5ms, 2, out));
        CHECK(clock.waiting() == 2);
    }
    CHECK(clock.waiting() == 0);
    clock.run();
    CHECK(out.empty());
}

TEST_CASE("marbles and record: one writes what the other reads", "[testing]") {
    virtual_clock clock;
    for (const char* script :
         {"a", "abc|", "|", "#", "", "a--b-|", "--a---#", "(ab)-(c|)", "-(abcdef)--g(h#)", "(|)x"}) {
        const std::string s = script;
        if (s == "(|)x")
            CHECK_THROWS_AS(marbles(s, clock), bad_script);
        else
            CHECK(record(marbles(s, clock), clock) == s);
    }
    CHECK(record(marbles("a - - b |", clock), clock) == "a--b|"); // spaces mean nothing
    CHECK(record(marbles("a---", clock), clock) == "a");          // nothing happens then
    CHECK(record(marbles("(a)-|", clock), clock) == "a-|");
    CHECK(record(marbles("ab|", clock, 20ms), clock) == "a-b-|");
    CHECK(record(marbles("a-b-|", clock), clock, {.frame = 20ms}) == "ab|");
    CHECK(record(marbles("abcdef|", clock), clock, {.frames = 3}) == "abcd"); // at 0, 10, 20 and 30 ms
    CHECK(clock.waiting() == 0);
}

TEST_CASE("marbles: a group is one batch; a late reader gets each element when it asks", "[testing]") {
    virtual_clock clock;
    auto work = [](virtual_clock& c) -> task<std::string> {
        std::string seen;
        auto s = marbles("(abc)-d-e-f|", c);
        while (auto some = co_await s.next_batch()) {
            seen += std::to_string(some.size()) + "@" + std::to_string(since_0(c) / 1ms) + " ";
            if (some.front() == 'd')
                co_await c.sleep_for(35ms);
        }
        co_return seen + "| " + std::to_string(since_0(c) / 1ms);
    };
    CHECK(clock.run(work(clock)) == "3@0 1@20 1@55 1@60 | 70");
}

TEST_CASE("marbles: values", "[testing]") {
    virtual_clock clock;
    const std::map<char, std::string> names{{'a', "anna"}, {'b', "b"}};
    CHECK(record(marbles("a-b|", clock, names), clock) == "'anna'-b|");
    auto digit = [](char c) { return c - '0'; };
    CHECK(clock.run(marbles("1-2-3|", clock, digit) | leat::fold(0, [](int a, int b) { return a + b; })) ==
          6);
    auto owned = [](char c) { return std::make_unique<char>(c); };
    auto s =
        marbles("a-b|", clock, owned) | leat::transform([](const std::unique_ptr<char>& p) { return *p; });
    CHECK(record(std::move(s), clock) == "a-b|");
}

TEST_CASE("marbles: what is wrong with a script, and where", "[testing]") {
    virtual_clock clock;
    const auto position = [&](const char* script) -> std::size_t {
        try {
            const auto s = marbles(script, clock);
        } catch (const bad_script& e) {
            CHECK(std::string(e.what()).find(std::string("of \"") + script) != std::string::npos);
            return e.position();
        }
        return 1000;
    };
    CHECK(position("ab)") == 2);
    CHECK(position("a(b(c))") == 3);
    CHECK(position("a(b-c)") == 3);
    CHECK(position("a(bc") == 1);
    CHECK(position("a|b") == 2);
    CHECK(position("a#-") == 2);
    CHECK(position("(a|b)") == 3);
    CHECK(position("(ab|)") == 1000);
    CHECK_THROWS_WITH(marbles("a--b)", clock),
                      Catch::Contains("')' without its '(', at position 4 of \"a--b)\""));
}

TEST_CASE("record: elements of every kind, stops, and streams without end", "[testing]") {
    virtual_clock clock;
    CHECK(record(marbles("ab-c|", clock) | leat::chunk(2), clock) == "-[ab]--([c]|)");
    auto number = [](char c) { return (c - '0') * 7; };
    CHECK(record(marbles("1-2|", clock, number), clock) == "7-'14'|");
    const auto mark = [](const auto& p) { return std::to_string(*p); };
    auto owned = [](char c) { return std::make_unique<int>(c - '0'); };
    CHECK(record(marbles("1-2|", clock, owned), clock, mark) == "1-2|");

    std::stop_source stop;
    auto s = marbles("abcd|", clock) | leat::inspect([&](char c) {
                 if (c == 'b')
                     stop.request_stop();
             }) |
             leat::stop_on(stop.get_token());
    CHECK(record(std::move(s), clock) == "a(b^)");

    // What waits for ever is closed, and its cleanup awaited.
    bool closed = false;
    auto waits = [](virtual_clock& c, bool& out) -> async_generator<char> {
        auto cleanup = [&]() -> task<> {
            co_await c.sleep_for(1h);
            out = true;
        };
        co_await leat::on_close(cleanup);
        co_yield 'a';
        co_yield leat::elements_of(marbles("--b", c));
    };
    CHECK(record(waits(clock, closed), clock) == "a-b");
    CHECK(closed);
}

TEST_CASE("counting_source: asked, alive, copied, closed", "[testing]") {
    counting_source source(10);
    {
        const auto two = leat::sync_wait(source.stream() | leat::take(2) | leat::collect<std::vector>());
        CHECK(two[1] == 1);
        CHECK(source.asked() == 2);
        CHECK(source.alive() == 2);
        CHECK(source.copied() == 0);
        CHECK(source.closed() == 1);
        const auto copy = two;
        CHECK(source.copied() == 2);
        CHECK(source.alive() == 4);
    }
    CHECK(source.alive() == 0);
    {
        auto left_open = source.stream();
        CHECK(leat::sync_wait(left_open.next())->value == 0);
    }
    CHECK(source.asked() == 3);
    CHECK(source.closed() == 1);
    CHECK(source.alive() == 0);
    CHECK(leat::sync_wait(source.stream() | leat::count()) == 10);
}
