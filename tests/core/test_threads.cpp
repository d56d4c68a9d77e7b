#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/waiting.hpp"

#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include <leat/leat.hpp>

// Producers that finish on other threads. ThreadSanitizer watches; random spins make each side come first sometimes.

namespace {

using leat::async_generator;
using leat::sync_wait;
using leat::task;

constexpr int many = 100'000;

// `spin_here` before the leaving thread goes back to its reader, `spin_there` before the other thread yields.
struct dawdling {
    std::minstd_rand random{42};
    unsigned limit;
    explicit dawdling(unsigned l) : limit(l) {}
    unsigned operator()() {
        const auto r = random();
        return limit == 0 || r % 3 != 0 ? 0 : static_cast<unsigned>(r / 3 % limit);
    }
};

async_generator<int> hopping(two_threads& t, int n, unsigned limit) {
    dawdling here(limit);
    dawdling there(limit);
    for (int i = 0; i < n; ++i) {
        co_await t.hop(here());
        other_thread::spin(there());
        co_yield i;
    }
}

// Two threads take turns, and some elements need none.
async_generator<int> wandering(other_thread& a, other_thread& b, int n, unsigned limit) {
    dawdling here(limit);
    for (int i = 0; i < n; ++i) {
        if (i % 3 == 0)
            co_await a.hop(here());
        if (i % 3 == 1)
            co_await b.hop(here());
        if (i % 7 == 0)
            co_await a.hop();
        co_yield i;
    }
    co_await b.hop();
}

task<long> pull(async_generator<int> s) {
    long sum = 0;
    while (auto x = co_await s.next())
        sum += *x;
    co_return sum;
}
task<long> push(async_generator<int> s) {
    long sum = 0;
    auto each = std::move(s) | leat::for_each([&sum](int x) { sum += x; });
    co_await each;
    co_return sum;
}
task<long> push_stages(async_generator<int> s) {
    long sum = 0;
    auto each = std::move(s) | leat::filter([](int x) { return x % 2 == 0; }) | leat::chunk(3) |
                leat::flat_map([](std::vector<int> c) { return c; }) |
                leat::for_each([&sum](int x) { sum += x; });
    co_await each;
    co_return sum;
}
task<long> pull_stages(async_generator<int> s) {
    long sum = 0;
    auto p = std::move(s) | leat::filter([](int x) { return x % 2 == 0; }) | leat::chunk(3) |
             leat::flat_map([](std::vector<int> c) { return c; });
    while (auto x = co_await p.next())
        sum += *x;
    co_return sum;
}

constexpr long sum_to(long n) { return n * (n - 1) / 2; }
constexpr long even_sum_to(long n) { return (n / 2) * (n / 2 - 1); } // n even

} // namespace

TEST_CASE("threads: 100,000 elements, each finished on another thread, pulled", "[threads]") {
    two_threads t;
    CHECK(sync_wait(pull(hopping(t, many, 0))) == sum_to(many));
}

TEST_CASE("threads: 100,000 elements, each finished on another thread, pushed", "[threads]") {
    two_threads t;
    CHECK(sync_wait(push(hopping(t, many, 0))) == sum_to(many));
}

TEST_CASE("threads: the reader parked or not, at random", "[threads]") {
    two_threads t;
    for (const unsigned limit : {300u, 3000u}) {
        CHECK(sync_wait(pull(hopping(t, many / 10, limit))) == sum_to(many / 10));
        CHECK(sync_wait(push(hopping(t, many / 10, limit))) == sum_to(many / 10));
        CHECK(sync_wait(pull_stages(hopping(t, many / 10, limit))) == even_sum_to(many / 10));
        CHECK(sync_wait(push_stages(hopping(t, many / 10, limit))) == even_sum_to(many / 10));
    }
}

TEST_CASE("threads: two threads and ready elements in between", "[threads]") {
    other_thread a;
    other_thread b;
    for (const unsigned limit : {0u, 500u}) {
        CHECK(sync_wait(pull(wandering(a, b, many / 10, limit))) == sum_to(many / 10));
        CHECK(sync_wait(push(wandering(a, b, many / 10, limit))) == sum_to(many / 10));
        CHECK(sync_wait(pull_stages(wandering(a, b, many / 10, limit))) == even_sum_to(many / 10));
    }
}

