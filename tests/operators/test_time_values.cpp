#include "clock.hpp"
#include "every_way.hpp"
#include "plain.hpp"

#include <leat/adaptor/chunk_within.hpp>
#include <leat/adaptor/debounce.hpp>
#include <leat/adaptor/delay.hpp>
#include <leat/adaptor/keep_alive.hpp>
#include <leat/adaptor/sample.hpp>
#include <leat/adaptor/throttle.hpp>
#include <leat/source/interval.hpp>
#include <leat/testing.hpp>

#include <numeric>
#include <stop_token>
#include <string>

// The operators with a time in them, on a virtual clock: no test here sleeps.

using every_way::give_sole;
using fault::ints;
using leat::async_generator;
using leat::task;
using leat::testing::counting_source;
using leat::testing::marbles;
using leat::testing::record;
using leat::testing::virtual_clock;
using plain::up_to;
using namespace std::chrono_literals;

namespace {

// Reads elements slowly: each takes so long.
template <class S> task<std::string> read_slowly(S s, virtual_clock& clock, virtual_clock::duration each) {
    std::string seen;
    while (auto x = co_await s.next()) {
        seen +=
            leat::testing::detail::plain_mark::text(*x) + "@" + std::to_string(since_0(clock) / 1ms) + " ";
        co_await clock.sleep_for(each);
    }
    co_return seen + "|" + std::to_string(since_0(clock) / 1ms);
}
// Requests a stop with this element.
template <class S> auto stop_at(S s, int at, std::stop_source& stop) {
    return std::move(s) | leat::inspect([&stop, at](const auto& x) {
               if (static_cast<int>(x) == at)
                   stop.request_stop();
           });
}

} // namespace

// ---- interval ----

TEST_CASE("interval: a tick every period, and the number of periods", "[time]") {
    virtual_clock clock;
    CHECK(record(leat::interval(clock.executor(), 20ms) | leat::take(3), clock) == "--1-2-(3|)");
    CHECK(record(leat::interval(clock.executor(), 10ms), clock, {.frames = 4}) == "-1234");
    CHECK(clock.waiting() == 0);
}

TEST_CASE("interval: does not drift, and leaves out what a slow reader missed", "[time]") {
    virtual_clock clock;
    auto s = leat::interval(clock.executor(), 10ms) | leat::take(4);
    CHECK(clock.run(read_slowly(std::move(s), clock, 3ms)) == "1@10 2@20 3@30 4@40 |43");
    virtual_clock another;
    auto t = leat::interval(another.executor(), 10ms) | leat::take(4);
    // 25 ms each: at 35 the ticks 2 and 3 have passed; one comes at once.
    CHECK(another.run(read_slowly(std::move(t), another, 25ms)) == "1@10 3@35 6@60 8@85 |110");
}

TEST_CASE("interval: is stopped, and may be destroyed", "[time]") {
    virtual_clock clock;
    std::stop_source stop;
    auto s = leat::interval(clock.executor(), 10ms);
    CHECK(record(stop_at(std::move(s), 2, stop) | leat::stop_on(stop.get_token()), clock) == "-1(2^)");
    {
        auto open = leat::interval(clock.executor(), 10ms);
        const auto reading = start([](auto& t) -> task<> { co_await t.next(); }(open));
        CHECK(clock.waiting() == 1);
    }
    CHECK(clock.waiting() == 0);
}

// ---- delay ----

TEST_CASE("delay: every element later, batches as one", "[time]") {
    virtual_clock clock;
    const auto ex = clock.executor();
    CHECK(record(marbles("a--(bc)-d|", clock) | leat::delay(ex, 10ms), clock) == "-a--(bc)-(d|)");
    CHECK(record(marbles("ab#", clock) | leat::delay(ex, 20ms), clock) == "--a-(b#)");
    CHECK(record(marbles("|", clock) | leat::delay(ex, 20ms), clock) == "|");
    CHECK(record(leat::delay(marbles("a|", clock), ex, 20ms), clock) == "--(a|)");
    every_way::check(leat::delay(ex, 0ms), {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5});
    every_way::check_first(leat::delay(ex, 0ms), 2, {1, 2, 3}, {1, 2}, 2);
    CHECK(every_way::by_next::read(give_sole({1, 2}) | leat::delay(ex, 0ms)) == ints{1, 2});
}

