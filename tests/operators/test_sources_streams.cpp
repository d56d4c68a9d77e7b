#include "plain.hpp"
#include "support/small_stack.hpp"
#include "support/waiting.hpp"

#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <leat/leat.hpp>
#include <leat/source/defer.hpp>
#include <leat/source/empty.hpp>
#include <leat/source/never.hpp>
#include <leat/source/once.hpp>
#include <leat/source/paginate.hpp>
#include <leat/source/repeat.hpp>
#include <leat/source/using.hpp>

// Sources that make streams, or wait.

namespace {

using leat::async_generator;
using leat::sync_wait;
using leat::task;
using plain::diary;
using plain::expect_stopped;
using plain::ints;

async_generator<int> numbers(int from, int to) {
    for (int i = from; i < to; ++i)
        co_yield i;
}
async_generator<int> noted(diary& d, std::string name, int from, int to) {
    auto close = [&d, name] { d("close " + name); };
    co_await leat::on_close(close);
    for (int i = from; i < to; ++i)
        co_yield i;
    d("end " + name);
}
template <class S> task<> count_into(S s, int& n) {
    while (auto x = co_await s.next())
        n += *x;
}

} // namespace

TEST_CASE("never: waits until it is stopped", "[never]") {
    std::stop_source stop;
    bool stopped = false;
    const auto waiting = start(expect_stopped(leat::never<int>() | leat::stop_on(stop.get_token()), stopped));
    CHECK_FALSE(waiting.done());
    stop.request_stop();
    CHECK(waiting.done());
    CHECK(stopped);
}

TEST_CASE("never: as an end that was asked for; and through stages, any_stream and another generator",
          "[never]") {
    std::stop_source stop;
    int sum = 0;
    auto outer = []() -> async_generator<int> {
        co_yield 1;
        co_yield leat::elements_of(leat::never<int>());
    };
    leat::any_stream<int> erased = outer() | leat::transform([](int x) { return 10 * x; });
    const auto waiting = start(count_into(std::move(erased) | leat::take_until(stop.get_token()), sum));
    CHECK(sum == 10);
    CHECK_FALSE(waiting.done());
    stop.request_stop();
    CHECK(waiting.done());
}

TEST_CASE("never: a stop that was requested before", "[never]") {
    std::stop_source stop;
    stop.request_stop();
    CHECK_THROWS_AS(sync_wait(leat::never<int>() | leat::stop_on(stop.get_token()) | leat::count()),
                    leat::stopped);
    CHECK(sync_wait(leat::never<int>() | leat::take_until(stop.get_token()) | leat::count()) == 0);
}

TEST_CASE("never: the stop comes from any thread, at any moment", "[never]") {
    for (unsigned i = 0; i < 300; ++i) {
        std::stop_source stop;
        std::thread other([&] {
            other_thread::spin(i % 100 * 30);
            stop.request_stop();
        });
        other_thread::spin(i % 7 * 100);
        CHECK_THROWS_AS(sync_wait(leat::never<int>() | leat::stop_on(stop.get_token()) | leat::count()),
                        leat::stopped);
        other.join();
    }
}

TEST_CASE("never: destroyed while it waits, with a token and without; a later stop finds nobody", "[never]") {
    std::stop_source stop;
    bool stopped = false;
    {
        const auto waiting =
            start(expect_stopped(leat::never<int>() | leat::stop_on(stop.get_token()), stopped));
        const auto for_ever = start(expect_stopped(leat::never<int>(), stopped));
        CHECK_FALSE(waiting.done());
        CHECK_FALSE(for_ever.done());
    }
    stop.request_stop();
    CHECK_FALSE(stopped);
    auto unread = leat::never<std::unique_ptr<int>>();
    static_cast<void>(unread);
}

TEST_CASE("defer: made at the first step", "[defer]") {
    int made = 0;
    auto make = [&] {
        ++made;
        return numbers(0, 3);
    };
    auto deferred = leat::defer(make);
    CHECK(made == 0);
    CHECK(sync_wait(std::move(deferred) | leat::collect<std::vector>()) == ints{0, 1, 2});
    CHECK(made == 1);
    {
        auto unread = leat::defer(make);
        static_cast<void>(unread);
    }
    CHECK(made == 1);
    auto pipeline = [] { return numbers(0, 5) | leat::filter([](int x) { return x % 2 == 0; }); };
    CHECK(sync_wait(leat::defer(pipeline) | leat::collect<std::vector>()) == ints{0, 2, 4});
}

TEST_CASE("defer: what make and its stream throw; its stream is closed", "[defer]") {
    auto bad = []() -> async_generator<int> { throw std::runtime_error("in make"); };
    CHECK_THROWS_WITH(sync_wait(leat::defer(bad) | leat::count()), "in make");
    diary d;
    auto make = [&] { return noted(d, "a", 0, 5); };
    CHECK(sync_wait(leat::defer(make) | leat::take(2) | leat::collect<std::vector>()) == ints{0, 1});
    CHECK(d.lines == std::vector<std::string>{"close a"});
}

