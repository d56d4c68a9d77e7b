#include "combining.hpp"

#include <leat/adaptor/partition.hpp>

#include <algorithm>
#include <thread>

using namespace combining;

namespace {
bool is_even(const counted& x) { return x.value % 2 == 0; }
leat::task<> read_into(leat::async_generator<counted> s, ints& out) {
    while (auto x = co_await s.next())
        out.push_back(x->value);
}
leat::task<> read_batches_into(leat::async_generator<counted> s, ints& out, std::vector<std::size_t>& sizes) {
    for (bool more = true; more;) {
        auto some = co_await s.next_batch();
        more = !some.empty();
        if (more)
            sizes.push_back(some.size());
        for (auto& x : some)
            out.push_back(x.value);
    }
}
/// Gives [from, to) with a turn before each, then throws, if told to; counts those asked for and says when it is closed.
leat::async_generator<counted> turning(manual_loop& loop, int from, int to, int& asked, bool& closed,
                                       bool fails = false) {
    auto close = [&loop, &closed]() -> leat::task<> {
        co_await loop.turn();
        closed = true;
    };
    leat::on_close closing(close);
    co_await std::move(closing).quiet();
    for (int i = from; i < to; ++i) {
        co_await loop.turn();
        ++asked;
        co_yield counted(i);
    }
    if (fails)
        throw std::runtime_error("broken");
}
} // namespace

TEST_CASE("partition: two streams of one", "[partition]") {
    const balance b;
    {
        every_way::meter m;
        auto [even, odd] = every_way::give<counted>({1, 2, 3, 4, 5, 6, 8}, 3, m) | leat::partition(is_even);
        CHECK(m.opened == 0);
        ints some, others;
        std::vector<std::size_t> sizes;
        leat::sync_wait(read_batches_into(std::move(even), some, sizes));
        leat::sync_wait(read_into(std::move(odd), others));
        CHECK(some == ints{2, 4, 6, 8});
        CHECK(others == ints{1, 3, 5});
        CHECK(m.closed == 1);
    }
    {
        every_way::meter m;
        auto [even, odd] = leat::partition(every_way::give<const counted&>({1, 2, 3}, 3, m), is_even, 2);
        ints some, others;
        leat::sync_wait(read_into(std::move(odd), others));
        leat::sync_wait(read_into(std::move(even), some));
        CHECK(some == ints{2});
        CHECK(others == ints{1, 3});
    }
    {
        every_way::meter m;
        auto [even, odd] = every_way::give<counted>({}, 3, m) | leat::partition(is_even);
        ints some;
        leat::sync_wait(read_into(std::move(even), some));
        leat::sync_wait(read_into(std::move(odd), some));
        CHECK(some.empty());
    }
    CHECK(b.even());
}

TEST_CASE("partition: elements that can only be moved", "[partition]") {
    auto [small, large] = every_way::give_sole({1, 20, 3}) |
                          leat::partition([](const std::unique_ptr<int>& x) { return *x < 10; });
    CHECK(read(std::move(small)) == ints{1, 3});
    CHECK(read(std::move(large)) == ints{20});
}

TEST_CASE("partition: a side without room makes the other one wait", "[partition]") {
    const balance b;
    manual_loop loop;
    int asked = 0;
    bool closed = false;
    {
        ints some, others;
        auto numbered = [&]() { return turning(loop, 0, 20, asked, closed); };
        // 0 .. 19: each fourth one on the one side.
        auto [few, many] = numbered() | leat::partition([](const counted& x) { return x.value % 4 == 0; }, 2);
        const auto first = start(read_into(std::move(few), some));
        loop.run();
        CHECK(some == ints{0}); // 1 and 2 wait for the other side, and 3 has no room
        CHECK(asked == 4);
        const auto second = start(read_into(std::move(many), others));
        loop.run();
        CHECK(some == ints{0, 4, 8, 12, 16});
        CHECK(others.size() == 15);
        CHECK((first.done() && second.done() && closed));
    }
    CHECK(b.even());
}

TEST_CASE("partition: a side that is closed, and the last one to be", "[partition]") {
    const balance b;
    manual_loop loop;
    int asked = 0;
    bool closed = false;
    auto all = [&]() -> leat::task<> {
        auto [even, odd] = turning(loop, 0, 100, asked, closed) | leat::partition(is_even, 1);
        auto x = co_await odd.next();
        CHECK(x->value == 1);
        co_await odd.close();
        CHECK(!closed);
        for (int i = 0; i < 10; ++i) {
            auto y = co_await even.next();
            CHECK(y->value == 2 * i);
        }
        co_await even.close();
        CHECK(closed);
        CHECK(asked < 25);
    };
    run_on(loop, all());
    CHECK(b.even());
}

