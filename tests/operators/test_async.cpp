#include "support/fault.hpp"

#include <leat/adaptor/async_filter.hpp>
#include <leat/adaptor/async_transform.hpp>
#include <leat/sink/for_each_concurrent.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

// Work on several elements at a time.

using fault::check_faults;
using fault::ints;
using leat::async_generator;
using leat::task;

namespace {

async_generator<int> numbers(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
}

// So many turns of the loop for each element, and what was going on at the same time.
struct office {
    manual_loop loop;
    int running = 0;
    int most = 0;
    std::vector<int> begun;
    std::vector<int> finished;

    task<int> work(int x, int turns) {
        begun.push_back(x);
        most = std::max(most, ++running);
        for (int i = 0; i < turns; ++i)
            co_await loop.turn();
        --running;
        finished.push_back(x);
        co_return x * 10;
    }
};

template <class S> task<> read(S s, std::vector<int>& out) {
    while (auto x = co_await s.next())
        out.push_back(*x);
}

} // namespace

TEST_CASE("async_transform: ordered, several at a time, never more than the limit", "[async]") {
    for (const std::size_t n : {1u, 2u, 3u, 20u}) {
        office o;
        std::vector<int> out;
        // The first take longest, so that they are finished in another order.
        auto slow = [&o](int x) { return o.work(x, 12 - x); };
        run_on(o.loop, read(numbers(10) | leat::async_transform(slow, {.concurrency = n}), out));
        CHECK(out == std::vector<int>{0, 10, 20, 30, 40, 50, 60, 70, 80, 90});
        CHECK(o.most == static_cast<int>(std::min<std::size_t>(n, 10)));
        CHECK(std::is_sorted(o.begun.begin(), o.begun.end()));
        CHECK(std::is_sorted(o.finished.begin(), o.finished.end()) == (n == 1));
    }
}

TEST_CASE("async_transform: unordered, as they are finished", "[async]") {
    office o;
    std::vector<int> out;
    auto slow = [&o](int x) { return o.work(x, x % 3 == 0 ? 5 : 1); };
    run_on(o.loop,
           read(numbers(9) | leat::async_transform(slow, {.concurrency = 3, .order = leat::unordered}), out));
    CHECK(out.front() == 10); // 0 takes longer than 1 and 2
    std::sort(out.begin(), out.end());
    CHECK(out == std::vector<int>{0, 10, 20, 30, 40, 50, 60, 70, 80});
    CHECK(o.most == 3);
}

TEST_CASE("async_transform: by key, one after the other where the keys are equal", "[async]") {
    office o;
    std::map<int, int> running;
    bool together = false;
    std::vector<int> out;
    auto slow = [&](int x) -> task<int> {
        together = together || ++running[x % 3] > 1;
        int y = co_await o.work(x, 7 - x % 7);
        --running[x % 3];
        co_return y;
    };
    auto third = [](int x) { return x % 3; };
    run_on(o.loop,
           read(numbers(12) | leat::async_transform(slow, {.concurrency = 5, .order = leat::unordered},
                                                    leat::by_key(third)),
                out));
    CHECK_FALSE(together);
    CHECK(o.most == 3);
    CHECK(out.size() == 12);
    for (int key = 0; key < 3; ++key) { // in order for each key
        std::vector<int> of_key;
        std::copy_if(out.begin(), out.end(), std::back_inserter(of_key),
                     [&](int x) { return x / 10 % 3 == key; });
        CHECK(of_key.size() == 4);
        CHECK(std::is_sorted(of_key.begin(), of_key.end()));
    }
}

TEST_CASE("async_transform: the limit bounds what is running and what is finished but not taken", "[async]") {
    // The reader takes one element and is then busy for long: no more than the limit is begun, but that is finished.
    office o;
    int asked = 0;
    auto source = [](int& n) -> async_generator<int> {
        for (;;)
            co_yield n++;
    };
    auto f = [&o](int x) { return o.work(x, 2); };
    auto reader = [](auto s, office& of, int& begun) -> task<> {
        auto x = co_await s.next();
        static_cast<void>(*x);
        for (int i = 0; i < 50; ++i)
            co_await of.loop.turn();
        begun = static_cast<int>(of.begun.size());
        co_await s.close();
    };
    int begun = 0;
    run_on(o.loop, reader(source(asked) | leat::async_transform(f, {.concurrency = 4}), o, begun));
    CHECK(begun == 4); // the place of the one that the reader holds is not free yet
    CHECK(o.finished.size() == 4);
    CHECK(asked == 4);
}

TEST_CASE("async_transform: goes on while the reader waits long between elements", "[async]") {
    // futures-rs#2387: work in flight used to starve, and time out, while the consumer waited for something else.
    office o;
    const auto turns_of = [&o](std::size_t n) {
        o.begun.clear();
        auto f = [&o](int x) { return o.work(x, 10); };
        auto reader = [](auto s, office& of) -> task<> {
            while (auto x = co_await s.next())
                for (int i = 0; i < 10; ++i) // as long as the work itself
                    co_await of.loop.turn();
        };
        const std::size_t before = o.loop.turns();
        run_on(o.loop, reader(numbers(30) | leat::async_transform(f, {.concurrency = n}), o));
        return o.loop.turns() - before;
    };
    CHECK(turns_of(5) == 30 * 20); // each turn is somebody's, but nobody waits for anybody: see the order
    CHECK(o.begun.size() == 30);
}

