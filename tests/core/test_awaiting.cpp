#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/waiting.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <leat/leat.hpp>

// Foreign awaitables of every form inside leat's coroutines, and leat's awaitables inside a foreign coroutine.

namespace {

using leat::async_generator;
using leat::sync_wait;
using leat::task;

// The forms that await_suspend may have, and what it may do.

struct returns_void { // the loop goes on with it
    manual_loop& loop;
    int value;
    returns_void(manual_loop& l, int v) : loop(l), value(v), inner(l.turn()) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) { inner.await_suspend(h); }
    int await_resume() const noexcept { return value; }
    manual_loop::awaiter inner;
};

struct returns_true {
    manual_loop::awaiter inner;
    int value;
    returns_true(manual_loop& l, int v) : inner(l.turn()), value(v) {}
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h) {
        inner.await_suspend(h);
        return true;
    }
    int await_resume() const noexcept { return value; }
};

struct returns_false { // after all it need not wait
    int value;
    returns_false(manual_loop&, int v) : value(v) {}
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<>) const noexcept { return false; }
    int await_resume() const noexcept { return value; }
};

struct returns_noop {
    manual_loop::awaiter inner;
    int value;
    returns_noop(manual_loop& l, int v) : inner(l.turn()), value(v) {}
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) {
        inner.await_suspend(h);
        return std::noop_coroutine();
    }
    int await_resume() const noexcept { return value; }
};

struct returns_own { // the same as "need not wait"
    int value;
    returns_own(manual_loop&, int v) : value(v) {}
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) const noexcept { return h; }
    int await_resume() const noexcept { return value; }
};

struct returns_typed { // takes and returns the handle with its promise's type
    int value;
    returns_typed(manual_loop&, int v) : value(v) {}
    bool await_ready() const noexcept { return false; }
    template <class P> std::coroutine_handle<P> await_suspend(std::coroutine_handle<P> h) const noexcept {
        return h;
    }
    int await_resume() const noexcept { return value; }
};

struct resumes_inside { // completes within await_suspend, as a callback that is called at once does
    int value;
    resumes_inside(manual_loop&, int v) : value(v) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) const { h.resume(); }
    int await_resume() const noexcept { return value; }
};

struct throws_in_suspend {
    throws_in_suspend(manual_loop&, int) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const { throw std::runtime_error("await_suspend"); }
    int await_resume() const noexcept { return -1; }
};

struct throws_in_bool_suspend {
    throws_in_bool_suspend(manual_loop&, int) {}
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<>) const { throw std::runtime_error("await_suspend"); }
    int await_resume() const noexcept { return -1; }
};

struct throws_in_ready {
    throws_in_ready(manual_loop&, int) {}
    bool await_ready() const { throw std::runtime_error("await_ready"); }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    int await_resume() const noexcept { return -1; }
};

struct throws_in_resume {
    manual_loop::awaiter inner;
    throws_in_resume(manual_loop& l, int) : inner(l.turn()) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) { inner.await_suspend(h); }
    int await_resume() const { throw std::runtime_error("await_resume"); }
};

// A coroutine type that passes on by symmetric transfer, and is started by being awaited: like many tasks out there.
template <class T> class other_task {
public:
    struct promise_type {
        T value{};
        std::coroutine_handle<> waiting;
        other_task get_return_object() noexcept {
            return other_task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        struct last {
            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) const noexcept {
                return h.promise().waiting;
            }
            void await_resume() const noexcept {}
        };
        last final_suspend() const noexcept { return {}; }
        void return_value(T v) { value = v; }
        void unhandled_exception() const { std::terminate(); }
    };
    explicit other_task(std::coroutine_handle<promise_type> h) : frame_(h) {}
    other_task(other_task&& o) noexcept : frame_(std::exchange(o.frame_, nullptr)) {}
    ~other_task() {
        if (frame_)
            frame_.destroy();
    }
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) noexcept {
        frame_.promise().waiting = h;
        return frame_;
    }
    T await_resume() const { return frame_.promise().value; }

private:
    std::coroutine_handle<promise_type> frame_;
};

struct member_operator {
    int value;
    explicit member_operator(int v) : value(v) {}
    returns_own operator co_await() && noexcept {
        static manual_loop unused;
        return returns_own(unused, value);
    }
};
struct free_operator {
    int value;
    explicit free_operator(int v) : value(v) {}
};
returns_own operator co_await(const free_operator& f) noexcept {
    static manual_loop unused;
    return returns_own(unused, f.value);
}

