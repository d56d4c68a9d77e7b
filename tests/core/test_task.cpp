#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/waiting.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>

#include <leat/sync_wait.hpp>
#include <leat/task.hpp>

namespace {

using leat::sync_wait;
using leat::task;

task<int> answer() { co_return 42; }
task<> nothing() { co_return; }

} // namespace

TEST_CASE("task: a value, a reference, nothing", "[task]") {
    CHECK(sync_wait(answer()) == 42);
    sync_wait(nothing());
    STATIC_REQUIRE(std::is_void_v<decltype(sync_wait(nothing()))>);

    auto lend = [](int& x) -> task<int&> { co_return x; };
    int x = 1;
    int& y = sync_wait(lend(x));
    CHECK(&y == &x);
    auto lend_constant = [](const int& v) -> task<const int&> { co_return v; };
    CHECK(&sync_wait(lend_constant(x)) == &x);
}

TEST_CASE("task: results that can only be moved, that convert, that have no default", "[task]") {
    const balance b;
    auto pointer = []() -> task<std::unique_ptr<counted>> { co_return std::make_unique<counted>(7); };
    auto text = []() -> task<std::string> { co_return "literal"; };
    struct no_default {
        int value;
        explicit no_default(int v) : value(v) {}
    };
    auto made = []() -> task<no_default> { co_return no_default(3); };
    CHECK(sync_wait(pointer())->value == 7);
    CHECK(sync_wait(text()) == "literal");
    CHECK(sync_wait(made()).value == 3);
    {
        auto big = []() -> task<counted> {
            counted local(5);
            co_return local;
        };
        counted::forget_copies();
        CHECK(sync_wait(big()).value == 5);
        CHECK(counted::copies == 0);
    }
    CHECK(b.even());
}

TEST_CASE("task: starts when it is awaited", "[task]") {
    bool started = false;
    auto body = [](bool& s) -> task<> {
        s = true;
        co_return;
    };
    auto t = body(started);
    CHECK_FALSE(started);
    sync_wait(std::move(t));
    CHECK(started);
}

TEST_CASE("task: its exception is thrown where it is awaited", "[task]") {
    const balance b;
    auto fails = [](bool really) -> task<int> {
        const counted local(1);
        if (really)
            throw std::runtime_error("broken");
        co_return 1;
    };
    CHECK_THROWS_WITH(sync_wait(fails(true)), "broken");
    CHECK(sync_wait(fails(false)) == 1);
    auto catches = [](auto f) -> task<std::string> {
        try {
            co_await f(true);
        } catch (const std::runtime_error& e) {
            co_return e.what();
        }
        co_return "nothing";
    };
    CHECK(sync_wait(catches(fails)) == "broken");
    auto fails_as_reference = [](bool really, int& x) -> task<int&> {
        if (really)
            throw 1; // NOLINT
        co_return x;
    };
    int x = 0;
    CHECK_THROWS_AS(sync_wait(fails_as_reference(true, x)), int);
    CHECK(b.even());
}

TEST_CASE("task: a named one, a temporary, a moved one", "[task]") {
    auto all_ways = []() -> task<int> {
        auto named = answer();
        const int a = co_await named;
        const int c = co_await answer();
        auto moved_from = answer();
        auto moved = std::move(moved_from);
        const int d = co_await std::move(moved);
        co_return a + c + d;
    };
    CHECK(sync_wait(all_ways()) == 3 * 42);
    auto t = answer();
    CHECK(static_cast<bool>(t));
    auto u = std::move(t);
    CHECK_FALSE(static_cast<bool>(t)); // NOLINT
    t = std::move(u);
    CHECK(sync_wait(t) == 42);
    CHECK_FALSE(static_cast<bool>(task<int>()));
}

