#include "every_way.hpp"
#include "plain.hpp"

#include <leat/adaptor/drop_last.hpp>
#include <leat/adaptor/drop_while.hpp>
#include <leat/adaptor/limit.hpp>
#include <leat/adaptor/limit_bytes.hpp>
#include <leat/adaptor/map_while.hpp>
#include <leat/adaptor/take_last.hpp>

#include <algorithm>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

// Stages that give a part of the stream, or insist on all of it.

namespace {

using every_way::check;
using every_way::check_first;
using every_way::give;
using every_way::read_to_the_error;
using fault::check_faults;
using fault::ints;
using leat::async_generator;
using leat::sync_wait;
using plain::fails_after;

bool is_small(const counted& x) { return x.value < 3; }
std::optional<counted> ten_of_small(const counted& x) {
    if (x.value >= 5)
        return {};
    return counted(x.value + 10);
}
std::size_t size_of(const counted& x) { return static_cast<std::size_t>(x.value); }

} // namespace

TEST_CASE("drop_while: from the first on that is not to be dropped", "[operators]") {
    const auto stage = leat::drop_while(is_small);
    check(stage, {}, {});
    check(stage, {1}, {});
    check(stage, {5}, {5});
    check(stage, {1, 2, 3, 1, 2}, {3, 1, 2}); // not asked again
    check_first(stage, 1, {1, 2, 3, 4}, {3}, 3);
    auto sole = every_way::give_sole({1, 2, 3}) |
                leat::drop_while([](const std::unique_ptr<int>& x) { return *x < 2; });
    CHECK(every_way::by_next::read(std::move(sole)) == ints{2, 3});
}

TEST_CASE("map_while: until the first of which nothing is made", "[operators]") {
    const auto stage = leat::map_while(ten_of_small);
    check(stage, {}, {});
    check(stage, {7}, {});
    check(stage, {1}, {11});
    check(stage, {1, 2, 7, 1}, {11, 12});
    check_first(stage, 2, {1, 2, 7}, {11, 12}, 2);
    check_first(stage, 9, {1, 7, 2, 3}, {11}, 2); // ends there, and asks no further
    auto sole = every_way::give_sole({1, 2, 3}) | leat::map_while([](std::unique_ptr<int> x) {
                    return *x == 3 ? std::optional<std::unique_ptr<int>>() : std::optional(std::move(x));
                });
    CHECK(every_way::by_next::read(std::move(sole)) == ints{1, 2});
}

TEST_CASE("take_last: the last ones, when the source is over", "[operators]") {
    const auto stage = leat::take_last(3);
    check(stage, {}, {});
    check(stage, {1}, {1});
    check(stage, {1, 2, 3}, {1, 2, 3});
    check(stage, {1, 2, 3, 4}, {2, 3, 4});
    check(stage, {1, 2, 3, 4, 5, 6, 7, 8}, {6, 7, 8});
    check(leat::take_last(0), {1, 2}, {});
    check(leat::take(4) | stage, {1, 2, 3, 4, 5, 6}, {2, 3, 4});
    check(stage | leat::take_last(2), {1, 2, 3, 4}, {3, 4});
    check_first(stage, 1, {1, 2, 3, 4, 5}, {3}, 5);
    CHECK(every_way::by_next::read(every_way::give_sole({1, 2, 3}) | leat::take_last(2)) == ints{2, 3});
}

TEST_CASE("take_last: before an error and before a stop", "[operators]") {
    std::string error;
    CHECK(read_to_the_error(fails_after(5) | leat::take_last(2), error) == ints{4, 5});
    CHECK(error == "behind them");
    auto below = fails_after(9) | leat::transform([](const counted& x) {
                     if (x.value == 4)
                         throw std::runtime_error("below");
                     return counted(x.value);
                 });
    CHECK(read_to_the_error(std::move(below) | leat::take_last(2), error) == ints{2, 3});
    CHECK(error == "below");

    std::stop_source stop;
    every_way::meter m;
    auto looking = leat::inspect([&](const counted& x) {
        if (x.value == 3)
            stop.request_stop();
    });
    CHECK(read_to_the_error(give<counted>({1, 2, 3, 4, 5}, 1, m) | looking | leat::take_last(2) |
                                leat::stop_on(stop.get_token()),
                            error) == ints{2, 3});
    CHECK(error == leat::stopped().what());
}

