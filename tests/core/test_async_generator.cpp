#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/waiting.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <leat/async_generator.hpp>
#include <leat/sync_wait.hpp>

// What a generator is for its reader: the kinds of elements, its end, its errors, its life. Batches, delegation and
// closing have files of their own.

namespace {

using leat::async_generator;
using leat::sync_wait;

async_generator<int> numbers(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
}

async_generator<int> throws_after(int n, const char* what) {
    for (int i = 0; i < n; ++i)
        co_yield i;
    throw std::runtime_error(what);
}

template <class S> std::vector<int> read_all(S& s) {
    std::vector<int> all;
    while (auto x = sync_wait(s.next()))
        all.push_back(*x);
    return all;
}

// Says when it is destroyed.
struct tracked {
    explicit tracked(int& n) : count(&n) { ++*count; }
    tracked(const tracked&) = delete;
    ~tracked() { --*count; }
    int* count;
};

async_generator<int> holding(int& alive, int n) {
    const tracked local(alive);
    for (int i = 0; i < n; ++i)
        co_yield i;
}

} // namespace

TEST_CASE("async_generator: gives its elements in order and then the end", "[async_generator]") {
    auto s = numbers(3);
    CHECK(read_all(s) == std::vector{0, 1, 2});
    auto none = numbers(0);
    CHECK_FALSE(sync_wait(none.next()));
}

TEST_CASE("async_generator: its body starts with the first step and runs only as far as it is asked",
          "[async_generator]") {
    int asked = 0;
    auto body = [](int& count) -> async_generator<int> {
        for (;;)
            co_yield ++count;
    };
    auto s = body(asked);
    CHECK(asked == 0);
    for (int i = 1; i <= 3; ++i) {
        CHECK(*sync_wait(s.next()) == i);
        CHECK(asked == i);
    }
}

TEST_CASE("async_generator: what next() gives for each kind of element", "[async_generator]") {
    using std::is_same_v;
    using text = std::string;
    STATIC_REQUIRE(is_same_v<leat::stream_reference_t<async_generator<text>>, text&&>);
    STATIC_REQUIRE(is_same_v<leat::stream_reference_t<async_generator<text&&>>, text&&>);
    STATIC_REQUIRE(is_same_v<leat::stream_reference_t<async_generator<text&>>, text&>);
    STATIC_REQUIRE(is_same_v<leat::stream_reference_t<async_generator<const text&>>, const text&>);
    STATIC_REQUIRE(is_same_v<leat::stream_value_t<async_generator<const text&>>, text>);
    STATIC_REQUIRE(leat::stream<async_generator<text>>);
    STATIC_REQUIRE(leat::stream<async_generator<text>&>);
    STATIC_REQUIRE_FALSE(leat::stream<std::vector<int>>);
    STATIC_REQUIRE(leat::awaitable<decltype(std::declval<async_generator<text>&>().next())>);
    STATIC_REQUIRE(leat::awaitable<decltype(std::declval<async_generator<text>&>().close())>);
    STATIC_REQUIRE_FALSE(leat::awaitable<int>);
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<async_generator<int>>);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<async_generator<int>>);
    STATIC_REQUIRE(sizeof(async_generator<text>) == sizeof(void*));
}

TEST_CASE("async_generator<T>: a yielded lvalue is copied, so the reader may move it away",
          "[async_generator]") {
    const balance b;
    auto body = [](int n) -> async_generator<counted> {
        counted mine(7);
        for (int i = 0; i < n; ++i) {
            co_yield mine;
            if (mine.value != 7)
                throw std::logic_error("the reader got at the producer's own");
        }
        const counted constant(8);
        co_yield constant;
    };
    {
        auto s = body(2);
        counted::forget_copies();
        for (int i = 0; i < 2; ++i) {
            auto x = sync_wait(s.next());
            const counted taken = std::move(*x);
            CHECK(taken.value == 7);
        }
        CHECK(counted::copies == 2);
        CHECK(sync_wait(s.next())->value == 8);
        CHECK_FALSE(sync_wait(s.next()));
    }
    CHECK(b.even());
}

