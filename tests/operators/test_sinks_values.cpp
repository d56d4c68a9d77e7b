#include "plain.hpp"
#include "support/waiting.hpp"

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <leat/leat.hpp>
#include <leat/sink/all.hpp>
#include <leat/sink/any.hpp>
#include <leat/sink/collect_into.hpp>
#include <leat/sink/contains.hpp>
#include <leat/sink/find.hpp>
#include <leat/sink/last.hpp>
#include <leat/sink/max.hpp>
#include <leat/sink/min.hpp>
#include <leat/sink/none.hpp>
#include <leat/sink/nth.hpp>
#include <leat/sink/reduce.hpp>
#include <leat/sink/single.hpp>
#include <leat/sink/sum.hpp>
#include <leat/source/empty.hpp>
#include <leat/source/from_range.hpp>
#include <leat/source/iota.hpp>

// Terminals that give a value, in both spellings.

namespace {

using leat::async_generator;
using leat::sync_wait;
using plain::ints;
using plain::meter;
using plain::metered;
using plain::pointers;
using plain::words;

async_generator<int> broken(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
    throw std::runtime_error("broken");
}
async_generator<const counted&> lent(const std::vector<counted>& v) { co_yield leat::batch(v); }

// `sink` is over after `asked` of five elements, and the stream is closed.
template <class Sink> void stops_early(Sink sink, int asked) {
    meter m;
    sync_wait(metered(5, m) | sink);
    CHECK(m.asked == asked);
    CHECK(m.closed == 1);
    meter n;
    auto erased = leat::any_stream<int>(metered(5, n)) | leat::filter([](int) { return true; }) | sink;
    sync_wait(erased);
    CHECK(n.asked == asked);
    CHECK(n.closed == 1);
}
template <class Sink> void passes_errors_on(Sink sink) {
    CHECK_THROWS_WITH(sync_wait(broken(3) | sink), "broken");
    CHECK_THROWS_WITH(sync_wait(broken(0) | sink), "broken");
}

auto plus = [](int sum, int x) { return sum + x; };
auto by_last_digit = [](int a, int b) { return a % 10 < b % 10; };
bool is_two(int x) { return x == 2; }
bool is_small(int x) { return x < 10; }

} // namespace

TEST_CASE("reduce", "[reduce]") {
    CHECK(sync_wait(leat::iota(1, 5) | leat::reduce(plus)) == 10);
    CHECK(sync_wait(leat::reduce(leat::iota(1, 2), plus)) == 1);
    CHECK(sync_wait(leat::empty<int>() | leat::reduce(plus)) == std::nullopt);
    auto add = [](std::unique_ptr<int> sum, std::unique_ptr<int> x) {
        *sum += *x;
        return sum;
    };
    CHECK(**sync_wait(pointers(4) | leat::reduce(add)) == 6);
    const balance b;
    {
        const std::vector<counted> v{1, 2, 3};
        counted::forget_copies();
        auto sum = [](counted s, const counted& x) { return counted(s.value + x.value); };
        CHECK(sync_wait(lent(v) | leat::reduce(sum))->value == 6);
        CHECK(counted::copies == 1); // the first one
        CHECK(v[0].value == 1);
    }
    CHECK(b.even());
    passes_errors_on(leat::reduce(plus));
}

TEST_CASE("sum", "[sum]") {
    CHECK(sync_wait(leat::iota(1, 5) | leat::sum()) == 10);
    CHECK(sync_wait(leat::sum(leat::iota(1, 5))) == 10);
    CHECK(sync_wait(leat::empty<int>() | leat::sum()) == 0);
    CHECK(sync_wait(leat::iota(1, 5) | leat::sum(0.5)) == 10.5);
    CHECK(sync_wait(leat::sum(leat::iota(1, 5), std::int64_t{1} << 40)) == (std::int64_t{1} << 40) + 10);
    auto shorts = leat::from_range(std::vector<std::int16_t>(3, 30000)) | leat::sum();
    STATIC_REQUIRE(std::is_same_v<decltype(sync_wait(shorts)), int>);
    CHECK(sync_wait(shorts) == 90000);
    CHECK(sync_wait(leat::from_range(words{"a", "b"}) | leat::sum()) == "ab");
    CHECK(sync_wait(leat::from_range(words{"a", "b"}) | leat::sum(std::string("> "))) == "> ab");
    passes_errors_on(leat::sum());
}