// The awaitable between every two elements, before the first and after the last.
template <class A> async_generator<int> with(manual_loop& loop, int n) {
    co_await A(loop, 0);
    for (int i = 0; i < n; ++i) {
        const int x = co_await A(loop, i);
        co_yield x;
    }
    co_await A(loop, 0);
    co_await A(loop, 0);
}

template <class A> task<int> sum_with(manual_loop& loop, int n) {
    int sum = 0;
    for (int i = 0; i < n; ++i)
        sum += co_await A(loop, i);
    co_return sum;
}

task<> pull(async_generator<int> s, std::vector<int>& out) {
    while (auto x = co_await s.next())
        out.push_back(*x);
}
task<> push(async_generator<int> s, std::vector<int>& out) {
    auto each = std::move(s) | leat::for_each([&out](int x) { out.push_back(x); });
    co_await each;
}
task<> push_some(async_generator<int> s, std::vector<int>& out) {
    auto each = std::move(s) | leat::filter([](int x) { return x != 1; }) | leat::take(4) |
                leat::for_each([&out](int x) { out.push_back(x); });
    co_await each;
}
// In a coroutine that is not ours.
foreign pull_foreign(async_generator<int> s, std::vector<int>& out) {
    auto pipeline = std::move(s) | leat::transform([](int x) { return x; });
    while (auto x = co_await pipeline.next())
        out.push_back(*x);
    co_await pipeline.close();
}

const std::vector<int> upto5{0, 1, 2, 3, 4};

} // namespace

TEMPLATE_TEST_CASE("awaiting: every form of await_suspend in a generator and in a task", "[awaiting]",
                   returns_void, returns_true, returns_false, returns_noop, returns_own, returns_typed,
                   resumes_inside) {
    manual_loop loop;
    std::vector<int> out;
    SECTION("pulled") {
        run_on(loop, pull(with<TestType>(loop, 5), out));
        CHECK(out == upto5);
    }
    SECTION("pushed") {
        run_on(loop, push(with<TestType>(loop, 5), out));
        CHECK(out == upto5);
    }
    SECTION("pushed, stopped early") {
        run_on(loop, push_some(with<TestType>(loop, 100), out));
        CHECK(out == std::vector{0, 2, 3, 4});
    }
    SECTION("pulled by a foreign coroutine") {
        const auto running = pull_foreign(with<TestType>(loop, 5), out);
        loop.run();
        REQUIRE(running.done());
        running.check();
        CHECK(out == upto5);
    }
    SECTION("task") {
        int sum = 0;
        const auto running = start_and_keep(sum_with<TestType>(loop, 5), sum);
        loop.run();
        REQUIRE(running.done());
        CHECK(sum == 10);
    }
    CHECK(loop.idle());
}

TEMPLATE_TEST_CASE("awaiting: an awaitable that throws, wherever it does", "[awaiting]", throws_in_suspend,
                   throws_in_bool_suspend, throws_in_ready, throws_in_resume) {
    manual_loop loop;
    auto body = [](manual_loop& l, bool wait_first) -> async_generator<int> {
        if (wait_first)
            co_await l.turn();
        for (int i = 0; i < 2; ++i) {
            int x = i;
            try {
                x = co_await TestType(l, i);
            } catch (const std::runtime_error&) {
                x += 10;
            }
            co_yield x;
        }
        co_await TestType(l, 0);
    };
    for (const bool wait_first : {false, true}) {
        std::vector<int> out;
        CHECK_THROWS_AS(run_on(loop, pull(body(loop, wait_first), out)), std::runtime_error);
        CHECK(out == std::vector{10, 11});
        out.clear();
        CHECK_THROWS_AS(run_on(loop, push(body(loop, wait_first), out)), std::runtime_error);
        CHECK(out == std::vector{10, 11});
    }
    CHECK_THROWS_AS(run_on(loop,
                           [](manual_loop& l) -> task<> {
                               const int sum = co_await sum_with<TestType>(l, 1);
                               static_cast<void>(sum);
                           }(loop)),
                    std::runtime_error);
}

TEST_CASE("awaiting: operator co_await, member and free", "[awaiting]") {
    auto body = []() -> async_generator<int> {
        const int a = co_await member_operator(1);
        co_yield a;
        free_operator named(2);
        const int c = co_await named;
        co_yield c;
    };
    CHECK(sync_wait(body() | leat::collect<std::vector>()) == std::vector{1, 2});
    auto t = []() -> task<int> {
        const int a = co_await member_operator(1);
        const int c = co_await free_operator(2);
        co_return a + c;
    };
    CHECK(sync_wait(t()) == 3);
    CHECK(sync_wait(member_operator(4)) == 4);
    CHECK(sync_wait(free_operator(5)) == 5);
}

