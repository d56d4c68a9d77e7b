#include "plain.hpp"
#include "support/waiting.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <leat/leat.hpp>
#include <leat/sink/blocking.hpp>
#include <leat/sink/for_each_while.hpp>
#include <leat/sink/forward.hpp>
#include <leat/source/empty.hpp>
#include <leat/source/from_range.hpp>
#include <leat/source/iota.hpp>
#include <leat/source/never.hpp>

// for_each_while, forward, blocking.

namespace {

using leat::async_generator;
using leat::sync_wait;
using leat::task;
using plain::closing_errors_of;
using plain::ints;
using plain::meter;
using plain::metered;
using plain::pointers;
using plain::text_of;
using plain::words;

async_generator<int> bad_cleanup(int n) {
    auto close = [] { throw std::runtime_error("cleanup"); };
    co_await leat::on_close(close);
    for (int i = 0; i < n; ++i)
        co_yield i;
}

} // namespace

TEST_CASE("for_each_while: until the function says false", "[for_each_while]") {
    ints seen;
    auto below_two = [&](int x) {
        seen.push_back(x);
        return x < 2;
    };
    meter m;
    CHECK_FALSE(sync_wait(metered(5, m) | leat::for_each_while(below_two)));
    CHECK(seen == ints{0, 1, 2});
    CHECK(m.asked == 3);
    CHECK(m.closed == 1);
    CHECK(sync_wait(leat::for_each_while(leat::iota(0, 2), below_two)));
    CHECK(sync_wait(leat::empty<int>() | leat::for_each_while(below_two)));
    auto take_it = [](std::unique_ptr<int> p) { return *p < 1; };
    CHECK_FALSE(sync_wait(pointers(3) | leat::for_each_while(take_it)));
    auto bad = [](int) -> bool { throw std::runtime_error("reader"); };
    CHECK_THROWS_WITH(sync_wait(metered(5, m) | leat::for_each_while(bad)), "reader");
    CHECK(m.closed == 2);
    CHECK_THROWS_WITH(sync_wait(metered(1, m, true) | leat::for_each_while(below_two)), "broken");
}

TEST_CASE("for_each_while: waits for a function that returns a task", "[for_each_while]") {
    manual_loop loop;
    meter m;
    ints seen;
    auto slow = [&](int x) -> task<bool> {
        co_await loop.turn();
        CHECK(m.asked == x + 1);
        seen.push_back(x);
        co_return x < 2;
    };
    auto read = [&]() -> task<> {
        auto some = metered(5, m) | leat::for_each_while(slow);
        const bool all = co_await some;
        CHECK_FALSE(all);
        CHECK(seen == ints{0, 1, 2});
        CHECK(m.closed == 1);
        m.asked = 0;
        auto few = leat::for_each_while(metered(2, m), slow);
        const bool all_of_two = co_await few;
        CHECK(all_of_two);
    };
    run_on(loop, read());
    auto bad = [](int x) -> task<bool> {
        if (x == 1)
            throw std::runtime_error("reader");
        co_return true;
    };
    meter n;
    CHECK_THROWS_WITH(sync_wait(metered(5, n) | leat::for_each_while(bad)), "reader");
    CHECK(n.asked == 2);
    CHECK(n.closed == 1);
    CHECK_THROWS_WITH(sync_wait(metered(1, n, true) | leat::for_each_while(bad)), "broken");
    auto enough = [](int) -> task<bool> { co_return false; };
    CHECK_THROWS_WITH(sync_wait(bad_cleanup(3) | leat::for_each_while(enough)), "cleanup");
}

namespace {

// Writes down what happens to it. It cannot be copied.
struct written {
    ints elements;
    words events;
};
class slow_sink {
public:
    slow_sink(manual_loop& l, written& w) : loop_(l), written_(w) {}
    slow_sink(slow_sink&&) = default;

    task<std::size_t> write(int x) {
        ++writing_;
        CHECK(writing_ == 1); // one after the other
        co_await loop_.turn();
        written_.elements.push_back(x);
        --writing_;
        if (x == 4)
            throw std::runtime_error("full");
        co_return 4;
    }
    task<> finish() {
        co_await loop_.turn();
        written_.events.push_back("finish");
    }
    task<> fail(std::exception_ptr e) {
        written_.events.push_back("fail: " + text_of(e));
        co_await loop_.turn();
        written_.events.push_back("failed");
    }

private:
    manual_loop& loop_;
    written& written_;
    int writing_ = 0;
};

} // namespace

