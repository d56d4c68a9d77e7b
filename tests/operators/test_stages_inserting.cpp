#include "every_way.hpp"
#include "plain.hpp"

#include <leat/adaptor/default_if_empty.hpp>
#include <leat/adaptor/intersperse.hpp>
#include <leat/adaptor/start_with.hpp>

#include <stop_token>
#include <string>
#include <string_view>

// Stages that put elements of their own into the stream.

namespace {

using every_way::check;
using every_way::check_first;
using every_way::give;
using fault::check_faults;
using fault::ints;
using leat::async_generator;
using leat::sync_wait;
using plain::texts_of;
using plain::views;
using strings = plain::words;

async_generator<counted> fails() {
    throw std::runtime_error("before the first element");
    co_yield 1;
}
async_generator<counted> stops() {
    throw leat::stopped();
    co_yield 1;
}
// Too long for the small string optimisation, so that a view of it that outlives it is found out.
std::string long_text() { return std::string(50, 'x'); }

} // namespace

TEST_CASE("start_with: the given elements come first", "[operators]") {
    const auto stage = leat::start_with(counted(8), 9);
    check(stage, {}, {8, 9});
    check(stage, {1}, {8, 9, 1});
    check(stage, {1, 2, 3, 4}, {8, 9, 1, 2, 3, 4});
    check_first(stage, 2, {1, 2}, {8, 9}, 0); // nothing is asked for
    check_first(stage, 3, {1, 2}, {8, 9, 1}, 1);
    CHECK(texts_of(views({"b"}) | leat::start_with(long_text())) == strings{long_text(), "b"});
    CHECK(texts_of(views({"b"}) | leat::filter([](std::string_view) { return true; }) |
                   leat::start_with("a", long_text())) == strings{"a", long_text(), "b"});
    auto sole = every_way::give_sole({1}) | leat::start_with(std::make_unique<int>(0));
    CHECK(every_way::by_next::read(std::move(sole)) ==
          ints{0, 1}); // the closure is used once, so it may be moved
}

TEST_CASE("start_with: a closed stream has no first elements", "[operators]") {
    every_way::meter m;
    auto s = give<counted>({1}, 1, m) | leat::start_with(8, 9);
    CHECK(sync_wait(s.next()));
    sync_wait(s.close());
    CHECK_FALSE(sync_wait(s.next()));
}

TEST_CASE("default_if_empty: one element where there would be none", "[operators]") {
    const auto stage = leat::default_if_empty(counted(9));
    check(stage, {}, {9});
    check(stage, {1}, {1});
    check(stage, {1, 2, 3, 4}, {1, 2, 3, 4});
    check_first(stage, 1, {1, 2}, {1}, 1);
    const auto large = leat::filter([](const counted& x) { return x.value > 5; });
    check(large | stage, {1, 2, 3}, {9});
    check(leat::take(0) | stage, {1, 2, 3}, {9});
    check(stage | leat::chunk(2), {}, {1001, 9});
    CHECK(texts_of(views({}) | leat::default_if_empty(long_text())) == strings{long_text()});
    CHECK(texts_of(views({"a"}) | leat::default_if_empty("b")) == strings{"a"});
    auto sole = every_way::give_sole({}) | leat::default_if_empty(std::make_unique<int>(0));
    CHECK(every_way::by_next::read(std::move(sole)) == ints{0});
}

TEST_CASE("default_if_empty: what failed, stopped or was closed is not empty", "[operators]") {
    const auto stage = leat::default_if_empty(counted(9));
    auto failed = fails() | stage;
    CHECK_THROWS_WITH(sync_wait(failed.next()), "before the first element");
    CHECK_FALSE(sync_wait(failed.next()));
    CHECK_THROWS_WITH(every_way::pushed::read(fails() | stage), "before the first element");
    CHECK_THROWS_WITH(every_way::erased::read(fails() | stage), "before the first element");
    CHECK_THROWS_WITH(every_way::by_next::read(leat::any_stream<counted>(fails()) | stage),
                      "before the first element");
    auto below =
        every_way::give_sole({1}) |
        leat::transform([](const std::unique_ptr<int>&) -> int { throw std::runtime_error("below"); }) |
        leat::default_if_empty(9);
    CHECK_THROWS_WITH(sync_wait(below.next()), "below");
    CHECK_FALSE(sync_wait(below.next()));

    std::stop_source stop;
    CHECK(every_way::by_next::read(stops() | stage | leat::take_until(stop.get_token())).empty());
    stop.request_stop();
    every_way::meter m;
    CHECK(every_way::by_next::read(give<counted>({1}, 1, m) | stage | leat::take_until(stop.get_token()))
              .empty());

    auto closed = give<counted>({}, 1, m) | stage;
    sync_wait(closed.close());
    CHECK_FALSE(sync_wait(closed.next()));
}