TEST_CASE("awaiting: a task of another library that passes on by symmetric transfer", "[awaiting]") {
    manual_loop loop;
    auto foreign_value = [](manual_loop& l, bool wait, int x) -> other_task<int> {
        if (wait)
            co_await l.turn();
        co_return x;
    };
    for (const bool wait : {false, true}) {
        auto body = [](auto f, manual_loop& l, bool w) -> async_generator<int> {
            for (int i = 0; i < 5; ++i) {
                const int x = co_await f(l, w, i);
                co_yield x;
            }
        };
        std::vector<int> out;
        run_on(loop, pull(body(foreign_value, loop, wait), out));
        CHECK(out == upto5);
        out.clear();
        run_on(loop, push(body(foreign_value, loop, wait), out));
        CHECK(out == upto5);
    }
}

TEST_CASE("awaiting: std::suspend_never and suspend_always", "[awaiting]") {
    auto body = []() -> async_generator<int> {
        co_await std::suspend_never();
        co_yield 1;
    };
    auto s = body();
    CHECK(*sync_wait(s.next()) == 1);
    // Nobody ever resumes suspend_always: the reader waits, and can be destroyed so.
    const balance b;
    {
        auto never = []() -> async_generator<counted> {
            const counted local(1);
            co_await std::suspend_always();
            co_yield local;
        };
        auto read = [](async_generator<counted> g) -> task<> { static_cast<void>(co_await g.next()); };
        const auto reader = start(read(never()));
        CHECK_FALSE(reader.done());
    }
    CHECK(b.even());
}

TEST_CASE("awaiting: an awaitable that cannot be moved, and a reference result", "[awaiting]") {
    struct pinned {
        int& x;
        explicit pinned(int& r) : x(r) {}
        pinned(const pinned&) = delete;
        bool await_ready() const noexcept { return true; }
        void await_suspend(std::coroutine_handle<>) const noexcept {}
        int& await_resume() const noexcept { return x; }
    };
    auto body = [](int& x) -> async_generator<int&> {
        int& y = co_await pinned(x);
        co_yield y;
        pinned named(x);
        int& z = co_await named;
        co_yield z;
    };
    int x = 1;
    auto s = body(x);
    CHECK(&*sync_wait(s.next()) == &x);
    CHECK(&*sync_wait(s.next()) == &x);
}

TEST_CASE("awaiting: leat's streams, tasks and terminals in a foreign coroutine", "[awaiting]") {
    manual_loop loop;
    auto coroutine = [](manual_loop& l, std::vector<int>& out) -> foreign {
        auto s = with<returns_void>(l, 3);
        while (auto b = co_await s.next_batch())
            for (const int x : b)
                out.push_back(x);
        auto sum = with<returns_void>(l, 3) | leat::fold(0, [](int a, int x) { return a + x; });
        const int total = co_await sum;
        out.push_back(total);
        const int t = co_await sum_with<returns_void>(l, 4);
        out.push_back(t);
        auto closed = with<returns_void>(l, 3);
        auto x = co_await closed.next();
        out.push_back(*x);
        co_await closed.close();
    };
    std::vector<int> out;
    const auto running = coroutine(loop, out);
    loop.run();
    REQUIRE(running.done());
    running.check();
    CHECK(out == std::vector{0, 1, 2, 3, 6, 0});
}

TEST_CASE("awaiting: elements arrive as soon as they are there", "[awaiting]") {
    manual_event ready;
    auto body = [](manual_event& e) -> async_generator<int> {
        co_yield 0;
        co_await e;
        co_yield 1;
        e.reset();
        co_await e;
        co_yield 2;
    };
    std::vector<int> out;
    SECTION("pulled") {
        const auto reader = start(pull(body(ready), out));
        CHECK(out == std::vector{0});
        ready.set();
        CHECK(out == std::vector{0, 1});
        ready.set();
        CHECK(out == std::vector{0, 1, 2});
        CHECK(reader.done());
    }
    SECTION("pushed") {
        const auto reader = start(push(body(ready), out));
        CHECK(out == std::vector{0});
        ready.set();
        CHECK(out == std::vector{0, 1});
        ready.set();
        CHECK(out == std::vector{0, 1, 2});
        CHECK(reader.done());
    }
}
