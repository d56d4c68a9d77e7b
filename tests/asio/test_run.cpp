#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/waiting.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <leat/asio.hpp>
#include <leat/leat.hpp>

// leat::run, spawn, sleep_for, offload: one event loop for one program.

namespace {

using namespace std::chrono_literals;
using leat::async_generator;
using leat::executor;
using leat::task;
using ints = std::vector<int>;

async_generator<int> ticks(executor ex, int n) {
    for (int i = 0; i < n; ++i) {
        co_await leat::sleep_for(ex, 1us);
        co_yield i;
    }
}

// Notes its destruction.
struct noting {
    bool* gone;
    explicit noting(bool& g) : gone(&g) {}
    noting(const noting&) = delete;
    ~noting() { *gone = true; }
};

task<> sleep_and_set(executor ex, std::chrono::milliseconds time, bool& done) {
    co_await leat::sleep_for(ex, time);
    done = true;
}

task<> sleep_for_ever(executor ex, bool& gone) {
    const noting n(gone);
    co_await leat::sleep_for(ex, 24h);
}

} // namespace

// ---- run ----------------------------------------------------------------------------------------------------------

TEST_CASE("run: gives the task's result", "[run]") {
    CHECK(leat::run([](executor) -> task<int> { co_return 42; }) == 42);
    auto text = [](executor ex) -> task<std::string> {
        co_await leat::sleep_for(ex, 1ms);
        co_return "slept";
    };
    CHECK(leat::run(text) == "slept");
    STATIC_REQUIRE(std::is_void_v<decltype(leat::run([](executor) -> task<> { co_return; }))>);
    leat::run([](executor) -> task<> { co_return; });
    int x = 1;
    int& y = leat::run([&](executor) -> task<int&> { co_return x; });
    CHECK(&y == &x);
    const auto pointer =
        leat::run([](executor) -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); });
    CHECK(*pointer == 3);
}

TEST_CASE("run: throws what the task throws", "[run]") {
    auto fails = [](executor ex) -> task<int> {
        co_await leat::sleep_for(ex, 1ms);
        throw std::runtime_error("broken");
    };
    CHECK_THROWS_WITH(leat::run(fails), "broken");
    auto fails_before_it_is_one = [](executor) -> task<> { throw std::logic_error("no task"); };
    CHECK_THROWS_WITH(leat::run(fails_before_it_is_one), "no task");
}

TEST_CASE("run: streams, tasks and terminals on one loop", "[run]") {
    auto program = [](executor ex) -> task<int> {
        auto sum = ticks(ex, 10) | leat::filter([](int x) { return x % 2 == 0; }) |
                   leat::fold(0, [](int a, int x) { return a + x; });
        const int first = co_await sum;
        auto s = ticks(ex, 3);
        int n = 0;
        while (auto x = co_await s.next())
            n += *x;
        co_return first + n;
    };
    CHECK(leat::run(program) == 20 + 3);
}

TEST_CASE("run: everything happens on the calling thread", "[run]") {
    const auto here = std::this_thread::get_id();
    auto program = [here](executor ex) -> task<bool> {
        bool right = std::this_thread::get_id() == here;
        co_await leat::sleep_for(ex, 1ms);
        right = right && std::this_thread::get_id() == here;
        const auto elsewhere = co_await leat::offload(ex, [] { return std::this_thread::get_id(); });
        right = right && elsewhere != here && std::this_thread::get_id() == here;
        co_return right;
    };
    CHECK(leat::run(program));
}

TEST_CASE("run: a program that waits for what nobody completes is told so", "[run]") {
    bool gone = false;
    auto stuck = [&gone](executor) -> task<> {
        const noting n(gone);
        co_await std::suspend_always();
    };
    CHECK_THROWS_AS(leat::run(stuck), leat::error);
    CHECK(gone);
    CHECK_THROWS_WITH(leat::run(stuck), Catch::Contains("leat::run") && Catch::Contains("awaitable"));
}

TEST_CASE("run: what still runs at the end is destroyed where it stands", "[run]") {
    bool gone = false;
    auto program = [&gone](executor ex) -> task<int> {
        leat::spawn(ex, sleep_for_ever(ex, gone));
        co_await leat::sleep_for(ex, 1ms);
        co_return 1;
    };
    CHECK(leat::run(program) == 1);
    CHECK(gone);
}

TEST_CASE("run: in a thread of its own, and one after the other", "[run]") {
    int results[2] = {0, 0};
    std::thread other([&] { results[0] = leat::run([](executor) -> task<int> { co_return 1; }); });
    results[1] = leat::run([](executor) -> task<int> { co_return 2; });
    other.join();
    CHECK(results[0] == 1);
    CHECK(results[1] == 2);
}

// ---- spawn --------------------------------------------------------------------------------------------------------