TEST_CASE("drop_last: all but the last ones", "[operators]") {
    const auto stage = leat::drop_last(2);
    check(stage, {}, {});
    check(stage, {1}, {});
    check(stage, {1, 2}, {});
    check(stage, {1, 2, 3}, {1});
    check(stage, {1, 2, 3, 4, 5, 6, 7}, {1, 2, 3, 4, 5});
    check(leat::drop_last(0), {1, 2}, {1, 2});
    check_first(stage, 2, {1, 2, 3, 4, 5}, {1, 2}, 4);
    CHECK(every_way::by_next::read(every_way::give_sole({1, 2, 3}) | leat::drop_last(1)) == ints{1, 2});
    std::string error;
    CHECK(read_to_the_error(fails_after(5) | leat::drop_last(2), error) == ints{1, 2, 3});
    CHECK(error == "behind them");
}

TEST_CASE("limit: more elements than that are an error", "[operators]") {
    const auto stage = leat::limit(3);
    check(stage, {}, {});
    check(stage, {1}, {1});
    check(stage, {1, 2, 3}, {1, 2, 3});
    check_first(stage, 3, {1, 2, 3, 4}, {1, 2, 3}, 3);
    std::string error;
    every_way::meter m;
    CHECK(read_to_the_error(give<counted>({1, 2, 3, 4, 5}, 2, m) | stage, error) == ints{1, 2, 3});
    CHECK(error ==
          "leat::limit: more than 3 elements came from the stream. Raise the limit, or read only the "
          "first ones with leat::take.");
    CHECK(m.closed == 1);
    try {
        every_way::pushed::read(give<counted>({1, 2, 3, 4}, 4, m) | stage);
        FAIL("no error");
    } catch (const leat::limit_exceeded& e) {
        CHECK(e.limit() == 3);
        STATIC_REQUIRE(std::is_base_of_v<leat::error, leat::limit_exceeded>);
    }
    CHECK_THROWS_AS(every_way::by_next::read(every_way::give_sole({1}) | leat::limit(0)),
                    leat::limit_exceeded);
}

TEST_CASE("limit_bytes: more bytes than that are an error", "[operators]") {
    const auto stage = leat::limit_bytes(6, size_of);
    check(stage, {}, {});
    check(stage, {6}, {6});
    check(stage, {1, 2, 3, 0, 0}, {1, 2, 3, 0, 0});
    check_first(stage, 2, {1, 5, 9}, {1, 5}, 2);
    std::string error;
    every_way::meter m;
    CHECK(read_to_the_error(give<counted>({1, 2, 4, 1}, 1, m) | stage, error) == ints{1, 2});
    CHECK(error == "leat::limit_bytes: more than 6 bytes came from the stream. Raise the limit, or read and "
                   "keep less.");
    const auto texts = []() -> async_generator<std::string_view> {
        co_yield "abc";
        co_yield "defg";
    };
    CHECK_THROWS_AS(sync_wait(texts() | leat::limit_bytes(6, &std::string_view::size) | leat::count()),
                    leat::limit_exceeded);
}

TEST_CASE("faults: drop_while", "[faults]") {
    check_faults(
        "drop_while", [](auto& ctx, auto s) { return std::move(s) | leat::drop_while(ctx.fn(is_small)); },
        [](const ints& in) {
            ints out(std::find_if(in.begin(), in.end(), [](int x) { return x >= 3; }), in.end());
            return out;
        });
}

TEST_CASE("faults: map_while", "[faults]") {
    check_faults(
        "map_while", [](auto& ctx, auto s) { return std::move(s) | leat::map_while(ctx.fn(ten_of_small)); },
        [](const ints& in) {
            ints out;
            for (const int x : in)
                if (x < 5)
                    out.push_back(x + 10);
            return out;
        });
}

TEST_CASE("faults: take_last", "[faults]") {
    check_faults(
        "take_last", [](auto&, auto s) { return std::move(s) | leat::take_last(3); },
        [](const ints& in) {
            return ints(in.end() - static_cast<long>(std::min<std::size_t>(3, in.size())), in.end());
        });
}

TEST_CASE("faults: drop_last", "[faults]") {
    check_faults(
        "drop_last", [](auto&, auto s) { return std::move(s) | leat::drop_last(3); },
        [](const ints& in) {
            return ints(in.begin(), in.end() - static_cast<long>(std::min<std::size_t>(3, in.size())));
        });
}

TEST_CASE("faults: limit and limit_bytes that suffice", "[faults]") {
    check_faults(
        "limit",
        [](auto& ctx, auto s) {
            return std::move(s) | leat::limit(fault::elements) | leat::limit_bytes(100, ctx.fn(size_of));
        },
        [](const ints& in) { return in; });
}
