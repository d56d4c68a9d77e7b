#include "combining.hpp"

#include <leat/adaptor/flat_map.hpp>
#include <leat/adaptor/flat_map_latest.hpp>
#include <leat/adaptor/flat_map_merge.hpp>
#include <leat/adaptor/flatten.hpp>
#include <leat/adaptor/switch_latest.hpp>

#include <algorithm>

using namespace combining;
using fault::check_faults;

namespace {

leat::async_generator<counted> twice(int x) {
    std::vector<counted> both;
    both.emplace_back(10 * x);
    both.emplace_back(10 * x + 1);
    co_yield leat::batch(both);
}
const auto two_of = [](const counted& x) { return twice(x.value); };
ints two_of_each(const ints& in) {
    ints out;
    for (const int x : in) {
        out.push_back(10 * x);
        out.push_back(10 * x + 1);
    }
    return out;
}
leat::async_generator<leat::async_generator<int>> three_streams() {
    auto first = numbers({1, 2}, 2);
    co_yield std::move(first);
    auto second = numbers({});
    co_yield std::move(second);
    auto third = numbers({3, 4, 5});
    co_yield std::move(third);
}
/// Opens and closes itself in `log`: +x when its body begins, -x when its cleanup is over.
leat::async_generator<int> logged(manual_loop& loop, ints& log, int x, int n) {
    auto close = [&loop, &log, x]() -> leat::task<> {
        co_await loop.turn();
        log.push_back(-x);
    };
    leat::on_close closing(close);
    co_await std::move(closing).quiet();
    log.push_back(x);
    for (int i = 0; i < n; ++i) {
        co_await loop.turn();
        co_yield 100 * x + i;
    }
}

} // namespace

TEST_CASE("flat_map of streams: one after the other", "[flat_map]") {
    const balance b;
    const auto stage = leat::flat_map(two_of);
    every_way::check(stage, {}, {});
    every_way::check(stage, {1}, {10, 11});
    every_way::check(stage, {1, 2, 3}, {10, 11, 20, 21, 30, 31});
    every_way::check_first(stage, 2, {1, 2, 3}, {10, 11}, 1);
    CHECK(read(three_streams() | leat::flatten()) == ints{1, 2, 3, 4, 5});
    auto s = three_streams() | leat::flatten();
    CHECK(leat::sync_wait(s.next_batch()).size() == 2); // batches are preserved
    leat::sync_wait(s.close());
    auto even = numbers({1, 2}) | leat::flat_map([](int x) {
                    return numbers({x, x + 1}, 2) | leat::filter([](int y) { return y % 2 == 0; });
                });
    CHECK(read(std::move(even)) == ints{2, 2});
    CHECK(read(numbers({1, 2}) | leat::flat_map([](int x) {
                   return every_way::give_sole({x, -x});
               })) == ints{1, -1, 2, -2});
    CHECK(b.even());
}

TEST_CASE("flat_map of streams: each is closed before the next begins", "[flat_map]") {
    manual_loop loop;
    ints log;
    auto all = [&]() -> leat::task<> {
        auto s = numbers({1, 2, 3}) | leat::flat_map([&](int x) { return logged(loop, log, x, 2); }) |
                 leat::take(3);
        while (auto x = co_await s.next()) {
        }
    };
    run_on(loop, all());
    CHECK(log == ints{1, -1, 2, -2});
}

TEST_CASE("flat_map of streams: a stop in the middle of one that never ends", "[flat_map]") {
    std::stop_source stop;
    int n = 0;
    auto s = numbers({1, 2}, 2) | leat::flat_map([](int x) { return count_from(x); }) |
             leat::stop_on(stop.get_token());
    const auto read_on = [&]() -> leat::task<> {
        while (auto x = co_await s.next())
            if (++n == 100)
                stop.request_stop();
    };
    CHECK_THROWS_AS(leat::sync_wait(read_on()), leat::stopped);
    CHECK(n == 100);
}

