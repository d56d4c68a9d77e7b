#include "every_way.hpp"
#include "plain.hpp"

#include <leat/adaptor/chunk_by.hpp>
#include <leat/adaptor/chunk_by_weight.hpp>
#include <leat/adaptor/flatten.hpp>
#include <leat/adaptor/pairwise.hpp>
#include <leat/adaptor/ready_chunks.hpp>
#include <leat/adaptor/sliding.hpp>

#include <algorithm>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

// Stages that put neighbours together.

// Windows are written down like the vectors that chunks are, pairs without a size.
inline void note(std::vector<int>& out, std::span<const counted> window) {
    out.push_back(1000 + static_cast<int>(window.size()));
    for (const counted& x : window)
        out.push_back(x.value);
}
inline void note(std::vector<int>& out, const std::pair<counted, counted>& x) {
    out.push_back(x.first.value);
    out.push_back(x.second.value);
}

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

std::size_t weight(const counted& x) { return static_cast<std::size_t>(x.value); }
int thirds(const counted& x) { return x.value / 3; }

// What groups of these elements look like, written down; `full(group, x)`: x begins another one.
template <class Full> ints grouped(const ints& in, Full full) {
    ints out, group;
    const auto close = [&] {
        if (group.empty())
            return;
        out.push_back(1000 + static_cast<int>(group.size()));
        out.insert(out.end(), group.begin(), group.end());
        group.clear();
    };
    for (const int x : in) {
        if (full(group, x))
            close();
        group.push_back(x);
    }
    close();
    return out;
}
bool too_heavy(const ints& group, int x) {
    int sum = x;
    for (const int y : group)
        sum += y;
    return sum > 7;
}
ints sizes(leat::async_generator<counted> s, std::size_t most) {
    ints all;
    auto chunks = std::move(s) | leat::ready_chunks(most);
    while (auto group = sync_wait(chunks.next()))
        all.push_back(static_cast<int>(group->size()));
    return all;
}

} // namespace

TEST_CASE("ready_chunks: what is ready, and no more", "[operators]") {
    every_way::meter m;
    CHECK(sizes(give<counted>({1, 2, 3, 4, 5, 6, 7, 8}, 3, m), 100) == ints{3, 3, 2});
    CHECK(sizes(give<counted>({1, 2, 3, 4, 5, 6, 7, 8}, 8, m), 3) == ints{3, 3, 2});
    CHECK(sizes(give<counted>({1, 2, 3}, 1, m), 100) == ints{1, 1, 1});
    CHECK(sizes(give<counted>({}, 1, m), 100).empty());
    const auto flat = leat::ready_chunks(2) | leat::transform([](std::vector<counted> group) {
                          CHECK(!group.empty());
                          CHECK(group.size() <= 2);
                          return group.front();
                      });
    check(flat, {}, {});
    check(flat, {1}, {1});
    check_first(flat, 2, {1, 2, 3}, {1, 2}, 2);
    auto sole = every_way::give_sole({1, 2}) | leat::ready_chunks(5);
    auto group = sync_wait(sole.next());
    CHECK(*group->front() == 1);
    std::vector<std::unique_ptr<int>> kept = std::move(*group);
    group = sync_wait(sole.next());
    CHECK(*group->front() == 2);
    CHECK(*kept.front() == 1);
}

TEST_CASE("ready_chunks: does not wait for the second element", "[operators]") {
    manual_event more;
    const auto source = [](manual_event& e) -> async_generator<int> {
        std::vector<int> packet{1, 2};
        co_yield leat::batch(packet);
        co_await e;
        co_yield 3;
    };
    auto chunks = source(more) | leat::ready_chunks(10);
    ints first;
    const auto reading = [](auto& s, ints& out) -> leat::task<> {
        while (auto group = co_await s.next())
            out.insert(out.end(), group->begin(), group->end());
    };
    const auto running = start(reading(chunks, first));
    CHECK(first == ints{1, 2});
    CHECK(more.awaited());
    more.set();
    CHECK(running.done());
    CHECK(first == ints{1, 2, 3});
}

