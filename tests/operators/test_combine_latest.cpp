#include "combining.hpp"

#include <leat/adaptor/combine_latest.hpp>
#include <leat/adaptor/with_latest_from.hpp>

using namespace combining;
using fault::check_faults;

namespace {
auto added() {
    return leat::transform([](const auto& t) { return sum_of(t); });
}
} // namespace

TEST_CASE("combine_latest: the latest of all, whenever one of them comes", "[combine_latest]") {
    manual_loop loop;
    ints got;
    auto all = [&]() -> leat::task<> {
        auto s = leat::combine_latest(paced(loop, {1, 2, 3}), paced(loop, {10, 20})) | added();
        while (auto x = co_await s.next())
            got.push_back(*x);
    };
    run_on(loop, all());
    CHECK(got == ints{11, 12, 22, 23});
}

TEST_CASE("combine_latest: what is ready at once is taken in turn, and comes as a batch",
          "[combine_latest]") {
    CHECK(read(leat::combine_latest(numbers({1, 2}, 2), numbers({10, 20, 30}, 3)) | added()) ==
          ints{11, 12, 22, 32});
    auto s = leat::combine_latest(numbers({1, 2, 3}, 3), numbers({10}));
    auto some = leat::sync_wait(s.next_batch());
    CHECK(some.size() == 3);
    leat::sync_wait(s.close());
}

TEST_CASE("combine_latest: lent elements are copied; a single one, an empty one", "[combine_latest]") {
    const balance b;
    const auto with_ten = [](auto s) { return leat::combine_latest(std::move(s), numbers({10})) | added(); };
    const leat::closure stage(with_ten);
    every_way::check(stage, {}, {});
    every_way::check(stage, {1}, {11});
    every_way::check(stage, {1, 2, 3, 4}, {11, 12, 13, 14});
    CHECK(b.even());
}

TEST_CASE("combine_latest: ends when one of them has ended without an element", "[combine_latest]") {
    CHECK(read(leat::combine_latest(numbers({}), count_from(0)) | added()).empty());
    CHECK(read(leat::combine_latest(count_from(0), numbers({}), count_from(0)) | added()).empty());
}

TEST_CASE("combine_latest: on two threads, and an error in one of them", "[combine_latest][threads]") {
    const balance b;
    two_threads threads;
    int last = 0;
    auto all = leat::combine_latest(hopping(threads, 0, 200), hopping(threads, 0, 100)) |
               leat::for_each([&](const auto& t) { last = sum_of(t); });
    leat::sync_wait(std::move(all));
    CHECK(last == 199 + 99);
    auto broken = leat::combine_latest(hopping(threads, 0, 100, true), hopping(threads, 0, 400)) |
                  leat::for_each([&](const auto&) {});
    CHECK_THROWS_WITH(leat::sync_wait(std::move(broken)), "broken");
    CHECK(b.even());
}

TEST_CASE("combine_latest: is stopped although all are always ready", "[combine_latest]") {
    std::stop_source stop;
    int n = 0;
    auto s = leat::combine_latest(count_from(0), count_from(0)) | leat::stop_on(stop.get_token());
    const auto read_on = [&]() -> leat::task<> {
        while (auto x = co_await s.next())
            if (++n == 1000)
                stop.request_stop();
    };
    CHECK_THROWS_AS(leat::sync_wait(read_on()), leat::stopped);
    CHECK(n < 1200);
}

TEST_CASE("with_latest_from: each element with the latest of the other stream", "[with_latest_from]") {
    manual_loop loop;
    int open = 0;
    ints got;
    auto all = [&]() -> leat::task<> {
        auto s = guarded(loop, open, paced(loop, {1, 2, 3})) |
                 leat::with_latest_from(guarded(loop, open, paced(loop, {10, 20, 30, 40, 50, 60}))) | added();
        while (auto x = co_await s.next())
            got.push_back(*x);
        CHECK(open == 0);
    };
    run_on(loop, all());
    CHECK(got == ints{11, 22, 33});
}

