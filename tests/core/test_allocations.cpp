#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <string>
#include <vector>

#include <leat/leat.hpp>

// One allocation per generator and per task; none per stage, per element, per step, per wait or per terminal.

namespace {

using leat::async_generator;
using leat::sync_wait;
using leat::task;

// Allocations of f(), of which the compiler may also have elided some.
template <class F> std::size_t taken_by(F f) {
    const auto before = allocations();
    f();
    return allocations() - before;
}

async_generator<int> singles(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
}
async_generator<int> pages(int n, std::vector<int>& page) {
    for (int i = 0; i < n; ++i)
        co_yield leat::batch(page);
}
async_generator<int> waiting(manual_event& e, int n) {
    for (int i = 0; i < n; ++i) {
        e.reset();
        co_await e;
        co_yield i;
    }
}
task<int> answer(int i) { co_return i; }

template <class S> task<long> pull(S s) {
    long sum = 0;
    while (auto x = co_await s.next())
        sum += *x;
    co_return sum;
}

auto stages() {
    return leat::transform([](int x) { return x + 1; }) | leat::filter([](int x) { return x % 2 == 0; }) |
           leat::enumerate() | leat::transform([](auto x) { return x.value; }) | leat::drop(1) |
           leat::take(1'000'000) | leat::inspect([](int) {}) | leat::take_while([](int x) { return x >= 0; });
}

} // namespace

TEST_CASE("allocations: one per generator, none per element", "[allocations]") {
    const auto few = taken_by([] { static_cast<void>(sync_wait(pull(singles(10)))); });
    const auto many = taken_by([] { static_cast<void>(sync_wait(pull(singles(100'000)))); });
    CHECK(few == many);
    std::size_t made = 0;
    std::size_t read = 0;
    {
        const auto before = allocations();
        auto s = singles(1000);
        made = allocations() - before;
        while (sync_wait(s.next())) {
        }
        read = allocations() - before - made;
    }
    CHECK(made <= 1);
    CHECK(read <= 1001); // sync_wait's own coroutine for each step, which the reader's is in real programs
}

TEST_CASE("allocations: none per stage", "[allocations]") {
    const auto without = taken_by([] { static_cast<void>(sync_wait(pull(singles(1000)))); });
    const auto with = taken_by([] { static_cast<void>(sync_wait(pull(singles(1000) | stages()))); });
    CHECK(with == without);
    CHECK(without <= 3); // the generator, the task, sync_wait's coroutine
    const auto building = taken_by([] { static_cast<void>(stages()); });
    CHECK(building == 0);
}

TEST_CASE("allocations: none per batch, per step or per terminal", "[allocations]") {
    std::vector<int> page(100, 1);
    const auto folded = taken_by([&] {
        static_cast<void>(
            sync_wait(pages(1000, page) | stages() | leat::fold(0L, [](long a, int x) { return a + x; })));
    });
    CHECK(folded <= 2); // the generator and sync_wait's coroutine
    const auto counted = taken_by([&] { static_cast<void>(sync_wait(pages(1000, page) | leat::count())); });
    CHECK(counted <= 2);
    const auto first = taken_by([&] { static_cast<void>(sync_wait(pages(1000, page) | leat::first())); });
    CHECK(first <= 2);
    int sum = 0;
    const auto each =
        taken_by([&] { sync_wait(pages(1000, page) | leat::for_each([&](int x) { sum += x; })); });
    CHECK(each <= 2);
    CHECK(sum == 100'000);
    const auto batched = taken_by([&] {
        auto read = [](async_generator<int> s) -> task<long> {
            long total = 0;
            for (;;) {
                auto b = co_await s.next_batch();
                if (!b)
                    break;
                for (const int x : b)
                    total += x;
            }
            co_return total;
        };
        static_cast<void>(sync_wait(read(pages(1000, page))));
    });
    CHECK(batched <= 3);
}

TEST_CASE("allocations: none per wait", "[allocations]") {
    for (const int n : {10, 1000}) {
        manual_event e;
        long sum = 0;
        const auto taken = taken_by([&] {
            const auto running = start_and_keep(pull(waiting(e, n)), sum);
            while (!running.done())
                e.set();
        });
        CHECK(taken <= 3);
        CHECK(sum == long(n) * (n - 1) / 2);
    }
}

TEST_CASE("allocations: one per task, one per delegated generator", "[allocations]") {
    const auto tasks = [](int n) {
        return taken_by([&] {
            auto all = [](int count) -> task<int> {
                int sum = 0;
                for (int i = 0; i < count; ++i)
                    sum += co_await answer(i);
                co_return sum;
            };
            static_cast<void>(sync_wait(all(n)));
        });
    };
    CHECK(tasks(1010) - tasks(10) <= 1000);
    const auto delegated = [](int n) {
        return taken_by([&] {
            auto all = [](int count) -> async_generator<int> {
                for (int i = 0; i < count; ++i)
                    co_yield leat::elements_of(singles(3));
            };
            static_cast<void>(sync_wait(all(n) | leat::count()));
        });
    };
    CHECK(delegated(1010) - delegated(10) <= 1000);
}

TEST_CASE("allocations: chunk uses its memory again, unless it is moved away", "[allocations]") {
    const auto left = [](int n) {
        return taken_by([&] { static_cast<void>(sync_wait(singles(n) | leat::chunk(10) | leat::count())); });
    };
    // With AddressSanitizer each chunk has memory of its own, so that the use of an old one is seen.
    CHECK(left(10'000) - left(100) == (leat::detail::poisoning ? 990 : 0));
}

TEST_CASE("allocations: closing needs what its functions need, and registering two", "[allocations]") {
    auto body = [](int n, int& closed) -> async_generator<int> {
        auto f = [&closed] { ++closed; };
        for (int i = 0; i < n; ++i)
            co_await leat::on_close(f);
        co_yield 1;
    };
    int closed = 0;
    const auto one = taken_by([&] { static_cast<void>(sync_wait(body(1, closed) | leat::first())); });
    const auto ten = taken_by([&] { static_cast<void>(sync_wait(body(10, closed) | leat::first())); });
    CHECK(closed == 11);
    CHECK(one <= 2 + 3); // the function, what runs it, what runs them all
    CHECK(ten - one <= 9 * 2);
}
