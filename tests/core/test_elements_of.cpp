#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/once_only.hpp"
#include "support/waiting.hpp"

#include <list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <leat/leat.hpp>

// co_yield leat::elements_of(...): delegation to generators, streams and ranges.

namespace {

using leat::async_generator;
using leat::elements_of;
using leat::sync_wait;

template <class S> std::vector<int> read_all(S& s) {
    std::vector<int> all;
    while (auto x = sync_wait(s.next()))
        all.push_back(static_cast<int>(*x));
    return all;
}

async_generator<int> numbers(int from, int to) {
    for (int i = from; i < to; ++i)
        co_yield i;
}

async_generator<int> pages(int from, int to, int size) {
    std::vector<int> page;
    for (int i = from; i < to; ++i) {
        page.push_back(i);
        if (static_cast<int>(page.size()) == size || i + 1 == to) {
            co_yield leat::batch(page);
            page.clear();
        }
    }
}

async_generator<int> throws_after(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
    throw std::runtime_error("inner");
}

async_generator<int> nested(int depth, int n) {
    if (depth == 0)
        co_yield elements_of(numbers(0, n));
    else
        co_yield elements_of(nested(depth - 1, n));
}

struct tree {
    int value;
    std::unique_ptr<tree> left, right;
};
std::unique_ptr<tree> make_tree(int from, int to) {
    if (from == to)
        return nullptr;
    const int mid = (from + to) / 2;
    auto t = std::make_unique<tree>();
    t->value = mid;
    t->left = make_tree(from, mid);
    t->right = make_tree(mid + 1, to);
    return t;
}
async_generator<int> walk(const tree* t) {
    if (t == nullptr)
        co_return;
    co_yield elements_of(walk(t->left.get()));
    co_yield t->value;
    co_yield elements_of(walk(t->right.get()));
}

} // namespace

TEST_CASE("elements_of: generators, streams and ranges, one after the other", "[elements_of]") {
    auto body = []() -> async_generator<int> {
        co_yield -1;
        co_yield elements_of(numbers(0, 3));
        co_yield elements_of(numbers(0, 0)); // nothing
        co_yield elements_of(pages(3, 8, 2));
        auto named = numbers(8, 10);
        co_yield elements_of(std::move(named));
        auto times_ten = leat::transform([](int x) { return x * 10; });
        auto pipeline = numbers(1, 4) | times_ten;
        co_yield elements_of(std::move(pipeline));
        const std::vector<int> vector(2, 50);
        co_yield elements_of(vector);
        co_yield elements_of(std::list<int>(1, 60));
        co_yield 70;
    };
    auto s = body();
    CHECK(read_all(s) == std::vector{-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 50, 50, 60, 70});
}

TEST_CASE("elements_of: of another element type converts", "[elements_of]") {
    auto body = []() -> async_generator<long long> {
        co_yield elements_of(numbers(0, 2));
        const std::vector<short> narrow(1, 7);
        co_yield elements_of(narrow);
    };
    auto s = body();
    CHECK(read_all(s) == std::vector{0, 1, 7});

    auto lent = [](const std::vector<std::string>& v) -> async_generator<const std::string&> {
        auto inner = [](const std::vector<std::string>& w) -> async_generator<const std::string&> {
            for (const std::string& x : w)
                co_yield x;
        };
        co_yield elements_of(inner(v));
        co_yield elements_of(v);
    };
    const std::vector<std::string> words{"a", "b"};
    auto l = lent(words);
    for (int i = 0; i < 4; ++i) {
        auto x = sync_wait(l.next());
        REQUIRE(x);
        CHECK(&*x == &words[static_cast<std::size_t>(i % 2)]);
    }
    CHECK_FALSE(sync_wait(l.next()));
}

TEST_CASE("elements_of: nothing of the inner one is copied on its way out", "[elements_of]") {
    const balance b;
    {
        auto inner = []() -> async_generator<counted> {
            co_yield counted(1);
            std::vector<counted> page(2, counted(2));
            counted::forget_copies();
            co_yield leat::batch(page);
        };
        auto outer = [](async_generator<counted> s) -> async_generator<counted> {
            co_yield elements_of(std::move(s));
        };
        auto s = outer(outer(inner()));
        CHECK(sync_wait(s.next())->value == 1);
        CHECK(sync_wait(s.next_batch()).size() == 2);
        CHECK_FALSE(sync_wait(s.next()));
        CHECK(counted::copies == 0);
        CHECK(counted::moves == 0);
    }
    CHECK(b.even());
}