TEST_CASE("forward: one write after the other, with back-pressure; then finish", "[forward]") {
    manual_loop loop;
    written w;
    meter m;
    auto copy = [&]() -> task<> {
        auto counting =
            leat::inspect([&](int x) { CHECK(w.elements.size() == static_cast<std::size_t>(x)); });
        auto copying = metered(3, m) | counting | leat::forward(slow_sink(loop, w));
        co_await copying;
        CHECK(m.closed == 1);
    };
    run_on(loop, copy());
    CHECK(w.elements == ints{0, 1, 2});
    CHECK(w.events == words{"finish"});
}

TEST_CASE("forward: an error of the stream or of a write; the stream is closed, then the sink told",
          "[forward]") {
    manual_loop loop;
    written w;
    meter m;
    auto broken_stream = [&]() -> task<> {
        slow_sink sink(loop, w);
        auto copying = leat::forward(metered(2, m, true), std::ref(sink));
        bool thrown = false;
        try {
            co_await copying;
        } catch (const std::runtime_error& e) {
            thrown = std::string(e.what()) == "broken";
        }
        CHECK(thrown);
        CHECK(w.events == words{"fail: broken", "failed"});
    };
    run_on(loop, broken_stream());
    CHECK(w.elements == ints{0, 1});
    w = {};
    auto full_sink = [&]() -> task<> {
        auto copying = metered(10, m) | leat::forward(slow_sink(loop, w));
        bool thrown = false;
        try {
            co_await copying;
        } catch (const std::runtime_error& e) {
            thrown = std::string(e.what()) == "full";
        }
        CHECK(thrown);
    };
    m = {};
    run_on(loop, full_sink());
    CHECK(w.events == words{"fail: full", "failed"});
    CHECK(m.asked == 5);
    CHECK(m.closed == 1);
}

TEST_CASE("forward: a stop reaches a write, but cuts no fail short", "[forward]") {
    manual_loop loop;
    written w;
    std::stop_source stop;
    bool stopped = false;
    auto copy = [&]() -> task<> {
        auto copying =
            leat::never<int>() | leat::stop_on(stop.get_token()) | leat::forward(slow_sink(loop, w));
        try {
            co_await copying;
        } catch (const leat::stopped&) {
            stopped = true;
        }
    };
    const auto running = start(copy());
    stop.request_stop();
    CHECK_FALSE(running.done()); // in fail
    loop.run();
    CHECK(running.done());
    CHECK(stopped);
    CHECK(w.events.size() == 2);

    // The stop of the task that forwards: what write waits for obeys it.
    struct endless {
        words& events;
        explicit endless(words& e) : events(e) {}
        task<> write(int) {
            auto nothing = leat::never<int>() | leat::count();
            co_await nothing;
        }
        task<> fail(std::exception_ptr) {
            events.push_back("fail");
            auto rest = leat::iota(0, 2) | leat::count();
            const std::size_t n = co_await rest;
            CHECK(n == 2);
        }
    };
    std::stop_source second;
    words events;
    auto writing = [&]() -> async_generator<int> {
        auto copying = leat::iota(0, 3) | leat::forward(endless(events));
        co_await copying;
        co_yield 1;
    };
    bool second_stopped = false;
    auto outer = [&]() -> task<> {
        auto counting = writing() | leat::stop_on(second.get_token()) | leat::count();
        try {
            co_await counting;
        } catch (const leat::stopped&) {
            second_stopped = true;
        }
    };
    const auto waiting = start(outer());
    CHECK_FALSE(waiting.done());
    second.request_stop();
    CHECK(waiting.done());
    CHECK(second_stopped);
    CHECK(events == words{"fail"});
}

TEST_CASE("forward: functions and plain members; elements that can only be moved", "[forward]") {
    ints seen;
    sync_wait(leat::iota(0, 3) | leat::forward([&](int x) { seen.push_back(x); }));
    auto task_of = [&](std::unique_ptr<int> p) -> task<> {
        seen.push_back(*p);
        co_return;
    };
    sync_wait(leat::forward(pointers(2), task_of));
    CHECK(seen == ints{0, 1, 2, 0, 1});
    struct plain {
        ints& all;
        int& finished;
        plain(ints& a, int& f) : all(a), finished(f) {}
        void write(int x) { all.push_back(x); }
        void finish() { ++finished; }
    };
    int finished = 0;
    sync_wait(leat::iota(7, 9) | leat::forward(plain(seen, finished)));
    CHECK(seen == ints{0, 1, 2, 0, 1, 7, 8});
    CHECK(finished == 1);
    sync_wait(leat::empty<int>() | leat::forward(plain(seen, finished)));
    CHECK(finished == 2);
}

