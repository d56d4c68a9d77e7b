#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/once_only.hpp"
#include "support/waiting.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <leat/leat.hpp>
#include <leat/source/empty.hpp>
#include <leat/source/fail_with.hpp>
#include <leat/source/from_range.hpp>
#include <leat/source/iota.hpp>
#include <leat/source/iterate.hpp>
#include <leat/source/once.hpp>
#include <leat/source/repeat.hpp>

// Sources that have their elements at hand, each in every way to read.

namespace {

using leat::sync_wait;
using ints = std::vector<int>;

template <class S> leat::task<std::vector<leat::stream_value_t<S>>> by_next(S s) {
    std::vector<leat::stream_value_t<S>> out;
    while (auto x = co_await s.next())
        out.push_back(x.forward());
    CHECK_FALSE(static_cast<bool>(co_await s.next()));
    co_return out;
}
template <class S> leat::task<std::vector<leat::stream_value_t<S>>> by_batch(S s) {
    std::vector<leat::stream_value_t<S>> out;
    for (bool more = true; more;) {
        auto batch = co_await s.next_batch();
        more = !batch.empty();
        for (auto& x : batch)
            out.push_back(static_cast<leat::stream_reference_t<S>>(x));
    }
    co_return out;
}
template <class S> leat::task<std::vector<std::size_t>> batch_sizes(S s) {
    std::vector<std::size_t> out;
    for (bool more = true; more;) {
        auto batch = co_await s.next_batch();
        more = !batch.empty();
        if (more)
            out.push_back(batch.size());
    }
    co_return out;
}

// `make()` gives the stream anew.
template <class Make, class T> void reads_as(Make make, const std::vector<T>& expected) {
    CHECK(sync_wait(by_next(make())) == expected);
    CHECK(sync_wait(by_batch(make())) == expected);
    CHECK(sync_wait(make() | leat::collect<std::vector>()) == expected);
    using reference = leat::stream_reference_t<decltype(make())>;
    using element =
        std::conditional_t<std::is_lvalue_reference_v<reference>, reference, std::remove_cvref_t<reference>>;
    CHECK(sync_wait(leat::any_stream<element>(make()) | leat::collect<std::vector>()) == expected);
    CHECK(sync_wait(make() | leat::count()) == expected.size());
    if (!expected.empty())
        CHECK(sync_wait(make() | leat::take(1) | leat::collect<std::vector>()) ==
              std::vector<T>{expected.front()});
}

} // namespace

TEST_CASE("iota: counts in every way, in pages that nobody sees", "[iota]") {
    reads_as([] { return leat::iota(3, 6); }, ints{3, 4, 5});
    reads_as([] { return leat::iota(3, 3); }, ints{});
    reads_as([] { return leat::iota(3, 2); }, ints{});
    reads_as([] { return leat::iota(-1, 0); }, ints{-1});
    reads_as([] { return leat::iota(5) | leat::take(2); }, ints{5, 6});
    reads_as([] { return leat::iota('a', 'd'); }, std::vector<char>{'a', 'b', 'c'});
    for (const int n : {63, 64, 65, 128, 200}) {
        ints expected;
        for (int i = 0; i < n; ++i)
            expected.push_back(i);
        CHECK(sync_wait(by_next(leat::iota(0, n))) == expected);
    }
    CHECK(sync_wait(batch_sizes(leat::iota(0, 130))) == std::vector<std::size_t>{64, 64, 2});
}

TEST_CASE("iota: ends where its type does", "[iota]") {
    CHECK(sync_wait(leat::iota(std::uint8_t{250}) | leat::count()) == 6);
    CHECK(sync_wait(leat::iota(std::int8_t{-128}) | leat::count()) == 256);
    const std::vector<std::uint64_t> most{~std::uint64_t{0} - 1, ~std::uint64_t{0}};
    CHECK(sync_wait(by_next(leat::iota(~std::uint64_t{0} - 1))) == most);
    CHECK(sync_wait(leat::iota(std::int8_t{-128}, std::int8_t{127}) | leat::count()) == 255);
}

TEST_CASE("iota: of two types, and of what only counts", "[iota]") {
    auto mixed = leat::iota(1, 4L);
    STATIC_REQUIRE(std::is_same_v<leat::stream_value_t<decltype(mixed)>, long>);
    CHECK(sync_wait(std::move(mixed) | leat::count()) == 3);
    std::list<int> places{10, 20, 30};
    auto iterators = leat::iota(places.begin(), places.end());
    CHECK(sync_wait(by_next(std::move(iterators) | leat::transform([](auto i) { return *i; }))) ==
          ints{10, 20, 30});
    CHECK(sync_wait(by_next(leat::iota(0.5) | leat::take(2))) == std::vector<double>{0.5, 1.5});
}