TEST_CASE("min, max", "[min][max]") {
    auto mixed = [] { return leat::from_range({5, 12, 3, 22, 13}); };
    CHECK(sync_wait(mixed() | leat::min()) == 3);
    CHECK(sync_wait(mixed() | leat::max()) == 22);
    CHECK(sync_wait(leat::min(mixed())) == 3);
    CHECK(sync_wait(leat::max(mixed())) == 22);
    CHECK(sync_wait(leat::empty<int>() | leat::min()) == std::nullopt);
    CHECK(sync_wait(leat::empty<int>() | leat::max()) == std::nullopt);
    // Of equal ones the first.
    CHECK(sync_wait(mixed() | leat::min(by_last_digit)) == 12);
    CHECK(sync_wait(leat::max(leat::from_range({5, 12, 15}), by_last_digit)) == 5);
    auto pointed = [](const std::unique_ptr<int>& a, const std::unique_ptr<int>& b) { return *a < *b; };
    CHECK(**sync_wait(pointers(4) | leat::max(pointed)) == 3);
    CHECK(**sync_wait(pointers(4) | leat::min(pointed)) == 0);
    const std::vector<counted> v{2, 1, 3};
    CHECK(sync_wait(lent(v) | leat::min())->value == 1);
    CHECK(v[1].value == 1);
    passes_errors_on(leat::min());
    passes_errors_on(leat::max());
}

TEST_CASE("last", "[last]") {
    CHECK(sync_wait(leat::iota(1, 5) | leat::last()) == 4);
    CHECK(sync_wait(leat::last(leat::iota(1, 2))) == 1);
    CHECK(sync_wait(leat::empty<int>() | leat::last()) == std::nullopt);
    CHECK(**sync_wait(pointers(4) | leat::last()) == 3);
    const balance b;
    {
        const std::vector<counted> v{2, 1, 3};
        CHECK(sync_wait(lent(v) | leat::last())->value == 3);
        CHECK(v[2].value == 3);
    }
    CHECK(b.even());
    passes_errors_on(leat::last());
}

TEST_CASE("single", "[single]") {
    CHECK(sync_wait(leat::iota(1, 2) | leat::single()) == 1);
    CHECK(*sync_wait(leat::single(pointers(1))) == 0);
    CHECK_THROWS_AS(sync_wait(leat::empty<int>() | leat::single()), leat::no_element);
    CHECK_THROWS_AS(sync_wait(leat::iota(1, 5) | leat::single()), leat::several_elements);
    CHECK_THROWS_AS(sync_wait(leat::iota(1, 5) | leat::single()), leat::error);
    meter m;
    CHECK_THROWS_AS(sync_wait(metered(5, m) | leat::single()), leat::several_elements);
    CHECK(m.asked == 2);
    CHECK(m.closed == 1);
    CHECK_THROWS_WITH(sync_wait(broken(1) | leat::single()), "broken");
    CHECK_THROWS_WITH(sync_wait(broken(0) | leat::single()), "broken");
}

TEST_CASE("nth", "[nth]") {
    CHECK(sync_wait(leat::iota(1, 5) | leat::nth(0)) == 1);
    CHECK(sync_wait(leat::nth(leat::iota(1, 5), 3)) == 4);
    CHECK(sync_wait(leat::iota(1, 5) | leat::nth(4)) == std::nullopt);
    CHECK(sync_wait(leat::empty<int>() | leat::nth(0)) == std::nullopt);
    CHECK(**sync_wait(pointers(4) | leat::nth(2)) == 2);
    stops_early(leat::nth(2), 3);
    passes_errors_on(leat::nth(3));
}

TEST_CASE("any, all, none", "[any][all][none]") {
    CHECK(sync_wait(leat::iota(0, 5) | leat::any(is_two)));
    CHECK_FALSE(sync_wait(leat::iota(0, 5) | leat::all(is_two)));
    CHECK_FALSE(sync_wait(leat::iota(0, 5) | leat::none(is_two)));
    CHECK_FALSE(sync_wait(leat::any(leat::iota(3, 5), is_two)));
    CHECK(sync_wait(leat::all(leat::iota(0, 5), is_small)));
    CHECK(sync_wait(leat::none(leat::iota(3, 5), is_two)));
    CHECK_FALSE(sync_wait(leat::empty<int>() | leat::any(is_two)));
    CHECK(sync_wait(leat::empty<int>() | leat::all(is_two)));
    CHECK(sync_wait(leat::empty<int>() | leat::none(is_two)));
    stops_early(leat::any(is_two), 3);
    stops_early(leat::none(is_two), 3);
    stops_early(leat::all([](int x) { return x < 1; }), 2);
    passes_errors_on(leat::any([](int) { return false; }));
    passes_errors_on(leat::all(is_small));
    auto bad = [](int) -> bool { throw std::runtime_error("in the predicate"); };
    meter m;
    CHECK_THROWS_WITH(sync_wait(metered(5, m) | leat::any(bad)), "in the predicate");
    CHECK(m.closed == 1);
    struct flag {
        bool set;
    };
    CHECK(sync_wait(leat::from_range({flag{false}, flag{true}}) | leat::any(&flag::set)));
    auto views = []() -> async_generator<std::string_view> { co_yield "a"; };
    CHECK(sync_wait(views() | leat::any([](std::string_view s) { return s == "a"; })));
}

