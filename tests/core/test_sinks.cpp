#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/waiting.hpp"

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

#include <leat/leat.hpp>

// Each terminal for itself, in both spellings.

namespace {

using leat::async_generator;
using leat::sync_wait;
using ints = std::vector<int>;

async_generator<int> numbers(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
}
async_generator<int> broken(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
    throw std::runtime_error("broken");
}
struct meter {
    int asked = 0;
    int closed = 0;
    bool saw_exception = false;
};
async_generator<int> metered(int n, meter& m) {
    auto close = [&m] { ++m.closed; };
    co_await leat::on_close(close);
    try {
        for (int i = 0; i < n; ++i) {
            ++m.asked;
            co_yield i;
        }
    } catch (...) {
        m.saw_exception = true;
        throw;
    }
}

} // namespace

TEST_CASE("for_each: both spellings", "[for_each]") {
    ints seen;
    auto note = [&](int x) { seen.push_back(x); };
    sync_wait(numbers(3) | leat::for_each(note));
    CHECK(seen == ints{0, 1, 2});
    sync_wait(leat::for_each(numbers(2), note));
    CHECK(seen == ints{0, 1, 2, 0, 1});
    sync_wait(numbers(0) | leat::for_each(note));
    CHECK(seen.size() == 5);
}

TEST_CASE("for_each: every way to take the element; its result is ignored", "[for_each]") {
    auto words = []() -> async_generator<std::string> {
        co_yield "one";
        co_yield "two";
    };
    std::vector<std::string> out;
    sync_wait(words() | leat::for_each([&](std::string s) { out.push_back(std::move(s)); }));
    sync_wait(words() | leat::for_each([&](std::string&& s) { out.push_back(std::move(s)); }));
    sync_wait(words() | leat::for_each([&](const std::string& s) { out.push_back(s); }));
    sync_wait(words() | leat::for_each([&](std::string& s) { out.push_back(s); }));
    sync_wait(words() | leat::for_each([&](auto&& s) {
                  out.push_back(s);
                  return out.size(); // ignored
              }));
    CHECK(out.size() == 10);
    CHECK(std::set<std::string>(out.begin(), out.end()).size() == 2);
}

TEST_CASE("for_each: waits for a function that returns a task, before the next element", "[for_each]") {
    manual_loop loop;
    meter m;
    ints seen;
    auto slow = [&](int x) -> leat::task<> {
        seen.push_back(x);
        co_await loop.turn();
        seen.push_back(-x);
        CHECK(m.asked == x + 1);
    };
    auto all = [](meter& mm, auto& f) -> leat::task<> {
        auto each = metered(3, mm) | leat::for_each(f);
        co_await each;
    };
    run_on(loop, all(m, slow));
    CHECK(seen == ints{0, 0, 1, -1, 2, -2});
    CHECK(m.closed == 1);
    seen.clear();
    manual_loop second;
    auto pipe_spelling = [](auto& f) -> leat::task<> {
        auto each = leat::for_each(numbers(1), f);
        co_await each;
    };
    m.asked = 1;
    run_on(loop, pipe_spelling(slow));
    CHECK(seen == ints{0, 0});
}

TEST_CASE("for_each: the function's exception never enters the producer; the stream is closed first",
          "[for_each]") {
    auto bad = [](int x) {
        if (x == 2)
            throw std::runtime_error("reader");
    };
    auto bad_task = [](int x) -> leat::task<> {
        if (x == 2)
            throw std::runtime_error("reader");
        co_return;
    };
    auto bad_before_task = [](int x) -> leat::task<> {
        if (x == 2)
            throw std::runtime_error("reader");
        return []() -> leat::task<> { co_return; }();
    };
    auto check = [](auto f) {
        meter m;
        auto s = metered(10, m) | leat::for_each(f);
        CHECK_THROWS_WITH(sync_wait(s), "reader");
        CHECK(m.asked == 3);
        CHECK(m.closed == 1);
        CHECK_FALSE(m.saw_exception);
    };
    check(bad);
    check(bad_task);
    check(bad_before_task);
}