TEST_CASE("forward: the first exception wins, and none is lost", "[forward]") {
    struct bad_sink {
        void write(int) { throw std::runtime_error("write"); }
        void fail(const std::exception_ptr&) { throw std::runtime_error("fail"); }
    };
    auto copying = bad_cleanup(3) | leat::forward(bad_sink());
    CHECK_THROWS_WITH(sync_wait(copying), "write");
    CHECK(closing_errors_of(copying) == words{"cleanup", "fail"});
    struct bad_end {
        void write(int) {}
        void finish() { throw std::runtime_error("finish"); }
    };
    CHECK_THROWS_WITH(sync_wait(leat::iota(0, 3) | leat::forward(bad_end())), "finish");
    CHECK_THROWS_WITH(sync_wait(bad_cleanup(3) | leat::forward(bad_end())), "cleanup");
}

TEST_CASE("blocking: a stream as a range", "[blocking]") {
    ints seen;
    for (const int x : leat::blocking(leat::iota(0, 3)))
        seen.push_back(x);
    for (int& x : leat::iota(5, 7) | leat::filter([](int i) { return i != 5; }) | leat::blocking())
        seen.push_back(x);
    CHECK(seen == ints{0, 1, 2, 6});
    for (const int x : leat::blocking(leat::empty<int>()))
        seen.push_back(x);
    CHECK(seen.size() == 4);
    std::vector<std::unique_ptr<int>> kept;
    for (std::unique_ptr<int>& p : leat::blocking(pointers(3)))
        kept.push_back(std::move(p));
    CHECK(*kept[2] == 2);
    int sum = 0;
    for (const int& x : leat::blocking(leat::any_stream<int>(leat::iota(0, 200))))
        sum += x;
    CHECK(sum == 19900);
}

TEST_CASE("blocking: an input range and a view", "[blocking]") {
    using range = decltype(leat::blocking(leat::iota(0, 3)));
    STATIC_REQUIRE(std::ranges::input_range<range>);
    STATIC_REQUIRE(std::ranges::view<range>);
    STATIC_REQUIRE_FALSE(std::ranges::forward_range<range>);
    auto numbers = leat::blocking(leat::iota(0, 10));
    CHECK(*std::ranges::find(numbers, 4) == 4);
    auto all = leat::blocking(leat::iota(0, 10) | leat::transform([](int x) { return 2 * x; }));
    ints copied;
    std::ranges::copy(all, std::back_inserter(copied));
    CHECK(copied.size() == 10);
    auto moved = leat::blocking(leat::iota(0, 2));
    auto here = std::move(moved);
    moved = leat::blocking(leat::iota(5, 6));
    CHECK(std::ranges::distance(here) == 2);
    CHECK(std::ranges::distance(moved) == 1);
}

TEST_CASE("blocking: left early, the stream is closed", "[blocking]") {
    meter m;
    for (const int x : leat::blocking(metered(5, m)))
        if (x == 1)
            break;
    CHECK(m.asked == 2);
    CHECK(m.closed == 1);
    { auto unread = leat::blocking(metered(5, m)); }
    CHECK(m.asked == 2);
    auto quiet = [] {
        for (const int x : leat::blocking(bad_cleanup(3)))
            if (x == 1)
                break;
    };
    CHECK_NOTHROW(quiet());
    auto loud = leat::blocking(bad_cleanup(3));
    CHECK(*loud.begin() == 0);
    CHECK_THROWS_WITH(loud.close(), "cleanup");
    loud.close();
}

TEST_CASE("blocking: what the stream and its stages throw, when it is closed", "[blocking]") {
    meter m;
    ints seen;
    auto loop = [&](auto range) {
        for (const int x : range)
            seen.push_back(x);
    };
    CHECK_THROWS_WITH(loop(leat::blocking(metered(2, m, true))), "broken");
    CHECK(seen == ints{0, 1});
    CHECK(m.closed == 1);
    auto bad = [](int x) -> int {
        if (x == 70)
            throw std::runtime_error("stage");
        return x;
    };
    auto closing = [&]() -> async_generator<int> {
        auto close = [&] { ++m.closed; };
        co_await leat::on_close(close);
        co_yield leat::elements_of(leat::iota(0, 100));
    };
    CHECK_THROWS_WITH(loop(leat::blocking(closing() | leat::transform(bad))), "stage");
    CHECK(seen.size() == 72);
    CHECK(m.closed == 2);
    CHECK_THROWS_WITH(loop(leat::blocking(bad_cleanup(1))), "cleanup");
}

TEST_CASE("blocking: really waits, for other threads", "[blocking]") {
    two_threads threads;
    auto hopping = [&](int n) -> async_generator<int> {
        for (int i = 0; i < n; ++i) {
            co_await threads.hop(static_cast<unsigned>(i % 3) * 100);
            co_yield i;
        }
        co_await threads.hop();
    };
    int expected = 0;
    for (const int x : leat::blocking(hopping(200)))
        CHECK(x == expected++);
    CHECK(expected == 200);
    for (const int x : leat::blocking(hopping(200)))
        if (x == 3)
            break;
}
