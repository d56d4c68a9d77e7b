#include "combining.hpp"
#include "plain.hpp"

#include <leat/adaptor/merge_sorted.hpp>
#include <leat/adaptor/race.hpp>
#include <leat/source/never.hpp>

#include <algorithm>
#include <numeric>
#include <string>

using namespace combining;
using fault::check_faults;
using plain::up_to;

namespace {
template <class C> leat::async_generator<counted> elements(C values, std::size_t batch = 1) {
    for (std::size_t i = 0; i < values.size();) {
        std::vector<counted> page;
        for (; i < values.size() && page.size() < batch; ++i)
            page.emplace_back(values[i]);
        co_yield leat::batch(page);
    }
}
} // namespace

TEST_CASE("merge_sorted: one sorted stream", "[merge_sorted]") {
    CHECK(read(leat::merge_sorted(numbers({1, 4, 9}), numbers({2, 3, 5, 10}, 3), numbers({}),
                                  numbers({0}))) == ints{0, 1, 2, 3, 4, 5, 9, 10});
    CHECK(read(leat::merge_sorted(numbers({3, 1}), numbers({2, 2}))) == ints{2, 2, 3, 1}); // nothing is lost
    CHECK(read(leat::merge_sorted(std::greater<>(), numbers({9, 5}, 2), numbers({7, 1}))) ==
          ints{9, 7, 5, 1});
    CHECK(read(leat::merge_sorted(numbers({1, 2}))) == ints{1, 2});
    const balance b;
    every_way::meter m;
    auto lent = leat::merge_sorted(every_way::give<const counted&>({1, 3, 5}, 2, m),
                                   every_way::give<const counted&>({2, 3, 4}, 3, m));
    counted::forget_copies();
    CHECK(read(std::move(lent)) == ints{1, 2, 3, 3, 4, 5});
    CHECK(counted::copies == 0);
    auto sole = leat::merge_sorted([](const auto& x, const auto& y) { return *x < *y; },
                                   every_way::give_sole({1, 3}), every_way::give_sole({2}));
    CHECK(read(std::move(sole)) == ints{1, 2, 3});
    CHECK(b.even());
}

TEST_CASE("merge_sorted: every source and reader", "[merge_sorted]") {
    const balance b;
    const auto with_threes = [](auto s) {
        auto none_of_them = none(s);
        return leat::merge_sorted(std::move(none_of_them), std::move(s));
    };
    const leat::closure stage(with_threes);
    every_way::check(stage, {}, {});
    every_way::check(stage, {1}, {1});
    every_way::check(stage, {1, 2, 3, 4}, {1, 2, 3, 4});
    every_way::check_first(stage, 2, {1, 2, 3, 4}, {1, 2}, 2);
    CHECK(b.even());
}

TEST_CASE("merge_sorted: is stable, and keeps runs together", "[merge_sorted]") {
    using keyed = std::pair<int, char>;
    const auto by_key = [](const keyed& x, const keyed& y) { return x.first < y.first; };
    auto some = [](std::vector<keyed> all) -> leat::async_generator<keyed> { co_yield leat::batch(all); };
    auto s = leat::merge_sorted(by_key, some({{1, 'a'}, {2, 'b'}, {2, 'c'}}),
                                some({{1, 'd'}, {2, 'e'}, {3, 'f'}}), some({{1, 'g'}, {1, 'h'}, {2, 'i'}}));
    std::string order;
    std::size_t batches = 0;
    for (bool more = true; more;) {
        auto b = leat::sync_wait(s.next_batch());
        more = !b.empty();
        batches += more ? 1 : 0;
        for (const keyed& x : b)
            order += x.second;
    }
    CHECK(order == "adghbceif");
    CHECK(batches == 7); // a, d, gh, bc, e, i, f
}