TEST_CASE("task: destroyed unstarted, finished, or waiting", "[task]") {
    const balance b;
    manual_loop loop;
    auto body = [](manual_loop& l, counted parameter) -> task<counted> {
        counted local(2);
        co_await l.turn();
        co_return local.value + parameter.value;
    };
    SECTION("unstarted") { auto t = body(loop, counted(1)); }
    SECTION("assigned over") {
        auto t = body(loop, counted(1));
        t = body(loop, counted(2));
    }
    SECTION("waiting") {
        counted result;
        {
            const auto running = start_and_keep(body(loop, counted(1)), result);
            CHECK_FALSE(running.done());
            CHECK_FALSE(loop.idle());
        }
        CHECK(loop.idle());
        CHECK(result.value == 0);
    }
    SECTION("finished") {
        counted result;
        const auto running = start_and_keep(body(loop, counted(1)), result);
        loop.run();
        CHECK(running.done());
        CHECK(result.value == 3);
    }
    SECTION("finished, its result never taken") {
        struct ignores {
            static task<> result(task<counted> t) {
                auto a = t.operator co_await();
                static_cast<void>(a.await_ready());
                co_return;
            }
        };
        auto ready = []() -> task<counted> { co_return counted(1); };
        sync_wait(ignores::result(ready()));
    }
    static_cast<void>(b);
}

TEST_CASE("task: that waits, in one that waits, in one that waits", "[task]") {
    manual_loop loop;
    auto deep = [](auto self, manual_loop& l, int depth) -> task<int> {
        if (depth == 0) {
            co_await l.turn();
            co_return 0;
        }
        co_await l.turn();
        const int below = co_await self(self, l, depth - 1);
        co_await l.turn();
        co_return below + 1;
    };
    int result = -1;
    const auto running = start_and_keep(deep(deep, loop, 100), result);
    loop.run();
    CHECK(running.done());
    CHECK(result == 100);
    CHECK(loop.turns() == 201);
}

TEST_CASE("task: an exception through tasks that wait", "[task]") {
    manual_loop loop;
    auto deep = [](auto self, manual_loop& l, int depth) -> task<> {
        co_await l.turn();
        if (depth == 0)
            throw std::runtime_error("deep");
        co_await self(self, l, depth - 1);
    };
    CHECK_THROWS_WITH(run_on(loop, deep(deep, loop, 10)), "deep");
}

TEST_CASE("task: goes on where the wait ended", "[task]") {
    other_thread elsewhere;
    auto body = [](other_thread& t) -> task<std::thread::id> {
        co_await t.hop();
        co_return std::this_thread::get_id();
    };
    CHECK(sync_wait(body(elsewhere)) == elsewhere.id());
    // The one who waits goes on there too; or here, if the task was through before this thread came to wait for it.
    auto where = [](auto f, other_thread& t, std::thread::id home) -> task<bool> {
        static_cast<void>(co_await f(t));
        const auto now = std::this_thread::get_id();
        co_return now == home || now == t.id();
    };
    for (int i = 0; i < 100; ++i)
        if (!sync_wait(where(body, elsewhere, std::this_thread::get_id())))
            FAIL("on a third thread");
}

TEST_CASE("sync_wait: any awaitable, lvalue or rvalue", "[sync_wait]") {
    struct plain {
        int value;
        explicit plain(int v) : value(v) {}
        bool await_ready() const noexcept { return true; }
        void await_suspend(std::coroutine_handle<>) const noexcept {}
        int await_resume() const noexcept { return value; }
    };
    struct with_member {
        plain operator co_await() const noexcept { return plain(2); }
    };
    plain named(1);
    CHECK(sync_wait(named) == 1);
    CHECK(sync_wait(plain(3)) == 3);
    const with_member constant;
    CHECK(sync_wait(constant) == 2);
    CHECK(sync_wait(with_member()) == 2);
}

TEST_CASE("sync_wait: what another thread finishes", "[sync_wait]") {
    other_thread elsewhere;
    auto value = [](other_thread& t, int x) -> task<int> {
        co_await t.hop();
        if (x < 0)
            throw std::runtime_error("negative");
        co_return x;
    };
    auto reference = [](other_thread& t, int& x) -> task<int&> {
        co_await t.hop();
        co_return x;
    };
    for (int i = 0; i < 100; ++i) {
        CHECK(sync_wait(value(elsewhere, i)) == i);
        CHECK(&sync_wait(reference(elsewhere, i)) == &i);
        CHECK_THROWS_WITH(sync_wait(value(elsewhere, -1)), "negative");
    }
}

TEST_CASE("sync_wait: one in a thread of its own inside of another", "[sync_wait]") {
    auto outer = []() -> task<int> {
        int inner = 0;
        std::thread([&] { inner = sync_wait(answer()); }).join();
        co_return inner;
    };
    CHECK(sync_wait(outer()) == 42);
}