TEST_CASE("elements_of: elements that can only be moved", "[elements_of]") {
    auto inner = []() -> async_generator<std::unique_ptr<int>> { co_yield std::make_unique<int>(1); };
    auto outer = [](async_generator<std::unique_ptr<int>> s) -> async_generator<std::unique_ptr<int>> {
        auto pass = leat::filter([](const std::unique_ptr<int>& p) { return p != nullptr; });
        auto pipeline = std::move(s) | pass;
        co_yield elements_of(std::move(pipeline));
        std::vector<std::unique_ptr<int>> rest;
        rest.push_back(std::make_unique<int>(2));
        co_yield elements_of(std::move(rest));
    };
    auto s = outer(inner());
    int sum = 0;
    while (auto x = sync_wait(s.next()))
        sum += **x;
    CHECK(sum == 3);
}

TEST_CASE("elements_of: a generator that was partly read goes on from there", "[elements_of]") {
    auto outer = [](async_generator<int> s) -> async_generator<int> {
        co_yield elements_of(std::move(s));
        co_yield 100;
    };
    auto batched = pages(0, 6, 4);
    CHECK(*sync_wait(batched.next()) == 0); // 1, 2 and 3 are ready and unread
    auto a = outer(std::move(batched));
    CHECK(read_all(a) == std::vector{1, 2, 3, 4, 5, 100});

    auto delegating = nested(5, 4);
    CHECK(*sync_wait(delegating.next()) == 0);
    auto c = outer(outer(std::move(delegating)));
    CHECK(read_all(c) == std::vector{1, 2, 3, 100, 100});

    auto finished = numbers(0, 1);
    CHECK(read_all(finished) == std::vector{0});
    auto d = outer(std::move(finished));
    CHECK(read_all(d) == std::vector{100});
}

TEST_CASE("elements_of: partly read and pushed to a terminal", "[elements_of]") {
    auto outer = [](async_generator<int> s) -> async_generator<int> {
        co_yield elements_of(std::move(s));
        co_yield 100;
    };
    auto batched = pages(0, 6, 4);
    CHECK(*sync_wait(batched.next()) == 0);
    CHECK(sync_wait(outer(std::move(batched)) | leat::collect<std::vector>()) ==
          std::vector{1, 2, 3, 4, 5, 100});
}

TEST_CASE("elements_of: 1,000 deep, every element and every shape", "[elements_of]") {
    auto s = nested(1000, 500);
    std::vector<int> expected;
    for (int i = 0; i < 500; ++i)
        expected.push_back(i);
    CHECK(read_all(s) == expected);
    CHECK(sync_wait(nested(1000, 500) | leat::collect<std::vector>()) == expected);
    CHECK(sync_wait(nested(1000, 500) | leat::take(3) | leat::count()) == 3);
    {
        auto half = nested(1000, 10);
        CHECK(*sync_wait(half.next()) == 0);
    } // destroyed at depth 1,000
    auto closed = nested(1000, 10);
    CHECK(*sync_wait(closed.next()) == 0);
    sync_wait(closed.close());
    CHECK_FALSE(sync_wait(closed.next()));
}

TEST_CASE("elements_of: a recursive walk over a tree", "[elements_of]") {
    const auto root = make_tree(0, 2000);
    std::vector<int> expected;
    for (int i = 0; i < 2000; ++i)
        expected.push_back(i);
    auto s = walk(root.get());
    CHECK(read_all(s) == expected);
    CHECK(sync_wait(walk(root.get()) | leat::collect<std::vector>()) == expected);
}

TEST_CASE("elements_of: what the inner one throws is thrown by the co_yield", "[elements_of]") {
    auto outer = [](int n, bool& caught) -> async_generator<int> {
        try {
            co_yield elements_of(throws_after(n));
        } catch (const std::runtime_error& e) {
            caught = std::string(e.what()) == "inner";
        }
        co_yield 100;
    };
    for (int n : {0, 1, 3}) {
        bool caught = false;
        auto s = outer(n, caught);
        const auto all = read_all(s);
        CHECK(all.size() == static_cast<std::size_t>(n) + 1);
        CHECK(all.back() == 100);
        CHECK(caught);
    }
}

TEST_CASE("elements_of: what nobody catches reaches the reader, from any depth", "[elements_of]") {
    auto outer = [](auto self, int depth) -> async_generator<int> {
        if (depth == 0)
            co_yield elements_of(throws_after(2));
        else
            co_yield elements_of(self(self, depth - 1));
    };
    for (int depth : {0, 1, 1000}) {
        auto s = outer(outer, depth);
        CHECK(*sync_wait(s.next()) == 0);
        CHECK(*sync_wait(s.next()) == 1);
        CHECK_THROWS_WITH(sync_wait(s.next()), "inner");
        CHECK_FALSE(sync_wait(s.next()));
        auto pushed = outer(outer, depth) | leat::count();
        CHECK_THROWS_WITH(sync_wait(pushed), "inner");
    }
}