TEST_CASE("async_generator<T>: a yielded rvalue is handed over where it is", "[async_generator]") {
    const balance b;
    auto body = []() -> async_generator<counted> {
        co_yield counted(1);
        counted named(2);
        co_yield std::move(named);
        co_yield 3;   // converted
        co_yield {4}; // built from a braced list
    };
    {
        auto s = body();
        counted::forget_copies();
        for (int i = 1; i <= 4; ++i)
            CHECK(sync_wait(s.next())->value == i);
        CHECK_FALSE(sync_wait(s.next()));
        CHECK(counted::copies == 0);
        CHECK(counted::moves == 0);
    }
    CHECK(b.even());
}

TEST_CASE("async_generator<T&&>: as a value", "[async_generator]") {
    auto body = []() -> async_generator<std::string&&> {
        std::string mine = "a string too long for the small string optimisation";
        co_yield mine;
        co_yield std::move(mine);
        co_yield "a literal";
    };
    auto s = body();
    const std::string first = std::move(*sync_wait(s.next()));
    const std::string second = std::move(*sync_wait(s.next()));
    CHECK(first == "a string too long for the small string optimisation");
    CHECK(second == first);
    CHECK(*sync_wait(s.next()) == "a literal");
    CHECK_FALSE(sync_wait(s.next()));
}

TEST_CASE("async_generator<T&>: lends the producer's own, and the reader may change it",
          "[async_generator]") {
    auto body = [](std::vector<int>& seen) -> async_generator<int&> {
        int mine = 1;
        for (int i = 0; i < 3; ++i) {
            co_yield mine;
            seen.push_back(mine);
        }
    };
    std::vector<int> seen;
    auto s = body(seen);
    while (auto x = sync_wait(s.next()))
        *x *= 10;
    CHECK(seen == std::vector{10, 100, 1000});
}

TEST_CASE("async_generator<const T&>: lends without a copy, lvalues, constants and temporaries",
          "[async_generator]") {
    const balance b;
    auto body = [](const counted& outside) -> async_generator<const counted&> {
        co_yield outside;
        co_yield counted(2);
        co_yield 3;
    };
    {
        const counted outside(1);
        counted::forget_copies();
        auto s = body(outside);
        {
            auto x = sync_wait(s.next());
            CHECK(&*x == &outside);
            STATIC_REQUIRE(std::is_same_v<decltype(*x), const counted&>);
        }
        CHECK(sync_wait(s.next())->value == 2);
        CHECK(sync_wait(s.next())->value == 3);
        CHECK_FALSE(sync_wait(s.next()));
        CHECK(counted::copies == 0);
        CHECK(counted::moves == 0);
    }
    CHECK(b.even());
}

TEST_CASE("async_generator: elements that can only be moved, or not even that", "[async_generator]") {
    auto pointers = [](int n) -> async_generator<std::unique_ptr<int>> {
        for (int i = 0; i < n; ++i)
            co_yield std::make_unique<int>(i);
        auto named = std::make_unique<int>(n);
        co_yield std::move(named);
    };
    auto s = pointers(1);
    std::unique_ptr<int> zero = std::move(*sync_wait(s.next()));
    REQUIRE(zero);
    CHECK(*zero == 0);
    CHECK(**sync_wait(s.next()) == 1);
    CHECK_FALSE(sync_wait(s.next()));

    struct pinned {
        int value;
        explicit pinned(int v) : value(v) {}
        pinned(const pinned&) = delete;
    };
    auto fixed = []() -> async_generator<pinned> { co_yield pinned(5); };
    auto p = fixed();
    CHECK(sync_wait(p.next())->value == 5);
}

TEST_CASE("async_generator: what converts to the element is converted", "[async_generator]") {
    auto words = []() -> async_generator<std::string> {
        const std::string_view view = "view";
        co_yield "literal";
        co_yield std::string(view);
    };
    auto s = words();
    CHECK(*sync_wait(s.next()) == "literal");
    CHECK(*sync_wait(s.next()) == "view");

    auto wide = []() -> async_generator<long long> {
        const short small = -1;
        co_yield small;
        co_yield 2u;
    };
    auto w = wide();
    CHECK(*sync_wait(w.next()) == -1);
    CHECK(*sync_wait(w.next()) == 2);
}