TEST_CASE("fold: both spellings", "[fold]") {
    auto plus = [](int sum, int x) { return sum + x; };
    CHECK(sync_wait(numbers(5) | leat::fold(0, plus)) == 10);
    CHECK(sync_wait(leat::fold(numbers(5), 100, plus)) == 110);
    CHECK(sync_wait(numbers(0) | leat::fold(7, plus)) == 7);
}

TEST_CASE("fold: the sum is moved along, and may be of any type", "[fold]") {
    const balance b;
    {
        auto append = [](std::unique_ptr<ints> all, int x) {
            all->push_back(x);
            return all;
        };
        auto all = sync_wait(numbers(3) | leat::fold(std::make_unique<ints>(), append));
        CHECK(*all == ints{0, 1, 2});
        auto words = numbers(3) | leat::transform([](int x) { return counted(x); });
        counted::forget_copies();
        auto add = [](counted sum, counted&& x) { return counted(sum.value + x.value); };
        CHECK(sync_wait(std::move(words) | leat::fold(counted(0), add)).value == 3);
        CHECK(counted::copies == 0);
    }
    CHECK(b.even());
}

TEST_CASE("count: both spellings", "[count]") {
    CHECK(sync_wait(numbers(5) | leat::count()) == 5);
    CHECK(sync_wait(leat::count(numbers(5))) == 5);
    CHECK(sync_wait(numbers(0) | leat::count()) == 0);
    STATIC_REQUIRE(std::is_same_v<decltype(sync_wait(leat::count(numbers(1)))), std::size_t>);
}

TEST_CASE("first: both spellings; asks for one element only", "[first]") {
    CHECK(sync_wait(numbers(5) | leat::first()) == 0);
    CHECK(sync_wait(leat::first(numbers(5))) == 0);
    CHECK(sync_wait(numbers(0) | leat::first()) == std::nullopt);
    meter m;
    CHECK(sync_wait(metered(5, m) | leat::first()) == 0);
    CHECK(m.asked == 1);
    CHECK(m.closed == 1);
    auto pointers = numbers(3) | leat::transform([](int x) { return std::make_unique<int>(x); }) |
                    leat::filter([](auto& p) { return *p == 2; });
    CHECK(**sync_wait(std::move(pointers) | leat::first()) == 2);
    std::string outside = "lent";
    auto lent = [](std::string& s) -> async_generator<std::string&> { co_yield s; };
    CHECK(sync_wait(lent(outside) | leat::first()) == "lent");
    CHECK(outside == "lent"); // copied, not moved
}

TEST_CASE("collect: both spellings, into every kind of container", "[collect]") {
    const ints expected{0, 1, 2};
    CHECK(sync_wait(numbers(3) | leat::collect<std::vector>()) == expected);
    CHECK(sync_wait(leat::collect<std::vector>(numbers(3))) == expected);
    CHECK(sync_wait(leat::collect<std::vector<int>>(numbers(3))) == expected);
    CHECK(sync_wait(numbers(3) | leat::collect<std::vector<long>>()) == std::vector<long>{0, 1, 2});
    CHECK(sync_wait(numbers(3) | leat::collect<std::deque>()) == std::deque<int>{0, 1, 2});
    CHECK(sync_wait(numbers(3) | leat::collect<std::list>()) == std::list<int>{0, 1, 2});
    auto mod = leat::transform([](int x) { return x % 2; });
    CHECK(sync_wait(numbers(3) | mod | leat::collect<std::set>()) == std::set<int>{0, 1});
    CHECK(sync_wait(numbers(3) | mod | leat::collect<std::unordered_set<int>>()).size() == 2);
    auto letter = leat::transform([](int x) { return static_cast<char>('a' + x); });
    CHECK(sync_wait(numbers(3) | letter | leat::collect<std::string>()) == "abc");
    auto pair = leat::transform([](int x) { return std::pair(x, std::to_string(x)); });
    const auto map = sync_wait(numbers(3) | pair | leat::collect<std::map<int, std::string>>());
    CHECK(map.at(2) == "2");
    CHECK(sync_wait(numbers(0) | leat::collect<std::vector>()).empty());
    const auto multi = sync_wait(numbers(4) | mod | leat::collect<std::multiset<int>>());
    CHECK(multi.size() == 4);
}

