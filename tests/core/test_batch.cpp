#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/once_only.hpp"
#include "support/waiting.hpp"

#include <array>
#include <deque>
#include <forward_list>
#include <list>
#include <memory>
#include <numeric>
#include <ranges>
#include <span>
#include <string>
#include <vector>

#include <leat/leat.hpp>

// co_yield leat::batch(range) on the one side, next_batch() on the other.

namespace {

using leat::async_generator;
using leat::batch;
using leat::sync_wait;

template <class S> std::vector<int> read_all(S& s) {
    std::vector<int> all;
    while (auto x = sync_wait(s.next()))
        all.push_back(static_cast<int>(*x));
    return all;
}

// The sizes of what next_batch() gave, and the elements one after the other.
template <class S> std::vector<int> read_batches(S& s, std::vector<std::size_t>& sizes) {
    std::vector<int> all;
    for (;;) {
        auto b = sync_wait(s.next_batch());
        if (b.empty())
            return all;
        std::size_t n = 0;
        for (auto&& x : b) {
            all.push_back(static_cast<int>(x));
            ++n;
        }
        sizes.push_back(n);
    }
}

async_generator<int> in_batches(int n, int size) {
    std::vector<int> page;
    for (int i = 0; i < n; ++i) {
        page.push_back(i);
        if (static_cast<int>(page.size()) == size) {
            co_yield batch(page);
            page.clear();
        }
    }
    co_yield batch(page);
}

std::vector<int> up_to(int n) {
    std::vector<int> v(static_cast<std::size_t>(n));
    std::iota(v.begin(), v.end(), 0);
    return v;
}

} // namespace

TEST_CASE("batch: next() walks through every batch, whatever the sizes", "[batch]") {
    for (int size : {1, 2, 3, 7, 100, 101}) {
        auto s = in_batches(100, size);
        CHECK(read_all(s) == up_to(100));
    }
}

TEST_CASE("batch: next_batch() gives the batches as they were yielded", "[batch]") {
    auto s = in_batches(10, 4);
    std::vector<std::size_t> sizes;
    CHECK(read_batches(s, sizes) == up_to(10));
    CHECK(sizes == std::vector<std::size_t>{4, 4, 2});
    CHECK(sync_wait(s.next_batch()).empty());
}

TEST_CASE("batch: next_batch() of single yields gives them one by one", "[batch]") {
    auto body = []() -> async_generator<int> {
        for (int i = 0; i < 3; ++i)
            co_yield i;
    };
    auto s = body();
    std::vector<std::size_t> sizes;
    CHECK(read_batches(s, sizes) == up_to(3));
    CHECK(sizes == std::vector<std::size_t>{1, 1, 1});
}

TEST_CASE("batch: next() in the middle of a batch leaves the rest to next_batch()", "[batch]") {
    auto s = in_batches(6, 4);
    CHECK(*sync_wait(s.next()) == 0);
    CHECK(*sync_wait(s.next()) == 1);
    auto rest = sync_wait(s.next_batch());
    CHECK(std::vector(rest.begin(), rest.end()) == std::vector{2, 3});
    CHECK(*sync_wait(s.next()) == 4);
    CHECK(*sync_wait(s.next()) == 5);
    CHECK_FALSE(sync_wait(s.next()));
}

TEST_CASE("batch: every kind of range, to keep and lent", "[batch]") {
    auto kept = []() -> async_generator<int> {
        std::vector<int> vector{0, 1};
        co_yield batch(vector);
        co_yield batch(std::span(vector));
        co_yield batch(std::vector<int>(2, 3)); // a temporary lives until the co_yield returns
        std::array<int, 2> array{4, 5};
        co_yield batch(array);
        const std::vector<int> constant{6, 7};
        co_yield batch(constant);
        co_yield batch(std::span<const int>(constant));
        std::list<int> list{8, 9};
        co_yield batch(list);
        co_yield batch(std::deque<int>(2, 10));
        const std::forward_list<int> forward{12};
        co_yield batch(forward);
        int plain[] = {13, 14};
        co_yield batch(plain);
        co_yield batch(once_only(15, 17));
        once_only named(1, 2);
        co_yield batch(named);
        std::vector<short> narrow{20, 21}; // converted
        co_yield batch(narrow);
        std::vector<bool> bits{true, false};
        co_yield batch(bits);
    };
    const std::vector<int> expected{0, 1,  0,  1,  3,  3,  4,  5,  6, 7,  6,  7, 8,
                                    9, 10, 10, 12, 13, 14, 15, 16, 1, 20, 21, 1, 0};
    auto s = kept();
    CHECK(read_all(s) == expected);
    auto t = kept();
    std::vector<std::size_t> sizes;
    CHECK(read_batches(t, sizes) == expected);

    auto lent = []() -> async_generator<const int&> {
        const std::vector<int> constant{0, 1};
        co_yield batch(constant);
        std::vector<int> vector{2, 3};
        co_yield batch(vector);
        co_yield batch(std::span<const int>(constant));
        const std::list<int> list{4, 5};
        co_yield batch(list);
        co_yield batch(once_only(6, 8));
    };
    auto l = lent();
    CHECK(read_all(l) == std::vector{0, 1, 2, 3, 0, 1, 4, 5, 6, 7});
}