TEST_CASE("iterate: the seed and what comes of it", "[iterate]") {
    auto twice = [](int x) { return 2 * x; };
    reads_as([&] { return leat::iterate(1, twice) | leat::take(4); }, ints{1, 2, 4, 8});
    auto longer = [](std::string s) { return s + "x"; };
    reads_as([&] { return leat::iterate(std::string(), longer) | leat::take(3); },
             std::vector<std::string>{"", "x", "xx"});
}

TEST_CASE("iterate: the function is called for elements that are asked for only", "[iterate]") {
    int calls = 0;
    auto next = [&](int x) {
        ++calls;
        return x + 1;
    };
    CHECK(sync_wait(leat::iterate(0, next) | leat::take(3) | leat::count()) == 3);
    CHECK(calls == 2);
    CHECK(sync_wait(leat::iterate(0, next) | leat::first()) == 0);
    CHECK(calls == 2);
}

TEST_CASE("iterate: what cannot be copied is lent; a copy is the reader's own", "[iterate]") {
    auto next = [](std::unique_ptr<int> x) {
        ++*x;
        return x;
    };
    ints seen;
    auto pointers = leat::iterate(std::make_unique<int>(5), next) | leat::take(3);
    sync_wait(std::move(pointers) |
              leat::for_each([&](const std::unique_ptr<int>& x) { seen.push_back(*x); }));
    CHECK(seen == ints{5, 6, 7});

    const balance b;
    {
        auto plus = [](const counted& x) { return counted(x.value + 1); };
        ints stolen;
        auto all = leat::iterate(counted(1), plus) | leat::take(3);
        sync_wait(std::move(all) | leat::for_each([&](counted x) { stolen.push_back(x.value); }));
        CHECK(stolen == ints{1, 2, 3});
    }
    CHECK(b.even());
}

TEST_CASE("iterate: elements come before the function's exception", "[iterate]") {
    auto bad = [](int x) {
        if (x == 2)
            throw std::runtime_error("no more");
        return x + 1;
    };
    ints seen;
    auto all = leat::iterate(0, bad) | leat::inspect([&](int x) { seen.push_back(x); });
    CHECK_THROWS_WITH(sync_wait(std::move(all) | leat::count()), "no more");
    CHECK(seen == ints{0, 1, 2});
}

TEST_CASE("repeat: a value", "[repeat]") {
    reads_as([] { return leat::repeat(7, 3); }, ints{7, 7, 7});
    reads_as([] { return leat::repeat(7, 0); }, ints{});
    reads_as([] { return leat::repeat(std::string("a")) | leat::take(2); },
             std::vector<std::string>{"a", "a"});
    // Each is the reader's own.
    auto taken = leat::repeat(std::string("long enough to be on the heap"), 2);
    sync_wait(std::move(taken) | leat::for_each([](std::string s) { CHECK(s.size() == 29); }));
    auto lent = leat::repeat(std::make_unique<int>(3), 2);
    STATIC_REQUIRE(std::is_same_v<leat::stream_reference_t<decltype(lent)>, const std::unique_ptr<int>&>);
    CHECK(sync_wait(std::move(lent) | leat::count()) == 2);
}

TEST_CASE("once: one element, moved", "[once]") {
    reads_as([] { return leat::once(7); }, ints{7});
    auto p = sync_wait(leat::once(std::make_unique<int>(4)) | leat::first());
    CHECK(**p == 4);
    counted::forget_copies();
    CHECK(sync_wait(leat::once(counted(1)) | leat::first())->value == 1);
    CHECK(counted::copies == 0);
}

TEST_CASE("empty: no element", "[empty]") {
    reads_as([] { return leat::empty<int>(); }, ints{});
    reads_as([] { return leat::empty<int>() | leat::transform([](int x) { return x; }); }, ints{});
    CHECK(sync_wait(leat::empty<std::unique_ptr<int>>() | leat::count()) == 0);
    CHECK(sync_wait(leat::empty<const counted&>() | leat::count()) == 0);
}

TEST_CASE("fail_with: throws at the first step, then stays at the end", "[fail_with]") {
    auto read = []() -> leat::task<> {
        auto s = leat::fail_with<int>(std::domain_error("broken"));
        bool thrown = false;
        try {
            auto x = co_await s.next();
            CHECK_FALSE(static_cast<bool>(x));
        } catch (const std::domain_error& e) {
            thrown = std::string_view(e.what()) == "broken";
        }
        CHECK(thrown);
        const bool more = static_cast<bool>(co_await s.next());
        CHECK_FALSE(more);
    };
    sync_wait(read());
    auto pointer = std::make_exception_ptr(std::domain_error("pointed to"));
    CHECK_THROWS_WITH(sync_wait(leat::fail_with<std::string>(pointer) | leat::count()), "pointed to");
    CHECK_THROWS_WITH(sync_wait(leat::any_stream<int>(leat::fail_with<int>(pointer)) | leat::count()),
                      "pointed to");
}