TEST_CASE("merge_sorted: random streams, like std::sort", "[merge_sorted]") {
    const balance b;
    unsigned state = 7;
    const auto random = [&state] { return static_cast<int>((state = state * 1664525 + 1013904223) >> 20); };
    for (int round = 0; round < 50; ++round) {
        std::vector<ints> all(4);
        ints expected;
        for (ints& one : all) {
            for (int i = random() % 20; i > 0; --i)
                one.push_back(random() % 30);
            std::sort(one.begin(), one.end());
            expected.insert(expected.end(), one.begin(), one.end());
        }
        std::stable_sort(expected.begin(), expected.end());
        CHECK(read(leat::merge_sorted(elements(all[0], 3), elements(all[1], 1), elements(all[2], 7),
                                      elements(all[3], 2))) == expected);
    }
    CHECK(b.even());
}

TEST_CASE("merge_sorted: on two threads, and an error in one of them", "[merge_sorted][threads]") {
    const balance b;
    two_threads threads;
    ints got = read(leat::merge_sorted(hopping(threads, 0, 100), hopping(threads, 50, 150)));
    CHECK(got.size() == 200);
    CHECK(std::is_sorted(got.begin(), got.end()));
    std::size_t seen = 0;
    auto broken = leat::merge_sorted(hopping(threads, 0, 100, true), hopping(threads, 0, 400)) |
                  leat::for_each([&](const auto&) { ++seen; });
    CHECK_THROWS_WITH(leat::sync_wait(std::move(broken)), "broken");
    CHECK(seen >= 200);
    CHECK(b.even());
}

TEST_CASE("merge_sorted and race: are stopped although all are always ready", "[merge_sorted][race]") {
    const auto check = [](auto s) {
        std::stop_source stop;
        int n = 0;
        auto guarded_one = std::move(s) | leat::stop_on(stop.get_token());
        const auto read_on = [&]() -> leat::task<> {
            while (auto x = co_await guarded_one.next())
                if (++n == 1000)
                    stop.request_stop();
        };
        CHECK_THROWS_AS(leat::sync_wait(read_on()), leat::stopped);
        CHECK(n < 1010);
    };
    check(leat::merge_sorted(count_from(0), count_from(0)));
    check(leat::race(count_from(0), count_from(0)));
}

TEST_CASE("race: the first one to give an element; the others are closed before it is handed out", "[race]") {
    manual_loop loop;
    int open_fast = 0;
    int open_slow = 0;
    ints got;
    auto all = [&]() -> leat::task<> {
        auto slow = [](manual_loop& l) -> leat::async_generator<int> {
            for (int i = 0; i < 3; ++i)
                co_await l.turn();
            co_yield 1;
        };
        auto s =
            leat::race(guarded(loop, open_slow, slow(loop)), guarded(loop, open_fast, paced(loop, {3, 4})));
        while (auto x = co_await s.next()) {
            got.push_back(*x);
            CHECK(open_slow == 0);
            CHECK(open_fast == 1);
        }
        CHECK(open_fast == 0);
    };
    run_on(loop, all());
    CHECK(got == ints{3, 4});
}

TEST_CASE("race: one that is ready at once; the others are not begun", "[race]") {
    int begun = 0;
    auto other = [](int& n) -> leat::async_generator<int> {
        ++n;
        co_yield 9;
    };
    CHECK(read(leat::race(numbers({1, 2, 3}, 2), other(begun), other(begun))) == ints{1, 2, 3});
    CHECK(begun == 0);
    CHECK(read(leat::race(numbers({}), other(begun))).empty()); // to end is a signal too
    CHECK(begun == 0);
    CHECK(read(leat::race(numbers({5}))) == ints{5});
}

TEST_CASE("race: every source and reader; elements that can only be moved", "[race]") {
    const balance b;
    manual_loop loop; // nobody runs it
    const auto against_none = [&loop](auto s) {
        auto waits = [](manual_loop& l,
                        const auto& like) -> leat::async_generator<leat::handed_on_t<decltype(like)>> {
            static_cast<void>(like);
            co_await l.turn();
        };
        auto never = waits(loop, s);
        return leat::race(std::move(s), std::move(never));
    };
    const leat::closure stage(against_none);
    every_way::check(stage, {}, {});
    every_way::check(stage, {1}, {1});
    every_way::check(stage, {1, 2, 3, 4}, {1, 2, 3, 4});
    every_way::check_first(stage, 2, {1, 2, 3, 4}, {1, 2}, 2);
    CHECK(read(leat::race(every_way::give_sole({1, 2}), every_way::give_sole({3}))) == ints{1, 2});
    CHECK(b.even());
}