TEST_CASE("async_transform: an error stops and joins the others before it is seen", "[async]") {
    office o;
    auto f = [&o](int x) -> task<int> {
        int y = co_await o.work(x, x == 2 ? 3 : 6);
        if (x == 2)
            throw std::runtime_error("two");
        co_return y;
    };
    auto reader = [](auto s, office& of, std::string& seen, int& still) -> task<> {
        try {
            while (auto x = co_await s.next())
                static_cast<void>(*x);
        } catch (const std::runtime_error& e) {
            seen = e.what();
        }
        still = of.running;
    };
    std::string seen;
    int still = -1;
    run_on(o.loop, reader(numbers(9) | leat::async_transform(f, {.concurrency = 4}), o, seen, still));
    CHECK(seen == "two");
    CHECK(still == 0);
    CHECK(o.begun.size() == 4);
}

TEST_CASE("async_filter: asks about several at a time and keeps the order", "[async]") {
    office o;
    std::vector<int> out;
    auto even = [&o](const int& x) -> task<bool> {
        int y = co_await o.work(x, 9 - x);
        co_return y % 20 == 0;
    };
    run_on(o.loop, read(numbers(9) | leat::async_filter(even, {.concurrency = 3}), out));
    CHECK(out == std::vector<int>{0, 2, 4, 6, 8});
    CHECK(o.most == 3);
}

TEST_CASE("for_each_concurrent: several at a time", "[async]") {
    office o;
    auto f = [&o](int x) -> task<> {
        int y = co_await o.work(x, 3);
        static_cast<void>(y);
    };
    auto all = [](auto sink) -> task<> { co_await sink; };
    run_on(o.loop, all(numbers(10) | leat::for_each_concurrent(4, f)));
    CHECK(o.finished.size() == 10);
    CHECK(o.most == 4);
}

TEST_CASE("async_transform: elements and results that can only be moved", "[async]") {
    auto source = []() -> async_generator<std::unique_ptr<int>> {
        for (int i = 0; i < 3; ++i)
            co_yield std::make_unique<int>(i);
    };
    auto f = [](std::unique_ptr<int> x) -> task<std::unique_ptr<int>> {
        *x += 1;
        co_return std::move(x);
    };
    auto s = source() | leat::async_transform(f, {.concurrency = 2});
    int sum = 0;
    while (auto x = leat::sync_wait(s.next()))
        sum = sum * 10 + **x;
    CHECK(sum == 123);
}

TEST_CASE("faults: async_transform", "[faults]") {
    for (const std::size_t n : {std::size_t{1}, std::size_t{3}})
        check_faults(
            n == 1 ? "async_transform, one at a time" : "async_transform, three at a time",
            [n](auto& ctx, auto s) {
                auto f = ctx.fn([](const counted& x) -> task<counted> { co_return counted(x.value + 1); });
                return std::move(s) | leat::async_transform(f, {.concurrency = n});
            },
            [](ints in) {
                for (int& x : in)
                    ++x;
                return in;
            },
            {.prefix_on_stop = true, .has_workers = true});
}

TEST_CASE("faults: async_filter", "[faults]") {
    check_faults(
        "async_filter",
        [](auto& ctx, auto s) {
            auto p = ctx.fn([](const counted& x) -> task<bool> { co_return x.value % 2 == 0; });
            return std::move(s) | leat::async_filter(p, {.concurrency = 2});
        },
        [](const ints& in) {
            ints out;
            std::copy_if(in.begin(), in.end(), std::back_inserter(out), [](int x) { return x % 2 == 0; });
            return out;
        },
        {.prefix_on_stop = true, .has_workers = true});
}

namespace {

// Up to three at a time, each of which waits now and then. On two threads they do not wait, for the harness writes down one
// thing after the other.
class at_work {
public:
    explicit at_work(fault::context& c) : ctx_(&c) { c.watched = true; }
    task<> operator()(const counted& x) const {
        fault::note(ctx_->got, x);
        ctx_->pass(fault::place::stage);
        return wait(*ctx_, x.value);
    }

private:
    static task<> wait(fault::context& ctx, int x) {
        if (x % 3 == 0 && ctx.waits() != wait_kind::other_thread)
            co_await ctx.pause(fault::place::reader_wait);
    }
    fault::context* ctx_;
};

} // namespace

TEST_CASE("faults: for_each_concurrent", "[faults]") {
    fault::check_sink_faults(
        "for_each_concurrent",
        [](auto& ctx, auto s) { return std::move(s) | leat::for_each_concurrent(3, at_work(ctx)); },
        [](const ints& in) { return in; }, {.prefix_on_stop = true, .has_workers = true});
}