TEST_CASE("threads: the end, an exception and the cleanup come from another thread too", "[threads]") {
    const balance b;
    {
        two_threads t;
        auto body = [](two_threads& o, int n, bool throws, int& closed) -> async_generator<counted> {
            auto close = [&o, &closed]() -> task<> {
                co_await o.hop();
                ++closed;
            };
            co_await leat::on_close(close);
            for (int i = 0; i < n; ++i)
                co_yield counted(i);
            co_await o.hop();
            if (throws)
                throw std::runtime_error("elsewhere");
        };
        for (int i = 0; i < 500; ++i) {
            int closed = 0;
            CHECK(sync_wait(body(t, i % 3, false, closed) | leat::count()) ==
                  static_cast<std::size_t>(i % 3));
            CHECK(closed == 1);
            CHECK_THROWS_WITH(sync_wait(body(t, i % 3, true, closed) | leat::count()), "elsewhere");
            CHECK(closed == 2);
            auto s = body(t, 3, false, closed);
            CHECK(sync_wait(s.next()));
            sync_wait(s.close());
            CHECK(closed == 3);
            auto u = body(t, 0, true, closed);
            CHECK_THROWS_WITH(sync_wait(u.next()), "elsewhere");
            CHECK(closed == 4);
        }
    }
    CHECK(b.even());
}

TEST_CASE("threads: delegation that begins and ends on another thread", "[threads]") {
    two_threads t;
    auto inner = [](two_threads& o, int n) -> async_generator<int> {
        co_await o.hop();
        for (int i = 0; i < n; ++i)
            co_yield i;
        co_await o.hop();
    };
    auto outer = [](auto f, two_threads& o, int n) -> async_generator<int> {
        for (int i = 0; i < n; ++i) {
            co_await o.hop(static_cast<unsigned>(i % 200));
            co_yield leat::elements_of(f(o, i % 4));
        }
    };
    const long expected = 2000 / 4 * (0 + 0 + 1 + 3);
    CHECK(sync_wait(pull(outer(inner, t, 2000))) == expected);
    CHECK(sync_wait(push(outer(inner, t, 2000))) == expected);
}

TEST_CASE("threads: 100,000 tasks that finish on another thread", "[threads]") {
    two_threads t;
    auto hop = [](two_threads& o, int i, unsigned spin) -> task<int> {
        co_await o.hop(spin);
        co_return i;
    };
    auto loop = [](auto f, two_threads& o, int n) -> task<long> {
        long sum = 0;
        dawdling spin(500);
        for (int i = 0; i < n; ++i)
            sum += co_await f(o, i, spin());
        co_return sum;
    };
    CHECK(sync_wait(loop(hop, t, many)) == sum_to(many));
}

TEST_CASE("threads: 10,000 times sync_wait for another thread", "[threads]") {
    other_thread t;
    dawdling spin(500);
    auto hop = [](other_thread& o, int i, unsigned s) -> task<int> {
        co_await o.hop(s);
        co_return i;
    };
    for (int i = 0; i < 10'000; ++i)
        if (sync_wait(hop(t, i, spin())) != i)
            FAIL("wrong result");
}

TEST_CASE("threads: a reader that hops too, so that each step begins elsewhere", "[threads]") {
    two_threads a;
    two_threads b;
    auto read = [](async_generator<int> s, two_threads& o) -> task<long> {
        long sum = 0;
        while (auto x = co_await s.next()) {
            sum += *x;
            if (*x % 2 == 0)
                co_await o.hop();
        }
        co_return sum;
    };
    CHECK(sync_wait(read(hopping(a, many / 20, 100), b)) == sum_to(many / 20));
    auto each = [](async_generator<int> s, two_threads& o) -> task<long> {
        long sum = 0;
        auto f = [&](int x) -> task<> {
            co_await o.hop();
            sum += x;
        };
        auto all = std::move(s) | leat::for_each(f);
        co_await all;
        co_return sum;
    };
    CHECK(sync_wait(each(hopping(a, many / 20, 100), b)) == sum_to(many / 20));
}

TEST_CASE("threads: a stream made here, read there, destroyed yonder", "[threads]") {
    const balance b;
    for (int i = 0; i < 100; ++i) {
        auto body = []() -> async_generator<counted> {
            const counted local(1);
            for (;;)
                co_yield local;
        };
        auto s = body();
        std::thread([&] { CHECK(sync_wait(s.next())->value == 1); }).join();
        std::thread([t = std::move(s)]() mutable { auto gone = std::move(t); }).join();
    }
    CHECK(b.even());
}

TEST_CASE("threads: streams that are at their end share nothing that is written", "[threads]") {
    auto body = []() -> async_generator<int> { co_return; };
    auto at_end = [&] {
        auto s = body();
        for (int i = 0; i < 1000; ++i) {
            static_cast<void>(sync_wait(s.next()));
            static_cast<void>(sync_wait(s.next_batch()));
            sync_wait(s.close());
        }
        auto p = body() | leat::transform([](int x) { return x; });
        static_cast<void>(sync_wait(p.next_batch()));
        sync_wait(body() | leat::count());
    };
    std::thread one(at_end);
    std::thread two(at_end);
    one.join();
    two.join();
}
