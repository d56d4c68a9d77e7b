#include "combining.hpp"

#include <leat/adaptor/zip.hpp>
#include <leat/adaptor/zip_longest.hpp>

using namespace combining;
using fault::check_faults;

TEST_CASE("zip: pairs, to the end of the shortest", "[zip]") {
    const balance b;
    const auto with_numbers = [](auto s) { return leat::zip(numbers({10, 20, 30, 40}, 3), std::move(s)); };
    const leat::closure stage(with_numbers);
    every_way::check(stage, {}, {});
    every_way::check(stage, {1}, {10, 1});
    every_way::check(stage, {1, 2, 3}, {10, 1, 20, 2, 30, 3});
    every_way::check(stage, {1, 2, 3, 4, 5, 6}, {10, 1, 20, 2, 30, 3, 40, 4});
    every_way::check_first(stage, 2, {1, 2, 3, 4, 5}, {10, 1, 20, 2}, 2);
    CHECK(b.even());
}

TEST_CASE("zip: many streams, and one", "[zip]") {
    CHECK(read(leat::zip(numbers({1, 2}), numbers({3, 4}, 2), numbers({5, 6}), numbers({7, 8, 9}),
                         numbers({0, 0})) |
               leat::transform([](const auto& t) { return sum_of(t); })) == ints{16, 20});
    CHECK(read(leat::zip(numbers({1, 2})) | leat::transform([](const auto& t) { return std::get<0>(t); })) ==
          ints{1, 2});
}

TEST_CASE("zip: elements that can only be moved", "[zip]") {
    auto s = leat::zip(every_way::give_sole({1, 2}), every_way::give_sole({3, 4}));
    ints got;
    while (auto x = leat::sync_wait(s.next())) {
        auto [a, c] = std::move(*x);
        got.push_back(*a * 10 + *c);
    }
    CHECK(got == ints{13, 24});
}

TEST_CASE("zip: lent elements stay lent, and what is ready comes as a batch", "[zip]") {
    counted::forget_copies();
    every_way::meter m;
    {
        auto s = leat::zip(every_way::give<const counted&>({1, 2, 3, 4, 5, 6, 7}, 2, m), numbers({0, 0}, 2));
        auto first = leat::sync_wait(s.next());
        REQUIRE(first);
        STATIC_REQUIRE(
            std::is_same_v<std::remove_reference_t<decltype(*first)>, std::tuple<const counted&, int>>);
        STATIC_REQUIRE(leat::is_borrowed<std::tuple<const counted&, int>>);
        CHECK(std::get<0>(*first).value == 1);
        CHECK(m.asked == 2);
        leat::sync_wait(s.close());
    }
    CHECK(counted::copies == 0);
    auto pairs = leat::zip(numbers({1, 2, 3, 4, 5, 6}, 3), numbers({1, 2, 3, 4, 5, 6}, 4));
    std::vector<std::size_t> sizes;
    for (;;) {
        auto some = leat::sync_wait(pairs.next_batch());
        if (some.empty())
            break;
        sizes.push_back(some.size());
    }
    CHECK(sizes == std::vector<std::size_t>{3, 1, 2});
}

TEST_CASE("zip: a tuple of references can be materialized", "[zip]") {
    every_way::meter m;
    auto all = leat::sync_wait(leat::zip(every_way::give<const counted&>({1, 2}, 1, m), numbers({3, 4})) |
                               leat::materialize() | leat::collect<std::vector>());
    STATIC_REQUIRE(std::is_same_v<decltype(all), std::vector<std::tuple<counted, int>>>);
    REQUIRE(all.size() == 2);
    CHECK(std::get<0>(all[1]).value == 2);
}

TEST_CASE("zip: while one waits the others have been asked, and are closed when one has ended", "[zip]") {
    manual_loop loop;
    int open = 0;
    ints got;
    auto all = [&]() -> leat::task<> {
        auto s = leat::zip(guarded(loop, open, paced(loop, {1, 2})),
                           guarded(loop, open, paced(loop, {3, 4, 5})), guarded(loop, open, count_from(0)));
        CHECK(open == 0);
        while (auto x = co_await s.next()) {
            got.push_back(sum_of(*x));
            CHECK(open == 3);
        }
        CHECK(open == 0);
    };
    run_on(loop, all());
    CHECK(got == ints{4, 7});
    CHECK(loop.turns() <= 5 + 3); // the waits of two streams overlap; then three cleanups
}