TEST_CASE("flat_map_merge: n at a time", "[flat_map_merge]") {
    manual_loop loop;
    ints log;
    int most = 0;
    ints got;
    auto all = [&]() -> leat::task<> {
        auto s = numbers({1, 2, 3, 4}, 4) |
                 leat::flat_map_merge(2, [&](int x) { return logged(loop, log, x, 3); });
        while (auto x = co_await s.next()) {
            got.push_back(*x);
            const auto begun = std::count_if(log.begin(), log.end(), [](int i) { return i > 0; });
            most = std::max(most, static_cast<int>(2 * begun - static_cast<std::ptrdiff_t>(log.size())));
        }
    };
    run_on(loop, all());
    CHECK(most == 2);
    CHECK(ints(got.begin(), got.begin() + 6) == ints{100, 200, 101, 201, 102, 202});
    std::sort(got.begin(), got.end());
    CHECK(got == ints{100, 101, 102, 200, 201, 202, 300, 301, 302, 400, 401, 402});
    CHECK(log == ints{1, 2, -1, 3, -2, 4, -3, -4});
}

TEST_CASE("flat_map_merge: every source and reader", "[flat_map_merge]") {
    const balance b;
    const auto stage = leat::flat_map_merge(1, two_of);
    every_way::check(stage, {}, {});
    every_way::check(stage, {1}, {10, 11});
    every_way::check(stage, {1, 2, 3}, {10, 11, 20, 21, 30, 31});
    ints got = read(numbers({1, 2, 3}) | leat::flat_map_merge(9, [](int x) {
                        return every_way::give_sole({x, -x});
                    }));
    std::sort(got.begin(), got.end());
    CHECK(got == ints{-3, -2, -1, 1, 2, 3});
    CHECK(b.even());
}

TEST_CASE("flat_map_merge: on two threads, and an error in one of them", "[flat_map_merge][threads]") {
    const balance b;
    two_threads threads;
    auto count = numbers({1, 2, 3, 4, 5, 6, 7, 8, 9}) |
                 leat::flat_map_merge(3, [&](int) { return hopping(threads, 0, 50); }) | leat::count();
    CHECK(leat::sync_wait(std::move(count)) == 450);
    int seen = 0;
    auto broken = count_from(0) |
                  leat::flat_map_merge(3, [&](int x) { return hopping(threads, 0, 20, x == 5); }) |
                  leat::for_each([&](const auto&) { ++seen; });
    CHECK_THROWS_WITH(leat::sync_wait(std::move(broken)), "broken");
    CHECK(seen >= 20);
    CHECK(b.even());
}