TEST_CASE("spawn: runs on its own, and does not begin before spawn returns", "[spawn]") {
    auto program = [](executor ex) -> task<ints> {
        ints order;
        auto note = [](ints& o, int x) -> task<> {
            o.push_back(x);
            co_return;
        };
        leat::spawn(ex, note(order, 1));
        leat::spawn(ex, note(order, 2));
        order.push_back(0);
        co_await leat::sleep_for(ex, 1ms);
        co_return order;
    };
    CHECK(leat::run(program) == ints{0, 1, 2});
}

TEST_CASE("spawn: terminals and other awaitables too", "[spawn]") {
    auto program = [](executor ex) -> task<int> {
        int sum = 0;
        leat::spawn(ex, ticks(ex, 4) | leat::for_each([&sum](int x) { sum += x; }));
        co_await leat::sleep_for(ex, 20ms);
        co_return sum;
    };
    CHECK(leat::run(program) == 6);
}

TEST_CASE("spawn: its exception leaves through the loop", "[spawn]") {
    auto fails = [](executor ex) -> task<> {
        co_await leat::sleep_for(ex, 1us);
        throw std::runtime_error("spawned");
    };
    SECTION("of run, at once") {
        bool gone = false;
        auto program = [&](executor ex) -> task<> {
            leat::spawn(ex, fails(ex));
            co_await sleep_for_ever(ex, gone);
        };
        CHECK_THROWS_WITH(leat::run(program), "spawned");
        CHECK(gone);
    }
    SECTION("of an io_context, which can go on") {
        boost::asio::io_context loop;
        bool done = false;
        leat::spawn(loop.get_executor(), fails(loop.get_executor()));
        leat::spawn(loop.get_executor(), sleep_and_set(loop.get_executor(), 5ms, done));
        CHECK_THROWS_WITH(loop.run(), "spawned");
        loop.run();
        CHECK(done);
    }
}

TEST_CASE("spawn: what is not done when the loop is destroyed is destroyed with it", "[spawn]") {
    bool gone[3] = {false, false, false};
    const balance b;
    {
        boost::asio::io_context loop;
        const executor ex = loop.get_executor();
        leat::spawn(ex, sleep_for_ever(ex, gone[0]));
        auto reading = [](executor e, bool& g) -> task<> {
            auto body = [](executor x, bool& h) -> async_generator<counted> {
                const noting n(h);
                co_yield counted(1);
                co_await leat::sleep_for(x, 24h);
                co_yield counted(2);
            };
            auto s = body(e, g);
            while (auto x = co_await s.next())
                x->value = 0;
        };
        leat::spawn(ex, reading(ex, gone[1]));
        loop.run_for(5ms);
        leat::spawn(ex, sleep_for_ever(ex, gone[2])); // has never run
        CHECK_FALSE((gone[0] || gone[1]));
    }
    CHECK((gone[0] && gone[1]));
    CHECK_FALSE(gone[2]); // its body had not begun, so there was nothing in it to destroy
    CHECK(b.even());
}

