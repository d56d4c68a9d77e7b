#include "combining.hpp"

#include <leat/adaptor/merge.hpp>

#include <algorithm>
#include <numeric>

using namespace combining;
using fault::check_faults;

TEST_CASE("merge: every source and reader", "[merge]") {
    const balance b;
    const auto with_nothing = [](auto s) {
        auto empty = none(s);
        return leat::merge(std::move(s), std::move(empty));
    };
    const leat::closure stage(with_nothing);
    every_way::check(stage, {}, {});
    every_way::check(stage, {1}, {1});
    every_way::check(stage, {1, 2, 3, 4}, {1, 2, 3, 4});
    every_way::check_first(stage, 2, {1, 2, 3, 4}, {1, 2}, 2);
    CHECK(read(leat::merge(every_way::give_sole({1}), every_way::give_sole({2, 3}))) == ints{1, 2, 3});
    CHECK(read(leat::merge(numbers({1, 2}))) == ints{1, 2});
    CHECK(b.even());
}

TEST_CASE("merge: as they come", "[merge]") {
    manual_loop loop;
    ints got;
    int open = 0;
    auto all = [&]() -> leat::task<> {
        auto s = leat::merge(guarded(loop, open, paced(loop, {1, 2, 3})),
                             guarded(loop, open, paced(loop, {10, 20})));
        CHECK(open == 0);
        while (auto x = co_await s.next())
            got.push_back(*x);
        CHECK(open == 0);
    };
    run_on(loop, all());
    CHECK(got == ints{1, 10, 2, 20, 3});
}

TEST_CASE("merge: lent elements stay lent, batches stay batches", "[merge]") {
    every_way::meter m;
    counted::forget_copies();
    auto s = leat::merge(every_way::give<const counted&>({1, 2, 3}, 3, m),
                         every_way::give<const counted&>({4, 5, 6}, 2, m));
    std::vector<std::size_t> sizes;
    ints got;
    for (bool more = true; more;) {
        const auto some = leat::sync_wait(s.next_batch());
        more = !some.empty();
        if (more)
            sizes.push_back(some.size());
        for (const counted& x : some)
            got.push_back(x.value);
    }
    CHECK(sizes == std::vector<std::size_t>{3, 2, 1});
    CHECK(got == ints{1, 2, 3, 4, 5, 6});
    CHECK(counted::copies == 0);
    CHECK(m.closed == 2);
}

TEST_CASE("merge: a vector of streams", "[merge]") {
    CHECK(read(leat::merge(std::vector<leat::any_stream<int>>())).empty());
    std::vector<leat::any_stream<int>> streams;
    for (int i = 0; i < 100; ++i)
        streams.emplace_back(numbers({i, 1000 + i}) | leat::filter([](int x) { return x % 10 != 0; }));
    ints got = read(leat::merge(std::move(streams)));
    CHECK(got.size() == 180);
    CHECK(std::accumulate(got.begin(), got.end(), 0) == 2 * 4500 + 90 * 1000);
}

TEST_CASE("merge: on two threads, and an error in one of them", "[merge][threads]") {
    const balance b;
    two_threads threads;
    std::vector<leat::async_generator<counted>> streams;
    for (int i = 0; i < 10; ++i)
        streams.push_back(hopping(threads, 0, 100));
    auto sum = leat::merge(std::move(streams)) |
               leat::fold(0L, [](long n, const counted& x) { return n + x.value; });
    CHECK(leat::sync_wait(std::move(sum)) == 10L * 4950);
    for (int round = 0; round < 20; ++round) {
        int last = -1;
        int seen = 0;
        auto broken = leat::merge(hopping(threads, 0, 50, true), hopping(threads, 1000, 2000),
                                  hopping(threads, 3000, 9000)) |
                      leat::for_each([&](const counted& x) {
                          ++seen;
                          last = x.value < 1000 ? x.value : last;
                      });
        CHECK_THROWS_WITH(leat::sync_wait(std::move(broken)), "broken");
        CHECK(last == 49); // what it gave before it failed came first
        CHECK(seen < 7000);
    }
    CHECK(b.even());
}

TEST_CASE("merge: is stopped although all are always ready", "[merge]") {
    std::stop_source stop;
    int n = 0;
    auto s = leat::merge(count_from(0), count_from(0)) | leat::stop_on(stop.get_token());
    const auto read_on = [&]() -> leat::task<> {
        while (auto x = co_await s.next())
            if (++n == 1000)
                stop.request_stop();
    };
    CHECK_THROWS_AS(leat::sync_wait(read_on()), leat::stopped);
    CHECK(n < 1010);
}

TEST_CASE("faults: merge of two sources", "[faults]") {
    check_faults(
        "merge of two",
        [](auto& ctx, auto s) {
            auto same_kind = std::move(s) | leat::transform([](const counted& x) { return counted(x); });
            return leat::merge(std::move(same_kind), ctx.source(100, 104));
        },
        [](const ints& in) { return in; }, {.any_order = true, .has_workers = true});
}

TEST_CASE("faults: merge with an empty stream", "[faults]") {
    check_faults(
        "merge, one of them empty",
        [](auto&, auto s) {
            auto empty = none(s);
            return leat::merge(std::move(empty), std::move(s));
        },
        [](const ints& in) { return in; }, {.has_workers = true});
}

TEST_CASE("faults: merge in the middle of a pipeline", "[faults]") {
    check_faults(
        "merge in a pipeline",
        [](auto& ctx, auto s) {
            auto filtered =
                std::move(s) | leat::filter(ctx.fn([](const counted& x) { return x.value % 2 == 0; }));
            auto empty = none(filtered);
            auto merged = leat::merge(std::move(filtered), std::move(empty));
            return std::move(merged) | leat::chunk(3);
        },
        [](const ints& in) {
            ints even, out;
            std::copy_if(in.begin(), in.end(), std::back_inserter(even), [](int x) { return x % 2 == 0; });
            for (std::size_t i = 0; i < even.size(); ++i) {
                if (i % 3 == 0)
                    out.push_back(1000 + static_cast<int>(std::min<std::size_t>(3, even.size() - i)));
                out.push_back(even[i]);
            }
            return out;
        },
        {.has_workers = true});
}