TEST_CASE("flat_map_merge: a million streams that are ready at once do not grow the stack",
          "[flat_map_merge]") {
    auto count = count_from(0) | leat::take(100'000) |
                 leat::flat_map_merge(2, [](int) { return numbers({}); }) | leat::count();
    CHECK(leat::sync_wait(std::move(count)) == 0);
}

TEST_CASE("flat_map_latest: a newer stream replaces the one that is open", "[flat_map_latest]") {
    manual_loop loop;
    ints log;
    ints got;
    auto all = [&]() -> leat::task<> {
        auto slowly = [](manual_loop& l) -> leat::async_generator<int> {
            for (int x = 1; x <= 3; ++x) {
                for (int i = 0; i < 5; ++i)
                    co_await l.turn();
                co_yield x;
            }
        };
        auto s = slowly(loop) |
                 leat::flat_map_latest([&](int x) { return logged(loop, log, x, x == 3 ? 9 : 99); });
        while (auto x = co_await s.next())
            got.push_back(*x);
    };
    run_on(loop, all());
    CHECK(log == ints{1, -1, 2, -2, 3, -3});
    CHECK(std::is_sorted(got.begin(), got.end()));
    CHECK(got.front() == 100);
    CHECK(got.back() == 308);
    CHECK(std::count_if(got.begin(), got.end(), [](int x) { return x >= 300; }) == 9);
}

TEST_CASE("flat_map_latest and switch_latest: every source and reader", "[flat_map_latest]") {
    const balance b;
    const auto stage = leat::flat_map_latest(two_of);
    every_way::check(stage, {}, {});
    every_way::check(stage, {1}, {10, 11});
    every_way::check(stage, {1, 2, 3}, {10, 11, 20, 21, 30, 31}); // what is ready is handed out
    CHECK(read(three_streams() | leat::switch_latest()) == ints{1, 2, 3, 4, 5});
    CHECK(read(numbers({1, 2}) | leat::flat_map_latest([](int x) { return every_way::give_sole({x}); })) ==
          ints{1, 2});
    CHECK(b.even());
}

TEST_CASE("flat_map_latest: on two threads, and an error in one of them", "[flat_map_latest][threads]") {
    const balance b;
    two_threads threads;
    int last = 0;
    auto all =
        hopping(threads, 0, 50) |
        leat::flat_map_latest([&](const counted& x) { return hopping(threads, 0, 10 * x.value + 1); }) |
        leat::for_each([&](const auto& x) { last = x.value; });
    leat::sync_wait(std::move(all));
    CHECK(last == 490);
    auto broken =
        hopping(threads, 0, 9) |
        leat::flat_map_latest([&](const counted& x) { return hopping(threads, 0, 20, x.value == 8); }) |
        leat::for_each([](const auto&) {});
    CHECK_THROWS_WITH(leat::sync_wait(std::move(broken)), "broken");
    CHECK(b.even());
}

TEST_CASE("flat_map_latest: is stopped although all are always ready", "[flat_map_latest]") {
    std::stop_source stop;
    int n = 0;
    auto s = numbers({1}) | leat::flat_map_latest([](int x) { return count_from(x); }) |
             leat::stop_on(stop.get_token());
    const auto read_on = [&]() -> leat::task<> {
        while (auto x = co_await s.next())
            if (++n == 1000)
                stop.request_stop();
    };
    CHECK_THROWS_AS(leat::sync_wait(read_on()), leat::stopped);
    CHECK(n < 1010);
}

TEST_CASE("faults: flat_map of streams", "[faults]") {
    check_faults("flat_map of streams",
                 [](auto& ctx, auto s) { return std::move(s) | leat::flat_map(ctx.fn(two_of)); }, two_of_each,
                 {.prefix_on_stop = true});
}

TEST_CASE("faults: flat_map_merge", "[faults]") {
    check_faults("flat_map_merge",
                 [](auto& ctx, auto s) { return std::move(s) | leat::flat_map_merge(2, ctx.fn(two_of)); },
                 two_of_each, {.any_order = true, .has_workers = true});
    check_faults(
        "flat_map_merge of sources",
        [](auto& ctx, auto s) {
            auto f = [&ctx](const counted& x) { return ctx.source(10 * x.value, 10 * x.value + 2); };
            return std::move(s) | leat::take(3) | leat::flat_map_merge(2, f);
        },
        [](const ints&) { return ints(); }, {.prefix_only = true, .any_order = true, .has_workers = true});
}

TEST_CASE("faults: flat_map_latest", "[faults]") {
    check_faults("flat_map_latest",
                 [](auto& ctx, auto s) { return std::move(s) | leat::flat_map_latest(ctx.fn(two_of)); },
                 two_of_each, {.any_order = true, .prefix_on_stop = true, .has_workers = true});
    check_faults(
        "flat_map_latest of sources",
        [](auto& ctx, auto s) {
            auto f = [&ctx](const counted& x) { return ctx.source(10 * x.value, 10 * x.value + 2); };
            return std::move(s) | leat::take(3) | leat::flat_map_latest(f);
        },
        [](const ints&) { return ints(); }, {.prefix_only = true, .any_order = true, .has_workers = true});
}

TEST_CASE("faults: switch_latest", "[faults]") {
    check_faults("switch_latest",
                 [](auto& ctx, auto s) {
                     return std::move(s) | leat::transform(ctx.fn(two_of)) | leat::switch_latest();
                 },
                 two_of_each, {.any_order = true, .prefix_on_stop = true, .has_workers = true});
}