TEST_CASE("spawn: 10,000 at once", "[spawn]") {
    auto program = [](executor ex) -> task<int> {
        int done = 0;
        auto one = [](executor e, int& d, int i) -> task<> {
            co_await leat::sleep_for(e, std::chrono::microseconds(i % 100));
            ++d;
        };
        for (int i = 0; i < 10'000; ++i)
            leat::spawn(ex, one(ex, done, i));
        while (done < 10'000)
            co_await leat::sleep_for(ex, 1ms);
        co_return done;
    };
    CHECK(leat::run(program) == 10'000);
}

// ---- sleep --------------------------------------------------------------------------------------------------------

TEST_CASE("sleep: lasts as long as was said, and does not block the loop", "[sleep]") {
    auto program = [](executor ex) -> task<bool> {
        const auto start = std::chrono::steady_clock::now();
        bool other = false;
        leat::spawn(ex, sleep_and_set(ex, 5ms, other));
        co_await leat::sleep_for(ex, 30ms);
        const bool long_enough = std::chrono::steady_clock::now() - start >= 30ms;
        co_await leat::sleep_until(ex, start); // in the past
        co_await leat::sleep_for(ex, -1s);
        co_return long_enough&& other;
    };
    CHECK(leat::run(program));
}

TEST_CASE("sleep: destroyed while it waits, it is cancelled", "[sleep]") {
    boost::asio::io_context loop;
    const executor ex = loop.get_executor();
    bool gone = false;
    bool done = false;
    {
        auto asleep = start([](executor e, bool& g, bool& d) -> task<> {
            const noting n(g);
            co_await leat::sleep_for(e, 24h);
            d = true;
        }(ex, gone, done));
        loop.poll();
        CHECK_FALSE(asleep.done());
    }
    CHECK(gone);
    const auto begin = std::chrono::steady_clock::now();
    loop.restart();
    loop.run(); // nothing is left that it would wait for
    CHECK(std::chrono::steady_clock::now() - begin < 1h);
    CHECK_FALSE(done);
}

// ---- offload ------------------------------------------------------------------------------------------------------

TEST_CASE("offload: the result or exception of a blocking call", "[offload]") {
    auto program = [](executor ex) -> task<std::string> {
        int number = co_await leat::offload(ex, [] { return 42; });
        co_await leat::offload(ex, [&number] { number += 1; }); // nothing
        int& same = co_await leat::offload(ex, [&number]() -> int& { return number; });
        auto make = [] { return std::make_unique<int>(7); };
        const std::unique_ptr<int> owned = co_await leat::offload(ex, make);
        std::string error;
        try {
            co_await leat::offload(ex, [] { throw std::runtime_error("blocked and broken"); });
        } catch (const std::runtime_error& e) {
            error = e.what();
        }
        co_return std::to_string(same) + " " + std::to_string(*owned) + " " + error;
    };
    CHECK(leat::run(program) == "43 7 blocked and broken");
}

TEST_CASE("offload: the loop goes on meanwhile", "[offload]") {
    auto program = [](executor ex) -> task<int> {
        int beats = 0;
        auto beat = [](executor e, int& n) -> task<> {
            for (;;) {
                co_await leat::sleep_for(e, 1ms);
                ++n;
            }
        };
        leat::spawn(ex, beat(ex, beats));
        co_await leat::offload(ex, [] { std::this_thread::sleep_for(50ms); });
        co_return beats;
    };
    CHECK(leat::run(program) >= 5);
}

TEST_CASE("offload: many at a time, and many one after the other", "[offload]") {
    auto program = [](executor ex) -> task<long> {
        long sum = 0;
        int done = 0;
        auto one = [](executor e, long& s, int& d, int i) -> task<> {
            for (int k = 0; k < 20; ++k) {
                auto work = [i] { return i; };
                s += co_await leat::offload(e, work);
            }
            ++d;
        };
        for (int i = 0; i < 100; ++i)
            leat::spawn(ex, one(ex, sum, done, i));
        while (done < 100)
            co_await leat::sleep_for(ex, 1ms);
        co_return sum;
    };
    CHECK(leat::run(program) == 20 * 99 * 100 / 2);
}

namespace {
// A blocking call that a test lets go on.
struct gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool entered = false;
    bool open = false;
    bool left = false;
    void pass() {
        std::unique_lock lock(mutex);
        entered = true;
        changed.notify_all();
        changed.wait(lock, [this] { return open; });
        left = true;
        changed.notify_all();
    }
    void wait_for_entry() {
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return entered; });
    }
    void let_go() {
        std::unique_lock lock(mutex);
        open = true;
        changed.notify_all();
        changed.wait(lock, [this] { return left; });
    }
};
} // namespace

TEST_CASE("offload: destroyed while the call runs, its result is dropped", "[offload]") {
    const balance b;
    auto g = std::make_shared<gate>();
    boost::asio::io_context loop;
    const executor ex = loop.get_executor();
    {
        auto waiting = start([](executor e, std::shared_ptr<gate> shared) -> task<> {
            auto work = [shared] {
                shared->pass();
                return counted(1);
            };
            static_cast<void>(co_await leat::offload(e, work));
            FAIL("nobody waits for this any more");
        }(ex, g));
        g->wait_for_entry();
    }
    g->let_go();
    loop.run(); // takes the result, and drops it
    CHECK(b.even());
}

TEST_CASE("offload: the loop is destroyed before the call is through", "[offload]") {
    auto g = std::make_shared<gate>();
    bool gone = false;
    {
        boost::asio::io_context loop;
        const executor ex = loop.get_executor();
        auto body = [](executor e, std::shared_ptr<gate> shared, bool& h) -> task<> {
            const noting n(h);
            auto work = [shared] { shared->pass(); };
            co_await leat::offload(e, work);
            FAIL("the loop is gone");
        };
        leat::spawn(ex, body(ex, g, gone));
        loop.run_for(1ms);
        g->wait_for_entry();
    }
    CHECK(gone);
    g->let_go();
    // The worker comes back to a loop that is no more. Give it work after that, so that it has.
    for (int i = 0; i < 20; ++i)
        leat::run([](executor ex) -> task<> {
            int x = 1;
            co_await leat::offload(ex, [&x] { ++x; });
        });
}

// ---- more threads than one ----------------------------------------------------------------------------------------

TEST_CASE("strand: streams read on strands of a pool", "[strand]") {
    boost::asio::thread_pool pool(3);
    auto read = [](executor ex, long& sum) -> task<> {
        auto s = ticks(ex, 500) | leat::transform([](int x) { return x + 1; });
        while (auto x = co_await s.next())
            sum += *x;
        auto rest = ticks(ex, 500) | leat::for_each([&sum](int x) { sum += x; });
        co_await rest;
    };
    // Kept until the pool is through: g++'s ThreadSanitizer does not understand how any_io_executor counts its owners.
    std::vector<executor> strands;
    long sums[6] = {};
    for (long& sum : sums) {
        const executor ex = strands.emplace_back(boost::asio::make_strand(pool));
        leat::spawn(ex, read(ex, sum));
    }
    pool.join();
    for (const long sum : sums)
        CHECK(sum == 500 * 501 / 2 + 500 * 499 / 2);
}