TEST_CASE("defer: lent and move-only elements, batches", "[defer]") {
    static const std::vector<counted> table{1, 2, 3};
    auto lend = []() -> async_generator<const counted&> { co_yield leat::batch(table); };
    auto read = [](auto make) -> task<> {
        auto s = leat::defer(make);
        auto batch = co_await s.next_batch();
        CHECK(batch.size() == 3);
        CHECK(&batch.front() == table.data());
    };
    sync_wait(read(lend));
    auto sole = []() -> async_generator<std::unique_ptr<int>> { co_yield std::make_unique<int>(4); };
    CHECK(**sync_wait(leat::defer(sole) | leat::first()) == 4);
}

TEST_CASE("repeat: streams, each closed before the next is made", "[repeat]") {
    diary d;
    int round = 0;
    auto make = [&] {
        ++round;
        d("make " + std::to_string(round));
        return noted(d, std::to_string(round), 10 * round, 10 * round + 2);
    };
    CHECK(sync_wait(leat::repeat(make, 2) | leat::collect<std::vector>()) == ints{10, 11, 20, 21});
    CHECK(d.lines == std::vector<std::string>{"make 1", "end 1", "close 1", "make 2", "end 2", "close 2"});
    d.lines.clear();
    CHECK(sync_wait(leat::repeat(make) | leat::take(3) | leat::collect<std::vector>()) == ints{30, 31, 40});
    CHECK(d.lines == std::vector<std::string>{"make 3", "end 3", "close 3", "make 4", "close 4"});
    CHECK(sync_wait(leat::repeat(make, 0) | leat::count()) == 0);
    CHECK(round == 4);
}

TEST_CASE("repeat: streams that are empty can be stopped; many streams grow no stack", "[repeat]") {
    std::stop_source stop;
    int round = 0;
    auto make = [&] {
        if (++round == 1000)
            stop.request_stop();
        return leat::empty<int>();
    };
    CHECK_THROWS_AS(sync_wait(leat::repeat(make) | leat::stop_on(stop.get_token()) | leat::count()),
                    leat::stopped);
    auto erased = leat::any_stream<int>(leat::repeat(make));
    CHECK(sync_wait(std::move(erased) | leat::take_until(stop.get_token()) | leat::count()) == 0);
    const std::size_t streams = sanitized ? 20'000 : 200'000;
    std::size_t n = 0;
    on_small_stack([&] {
        auto one = [] { return leat::defer([] { return leat::once(1); }); };
        n = sync_wait(leat::repeat(one, streams) | leat::count());
    });
    CHECK(n == streams);
}

namespace {

struct connection {
    int id = 0;
};

} // namespace

TEST_CASE("using_: acquires, uses, releases", "[using]") {
    diary d;
    auto acquire = [&] {
        d("acquire");
        return std::make_unique<connection>(connection{7});
    };
    auto use = [&](std::unique_ptr<connection>& c) { return noted(d, "stream", c->id, c->id + 3); };
    auto release = [&](std::unique_ptr<connection>& c) { d("release " + std::to_string(c->id)); };
    auto all = leat::using_(acquire, use, release);
    CHECK(d.lines.empty());
    CHECK(sync_wait(std::move(all) | leat::collect<std::vector>()) == ints{7, 8, 9});
    const std::vector<std::string> whole{"acquire", "end stream", "close stream", "release 7"};
    CHECK(d.lines == whole);

    d.lines.clear();
    CHECK(sync_wait(leat::using_(acquire, use, release) | leat::first()) == 7);
    CHECK(d.lines == std::vector<std::string>{"acquire", "close stream", "release 7"});

    d.lines.clear();
    auto bad_use = [&](std::unique_ptr<connection>&) -> async_generator<int> {
        throw std::runtime_error("in use");
    };
    CHECK_THROWS_WITH(sync_wait(leat::using_(acquire, bad_use, release) | leat::count()), "in use");
    CHECK(d.lines == std::vector<std::string>{"acquire", "release 7"});

    d.lines.clear();
    auto bad_acquire = [&]() -> int { throw std::runtime_error("in acquire"); };
    auto use_int = [&](int& i) { return numbers(i, 3); };
    auto release_int = [&](int&) { d("release"); };
    CHECK_THROWS_WITH(sync_wait(leat::using_(bad_acquire, use_int, release_int) | leat::count()),
                      "in acquire");
    CHECK(d.lines.empty());
}