TEST_CASE("async_generator: stays at the end for ever", "[async_generator]") {
    auto s = numbers(1);
    CHECK(sync_wait(s.next()));
    for (int i = 0; i < 3; ++i) {
        CHECK_FALSE(sync_wait(s.next()));
        CHECK(sync_wait(s.next_batch()).empty());
        sync_wait(s.close());
    }
}

TEST_CASE("async_generator: its exception comes after the elements before it, and then there is the end",
          "[async_generator]") {
    for (int n : {0, 1, 5}) {
        auto s = throws_after(n, "broken");
        for (int i = 0; i < n; ++i)
            CHECK(*sync_wait(s.next()) == i);
        CHECK_THROWS_WITH(sync_wait(s.next()), "broken");
        for (int i = 0; i < 3; ++i) {
            CHECK_FALSE(sync_wait(s.next()));
            CHECK(sync_wait(s.next_batch()).empty());
        }
        CHECK_NOTHROW(sync_wait(s.close()));
    }
}

TEST_CASE("async_generator: any type can be thrown", "[async_generator]") {
    auto body = []() -> async_generator<int> {
        co_yield 1;
        throw 42; // NOLINT
    };
    auto s = body();
    CHECK(*sync_wait(s.next()) == 1);
    CHECK_THROWS_AS(sync_wait(s.next()), int);
    CHECK_FALSE(sync_wait(s.next()));
}

TEST_CASE("async_generator: the body's locals are gone when the end is reported", "[async_generator]") {
    int alive = 0;
    auto s = holding(alive, 1);
    CHECK(alive == 0); // not started
    CHECK(sync_wait(s.next()));
    CHECK(alive == 1);
    CHECK_FALSE(sync_wait(s.next()));
    CHECK(alive == 0);
}

TEST_CASE("async_generator: destroyed at any moment, it takes its locals and parameters along",
          "[async_generator]") {
    const balance b;
    int alive = 0;
    auto body = [](int& count, counted parameter) -> async_generator<counted> {
        const tracked local(count);
        co_yield parameter;
        co_yield counted(2);
        co_yield counted(3);
    };
    for (int steps = 0; steps <= 5; ++steps) {
        {
            auto s = body(alive, counted(1));
            for (int i = 0; i < steps; ++i)
                sync_wait(s.next());
        }
        CHECK(alive == 0);
        CHECK(b.even());
    }
}

TEST_CASE("async_generator: destroyed while it waits, nothing is resumed", "[async_generator]") {
    const balance b;
    int alive = 0;
    manual_loop loop;
    auto body = [](manual_loop& l, int& count) -> async_generator<counted> {
        const tracked local(count);
        const counted mine(1);
        co_await l.turn();
        co_yield mine;
    };
    {
        auto read = [](async_generator<counted> s) -> leat::task<> {
            auto x = co_await s.next();
            FAIL("it must not come to this: " << x->value);
        };
        const auto reader = start(read(body(loop, alive)));
        CHECK(alive == 1);
        CHECK_FALSE(reader.done());
    }
    CHECK(alive == 0);
    CHECK(loop.idle());
    CHECK(b.even());
}

TEST_CASE("async_generator: moves, started or not", "[async_generator]") {
    int alive = 0;
    auto a = holding(alive, 3);
    auto c = std::move(a);
    CHECK(*sync_wait(c.next()) == 0);
    auto d = std::move(c);
    CHECK(*sync_wait(d.next()) == 1);
    CHECK(alive == 1);

    SECTION("move assignment destroys what was there") {
        d = numbers(10);
        CHECK(alive == 0);
        CHECK(*sync_wait(d.next()) == 0);
    }
    SECTION("to itself it does nothing") {
        auto& same = d;
        d = std::move(same);
        CHECK(alive == 1);
        CHECK(*sync_wait(d.next()) == 2);
    }
    SECTION("from a finished one it becomes finished") {
        auto finished = numbers(0);
        CHECK_FALSE(sync_wait(finished.next()));
        d = std::move(finished);
        CHECK(alive == 0);
        CHECK_FALSE(sync_wait(d.next()));
    }
    SECTION("from an empty one, what was there is destroyed") {
        d = async_generator<int>();
        CHECK(alive == 0);
        d = numbers(1);
        CHECK(*sync_wait(d.next()) == 0);
    }
}