TEST_CASE("contains", "[contains]") {
    CHECK(sync_wait(leat::iota(0, 5) | leat::contains(2)));
    CHECK_FALSE(sync_wait(leat::contains(leat::iota(0, 5), 7)));
    CHECK_FALSE(sync_wait(leat::empty<int>() | leat::contains(7)));
    CHECK(sync_wait(leat::from_range(words{"Ada", "Bob"}) | leat::contains("Bob")));
    auto views = []() -> async_generator<std::string_view> { co_yield "a"; };
    CHECK(sync_wait(views() | leat::contains(std::string("a"))));
    stops_early(leat::contains(2), 3);
    passes_errors_on(leat::contains(7));
}

TEST_CASE("find", "[find]") {
    CHECK(sync_wait(leat::iota(0, 5) | leat::find(is_two)) == 2);
    CHECK(sync_wait(leat::find(leat::iota(3, 5), is_two)) == std::nullopt);
    CHECK(sync_wait(leat::empty<int>() | leat::find(is_two)) == std::nullopt);
    auto third = [](const std::unique_ptr<int>& p) { return *p == 3; };
    CHECK(**sync_wait(pointers(5) | leat::find(third)) == 3);
    const std::vector<counted> v{2, 1, 3};
    CHECK(sync_wait(lent(v) | leat::find([](const counted& x) { return x.value == 1; }))->value == 1);
    stops_early(leat::find(is_two), 3);
    passes_errors_on(leat::find([](int) { return false; }));
}

TEST_CASE("collect: sets, maps and strings", "[collect]") {
    using pair = std::pair<int, std::string>;
    auto pairs = [] { return leat::from_range({pair(2, "two"), pair(1, "one"), pair(2, "second")}); };
    const std::map<int, std::string> map{{1, "one"}, {2, "two"}}; // the first one of a key stays
    CHECK(sync_wait(pairs() | leat::collect<std::map>()) == map);
    CHECK(sync_wait(pairs() | leat::collect<std::map<int, std::string>>()) == map);
    CHECK(sync_wait(pairs() | leat::collect<std::unordered_map>()).size() == 2);
    CHECK(sync_wait(pairs() | leat::collect<std::multimap>()).count(2) == 2);
    CHECK(sync_wait(leat::collect<std::vector>(pairs())).size() == 3);
    CHECK(sync_wait(leat::from_range({2, 1, 2}) | leat::collect<std::set>()) == std::set<int>{1, 2});
    CHECK(sync_wait(leat::from_range({'a', 'b'}) | leat::collect<std::string>()) == "ab");
    CHECK(sync_wait(leat::from_range({'a', 'b'}) | leat::collect<std::basic_string>()) == "ab");
    CHECK(sync_wait(leat::from_range(words{"ab", "c"}) | leat::collect<std::string>()) == "abc");
    auto views = []() -> async_generator<std::string_view> {
        co_yield "ab";
        co_yield "c";
    };
    CHECK(sync_wait(views() | leat::collect<std::string>()) == "abc");
    auto literals = leat::from_range({"x", "y"});
    CHECK(sync_wait(std::move(literals) | leat::collect<std::string>()) == "xy");
    CHECK(sync_wait(pointers(2) | leat::collect<std::list>()).size() == 2);
}

TEST_CASE("collect_into: adds to what is there", "[collect_into]") {
    ints v{7};
    sync_wait(leat::iota(0, 2) | leat::collect_into(v));
    sync_wait(leat::collect_into(leat::iota(5, 6), v));
    CHECK(v == ints{7, 0, 1, 5});
    CHECK_THROWS_WITH(sync_wait(broken(2) | leat::collect_into(v)), "broken");
    CHECK(v == ints{7, 0, 1, 5, 0, 1});
    std::string s = ">";
    sync_wait(leat::from_range(words{"ab", "c"}) | leat::collect_into(s));
    CHECK(s == ">abc");
    std::map<int, std::string> m{{1, "old"}};
    sync_wait(leat::from_range({std::pair<int, std::string>(1, "new"), {2, "two"}}) | leat::collect_into(m));
    CHECK(m == std::map<int, std::string>{{1, "old"}, {2, "two"}});
    std::deque<std::unique_ptr<int>> d;
    sync_wait(pointers(2) | leat::collect_into(d));
    CHECK(d.size() == 2);
    auto into = leat::collect_into(v); // a value, as every part of a pipeline
    sync_wait(leat::iota(8, 9) | into);
    CHECK(v.back() == 8);
}