TEST_CASE("partition: a side that is stopped", "[partition]") {
    const balance b;
    manual_loop loop;
    int asked = 0;
    bool closed = false;
    std::stop_source stop;
    {
        ints some, others;
        auto [even, odd] = turning(loop, 0, 20, asked, closed) | leat::partition(is_even, 4);
        auto guarded_odd = [&](leat::async_generator<counted> s) -> leat::task<> {
            auto until = std::move(s) | leat::stop_on(stop.get_token());
            while (auto x = co_await until.next()) {
                others.push_back(x->value);
                if (x->value == 5)
                    stop.request_stop();
            }
        };
        const auto first = start(read_into(std::move(even), some));
        const auto second = start(guarded_odd(std::move(odd)));
        loop.run();
        CHECK(others == ints{1, 3, 5});
        CHECK(some.size() == 10);
        REQUIRE((first.done() && second.done()));
        CHECK_THROWS_AS(second.check(), leat::stopped);
        CHECK(closed);
    }
    CHECK(b.even());
}

TEST_CASE("partition: an error comes at both sides, after the elements", "[partition]") {
    const balance b;
    manual_loop loop;
    int asked = 0;
    bool closed = false;
    {
        ints some, others;
        auto [even, odd] = turning(loop, 0, 5, asked, closed, true) | leat::partition(is_even);
        const auto first = start(read_into(std::move(even), some));
        loop.run();
        CHECK_THROWS_WITH(first.check(), "broken");
        const auto second = start(read_into(std::move(odd), others));
        loop.run();
        REQUIRE(second.done());
        CHECK_THROWS_WITH(second.check(), "broken");
        CHECK(some == ints{0, 2, 4});
        CHECK(others == ints{1, 3});
    }
    auto [even, odd] = numbers({1}) | leat::partition([](int) -> bool { throw std::runtime_error("no"); });
    CHECK_THROWS_WITH(leat::sync_wait(even.next()), "no");
    CHECK_THROWS_WITH(leat::sync_wait(odd.next()), "no");
    CHECK(b.even());
}

TEST_CASE("partition: is destroyed at any wait", "[partition]") {
    const balance b;
    for (int turns = 0; turns < 12; ++turns) {
        manual_loop loop;
        int asked = 0;
        bool closed = false;
        ints some, others;
        auto [even, odd] = turning(loop, 0, 20, asked, closed) | leat::partition(is_even, 2);
        std::optional<foreign> first(start(read_into(std::move(even), some)));
        std::optional<foreign> second(start(read_into(std::move(odd), others)));
        for (int i = 0; i < turns; ++i)
            loop.run_one();
        if (turns % 3 != 0) {
            first.reset(); // the other side goes on
            loop.run();
            CHECK(second->done());
            CHECK(others.size() == 10);
        }
        second.reset();
    }
    CHECK(b.even());
}

TEST_CASE("partition: both sides on threads of their own", "[partition][threads]") {
    const balance b;
    two_threads threads;
    {
        auto [even, odd] = hopping(threads, 0, 2000) | leat::partition(is_even, 8);
        ints some, others;
        std::thread other(
            [&others, s = std::move(odd)]() mutable { leat::sync_wait(read_into(std::move(s), others)); });
        leat::sync_wait(read_into(std::move(even), some));
        other.join();
        CHECK(some.size() == 1000);
        CHECK(others.size() == 1000);
        CHECK(std::is_sorted(some.begin(), some.end()));
        CHECK(std::is_sorted(others.begin(), others.end()));
    }
    CHECK(b.even());
}

TEST_CASE("partition: a long stream that is always ready does not grow the stack", "[partition]") {
    auto [even, odd] =
        count_from(0) | leat::take(200'000) | leat::partition([](int x) { return x % 2 == 0; }, 1000);
    auto both = [](leat::async_generator<int> a, leat::async_generator<int> c) -> leat::task<long> {
        long sum = 0;
        for (;;) {
            auto x = co_await a.next();
            auto y = co_await c.next();
            if (!x || !y)
                break;
            sum += *x + *y;
        }
        co_return sum;
    };
    CHECK(leat::sync_wait(both(std::move(even), std::move(odd))) == 199'999L * 100'000);
}

TEST_CASE("faults: partition, one side", "[faults]") {
    fault::check_faults(
        "partition, one side",
        [](auto& ctx, auto s) {
            auto both = std::move(s) | leat::partition(ctx.fn(is_even), 3);
            return std::move(both.first); // the other one is destroyed, and what is for it is dropped
        },
        [](const ints& in) {
            ints out;
            std::copy_if(in.begin(), in.end(), std::back_inserter(out), [](int x) { return x % 2 == 0; });
            return out;
        },
        {.prefix_on_stop = true, .has_workers = true});
}