TEST_CASE("delay: a stop ends the wait, and what has come still comes", "[time]") {
    virtual_clock clock;
    std::stop_source stop;
    auto wait = [](virtual_clock& c, std::stop_source& s) -> task<> {
        co_await c.sleep_for(15ms);
        s.request_stop();
    };
    const auto stopping = start(wait(clock, stop));
    auto s =
        marbles("(abc)----d|", clock) | leat::delay(clock.executor(), 1h) | leat::stop_on(stop.get_token());
    CHECK(record(std::move(s), clock) == "-(abc^)");
}

// ---- throttle ----

TEST_CASE("throttle: evenly spaced, a burst after a pause", "[time]") {
    virtual_clock clock;
    const auto ex = clock.executor();
    CHECK(record(marbles("(abcd)--------e|", clock) | leat::throttle(ex, {.elements = 1, .per = 20ms}),
                 clock) == "a-b-c-d--e-|"); // the end, too, is looked for only then
    CHECK(record(marbles("(abcdef)------(ghijk)|", clock) |
                     leat::throttle(ex, {.elements = 1, .per = 10ms, .burst = 3}),
                 clock) == "(abc)def---(ghi)jk|");
    CHECK(record(marbles("(abcdef)|", clock) | leat::throttle(ex, {.elements = 4, .per = 20ms}), clock) ==
          "(ab)(cd)(ef)|");
    CHECK(record(marbles("-a---b---c|", clock) | leat::throttle(ex, {.elements = 1, .per = 20ms}), clock) ==
          "-a---b---c-|"); // slow enough by itself
    CHECK(record(marbles("ab#", clock) | leat::throttle(ex, {.elements = 1, .per = 30ms}), clock) ==
          "a--b--#");
}

TEST_CASE("throttle: never more than promised in any period", "[time]") {
    virtual_clock clock;
    auto all = [](virtual_clock& c) -> task<std::vector<virtual_clock::time_point>> {
        std::vector<virtual_clock::time_point> times;
        counting_source source(200);
        auto s = source.stream() | leat::throttle(c.executor(), {.elements = 10, .per = 1s, .burst = 4});
        while (auto x = co_await s.next()) {
            times.push_back(c.now());
            if (times.size() % 17 == 0)
                co_await c.sleep_for(730ms);
        }
        co_return times;
    };
    const auto times = clock.run(all(clock));
    REQUIRE(times.size() == 200);
    std::size_t most = 0;
    for (std::size_t i = 0, j = 0; i < times.size(); ++i) {
        while (times[i] - times[j] >= 1s)
            ++j;
        most = std::max(most, i - j + 1);
    }
    CHECK(most == 13); // elements + burst - 1
    CHECK(times.back() - times.front() >= 18s);
}

TEST_CASE("throttle: the source is asked when its element may pass; none is lost by a stop", "[time]") {
    virtual_clock clock;
    counting_source source(100);
    auto s = source.stream() | leat::throttle(clock.executor(), {.elements = 1, .per = 1s});
    CHECK(clock.run(std::move(s) | leat::take(3) | leat::count()) == 3);
    CHECK(source.asked() == 3);
    CHECK(since_0(clock) == 2s);
    CHECK(source.closed() == 1);

    std::stop_source stop;
    auto batches = marbles("(abcde)f|", clock) | leat::throttle(clock.executor(), {.elements = 1, .per = 1s});
    CHECK(record(stop_at(std::move(batches), 'b', stop) | leat::stop_on(stop.get_token()), clock,
                 {.frame = 500ms}) == "a-(bcde^)");
    every_way::check(leat::throttle(clock.executor(), {.elements = 1, .per = 1ns, .burst = 100}),
                     {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5});
}