TEST_CASE("with_latest_from: waits for the other's first element, and ends if there is none",
          "[with_latest_from]") {
    manual_loop loop;
    ints got;
    auto all = [&]() -> leat::task<> {
        auto late = [](manual_loop& l) -> leat::async_generator<int> {
            for (int i = 0; i < 5; ++i)
                co_await l.turn();
            co_yield 10;
        };
        auto s = leat::with_latest_from(numbers({1, 2}), late(loop)) | added();
        while (auto x = co_await s.next())
            got.push_back(*x);
    };
    run_on(loop, all());
    CHECK(got == ints{11, 12});
    CHECK(read(count_from(0) | leat::with_latest_from(numbers({})) | added()).empty());
    CHECK(read(numbers({}) | leat::with_latest_from(count_from(0)) | added()).empty());
}

TEST_CASE("with_latest_from: an other stream that is always ready is not read for ever",
          "[with_latest_from]") {
    int asked = 0;
    auto endless = [](int& n) -> leat::async_generator<int> {
        for (;; ++n)
            co_yield n;
    };
    CHECK(read(numbers({0, 0, 0}) | leat::with_latest_from(endless(asked)) | added()).size() == 3);
    CHECK(asked <= 3 * 64 + 64);
}

TEST_CASE("with_latest_from: every source and reader; elements that can only be moved",
          "[with_latest_from]") {
    const balance b;
    const auto with_ten = [](auto s) {
        return leat::with_latest_from(std::move(s), numbers({10})) | added();
    };
    const leat::closure stage(with_ten);
    every_way::check(stage, {}, {});
    every_way::check(stage, {1}, {11});
    every_way::check(stage, {1, 2, 3, 4}, {11, 12, 13, 14});
    every_way::check_first(stage, 2, {1, 2, 3, 4}, {11, 12}, 2);
    auto s = every_way::give_sole({1, 2}) | leat::with_latest_from(numbers({10}));
    auto x = leat::sync_wait(s.next());
    REQUIRE(x);
    CHECK(*std::get<0>(*x) == 1);
    leat::sync_wait(s.close());
    CHECK(b.even());
}

TEST_CASE("with_latest_from: on two threads, and an error in one of them", "[with_latest_from][threads]") {
    const balance b;
    two_threads threads;
    int last = 0;
    auto all = hopping(threads, 0, 200) | leat::with_latest_from(hopping(threads, 0, 50)) |
               leat::for_each([&](const auto& t) { last = std::get<0>(t).value; });
    leat::sync_wait(std::move(all));
    CHECK(last == 199);
    auto broken = hopping(threads, 0, 400) | leat::with_latest_from(hopping(threads, 0, 50, true)) |
                  leat::for_each([](const auto&) {});
    CHECK_THROWS_WITH(leat::sync_wait(std::move(broken)), "broken");
    CHECK(b.even());
}

TEST_CASE("faults: combine_latest", "[faults]") {
    check_faults(
        "combine_latest",
        [](auto&, auto s) {
            auto both = leat::combine_latest(numbers({100}), std::move(s));
            return std::move(both) | added();
        },
        [](const ints& in) {
            ints out;
            for (const int x : in)
                out.push_back(x + 100);
            return out;
        },
        {.has_workers = true});
}

TEST_CASE("faults: combine_latest of two sources", "[faults]") {
    check_faults(
        "combine_latest of two",
        [](auto& ctx, auto s) { return leat::combine_latest(std::move(s), ctx.source(100, 104)) | added(); },
        [](const ints&) { return ints(); }, {.prefix_only = true, .any_order = true, .has_workers = true});
}

TEST_CASE("faults: with_latest_from", "[faults]") {
    check_faults(
        "with_latest_from",
        [](auto&, auto s) {
            auto both = leat::with_latest_from(std::move(s), numbers({100}));
            return std::move(both) | added();
        },
        [](const ints& in) {
            ints out;
            for (const int x : in)
                out.push_back(x + 100);
            return out;
        },
        {.has_workers = true});
}

TEST_CASE("faults: with_latest_from, the other one", "[faults]") {
    check_faults(
        "with_latest_from, the other one",
        [](auto& ctx, auto s) {
            return ctx.source(100, 104) | leat::with_latest_from(std::move(s)) | added();
        },
        [](const ints&) { return ints(); }, {.prefix_only = true, .any_order = true, .has_workers = true});
}