TEST_CASE("intersperse: a separator between each two", "[operators]") {
    const auto stage = leat::intersperse(counted(0));
    check(stage, {}, {});
    check(stage, {1}, {1});
    check(stage, {1, 2, 3, 4}, {1, 0, 2, 0, 3, 0, 4});
    check(leat::transform([](const counted& x) { return counted(x.value * 2); }) | stage, {1, 2}, {2, 0, 4});
    check_first(stage, 1, {1, 2}, {1}, 1);
    check_first(stage, 2, {1, 2, 3}, {1, 0}, 2); // a separator says that there is a next one
    check_first(stage, 3, {1, 2, 3}, {1, 0, 2}, 2);
    check(leat::take(2) | stage, {1, 2, 3}, {1, 0, 2});
    CHECK(texts_of(views({"a", "b", "c"}) | leat::intersperse(long_text())) ==
          strings{"a", long_text(), "b", long_text(), "c"});
    CHECK(texts_of(views({"a", "b"}) | leat::intersperse(", ")) == strings{"a", ", ", "b"});
}

TEST_CASE("intersperse: a reader that takes the separator away gets another one next time", "[operators]") {
    const auto words = []() -> async_generator<std::string> {
        co_yield "a";
        co_yield "b";
        co_yield "c";
    };
    auto s = words() | leat::intersperse(long_text());
    strings all;
    while (auto x = sync_wait(s.next()))
        all.push_back(std::move(*x));
    CHECK(all == strings{"a", long_text(), "b", long_text(), "c"});

    const std::vector<counted> shelf{1, 2, 3};
    const auto lend = [](const std::vector<counted>& v) -> async_generator<const counted&> {
        co_yield leat::batch(v);
    };
    auto lent = lend(shelf) | leat::intersperse(counted(0));
    counted::forget_copies();
    CHECK(every_way::by_next::read(std::move(lent)) == ints{1, 0, 2, 0, 3});
    CHECK(counted::copies == 0); // lent, as the others are
}

TEST_CASE("faults: start_with", "[faults]") {
    check_faults(
        "start_with", [](auto&, auto s) { return std::move(s) | leat::start_with(counted(90), counted(91)); },
        [](const ints& in) {
            ints out{90, 91};
            out.insert(out.end(), in.begin(), in.end());
            return out;
        });
}

TEST_CASE("faults: default_if_empty of what is not empty", "[faults]") {
    check_faults(
        "default_if_empty",
        [](auto&, auto s) {
            return std::move(s) | leat::start_with(counted(90)) | leat::default_if_empty(9);
        },
        [](const ints& in) {
            ints out{90};
            out.insert(out.end(), in.begin(), in.end());
            return out;
        });
}

TEST_CASE("faults: default_if_empty of nothing", "[faults]") {
    // Whatever goes wrong before the end: there is no default.
    check_faults(
        "default_if_empty of nothing",
        [](auto& ctx, auto s) {
            const auto none = [](const counted&) { return false; };
            return std::move(s) | leat::filter(ctx.fn(none)) | leat::default_if_empty(9);
        },
        [](const ints&) { return ints(); },
        {.prefix_only = true, .check = [](const fault::context& c) -> std::string {
             if (!c.got.empty() && c.got != ints{9})
                 return "something else than the default";
             if (!c.got.empty() && c.yielded.size() < fault::elements)
                 return "a default for a stream that did not come to its end";
             return {};
         }});
}

TEST_CASE("faults: intersperse", "[faults]") {
    check_faults(
        "intersperse", [](auto&, auto s) { return std::move(s) | leat::intersperse(counted(-5)); },
        [](const ints& in) {
            ints out;
            for (const int x : in) {
                if (!out.empty())
                    out.push_back(-5);
                out.push_back(x);
            }
            return out;
        });
}