// ---- chunk_within ----

TEST_CASE("chunk_within: n elements, or what came in time", "[time]") {
    virtual_clock clock;
    const auto ex = clock.executor();
    CHECK(record(marbles("ab-c-----d-(efgh)|", clock) | leat::chunk_within(ex, 3, 30ms), clock) ==
          "---[ab]--[c]----[def]([gh]|)");
    CHECK(record(marbles("ab-c-----d-(efgh)#", clock) | leat::chunk_within(ex, 3, 30ms), clock) ==
          "---[ab]--[c]----[def]([gh]#)");
    CHECK(record(marbles("(abcdefg)|", clock) | leat::chunk_within(ex, 3, 30ms), clock) ==
          "([abc][def])([g]|)");
    CHECK(record(marbles("--|", clock) | leat::chunk_within(ex, 3, 30ms), clock) ==
          "--|"); // never an empty one
    CHECK(record(leat::chunk_within(marbles("a", clock), ex, 3, 30ms), clock) == "---[a]");
    every_way::check(leat::chunk_within(ex, 3, 1h), {1, 2, 3, 4, 5}, {1003, 1, 2, 3, 1002, 4, 5});
    every_way::check(leat::chunk_within(ex, 3, 1h), {}, {});
    every_way::check_first(leat::chunk_within(ex, 2, 1h), 2, up_to(9), {1002, 0, 1, 1002, 2, 3}, 4);
    const auto sizes = [](const auto& group) { return counted(static_cast<int>(group.size())); };
    CHECK(every_way::by_next::read(give_sole({1, 2, 3}) | leat::chunk_within(ex, 2, 1h) |
                                   leat::transform(sizes)) == ints{2, 1});
    CHECK(clock.waiting() == 0);
}

TEST_CASE("chunk_within: stopped at 37 elements, 37 can be had", "[time]") {
    virtual_clock clock;
    counting_source source(1000);
    std::stop_source stop;
    // One each 10 ms: in one second there would be 100.
    auto slow = source.stream() | leat::throttle(clock.executor(), {.elements = 100, .per = 1s});
    auto s = stop_at(std::move(slow), 36, stop) | leat::chunk_within(clock.executor(), 100, 1s) |
             leat::stop_on(stop.get_token());
    auto read = [](auto stream) -> task<std::pair<ints, bool>> {
        std::pair<ints, bool> seen;
        try {
            while (auto group = co_await stream.next())
                for (const int x : *group)
                    seen.first.push_back(x);
        } catch (const leat::stopped&) {
            seen.second = true;
        }
        co_return seen;
    };
    auto reading = read(std::move(s));
    const auto [elements, stopped] = clock.run(std::move(reading));
    CHECK(elements == up_to(37));
    CHECK(stopped);
    CHECK(since_0(clock) < 1s);
    CHECK(source.asked() == 37);
    CHECK(source.closed() == 1);
}