TEST_CASE("from_range: containers that are moved in", "[from_range]") {
    reads_as([] { return leat::from_range(ints{1, 2, 3}); }, ints{1, 2, 3});
    reads_as([] { return leat::from_range(ints{}); }, ints{});
    reads_as([] { return leat::from_range(ints{1}); }, ints{1});
    reads_as([] { return leat::from_range({1, 2, 3}); }, ints{1, 2, 3});
    reads_as([] { return leat::from_range(std::list<int>{1, 2, 3}); }, ints{1, 2, 3});
    reads_as([] { return leat::from_range(std::array<int, 2>{4, 5}); }, ints{4, 5});
    reads_as([] { return leat::from_range(std::vector<bool>{true, false}); }, std::vector<bool>{true, false});
    reads_as([] { return leat::from_range(std::string("ab")); }, std::vector<char>{'a', 'b'});
    CHECK(sync_wait(leat::from_range(std::set<int>{2, 1}) | leat::collect<std::vector>()) == ints{1, 2});
    CHECK(sync_wait(leat::from_range(std::map<int, std::string>{{1, "a"}}) |
                    leat::collect<std::map<int, std::string>>()) == std::map<int, std::string>{{1, "a"}});
}

TEST_CASE("from_range: a contiguous range is one batch", "[from_range]") {
    CHECK(sync_wait(batch_sizes(leat::from_range(ints(1000, 1)))) == std::vector<std::size_t>{1000});
    const ints v(10, 1);
    CHECK(sync_wait(batch_sizes(leat::from_range(std::cref(v)))) == std::vector<std::size_t>{10});
    CHECK(sync_wait(batch_sizes(leat::from_range(std::span(v)))) == std::vector<std::size_t>{10});
}

TEST_CASE("from_range: elements of a container are moved out, not copied", "[from_range]") {
    const balance b;
    {
        std::vector<counted> v;
        v.reserve(3);
        std::list<counted> l;
        for (int i = 0; i < 3; ++i) {
            v.emplace_back(i);
            l.emplace_back(i);
        }
        counted::forget_copies();
        CHECK(sync_wait(leat::from_range(std::move(v)) | leat::collect<std::vector>()).size() == 3);
        CHECK(sync_wait(leat::from_range(std::move(l)) | leat::collect<std::vector>()).size() == 3);
        CHECK(counted::copies == 0);
    }
    CHECK(b.even());
    std::vector<std::unique_ptr<int>> pointers;
    pointers.push_back(std::make_unique<int>(1));
    auto kept = sync_wait(leat::from_range(std::move(pointers)) | leat::collect<std::vector>());
    CHECK(*kept.front() == 1);
}

TEST_CASE("from_range: lends what stays where it is", "[from_range]") {
    const std::vector<counted> fixed{1, 2};
    counted::forget_copies();
    auto lent = leat::from_range(std::cref(fixed));
    STATIC_REQUIRE(std::is_same_v<leat::stream_reference_t<decltype(lent)>, const counted&>);
    const counted* first = nullptr;
    sync_wait(std::move(lent) | leat::take(1) | leat::for_each([&](const counted& x) { first = &x; }));
    CHECK(first == fixed.data());
    CHECK(counted::copies == 0);

    std::list<int> l{1, 2};
    sync_wait(leat::from_range(std::ref(l)) | leat::for_each([](int& x) { x *= 10; }));
    CHECK(l == std::list<int>{10, 20});
    ints v{1, 2};
    sync_wait(leat::from_range(std::span(v)) | leat::for_each([](int& x) { x *= 10; }));
    CHECK(v == ints{10, 20});
    reads_as([] { return leat::from_range(std::string_view("ab")); }, std::vector<char>{'a', 'b'});
    reads_as([&] { return leat::from_range(std::cref(v)); }, ints{10, 20});
}

TEST_CASE("from_range: computed elements are values; an exception in the range comes after those before it",
          "[from_range]") {
    reads_as([] { return leat::from_range(once_only(2, 5)); }, ints{2, 3, 4});
    ints seen;
    auto all = leat::from_range(once_only(0, 5, 2)) | leat::inspect([&](int x) { seen.push_back(x); });
    CHECK_THROWS_WITH(sync_wait(std::move(all) | leat::count()), "in the range");
    CHECK(seen == ints{0, 1});
}
