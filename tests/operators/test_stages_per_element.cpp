#include "every_way.hpp"
#include "plain.hpp"

#include <leat/adaptor/cast.hpp>
#include <leat/adaptor/distinct_until_changed.hpp>
#include <leat/adaptor/filter_map.hpp>
#include <leat/adaptor/flatten.hpp>
#include <leat/adaptor/scan.hpp>
#include <leat/adaptor/step.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

// Stages that make something of each element, or leave it out.

namespace {

using every_way::check;
using every_way::check_first;
using fault::check_faults;
using fault::ints;
using leat::async_generator;
using leat::sync_wait;
using plain::texts_of;
using plain::views;
using strings = plain::words;

std::optional<counted> half_of_even(const counted& x) {
    if (x.value % 2 != 0)
        return {};
    return counted(x.value / 2);
}
counted add(counted sum, const counted& x) { return counted(sum.value + x.value); }
counted thirds(const counted& x) { return counted(x.value / 3); }

// Groups of 0, 1, 2, 0, 1 ... elements. A vector that is lent has to be kept alive by who lends it.
async_generator<std::vector<counted>> groups(int n) {
    for (int i = 0; i < n; ++i) {
        std::vector<counted> group(static_cast<std::size_t>(i % 3), counted(i));
        co_yield std::move(group);
    }
}
async_generator<const std::vector<counted>&> lent_groups(const std::vector<std::vector<counted>>& all) {
    co_yield leat::batch(all);
}

} // namespace

TEST_CASE("filter_map: the values of what is not empty", "[operators]") {
    const auto stage = leat::filter_map(half_of_even);
    check(stage, {}, {});
    check(stage, {1}, {});
    check(stage, {4}, {2});
    check(stage, {1, 2, 3, 4, 6, 7}, {1, 2, 3});
    check_first(stage, 2, {1, 2, 3, 4, 5, 6}, {1, 2}, 4);
}

TEST_CASE("filter_map: optionals, pointers, references, views", "[operators]") {
    every_way::meter m;
    const auto lend = [](const counted& x) { return x.value > 1 ? &x : nullptr; };
    auto lent = every_way::give<counted>({1, 2, 3}, 3, m) | leat::filter_map(lend);
    STATIC_REQUIRE(std::is_same_v<leat::stream_reference_t<decltype(lent)>, const counted&>);
    counted::forget_copies();
    CHECK(every_way::by_next::read(std::move(lent)) == ints{2, 3});
    CHECK(counted::copies == 0);

    // A pointer into an element that a stage computed.
    auto computed =
        every_way::give<counted>({1, 2, 3}, 1, m) | leat::transform(thirds) | leat::filter_map(lend);
    CHECK(every_way::by_next::read(std::move(computed)).empty());
    auto made =
        every_way::give<counted>({1, 2}, 1, m) |
        leat::transform([](const counted& x) { return std::string(40, static_cast<char>('a' + x.value)); }) |
        leat::filter_map([](const std::string& s) { return std::optional<std::string_view>(s); });
    CHECK(texts_of(std::move(made)) == strings{std::string(40, 'b'), std::string(40, 'c')});

    // What can only be moved.
    auto sole = every_way::give_sole({1, 2, 3}) | leat::filter_map([](std::unique_ptr<int> p) {
                    return *p == 2 ? std::optional<std::unique_ptr<int>>() : std::optional(std::move(p));
                });
    CHECK(every_way::by_next::read(std::move(sole)) == ints{1, 3});
    // An optional inside of the element, and leat's own maybe.
    auto members =
        every_way::give<counted>({1, 2}, 1, m) |
        leat::transform([](const counted& x) { return std::pair<int, std::optional<int>>(0, x.value); }) |
        leat::filter_map(&std::pair<int, std::optional<int>>::second);
    CHECK(every_way::by_next::read(std::move(members)) == ints{1, 2});
    auto maybes = every_way::give<counted>({1, 2}, 1, m) |
                  leat::filter_map([](counted& x) { return leat::maybe<counted&>(&x); });
    STATIC_REQUIRE(std::is_same_v<leat::stream_reference_t<decltype(maybes)>, counted&>);
    CHECK(every_way::by_next::read(std::move(maybes)) == ints{1, 2});
}