TEST_CASE("zip: on two threads, and an error in one of them", "[zip][threads]") {
    const balance b;
    two_threads threads;
    auto sum = leat::zip(hopping(threads, 0, 300), hopping(threads, 0, 400), count_from(0)) |
               leat::fold(0L, [](long n, const auto& t) { return n + sum_of(t); });
    CHECK(leat::sync_wait(std::move(sum)) == 3L * (299 * 300 / 2));
    int seen = 0;
    auto broken = leat::zip(hopping(threads, 0, 100, true), hopping(threads, 0, 400)) |
                  leat::for_each([&](const auto&) { ++seen; });
    CHECK_THROWS_WITH(leat::sync_wait(std::move(broken)), "broken");
    CHECK(seen == 100);
    CHECK(b.even());
}

TEST_CASE("zip: is stopped although all are always ready", "[zip]") {
    std::stop_source stop;
    int n = 0;
    auto s = leat::zip(count_from(0), count_from(0)) | leat::stop_on(stop.get_token());
    const auto read_on = [&]() -> leat::task<> {
        while (auto x = co_await s.next())
            if (++n == 1000)
                stop.request_stop();
    };
    CHECK_THROWS_AS(leat::sync_wait(read_on()), leat::stopped);
    CHECK(n < 1100);
}

TEST_CASE("zip_longest: to the end of the longest", "[zip]") {
    const auto with_numbers = [](auto s) {
        return leat::zip_longest(numbers({10, 20, 30}, 2), std::move(s)) |
               leat::transform([](const auto& t) { return sum_of(t); });
    };
    const leat::closure stage(with_numbers);
    every_way::check(stage, {}, {10, 20, 30});
    every_way::check(stage, {1}, {11, 20, 30});
    every_way::check(stage, {1, 2, 3}, {11, 22, 33});
    every_way::check(stage, {1, 2, 3, 4, 5}, {11, 22, 33, 4, 5});
    every_way::check_first(stage, 2, {1, 2, 3, 4, 5}, {11, 22}, 2);
    auto s = leat::zip_longest(numbers({}), numbers({7}));
    auto x = leat::sync_wait(s.next());
    REQUIRE(x);
    CHECK(!std::get<0>(*x));
    CHECK(*std::get<1>(*x) == 7);
    CHECK(!leat::sync_wait(s.next()));
}

TEST_CASE("zip_longest: on two threads, and an error in one of them", "[zip][threads]") {
    const balance b;
    two_threads threads;
    auto count = leat::zip_longest(hopping(threads, 0, 100), hopping(threads, 0, 200)) | leat::count();
    CHECK(leat::sync_wait(std::move(count)) == 200);
    int seen = 0;
    auto broken = leat::zip_longest(hopping(threads, 0, 100, true), hopping(threads, 0, 400)) |
                  leat::for_each([&](const auto&) { ++seen; });
    CHECK_THROWS_WITH(leat::sync_wait(std::move(broken)), "broken");
    CHECK(seen == 100); // no tuple with a gap that is none
    CHECK(b.even());
}

TEST_CASE("faults: zip", "[faults]") {
    check_faults(
        "zip",
        [](auto&, auto s) {
            // One batch, so that no partner is still to be made when a stop comes.
            auto numbered =
                leat::zip(std::move(s), numbers({100, 101, 102, 103, 104, 105, 106, 107, 108}, 9));
            return std::move(numbered) | leat::transform([](const auto& t) { return sum_of(t); });
        },
        [](const ints& in) {
            ints out;
            for (std::size_t i = 0; i < in.size(); ++i)
                out.push_back(in[i] + 100 + static_cast<int>(i));
            return out;
        },
        {.has_workers = true});
}

TEST_CASE("faults: zip of two sources", "[faults]") {
    check_faults(
        "zip of two",
        [](auto& ctx, auto s) {
            return leat::zip(std::move(s), ctx.source(100, 105)) |
                   leat::transform([](const auto& t) { return sum_of(t); });
        },
        [](const ints&) {
            return ints{100, 102, 104, 106, 108};
        },
        {.any_order = true, .has_workers = true});
}

TEST_CASE("faults: zip_longest", "[faults]") {
    check_faults(
        "zip_longest",
        [](auto&, auto s) {
            auto numbered = leat::zip_longest(std::move(s), numbers({100, 200, 300}, 2));
            return std::move(numbered) | leat::transform([](const auto& t) { return sum_of(t); });
        },
        [](const ints& in) {
            ints out;
            for (std::size_t i = 0; i < in.size() || i < 3; ++i)
                out.push_back((i < in.size() ? in[i] : 0) + (i < 3 ? 100 * (static_cast<int>(i) + 1) : 0));
            return out;
        },
        {.any_order = true, .has_workers = true});
}