TEST_CASE("using_: acquire and release are waited for; a stop does not cut the release short", "[using]") {
    manual_loop loop;
    diary d;
    auto acquire = [&]() -> task<connection> {
        d("acquire");
        co_await loop.turn();
        d("acquired");
        co_return connection{1};
    };
    auto use = [&](connection& c) { return numbers(c.id, 4); };
    auto release = [&](connection&) -> task<> {
        d("release");
        co_await loop.turn();
        d("released");
    };
    auto read = [&]() -> task<> {
        auto collecting = leat::using_(acquire, use, release) | leat::collect<std::vector>();
        const ints got = co_await collecting;
        CHECK(got == ints{1, 2, 3});
        CHECK(d.lines.back() == "released");
        auto first = leat::using_(acquire, use, release) | leat::first();
        co_await first;
        CHECK(d.lines.back() == "released");
    };
    run_on(loop, read());
    CHECK(d.lines.size() == 8);

    std::stop_source stop;
    auto wait = [](connection&) { return leat::never<int>(); };
    d.lines.clear();
    bool stopped = false;
    auto endless = leat::using_(acquire, wait, release) | leat::stop_on(stop.get_token());
    const auto waiting = start(expect_stopped(std::move(endless), stopped));
    loop.run();
    CHECK_FALSE(waiting.done());
    stop.request_stop();
    CHECK_FALSE(waiting.done()); // in the release
    loop.run();
    CHECK(waiting.done());
    CHECK(stopped);
    CHECK(d.lines == std::vector<std::string>{"acquire", "acquired", "release", "released"});
}

TEST_CASE("using_: what the release throws", "[using]") {
    auto acquire = [] { return 0; };
    auto use = [](int& i) { return numbers(i, 2); };
    auto release = [](int&) { throw std::runtime_error("in release"); };
    CHECK_THROWS_WITH(sync_wait(leat::using_(acquire, use, release) | leat::count()), "in release");
    auto bad_use = [](int&) -> async_generator<int> {
        co_yield 1;
        throw std::runtime_error("in the stream");
    };
    auto counting = leat::using_(acquire, bad_use, release) | leat::count();
    CHECK_THROWS_WITH(sync_wait(counting), "in the stream");
    int others = 0;
    for (const std::exception_ptr& e : counting.closing_errors()) {
        ++others;
        CHECK_THROWS_WITH(std::rethrow_exception(e), "in release");
    }
    CHECK(others == 1);
}

TEST_CASE("paginate: pages until there is no next token", "[paginate]") {
    using page = leat::page<int, std::string>;
    std::vector<std::string> asked;
    auto fetch = [&](const std::string& token) -> task<page> {
        asked.push_back(token);
        page p;
        if (token.empty()) {
            p.items = {1, 2};
            p.next = "two";
        } else if (token == "two") {
            p.next = "three"; // an empty page
        } else {
            p.items = {3};
        }
        co_return p;
    };
    CHECK(sync_wait(leat::paginate(std::string(), fetch) | leat::collect<std::vector>()) == ints{1, 2, 3});
    CHECK(asked == std::vector<std::string>{"", "two", "three"});
    asked.clear();
    CHECK(sync_wait(leat::paginate(std::string(), fetch) | leat::take(2) | leat::collect<std::vector>()) ==
          ints{1, 2});
    CHECK(asked == std::vector<std::string>{""});
    auto batches = [&]() -> task<> {
        auto s = leat::paginate(std::string(), fetch);
        auto first = co_await s.next_batch();
        CHECK(first.size() == 2);
        auto second = co_await s.next_batch();
        CHECK(second.size() == 1);
        auto end = co_await s.next_batch();
        CHECK(end.empty());
    };
    sync_wait(batches());
}

TEST_CASE("paginate: a plain function, a pair, items that can only be moved, a list", "[paginate]") {
    auto pair = [](int token) {
        std::pair<std::vector<std::unique_ptr<int>>, std::optional<int>> p;
        p.first.push_back(std::make_unique<int>(token));
        if (token < 3)
            p.second = token + 1;
        return p;
    };
    auto pointers = sync_wait(leat::paginate(1, pair) | leat::collect<std::vector>());
    REQUIRE(pointers.size() == 3);
    CHECK(*pointers[2] == 3);
    struct listed {
        std::set<int> items;
        const int* next;
    };
    static const int last = 5;
    auto list = [](int token) {
        listed p;
        p.items = {token, token + 1};
        p.next = token == 0 ? &last : nullptr;
        return p;
    };
    CHECK(sync_wait(leat::paginate(0, list) | leat::collect<std::vector>()) == ints{0, 1, 5, 6});
}

TEST_CASE("paginate: items come before the exception of the next request", "[paginate]") {
    const balance b;
    {
        auto fetch = [](int token) -> task<leat::page<counted, int>> {
            if (token == 2)
                throw std::runtime_error("no page 2");
            leat::page<counted, int> p;
            p.items.emplace_back(token);
            p.next = token + 1;
            co_return p;
        };
        ints seen;
        auto all =
            leat::paginate(0, fetch) | leat::inspect([&](const counted& x) { seen.push_back(x.value); });
        CHECK_THROWS_WITH(sync_wait(std::move(all) | leat::count()), "no page 2");
        CHECK(seen == ints{0, 1});
    }
    CHECK(b.even());
}