TEST_CASE("scan: each state, without a copy of it", "[operators]") {
    const auto stage = leat::scan(counted(10), add);
    check(stage, {}, {});
    check(stage, {5}, {15});
    check(stage, {1, 2, 3, 4}, {11, 13, 16, 20});
    check_first(stage, 2, {1, 2, 3, 4}, {11, 13}, 2);

    auto texts = views({"a", "b", "c"}) | leat::scan(std::string(), [](std::string all, std::string_view x) {
                     all += x;
                     return all;
                 });
    CHECK(texts_of(std::move(texts)) == strings{"a", "ab", "abc"});
    auto sums = every_way::give_sole({1, 2, 3}) |
                leat::scan(std::make_unique<int>(0), [](std::unique_ptr<int> sum, std::unique_ptr<int> x) {
                    *sum += *x;
                    return sum;
                });
    CHECK(every_way::by_next::read(std::move(sums)) == ints{1, 3, 6});
}

TEST_CASE("distinct_until_changed: neighbours that differ", "[operators]") {
    const auto stage = leat::distinct_until_changed();
    check(stage, {}, {});
    check(stage, {1}, {1});
    check(stage, {1, 1, 2, 2, 2, 1, 3, 3}, {1, 2, 1, 3});
    check(leat::distinct_until_changed([](const counted& x) { return x.value / 10; }), {1, 2, 11, 19, 20, 3},
          {1, 11, 20, 3});
    check(leat::distinct_until_changed(&counted::value), {1, 1, 2}, {1, 2});
    check_first(stage, 2, {1, 1, 2, 2, 3}, {1, 2}, 3);

    // Of a view what it looks at is remembered, for the view is worth nothing at the next step.
    CHECK(texts_of(views({"a", "a", "b", "bb", "bb"}) | leat::distinct_until_changed()) ==
          strings{"a", "b", "bb"});
    auto first_letters = leat::distinct_until_changed([](std::string_view x) { return x.substr(0, 1); });
    CHECK(texts_of(views({"a", "ab", "b"}) | first_letters) == strings{"a", "b"});

    auto sole = every_way::give_sole({1, 1, 2}) |
                leat::distinct_until_changed([](const std::unique_ptr<int>& p) { return *p; });
    CHECK(every_way::by_next::read(std::move(sole)) == ints{1, 2});
}

TEST_CASE("step: every n-th", "[operators]") {
    const auto stage = leat::step(3);
    check(stage, {}, {});
    check(stage, {1}, {1});
    check(stage, {1, 2, 3, 4, 5, 6, 7}, {1, 4, 7});
    check(stage, {1, 2, 3, 4, 5, 6}, {1, 4});
    check(leat::step(1), {1, 2}, {1, 2});
    check_first(stage, 2, {1, 2, 3, 4, 5, 6, 7}, {1, 4}, 4);
    CHECK(every_way::by_next::read(leat::step(every_way::give_sole({1, 2, 3}), 2)) == ints{1, 3});
}

TEST_CASE("cast: to another type of values", "[operators]") {
    struct metres {
        int value;
        explicit metres(const counted& x) : value(x.value) {}
        operator int() const { return value; } // NOLINT: for note()
    };
    const auto stage = leat::cast<metres>() | leat::transform([](metres m) { return m.value; });
    check(stage, {}, {});
    check(stage, {1, 2}, {1, 2});
    check_first(stage, 1, {1, 2}, {1}, 1);
    auto numbers = []() -> async_generator<double> {
        co_yield 1.9;
        co_yield -1.9;
    };
    CHECK(every_way::by_next::read(leat::cast<int>(numbers())) == ints{1, -1});
    auto shared = every_way::give_sole({1}) | leat::cast<std::shared_ptr<int>>();
    auto one = sync_wait(shared.next());
    CHECK(**one == 1);
    CHECK(texts_of(views({"a"}) | leat::cast<std::string>()) == strings{"a"});
}