TEST_CASE("batch: an empty one is not seen by the reader", "[batch]") {
    auto body = []() -> async_generator<int> {
        std::vector<int> empty;
        std::list<int> empty_list;
        co_yield batch(empty);
        co_yield batch(empty_list);
        co_yield 1;
        for (int i = 0; i < 1000; ++i) {
            co_yield batch(empty);
            co_yield batch(std::span<int>());
        }
        co_yield 2;
        co_yield batch(empty);
    };
    auto s = body();
    CHECK(read_all(s) == std::vector{1, 2});
    auto t = body();
    std::vector<std::size_t> sizes;
    CHECK(read_batches(t, sizes) == std::vector{1, 2});
    CHECK(sizes == std::vector<std::size_t>{1, 1});
}

TEST_CASE("batch: elements in memory are handed over where they lie, and may be moved away", "[batch]") {
    const balance b;
    {
        auto body = [](std::vector<int>& left) -> async_generator<counted> {
            std::vector<counted> page{1, 2, 3};
            counted::forget_copies();
            co_yield batch(page);
            for (const counted& x : page)
                left.push_back(x.value);
        };
        std::vector<int> left;
        auto s = body(left);
        CHECK(sync_wait(s.next())->value == 1); // looked at only
        const counted taken = std::move(*sync_wait(s.next()));
        CHECK(taken.value == 2);
        CHECK(sync_wait(s.next())->value == 3);
        CHECK(counted::copies == 0);
        CHECK_FALSE(sync_wait(s.next()));
        CHECK(left == std::vector{1, -1, 3});
    }
    CHECK(b.even());
}

TEST_CASE("batch: constants to keep are copied one by one, so that they stay what they are", "[batch]") {
    const balance b;
    {
        auto body = [](const std::vector<counted>& constant) -> async_generator<counted> {
            co_yield batch(constant);
        };
        const std::vector<counted> constant{1, 2};
        auto s = body(constant);
        while (auto x = sync_wait(s.next()))
            const counted taken = std::move(*x);
        CHECK(constant == std::vector<counted>{1, 2});
    }
    CHECK(b.even());
}

TEST_CASE("batch: of elements that can only be moved", "[batch]") {
    auto body = []() -> async_generator<std::unique_ptr<int>> {
        std::vector<std::unique_ptr<int>> page;
        page.push_back(std::make_unique<int>(1));
        page.push_back(std::make_unique<int>(2));
        co_yield batch(page);
        std::list<std::unique_ptr<int>> list;
        list.push_back(std::make_unique<int>(3));
        co_yield batch(list);
    };
    auto s = body();
    int sum = 0;
    while (auto x = sync_wait(s.next())) {
        const std::unique_ptr<int> mine = std::move(*x);
        sum += *mine;
    }
    CHECK(sum == 6);
}

TEST_CASE("batch: a reader that changes lent elements changes the producer's", "[batch]") {
    auto body = [](std::vector<int>& page) -> async_generator<int&> { co_yield batch(page); };
    std::vector<int> page{1, 2, 3};
    auto s = body(page);
    auto b = sync_wait(s.next_batch());
    std::span<int> span(b);
    for (int& x : span)
        x *= 2;
    CHECK(page == std::vector{2, 4, 6});
    CHECK(b[1] == 4);
    CHECK(b.front() == 2);
    CHECK(b.back() == 6);
    CHECK(b.size() == 3);
}

