#include "support/catch.hpp"
#include "support/small_stack.hpp"
#include "support/waiting.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <leat/leat.hpp>

// No number of ready elements grows the stack: ten million of them in every shape of reading, on a stack of 256 KiB, in
// every build, -O0 and AddressSanitizer included. The producer looks where its stack is; it must not have moved.

namespace {

using leat::async_generator;
using leat::sync_wait;
using leat::task;
using u64 = std::uint64_t;

constexpr u64 many = 10'000'000;
constexpr u64 sum_of_many = many * (many - 1) / 2;
// What sanitizers and -O0 may take for one and the same depth of calls: the first step comes from another function
// than the later ones.
constexpr std::size_t same_place = 4096;

async_generator<u64> singles(u64 n, stack_watch& watch) {
    for (u64 i = 0; i < n; ++i) {
        if (i % 1000 == 0 || i + 1 == n)
            watch.look();
        co_yield i;
    }
}

async_generator<u64> copies(u64 n, stack_watch& watch) {
    for (u64 i = 0; i < n; ++i) {
        if (i % 1000 == 0 || i + 1 == n)
            watch.look();
        const u64 lvalue = i;
        co_yield lvalue;
    }
}

async_generator<u64> batches(u64 n, stack_watch& watch) {
    std::vector<u64> page(1000);
    for (u64 i = 0; i < n; i += page.size()) {
        for (u64 k = 0; k < page.size(); ++k)
            page[k] = i + k;
        watch.look();
        co_yield leat::batch(page);
    }
}

template <class S> task<u64> pull(S s) {
    u64 sum = 0;
    while (auto x = co_await s.next())
        sum += *x;
    co_return sum;
}
template <class S> task<u64> pull_batches(S s) {
    u64 sum = 0;
    for (;;) {
        auto b = co_await s.next_batch();
        if (!b)
            break;
        for (const u64 x : b)
            sum += x;
    }
    co_return sum;
}
template <class S> task<u64> push(S s) {
    u64 sum = 0;
    auto each = std::move(s) | leat::for_each([&sum](u64 x) { sum += x; });
    co_await each;
    co_return sum;
}
template <class S> task<u64> fold(S s) {
    auto total = std::move(s) | leat::fold(u64(0), [](u64 a, u64 x) { return a + x; });
    const u64 sum = co_await total;
    co_return sum;
}

auto stages() {
    return leat::transform([](u64 x) { return x + 1; }) | leat::filter([](u64 x) { return x != 0; }) |
           leat::enumerate() | leat::transform([](auto x) { return x.value - 1; }) | leat::take(many);
}

// Runs a task on a small stack; the watch must have seen no movement.
template <class Make> void check(Make make, u64 expected = sum_of_many) {
    u64 sum = 0;
    stack_watch watch;
    on_small_stack([&] { sum = sync_wait(make(watch)); });
    CHECK(sum == expected);
    CHECK(watch.looks() >= 1000);
    CHECK(watch.extent() <= same_place);
}

} // namespace

TEST_CASE("stack: ten million by next()", "[stack]") {
    check([](stack_watch& w) { return pull(singles(many, w)); });
}
TEST_CASE("stack: ten million copied, by next()", "[stack]") {
    check([](stack_watch& w) { return pull(copies(many, w)); });
}
TEST_CASE("stack: ten million in batches, by next()", "[stack]") {
    check([](stack_watch& w) { return pull(batches(many, w)); });
}
TEST_CASE("stack: ten million by next_batch()", "[stack]") {
    check([](stack_watch& w) { return pull_batches(singles(many, w)); });
    check([](stack_watch& w) { return pull_batches(batches(many, w)); });
}
TEST_CASE("stack: ten million through a pipeline, by next()", "[stack]") {
    check([](stack_watch& w) { return pull(singles(many, w) | stages()); });
}
TEST_CASE("stack: ten million through a pipeline, by next_batch()", "[stack]") {
    check([](stack_watch& w) { return pull_batches(batches(many, w) | stages()); });
}
TEST_CASE("stack: ten million into for_each", "[stack]") {
    check([](stack_watch& w) { return push(singles(many, w)); });
    check([](stack_watch& w) { return push(batches(many, w) | stages()); });
}
TEST_CASE("stack: ten million into fold", "[stack]") {
    check([](stack_watch& w) { return fold(singles(many, w) | stages()); });
}