TEST_CASE("collect: moves what is there to keep, copies what is lent", "[collect]") {
    const balance b;
    {
        auto body = []() -> async_generator<counted> {
            std::vector<counted> page(2, counted(1));
            co_yield leat::batch(page);
        };
        counted::forget_copies();
        auto all = sync_wait(body() | leat::collect<std::list>());
        CHECK(all.size() == 2);
        CHECK(counted::copies == 2); // of the page's own construction
        const counted outside(5);
        auto lent = [](const counted& c) -> async_generator<const counted&> { co_yield c; };
        auto copies = sync_wait(lent(outside) | leat::collect<std::vector>());
        CHECK(copies.front().value == 5);
        CHECK(outside.value == 5);
        auto pointers =
            sync_wait(numbers(2) | leat::transform([](int x) { return std::make_unique<int>(x); }) |
                      leat::collect<std::vector>());
        CHECK(*pointers[1] == 1);
    }
    CHECK(b.even());
}

TEST_CASE("terminals: the producer's exception comes out, and what there was before it was seen", "[sink]") {
    ints seen;
    auto each = broken(3) | leat::for_each([&](int x) { seen.push_back(x); });
    CHECK_THROWS_WITH(sync_wait(each), "broken");
    CHECK(seen == ints{0, 1, 2});
    CHECK_THROWS_WITH(sync_wait(broken(1) | leat::count()), "broken");
    CHECK_THROWS_WITH(sync_wait(broken(0) | leat::first()), "broken");
    CHECK_THROWS_WITH(sync_wait(broken(2) | leat::collect<std::vector>()), "broken");
    CHECK_THROWS_WITH(sync_wait(broken(2) | leat::fold(0, [](int a, int) { return a; })), "broken");
    // Not asked for, so not thrown.
    CHECK(sync_wait(broken(1) | leat::first()) == 0);
    CHECK(sync_wait(broken(2) | leat::take(2) | leat::count()) == 2);
}

TEST_CASE("terminals: a stage's exception comes out, and never enters the producer", "[sink]") {
    auto bad = [](int x) {
        if (x == 2)
            throw std::runtime_error("stage");
        return true;
    };
    auto check = [&](auto stage, auto terminal) {
        meter m;
        auto s = metered(10, m) | std::move(stage) | std::move(terminal);
        CHECK_THROWS_WITH(sync_wait(s), "stage");
        CHECK(m.asked == 3);
        CHECK(m.closed == 1);
        CHECK_FALSE(m.saw_exception);
    };
    check(leat::filter(bad), leat::count());
    check(leat::transform(bad), leat::collect<std::vector>());
    check(leat::inspect(bad), leat::fold(0, [](int a, int) { return a; }));
    check(leat::take_while(bad), leat::for_each([](int) {}));
    check(leat::transform(bad) | leat::filter([](bool) { return false; }), leat::first());
    check(leat::flat_map([&](int x) { return ints(bad(x) ? 2u : 1u, x); }), leat::count());
}

TEST_CASE("terminals: named, moved, awaited; destroyed unawaited", "[sink]") {
    meter m;
    {
        auto unawaited = metered(3, m) | leat::count();
        auto also = leat::collect<std::vector>(metered(3, m));
    }
    CHECK(m.asked == 0);
    auto s = numbers(3) | leat::count();
    auto moved = std::move(s);
    CHECK(sync_wait(moved) == 3);
}

TEST_CASE("terminals: destroyed while they wait", "[sink]") {
    const balance b;
    manual_loop loop;
    auto body = [](manual_loop& l) -> async_generator<counted> {
        const counted local(1);
        co_yield local;
        co_await l.turn();
        co_yield local;
    };
    {
        auto read = [](async_generator<counted> g) -> leat::task<> {
            auto all = std::move(g) | leat::collect<std::vector>();
            static_cast<void>(co_await all);
        };
        const auto reader = start(read(body(loop)));
        CHECK_FALSE(reader.done());
        CHECK_FALSE(loop.idle());
    }
    CHECK(loop.idle());
    CHECK(b.even());
}

TEST_CASE("terminals: a pipeline that ends in one is a value too", "[sink]") {
    const auto total = leat::filter([](int x) { return x % 2 == 0; }) | leat::count();
    CHECK(sync_wait(numbers(10) | total) == 5);
    CHECK(sync_wait(numbers(3) | total) == 2);
}