TEST_CASE("race: an error is a signal, one of a loser is not", "[race]") {
    auto fails = []() -> leat::async_generator<int> {
        co_await std::suspend_never();
        throw std::runtime_error("broken");
    };
    auto s = leat::race(fails(), count_from(0));
    CHECK_THROWS_WITH(leat::sync_wait(s.next()), "broken");
    CHECK(read(leat::race(numbers({1}), fails())) == ints{1});
}

TEST_CASE("race: on two threads", "[race][threads]") {
    const balance b;
    two_threads threads;
    for (int i = 0; i < 50; ++i) {
        const ints got = read(leat::race(hopping(threads, 0, 20), hopping(threads, 100, 120)));
        REQUIRE(got.size() == 20);
        ints expected(20);
        std::iota(expected.begin(), expected.end(), got.front());
        CHECK(got == expected);
    }
    CHECK(b.even());
}

TEST_CASE("faults: merge_sorted", "[faults]") {
    check_faults(
        "merge_sorted, one of them empty",
        [](auto& ctx, auto s) {
            auto empty = none(s);
            auto less = ctx.fn([](const counted& a, const counted& c) { return a < c; });
            return leat::merge_sorted(less, std::move(s), std::move(empty));
        },
        [](const ints& in) { return in; }, {.has_workers = true});
}

TEST_CASE("faults: merge_sorted of two sources", "[faults]") {
    check_faults(
        "merge_sorted of two",
        [](auto& ctx, auto s) {
            auto same_kind = std::move(s) | leat::transform([](const counted& x) { return counted(x); });
            return leat::merge_sorted(std::move(same_kind), ctx.source(3, 7));
        },
        [](ints in) {
            std::sort(in.begin(), in.end());
            return in;
        },
        {.any_order = true, .has_workers = true});
}

TEST_CASE("faults: race, never", "[faults]") {
    check_faults(
        "race with a wait",
        [](auto& ctx, auto s) {
            auto slow = [](fault::context& c,
                           const auto& like) -> leat::async_generator<leat::handed_on_t<decltype(like)>> {
                static_cast<void>(like);
                for (int i = 0; i < 3; ++i)
                    co_await c.pause(fault::place::cleanup_wait); // whatever it throws is not the outcome
            };
            auto loser = slow(ctx, s);
            auto never = leat::never<leat::handed_on_t<decltype(s)>>();
            return leat::race(std::move(s), std::move(loser), std::move(never));
        },
        [](const ints& in) { return in; }, {.any_order = true, .has_workers = true});
}

// On two threads the loser may have given an element too, so it is not known what has to come: one of them, from its beginning.
TEST_CASE("faults: race of two sources", "[faults]") {
    fault::options opts{.prefix_only = true, .any_order = true, .has_workers = true};
    opts.check = [](const fault::context& c) -> std::string {
        ints first = up_to(8);
        ints second = up_to(104, 100);
        if (c.what() == fault::action::none)
            return c.got == first || c.got == second ? "" : "not all elements of one source";
        const ints& winner = c.got.empty() || c.got[0] < 100 ? first : second;
        const bool right =
            c.got.size() <= winner.size() && std::equal(c.got.begin(), c.got.end(), winner.begin());
        return right ? "" : "not the first elements of one source";
    };
    check_faults(
        "race of two",
        [](auto& ctx, auto s) {
            auto same_kind = std::move(s) | leat::transform([](const counted& x) { return counted(x); });
            return leat::race(std::move(same_kind), ctx.source(100, 104));
        },
        [](const ints& in) { return in; }, opts);
}