TEST_CASE("chunk_by_weight: as many as fit", "[operators]") {
    const auto stage = leat::chunk_by_weight(7, weight);
    check(stage, {}, {});
    check(stage, {1}, {1001, 1});
    check(stage, {0}, {1001, 0});
    check(stage, {3, 4, 1, 2, 3, 9, 9, 1}, {1002, 3, 4, 1003, 1, 2, 3, 1001, 9, 1001, 9, 1001, 1});
    check(stage, {1, 7, 0, 7}, {1001, 1, 1001, 7, 1002, 0, 7});
    check(leat::take(3) | stage, {3, 3, 3, 3}, {1002, 3, 3, 1001, 3});
    check_first(stage, 1, {3, 4, 1}, {1002, 3, 4}, 2); // full as it is: no look at the next one
    check_first(stage, 1, {3, 3, 3}, {1002, 3, 3}, 3);
    auto sole = every_way::give_sole({3, 4, 5}) |
                leat::chunk_by_weight(7, [](const std::unique_ptr<int>& x) { return std::size_t(*x); }) |
                leat::flatten();
    CHECK(every_way::by_next::read(std::move(sole)) == ints{3, 4, 5});
    check(leat::chunk_by_weight(7, [](const counted& x) { return x.value == 2 ? SIZE_MAX : 6; }),
          {1, 2, 2, 3}, {1001, 1, 1001, 2, 1001, 2, 1001, 3}); // no overflow
}

TEST_CASE("chunk_by: neighbours with an equal key", "[operators]") {
    const auto stage = leat::chunk_by(thirds);
    check(stage, {}, {});
    check(stage, {1}, {1001, 1});
    check(stage, {1, 2, 3, 4, 1, 9}, {1002, 1, 2, 1002, 3, 4, 1001, 1, 1001, 9});
    check(leat::chunk_by(&counted::value), {1, 1, 2}, {1002, 1, 1, 1001, 2});
    check_first(stage, 1, {1, 2, 3, 4}, {1002, 1, 2}, 3);
    auto sole = every_way::give_sole({1, 1, 2}) |
                leat::chunk_by([](const std::unique_ptr<int>& x) { return *x; }) | leat::flatten();
    CHECK(every_way::by_next::read(std::move(sole)) == ints{1, 1, 2});
}

TEST_CASE("chunk_by: a key that refers to the element", "[operators]") {
    const auto words = []() -> async_generator<std::string> {
        co_yield "apple";
        co_yield "avocado";
        co_yield "banana";
    };
    auto by_letter =
        words() | leat::chunk_by([](const std::string& s) { return std::string_view(s).substr(0, 1); });
    auto group = sync_wait(by_letter.next());
    CHECK(*group == std::vector<std::string>{"apple", "avocado"});
    group = sync_wait(by_letter.next());
    CHECK(*group == std::vector<std::string>{"banana"});
}

TEST_CASE("groups: the elements come first, then the error or the stop", "[operators]") {
    std::string error;
    CHECK(read_to_the_error(fails_after(4) | leat::chunk_by(thirds), error) == ints{1002, 1, 2, 1002, 3, 4});
    CHECK(error == "behind them");
    CHECK(read_to_the_error(fails_after(3) | leat::chunk_by_weight(4, weight), error) ==
          ints{1002, 1, 2, 1001, 3});
    CHECK(error == "behind them");
    // The key of an element throws while a group is open.
    auto bad_key = fails_after(9) | leat::chunk_by([](const counted& x) {
                       if (x.value == 3)
                           throw std::runtime_error("no key");
                       return 0;
                   });
    CHECK(read_to_the_error(std::move(bad_key), error) == ints{1002, 1, 2});
    CHECK(error == "no key");

    std::stop_source stop;
    every_way::meter m;
    auto looking = leat::inspect([&](const counted& x) {
        if (x.value == 3)
            stop.request_stop();
    });
    CHECK(read_to_the_error(give<counted>({1, 2, 3, 4}, 1, m) | looking | leat::chunk_by(thirds) |
                                leat::stop_on(stop.get_token()),
                            error) == ints{1002, 1, 2, 1001, 3});
    CHECK(error == leat::stopped().what());
}