TEST_CASE("chunk_within: a slow reader is given no more than n, and nothing is collected behind its back",
          "[time]") {
    virtual_clock clock;
    counting_source source(10'000);
    long most = 0;
    auto read = [](auto stream, virtual_clock& c, const counting_source& counts,
                   long& alive) -> task<std::size_t> {
        std::size_t n = 0;
        for (int i = 0; i < 20; ++i) {
            auto group = co_await stream.next();
            n += group->size();
            co_await c.sleep_for(1s); // much longer than max_wait
            alive = std::max(alive, counts.alive());
        }
        co_await stream.close();
        co_return n;
    };
    auto s = source.stream() | leat::throttle(clock.executor(), {.elements = 1, .per = 1ms}) |
             leat::chunk_within(clock.executor(), 50, 10ms);
    const auto n = clock.run(read(std::move(s), clock, source, most));
    CHECK(n >= 20 * 2);
    CHECK(most <= 51);
    CHECK(source.asked() <= n + 1);
}

// ---- debounce ----

TEST_CASE("debounce: an element that was followed by quiet", "[time]") {
    virtual_clock clock;
    const auto ex = clock.executor();
    CHECK(record(marbles("ab---c|", clock) | leat::debounce(ex, 20ms), clock) == "---b--(c|)");
    CHECK(record(marbles("abcdefghijklmnop----q", clock) | leat::debounce(ex, 20ms), clock) ==
          "-----------------p----q");
    CHECK(record(marbles("a-----b#", clock) | leat::debounce(ex, 20ms), clock) == "--a----(b#)");
    CHECK(record(marbles("-(abc)-----|", clock) | leat::debounce(ex, 20ms), clock) == "---c---|");
    CHECK(record(marbles("--|", clock) | leat::debounce(ex, 20ms), clock) == "--|");
    CHECK(record(leat::debounce(marbles("a", clock), ex, 20ms), clock) == "--a");
    every_way::check(leat::debounce(ex, 1h), {1, 2, 3}, {3});
    every_way::check(leat::debounce(ex, 1h), {}, {});
    CHECK(every_way::by_next::read(give_sole({1, 2, 3}) | leat::debounce(ex, 1h)) == ints{3});
    std::stop_source stop;
    CHECK(record(stop_at(marbles("ab-----c|", clock), 'b', stop) | leat::debounce(ex, 1h) |
                     leat::stop_on(stop.get_token()),
                 clock) == "-(b^)");
    CHECK(clock.waiting() == 0);
}

// ---- sample ----

TEST_CASE("sample: the newest element at each tick", "[time]") {
    virtual_clock clock;
    const auto ex = clock.executor();
    CHECK(record(marbles("abcdefghi|", clock) | leat::sample(ex, 30ms), clock) == "---c--f--(i|)");
    CHECK(record(marbles("a----------bc----|", clock) | leat::sample(ex, 30ms), clock) ==
          "---a--------c----|");
    CHECK(record(marbles("ab#", clock) | leat::sample(ex, 30ms), clock) == "--(b#)");
    CHECK(record(marbles("--|", clock) | leat::sample(ex, 30ms), clock) == "--|");
    CHECK(record(leat::sample(marbles("a", clock), ex, 20ms), clock) == "--a");
    // A slow reader: the ticks that it missed are not made up for.
    virtual_clock another;
    auto s = marbles("abcdefghijkl", another) | leat::sample(another.executor(), 20ms) | leat::take(3);
    CHECK(another.run(read_slowly(std::move(s), another, 45ms)) == "b@20 h@80 l@140 |185");
    every_way::check(leat::sample(ex, 1h), {1, 2, 3}, {3});
    every_way::check(leat::sample(ex, 1h), {}, {});
    CHECK(every_way::by_next::read(give_sole({1, 2, 3}) | leat::sample(ex, 1h)) == ints{3});
    CHECK(clock.waiting() == 0);
}

// ---- keep_alive ----

TEST_CASE("keep_alive: a sign of life when its reader waits in vain", "[time]") {
    virtual_clock clock;
    const auto ex = clock.executor();
    const auto sign = [] { return ':'; };
    CHECK(record(marbles("a------b-c-|", clock) | leat::keep_alive(ex, 20ms, sign), clock) == "a-:-:-:b-c-|");
    CHECK(record(marbles("-----a", clock) | leat::keep_alive(ex, 20ms, sign), clock, {.frames = 10}) ==
          "--:-:a-:-:");
    CHECK(record(marbles("a-----#", clock) | leat::keep_alive(ex, 40ms, sign), clock) == "a---:-#");
    CHECK(record(leat::keep_alive(marbles("|", clock), ex, 40ms, sign), clock) == "|");
    const auto one = [] { return counted(0); };
    every_way::check(leat::keep_alive(ex, 1h, one), {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5});
    every_way::check(leat::keep_alive(ex, 1h, one), {}, {});
    every_way::check_first(leat::keep_alive(ex, 1h, one), 2, {1, 2, 3}, {1, 2}, 2);
    const auto sole = [] { return std::make_unique<int>(0); };
    CHECK(every_way::by_next::read(give_sole({1, 2, 3}) | leat::keep_alive(ex, 1h, sole)) == ints{1, 2, 3});
    CHECK(clock.waiting() == 0);
}

TEST_CASE("keep_alive: never while its reader is busy with an element", "[time]") {
    virtual_clock clock;
    auto s = marbles("(ab)--c--------------------------|", clock) |
             leat::keep_alive(clock.executor(), 50ms, [] { return ':'; });
    // Busy with a and b until 140, with c until 210; from then on nothing comes for 50 ms.
    CHECK(clock.run(read_slowly(std::move(s), clock, 70ms)) == "a@0 b@70 c@140 :@260 |330");
}

TEST_CASE("keep_alive: lent elements and lent signs of life", "[time]") {
    virtual_clock clock;
    auto words = [](virtual_clock& c) -> async_generator<const std::string&> {
        const std::string first = "a long first word, not in the string itself";
        co_yield first;
        co_await c.sleep_for(25ms);
        co_yield std::string("b");
    };
    auto s = words(clock) | leat::keep_alive(clock.executor(), 10ms, [] { return std::string(":"); });
    static_assert(std::is_same_v<leat::stream_reference_t<decltype(s)>, const std::string&>);
    CHECK(record(std::move(s) | leat::transform([](const std::string& x) { return x.front(); }), clock) ==
          "a:(:b|)");
}

// ---- stops ----

TEST_CASE("time operators: a stop is obeyed although the source is always ready", "[time]") {
    virtual_clock clock;
    const auto ex = clock.executor();
    auto endless = []() -> async_generator<int> {
        for (int i = 0;; ++i)
            co_yield i;
    };
    const auto stops = [&](auto stage) {
        std::stop_source stop;
        auto s = stop_at(endless(), 1000, stop) | stage | leat::stop_on(stop.get_token());
        CHECK_THROWS_AS(leat::sync_wait(std::move(s) | leat::count()), leat::stopped);
        CHECK(clock.waiting() == 0);
    };
    stops(leat::delay(ex, 0ms));
    stops(leat::throttle(ex, {.elements = 1, .per = 1ns, .burst = 100'000}));
    stops(leat::chunk_within(ex, 7, 1h));
    stops(leat::debounce(ex, 1h));
    stops(leat::sample(ex, 1h));
    stops(leat::keep_alive(ex, 1h, [] { return 0; }));
}

TEST_CASE("time operators: in the middle of a wait they can be destroyed", "[time]") {
    const balance b;
    virtual_clock clock;
    const auto ex = clock.executor();
    auto some = [](virtual_clock& c) -> async_generator<counted> {
        co_yield 1;
        co_await c.sleep_for(1h);
        co_yield 2;
    };
    const auto leave = [&](auto stage) {
        auto s = some(clock) | stage;
        auto read = [](auto& stream) -> task<> {
            while (co_await stream.next()) {
            }
        };
        {
            const auto reading = start(read(s));
            clock.advance(1ms);
            CHECK(clock.waiting() != 0);
        }
    };
    leave(leat::delay(ex, 1min));
    leave(leat::throttle(ex, {.elements = 1, .per = 1min}));
    leave(leat::chunk_within(ex, 7, 1min));
    leave(leat::debounce(ex, 1min));
    leave(leat::sample(ex, 1min));
    leave(leat::keep_alive(ex, 1min, [] { return counted(0); }));
    CHECK(clock.waiting() == 0);
    CHECK(b.even());
}