TEST_CASE("async_generator: close() at any moment ends it", "[async_generator]") {
    int alive = 0;
    for (int steps = 0; steps <= 4; ++steps) {
        auto s = holding(alive, 3);
        for (int i = 0; i < steps; ++i)
            sync_wait(s.next());
        sync_wait(s.close());
        CHECK(alive == 0);
        CHECK_FALSE(sync_wait(s.next()));
        sync_wait(s.close());
        CHECK_FALSE(sync_wait(s.next()));
    }
}

TEST_CASE("async_generator: a body that is closed does not see an exception it would have thrown later",
          "[async_generator]") {
    auto s = throws_after(2, "later");
    CHECK(*sync_wait(s.next()) == 0);
    CHECK_NOTHROW(sync_wait(s.close()));
    CHECK_FALSE(sync_wait(s.next()));
}

TEST_CASE("async_generator: close() is never seen by the body as an exception", "[async_generator]") {
    bool caught = false;
    auto body = [](bool& c) -> async_generator<int> {
        try {
            co_yield 1;
            co_yield 2;
        } catch (...) {
            c = true;
        }
    };
    auto s = body(caught);
    CHECK(sync_wait(s.next()));
    sync_wait(s.close());
    CHECK_FALSE(caught);
}

TEST_CASE("async_generator: the reader's exception never enters the body", "[async_generator]") {
    bool caught = false;
    int alive = 0;
    auto body = [](bool& c, int& count) -> async_generator<int> {
        const tracked local(count);
        try {
            for (int i = 0;; ++i)
                co_yield i;
        } catch (...) {
            c = true;
        }
    };
    auto reading = [](async_generator<int> s) -> leat::task<> {
        while (auto x = co_await s.next())
            if (*x == 2)
                throw std::runtime_error("the reader's");
    };
    CHECK_THROWS_WITH(sync_wait(reading(body(caught, alive))), "the reader's");
    CHECK_FALSE(caught);
    CHECK(alive == 0);
}

TEST_CASE("async_generator: a body may use other generators and tasks", "[async_generator]") {
    auto squares = [](int n) -> async_generator<int> {
        auto square = [](int x) -> leat::task<int> { co_return x* x; };
        auto s = numbers(n);
        while (auto x = co_await s.next())
            co_yield co_await square(*x);
    };
    auto s = squares(4);
    CHECK(read_all(s) == std::vector{0, 1, 4, 9});
}

TEST_CASE("async_generator: an unhandled exception of something awaited leaves through the stream",
          "[async_generator]") {
    auto body = []() -> async_generator<int> {
        auto fails = []() -> leat::task<> {
            throw std::runtime_error("from a task");
            co_return;
        };
        co_yield 1;
        co_await fails();
        co_yield 2;
    };
    auto s = body();
    CHECK(*sync_wait(s.next()) == 1);
    CHECK_THROWS_WITH(sync_wait(s.next()), "from a task");
    CHECK_FALSE(sync_wait(s.next()));
}

TEST_CASE("maybe: keeps, moves and lets go of its element", "[maybe]") {
    const balance b;
    {
        leat::maybe<counted> none;
        CHECK_FALSE(none);
        leat::maybe<counted> one(leat::detail::from_call{}, [] { return counted(1); });
        REQUIRE(one);
        CHECK(one->value == 1);
        leat::maybe<counted> other = std::move(one);
        CHECK(other->value == 1);
        none = std::move(other);
        CHECK((*none).value == 1);
        auto& same = none;
        none = std::move(same);
        CHECK(none->value == 1);
        none = leat::maybe<counted>();
        CHECK_FALSE(none);
    }
    CHECK(b.even());
    const leat::maybe<int> plain(leat::detail::from_call{}, [] { return 5; });
    const leat::maybe<int> copy = plain; // NOLINT
    CHECK(*copy == 5);
    int x = 3;
    const leat::maybe<int&> reference(&x);
    *reference = 4;
    CHECK(x == 4);
    CHECK(&reference.forward() == &x);
}