TEST_CASE("flatten: the elements of ranges", "[operators]") {
    const auto triple = leat::transform([](const counted& x) { return std::vector<counted>(3, x); });
    const auto stage = triple | leat::flatten();
    check(stage, {}, {});
    check(stage, {1}, {1, 1, 1});
    check(stage, {1, 2}, {1, 1, 1, 2, 2, 2});
    check_first(stage, 4, {1, 2, 3}, {1, 1, 1, 2}, 2);

    const ints all{1, 2, 2, 4, 5, 5};
    counted::forget_copies();
    auto owned = groups(6) | leat::flatten();
    STATIC_REQUIRE(std::is_same_v<leat::stream_reference_t<decltype(owned)>, counted&&>);
    const auto before = counted::moves.load();
    CHECK(every_way::by_next::read(std::move(owned)) == all);
    CHECK(counted::moves == before); // handed over where they are

    const std::vector<std::vector<counted>> shelf{{}, {1}, {2, 2}, {}, {4}, {5, 5}};
    auto lent = lent_groups(shelf) | leat::flatten();
    STATIC_REQUIRE(std::is_same_v<leat::stream_reference_t<decltype(lent)>, const counted&>);
    CHECK(every_way::by_next::read(std::move(lent)) == all);

    every_way::meter m;
    auto there_and_back = every_way::give<counted>({1, 2, 3}, 1, m) | leat::chunk(2) | leat::flatten();
    STATIC_REQUIRE(std::is_same_v<leat::stream_reference_t<decltype(there_and_back)>, counted&&>);
    CHECK(every_way::pushed::read(std::move(there_and_back)) == ints{1, 2, 3});
    auto letters = views({"ab", "", "c"}) | leat::flatten();
    CHECK(every_way::by_next::read(std::move(letters)) == ints{'a', 'b', 'c'});
}

TEST_CASE("faults: filter_map", "[faults]") {
    check_faults(
        "filter_map", [](auto& ctx, auto s) { return std::move(s) | leat::filter_map(ctx.fn(half_of_even)); },
        [](const ints& in) {
            ints out;
            for (const int x : in)
                if (x % 2 == 0)
                    out.push_back(x / 2);
            return out;
        });
}

TEST_CASE("faults: scan", "[faults]") {
    check_faults(
        "scan", [](auto& ctx, auto s) { return std::move(s) | leat::scan(counted(10), ctx.fn(add)); },
        [](const ints& in) {
            ints out;
            for (int sum = 10; const int x : in)
                out.push_back(sum += x);
            return out;
        });
}

TEST_CASE("faults: distinct_until_changed", "[faults]") {
    check_faults(
        "distinct_until_changed",
        [](auto& ctx, auto s) { return std::move(s) | leat::distinct_until_changed(ctx.fn(thirds)); },
        [](const ints& in) {
            ints out;
            for (const int x : in)
                if (x % 3 == 0)
                    out.push_back(x);
            return out;
        });
}

TEST_CASE("faults: step", "[faults]") {
    check_faults(
        "step", [](auto&, auto s) { return std::move(s) | leat::step(3); },
        [](const ints& in) {
            ints out;
            for (const int x : in)
                if (x % 3 == 0)
                    out.push_back(x);
            return out;
        });
}

TEST_CASE("faults: cast", "[faults]") {
    check_faults(
        "cast",
        [](auto& ctx, auto s) {
            return std::move(s) | leat::transform(ctx.fn([](const counted& x) { return x.value; })) |
                   leat::cast<counted>();
        },
        [](const ints& in) { return in; });
}

TEST_CASE("faults: flatten", "[faults]") {
    check_faults(
        "flatten",
        [](auto& ctx, auto s) {
            const auto copies = [](const counted& x) {
                return std::vector<counted>(static_cast<std::size_t>(x.value % 3), x);
            };
            return std::move(s) | leat::transform(ctx.fn(copies)) | leat::flatten();
        },
        [](const ints& in) {
            ints out;
            for (const int x : in)
                out.insert(out.end(), static_cast<std::size_t>(x % 3), x);
            return out;
        });
}