TEST_CASE("elements_of: a range that throws in the middle", "[elements_of]") {
    auto body = [](bool& caught) -> async_generator<int> {
        once_only bad(0, 5, 2);
        try {
            co_yield elements_of(bad);
        } catch (const std::runtime_error&) {
            caught = true;
        }
    };
    bool caught = false;
    auto s = body(caught);
    CHECK(read_all(s) == std::vector{0, 1});
    CHECK(caught);
}

TEST_CASE("elements_of: an exception of a stage of an inner pipeline", "[elements_of]") {
    auto body = [](bool& caught) -> async_generator<int> {
        auto stage = leat::transform([](int x) {
            if (x == 2)
                throw std::runtime_error("stage");
            return x;
        });
        auto pipeline = pages(0, 5, 5) | stage;
        try {
            co_yield elements_of(std::move(pipeline));
        } catch (const std::runtime_error&) {
            caught = true;
        }
        co_yield 9;
    };
    bool caught = false;
    auto s = body(caught);
    CHECK(read_all(s) == std::vector{0, 1, 9});
    CHECK(caught);
}

TEST_CASE("elements_of: of generators that wait", "[elements_of]") {
    manual_loop loop;
    auto inner = [](manual_loop& l, int from, int to) -> async_generator<int> {
        for (int i = from; i < to; ++i) {
            co_await l.turn();
            co_yield i;
        }
        co_await l.turn();
    };
    auto outer = [](auto self, auto in, manual_loop& l, int depth) -> async_generator<int> {
        co_yield depth * 10;
        co_await l.turn();
        if (depth == 0) {
            co_yield elements_of(in(l, 0, 0)); // waits, but gives nothing
            co_yield elements_of(in(l, 1, 3));
        } else {
            co_yield elements_of(self(self, in, l, depth - 1));
        }
        co_await l.turn();
        co_yield -depth;
    };
    const std::vector<int> expected{30, 20, 10, 0, 1, 2, 0, -1, -2, -3};

    std::vector<int> pulled;
    auto pull = [](async_generator<int> s, std::vector<int>& out) -> leat::task<> {
        while (auto x = co_await s.next())
            out.push_back(*x);
    };
    run_on(loop, pull(outer(outer, inner, loop, 3), pulled));
    CHECK(pulled == expected);

    std::vector<int> pushed;
    auto push = [](async_generator<int> s, std::vector<int>& out) -> leat::task<> {
        auto each = std::move(s) | leat::for_each([&out](int x) { out.push_back(x); });
        co_await each;
    };
    run_on(loop, push(outer(outer, inner, loop, 3), pushed));
    CHECK(pushed == expected);
}

TEST_CASE("elements_of: a batch or elements_of a range of the wrong category", "[elements_of]") {
    // Elements of a range that stays are copied, those of one that is given away too: only the generator's own
    // memory is lent for moving.
    auto body = [](const std::vector<std::string>& v) -> async_generator<std::string> {
        co_yield elements_of(v);
    };
    const std::vector<std::string> words{"one", "two"};
    auto s = body(words);
    while (auto x = sync_wait(s.next()))
        const std::string taken = std::move(*x);
    CHECK(words == std::vector<std::string>{"one", "two"});
}

TEST_CASE("elements_of: a stop before the first step closes what was read from before", "[elements_of]") {
    int closed = 0;
    std::stop_source stop;
    const auto rows = [](int& count) -> async_generator<int> {
        auto close = [&count] { ++count; };
        co_await leat::on_close(close);
        for (int i = 0;; ++i)
            co_yield i;
    };
    const auto hand_on = [](auto some, std::stop_source& asked) -> async_generator<int> {
        auto x = co_await some.next();
        co_yield *x;
        asked.request_stop();
        co_yield elements_of(std::move(some));
    };
    const auto all = [](int) { return true; };
    SECTION("a generator") {
        auto s = hand_on(rows(closed), stop) | leat::stop_on(stop.get_token());
        CHECK(*sync_wait(s.next()) == 0);
        CHECK_THROWS_AS(sync_wait(s.next()), leat::stopped);
    }
    SECTION("a pipeline") {
        auto s = hand_on(rows(closed) | leat::filter(all), stop) | leat::stop_on(stop.get_token());
        CHECK(*sync_wait(s.next()) == 0);
        CHECK_THROWS_AS(sync_wait(s.next()), leat::stopped);
    }
    CHECK(closed == 1);
}