TEST_CASE("batch: given up in the middle, the rest is dropped with the stream", "[batch]") {
    const balance b;
    {
        auto body = []() -> async_generator<counted> {
            std::vector<counted> page{1, 2, 3};
            for (;;)
                co_yield batch(page);
        };
        auto s = body();
        CHECK(sync_wait(s.next())->value == 1);
        SECTION("destroyed") {}
        SECTION("closed") {
            sync_wait(s.close());
            CHECK_FALSE(sync_wait(s.next()));
            CHECK(sync_wait(s.next_batch()).empty());
        }
        SECTION("moved, then read on") {
            auto t = std::move(s);
            CHECK(sync_wait(t.next())->value == 2);
        }
    }
    CHECK(b.even());
}

TEST_CASE("batch: an exception comes after the whole batch before it", "[batch]") {
    auto body = []() -> async_generator<int> {
        std::vector<int> page{1, 2, 3};
        co_yield batch(page);
        throw std::runtime_error("broken");
    };
    auto s = body();
    auto b = sync_wait(s.next_batch());
    CHECK(b.size() == 3);
    CHECK_THROWS_WITH(sync_wait(s.next_batch()), "broken");
    CHECK(sync_wait(s.next_batch()).empty());

    auto range_throws = []() -> async_generator<int> {
        once_only bad(0, 5, 3);
        co_yield batch(bad);
    };
    auto t = range_throws();
    for (int i = 0; i < 3; ++i)
        CHECK(*sync_wait(t.next()) == i);
    CHECK_THROWS_WITH(sync_wait(t.next()), "in the range");
    CHECK_FALSE(sync_wait(t.next()));
}

TEST_CASE("next_batch() of a pipeline: computed while one walks over it, and the rest stays in the stream",
          "[batch]") {
    int computed = 0;
    auto s = in_batches(10, 5) | leat::filter([](int x) { return x % 2 == 0; }) | leat::transform([&](int x) {
                 ++computed;
                 return x * 10;
             });
    {
        auto b = sync_wait(s.next_batch());
        REQUIRE(b);
        CHECK(computed == 1);
        std::vector<int> seen;
        for (const int x : b) {
            seen.push_back(x);
            if (seen.size() == 2)
                break;
        }
        CHECK(seen == std::vector{0, 20});
        CHECK(computed == 2);
    }
    CHECK(*sync_wait(s.next()) == 40);
    std::vector<std::size_t> sizes;
    CHECK(read_batches(s, sizes) == std::vector{60, 80});
    CHECK(sizes == std::vector<std::size_t>{2});
}

TEST_CASE("next_batch() of a pipeline: a batch of which nothing survives is skipped", "[batch]") {
    auto s = in_batches(100, 10) | leat::filter([](int x) { return x >= 95; });
    std::vector<std::size_t> sizes;
    CHECK(read_batches(s, sizes) == std::vector{95, 96, 97, 98, 99});
    CHECK(sizes == std::vector<std::size_t>{5});
}

TEST_CASE("next_batch() of a pipeline: an exception comes after the elements before it", "[batch]") {
    auto s = in_batches(10, 10) | leat::transform([](int x) {
                 if (x == 2)
                     throw std::runtime_error("stage");
                 return x;
             });
    std::vector<int> seen;
    auto b = sync_wait(s.next_batch());
    for (const int x : b)
        seen.push_back(x);
    CHECK(seen == std::vector{0, 1});
    SECTION("at the next step") { CHECK_THROWS_WITH(sync_wait(s.next_batch()), "stage"); }
    SECTION("or by close()") { CHECK_THROWS_WITH(sync_wait(s.close()), "stage"); }
    CHECK(sync_wait(s.next_batch()).empty());
    CHECK_FALSE(sync_wait(s.next()));
}

TEST_CASE("next_batch() of a pipeline is an input range", "[batch]") {
    auto s = in_batches(4, 4) | leat::transform([](int x) { return x + 1; });
    using batch_type = decltype(sync_wait(s.next_batch()));
    STATIC_REQUIRE(std::ranges::input_range<batch_type&>);
    auto b = sync_wait(s.next_batch());
    int sum = 0;
    for (auto i = std::ranges::begin(b); i != std::ranges::end(b); ++i)
        sum += *i;
    CHECK(sum == 1 + 2 + 3 + 4);
    CHECK(sync_wait(s.next_batch()).empty());
}