TEST_CASE("sliding: windows that overlap", "[operators]") {
    const auto stage = leat::sliding(3);
    check(stage, {}, {});
    check(stage, {1, 2}, {});
    check(stage, {1, 2, 3}, {1003, 1, 2, 3});
    check(stage, {1, 2, 3, 4, 5, 6, 7, 8},
          {1003, 1, 2, 3, 1003, 2, 3, 4, 1003, 3, 4, 5, 1003, 4, 5, 6, 1003, 5, 6, 7, 1003, 6, 7, 8});
    check(leat::sliding(1), {1, 2}, {1001, 1, 1001, 2});
    check_first(stage, 2, {1, 2, 3, 4, 5}, {1003, 1, 2, 3, 1003, 2, 3, 4}, 4);

    every_way::meter m;
    auto lent = give<counted>({1, 2, 3, 4}, 2, m) | stage;
    STATIC_REQUIRE(std::is_same_v<leat::stream_reference_t<decltype(lent)>, std::span<const counted>>);
    STATIC_REQUIRE(leat::is_borrowed<leat::stream_value_t<decltype(lent)>>);
    auto collecting = std::move(lent) | leat::materialize() | leat::collect<std::vector>();
    const std::vector<std::vector<counted>> windows = sync_wait(std::move(collecting));
    CHECK(windows == std::vector<std::vector<counted>>{{1, 2, 3}, {2, 3, 4}});

    auto sole = every_way::give_sole({1, 2, 3}) | leat::sliding(2) |
                leat::transform([](std::span<const std::unique_ptr<int>> w) { return *w[0] * 10 + *w[1]; });
    CHECK(every_way::by_next::read(std::move(sole)) == ints{12, 23});
}

TEST_CASE("pairwise: each with the one before it", "[operators]") {
    const auto stage = leat::pairwise();
    check(stage, {}, {});
    check(stage, {1}, {});
    check(stage, {1, 2}, {1, 2});
    check(stage, {1, 2, 3, 4}, {1, 2, 2, 3, 3, 4});
    check_first(stage, 2, {1, 2, 3, 4}, {1, 2, 2, 3}, 3);
    every_way::meter m;
    auto pairs = give<counted>({1, 2, 3, 4}, 4, m) | stage;
    counted::forget_copies();
    const auto before = counted::copies.load();
    CHECK(every_way::pushed::read(std::move(pairs)).size() == 6);
    CHECK(counted::copies - before == 3); // one per pair
}

TEST_CASE("faults: ready_chunks", "[faults]") {
    // How large the groups are is up to the source, so their sizes are not looked at.
    check_faults(
        "ready_chunks", [](auto&, auto s) { return std::move(s) | leat::ready_chunks(2) | leat::flatten(); },
        [](const ints& in) { return in; });
}

TEST_CASE("faults: chunk_by_weight", "[faults]") {
    check_faults(
        "chunk_by_weight",
        [](auto& ctx, auto s) { return std::move(s) | leat::chunk_by_weight(7, ctx.fn(weight)); },
        [](const ints& in) { return grouped(in, too_heavy); });
}

TEST_CASE("faults: chunk_by", "[faults]") {
    check_faults(
        "chunk_by", [](auto& ctx, auto s) { return std::move(s) | leat::chunk_by(ctx.fn(thirds)); },
        [](const ints& in) {
            return grouped(in,
                           [](const ints& group, int x) { return !group.empty() && group[0] / 3 != x / 3; });
        });
}

TEST_CASE("faults: sliding", "[faults]") {
    check_faults(
        "sliding", [](auto&, auto s) { return std::move(s) | leat::sliding(3); },
        [](const ints& in) {
            ints out;
            for (std::size_t i = 0; i + 3 <= in.size(); ++i)
                out.insert(out.end(), {1003, in[i], in[i + 1], in[i + 2]});
            return out;
        });
}

TEST_CASE("faults: pairwise", "[faults]") {
    check_faults(
        "pairwise", [](auto&, auto s) { return std::move(s) | leat::pairwise(); },
        [](const ints& in) {
            ints out;
            for (std::size_t i = 1; i < in.size(); ++i)
                out.insert(out.end(), {in[i - 1], in[i]});
            return out;
        });
}