TEST_CASE("stack: ten million of which none survives a filter", "[stack]") {
    check(
        [](stack_watch& w) {
            return pull(singles(many, w) | leat::filter([](u64 x) { return x == 1'000'000; }));
        },
        1'000'000);
}

TEST_CASE("stack: ten million elements, one task awaited for each", "[stack]") {
    auto twice = [](u64 x) -> task<u64> { co_return x * 2; };
    auto loop = [](auto f, stack_watch& w) -> task<u64> {
        u64 sum = 0;
        for (u64 i = 0; i < many; ++i) {
            if (i % 1000 == 0)
                w.look();
            sum += co_await f(i);
        }
        co_return sum;
    };
    check([&](stack_watch& w) { return loop(twice, w); }, 2 * sum_of_many);
}

TEST_CASE("stack: one million elements, each awaited by for_each", "[stack]") {
    auto run = [](stack_watch& w) -> task<u64> {
        u64 sum = 0;
        auto add = [&sum](u64 x) -> task<> {
            sum += x;
            co_return;
        };
        auto each = singles(1'000'000, w) | leat::for_each(add);
        co_await each;
        co_return sum;
    };
    check(run, u64(999'999) * 1'000'000 / 2);
}

TEST_CASE("stack: ten million elements and a million changes of the generator", "[stack]") {
    auto ten = [](u64 i) -> async_generator<u64> {
        for (u64 k = 0; k < 10; ++k)
            co_yield i + k;
    };
    auto outer = [](auto f, u64 n, stack_watch& w) -> async_generator<u64> {
        for (u64 i = 0; i < n; i += 10) {
            if (i % 1000 == 0)
                w.look();
            co_yield leat::elements_of(f(i));
        }
    };
    check([&](stack_watch& w) { return pull(outer(ten, many, w)); });
    check([&](stack_watch& w) { return push(outer(ten, many, w)); });
}

TEST_CASE("stack: ten million elements from 1,000 generators deep", "[stack]") {
    auto nest = [](auto self, int depth, stack_watch& w) -> async_generator<u64> {
        if (depth == 0)
            co_yield leat::elements_of(singles(many, w));
        else
            co_yield leat::elements_of(self(self, depth - 1, w));
    };
    check([&](stack_watch& w) { return pull(nest(nest, 1000, w)); });
    check([&](stack_watch& w) { return push(nest(nest, 1000, w)); });
}

TEST_CASE("stack: one million empty generators and ranges", "[stack]") {
    auto none = []() -> async_generator<u64> { co_return; };
    auto outer = [](auto f, stack_watch& w) -> async_generator<u64> {
        std::vector<u64> empty;
        for (u64 i = 0; i < 1'000'000; ++i) {
            if (i % 1000 == 0)
                w.look();
            co_yield leat::elements_of(f());
            co_yield leat::batch(empty);
        }
        co_yield 1u;
    };
    check([&](stack_watch& w) { return pull(outer(none, w)); }, 1);
    check([&](stack_watch& w) { return push(outer(none, w)); }, 1);
}

TEST_CASE("stack: one million waits", "[stack]") {
    auto waiting = [](manual_loop& l, u64 n, stack_watch& w) -> async_generator<u64> {
        for (u64 i = 0; i < n; ++i) {
            co_await l.turn();
            if (i % 1000 == 0)
                w.look();
            co_yield i;
        }
    };
    constexpr u64 n = 1'000'000;
    for (const bool pushed : {false, true}) {
        u64 sum = 0;
        stack_watch watch;
        on_small_stack([&] {
            manual_loop loop;
            auto running = pushed ? start_and_keep(push(waiting(loop, n, watch) | stages()), sum)
                                  : start_and_keep(pull(waiting(loop, n, watch) | stages()), sum);
            loop.run();
        });
        CHECK(sum == n * (n - 1) / 2);
        CHECK(watch.extent() <= same_place);
    }
}
