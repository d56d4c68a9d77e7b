#include "support/catch.hpp"
#include "support/counted.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <leat/asio.hpp>
#include <leat/leat.hpp>

// leat's streams, tasks and terminals in Asio's own coroutines, and with its other completion tokens.

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::awaitable;
using leat::async_generator;
using leat::executor;
using leat::task;
using ints = std::vector<int>;

async_generator<int> numbers(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
}
async_generator<int> ticks(executor ex, int n) {
    for (int i = 0; i < n; ++i) {
        co_await leat::sleep_for(ex, 1us);
        co_yield i;
    }
}
async_generator<std::string> broken(executor ex) {
    co_yield "one";
    co_await leat::sleep_for(ex, 1us);
    throw std::runtime_error("broken");
}
task<int> slow(executor ex, int x) {
    co_await leat::sleep_for(ex, 1us);
    co_return x;
}
struct noting {
    bool* gone;
    explicit noting(bool& g) : gone(&g) {}
    noting(const noting&) = delete;
    ~noting() { *gone = true; }
};

// Runs an Asio coroutine to its end, and throws what it throws.
template <class R> R run_asio(asio::io_context& loop, awaitable<R> a) {
    auto result = asio::co_spawn(loop, std::move(a), asio::use_future);
    loop.run();
    return result.get();
}

} // namespace

TEST_CASE("asio::awaitable: reads a stream by next() and next_batch()", "[external]") {
    auto read = [](executor ex) -> awaitable<ints> {
        ints all;
        auto s = ticks(ex, 3);
        while (auto x = co_await s.next())
            all.push_back(*x);
        auto p = numbers(6) | leat::filter([](int x) { return x % 2 == 1; });
        while (auto x = co_await p.next())
            all.push_back(*x);
        auto batches = ticks(ex, 2);
        for (;;) {
            auto b = co_await batches.next_batch();
            if (b.empty())
                break;
            all.insert(all.end(), b.begin(), b.end());
        }
        co_return all;
    };
    asio::io_context loop;
    CHECK(run_asio(loop, read(loop.get_executor())) == ints{0, 1, 2, 1, 3, 5, 0, 1});
}

TEST_CASE("asio::awaitable: tasks, terminals and close()", "[external]") {
    bool closed = false;
    auto read = [](executor ex, bool& c) -> awaitable<ints> {
        ints all;
        const int x = co_await slow(ex, 7);
        all.push_back(x);
        const int z = co_await slow(ex, 1)(asio::use_awaitable); // the same, said in full
        all.push_back(z);
        auto named = slow(ex, 8);
        const int y = co_await std::move(named);
        all.push_back(y);
        auto sum = ticks(ex, 5) | leat::fold(0, [](int a, int v) { return a + v; });
        const int total = co_await std::move(sum);
        all.push_back(total);
        auto with_cleanup = [](executor e, bool& flag) -> async_generator<int> {
            auto cleanup = [e, &flag]() -> task<> {
                co_await leat::sleep_for(e, 1us);
                flag = true;
            };
            co_await leat::on_close(cleanup);
            for (int i = 0;; ++i)
                co_yield i;
        };
        auto s = with_cleanup(ex, c);
        auto first = co_await s.next();
        all.push_back(*first);
        co_await s.close();
        auto nothing = []() -> task<> { co_return; };
        co_await nothing();
        co_return all;
    };
    asio::io_context loop;
    CHECK(run_asio(loop, read(loop.get_executor(), closed)) == ints{7, 1, 8, 10, 0});
    CHECK(closed);
}

TEST_CASE("asio::awaitable: exceptions", "[external]") {
    auto read = [](executor ex) -> awaitable<std::string> {
        auto s = broken(ex);
        std::string seen;
        try {
            while (auto x = co_await s.next())
                seen += *x;
        } catch (const std::runtime_error& e) {
            seen += std::string(" ") + e.what();
        }
        auto fails = []() -> task<> {
            throw std::runtime_error("task");
            co_return;
        };
        try {
            co_await fails();
        } catch (const std::runtime_error& e) {
            seen += std::string(" ") + e.what();
        }
        auto at_end = co_await s.next();
        co_return seen + (at_end ? " more" : " end");
    };
    asio::io_context loop;
    CHECK(run_asio(loop, read(loop.get_executor())) == "one broken task end");
}

TEST_CASE("asio::awaitable: results that can only be moved", "[external]") {
    auto read = [](executor ex) -> awaitable<int> {
        auto make = [](executor e) -> task<std::unique_ptr<int>> {
            co_await leat::sleep_for(e, 1us);
            co_return std::make_unique<int>(4);
        };
        const std::unique_ptr<int> p = co_await make(ex);
        auto body = []() -> async_generator<std::unique_ptr<int>> {
            co_yield std::make_unique<int>(1);
            co_yield std::make_unique<int>(2);
        };
        auto s = body();
        int sum = *p;
        while (auto x = co_await s.next()) {
            const std::unique_ptr<int> mine = std::move(*x);
            sum += *mine;
        }
        co_return sum;
    };
    asio::io_context loop;
    CHECK(run_asio(loop, read(loop.get_executor())) == 7);
}

TEST_CASE("asio::awaitable: 200,000 ready elements and tasks do not grow the stack", "[external]") {
    auto read = [](int n) -> awaitable<long> {
        long sum = 0;
        auto s = numbers(n);
        while (auto x = co_await s.next())
            sum += *x;
        auto ready = [](int x) -> task<int> { co_return x; };
        for (int i = 0; i < n; ++i)
            sum += co_await ready(i);
        co_return sum;
    };
    asio::io_context loop;
    constexpr long n = 200'000;
    CHECK(run_asio(loop, read(n)) == n * (n - 1));
}

TEST_CASE("asio::awaitable: goes on on its own executor, also when another thread finishes", "[external]") {
    asio::io_context loop;
    const auto here = std::this_thread::get_id();
    auto read = [](executor ex, std::thread::id home) -> awaitable<bool> {
        bool right = true;
        for (int i = 0; i < 100; ++i) {
            auto blocking = [](executor e) -> async_generator<int> {
                const int x = co_await leat::offload(e, [] { return 1; });
                co_yield x;
            };
            auto s = blocking(ex);
            auto x = co_await s.next();
            right = right && *x == 1 && std::this_thread::get_id() == home;
        }
        co_return right;
    };
    CHECK(run_asio(loop, read(loop.get_executor(), here)));
}

TEST_CASE("asio::awaitable: on strands of a pool", "[external]") {
    asio::thread_pool pool(3);
    auto read = [](executor ex) -> awaitable<long> {
        long sum = 0;
        auto s = ticks(ex, 300);
        while (auto x = co_await s.next())
            sum += *x;
        co_return sum;
    };
    // Kept until the pool is through: g++'s ThreadSanitizer does not understand how any_io_executor counts its owners.
    std::vector<executor> strands;
    std::vector<std::future<long>> results;
    for (int i = 0; i < 4; ++i) {
        const executor ex = strands.emplace_back(asio::make_strand(pool));
        results.push_back(asio::co_spawn(ex, read(ex), asio::use_future));
    }
    for (auto& r : results)
        CHECK(r.get() == 300 * 299 / 2);
    pool.join();
}

TEST_CASE("completion tokens: use_future, detached and a plain handler", "[external]") {
    asio::io_context loop;
    const executor ex = loop.get_executor();
    std::future<int> value = slow(ex, 5)(asio::use_future);
    auto fails = []() -> task<> {
        throw std::runtime_error("task");
        co_return;
    };
    std::future<void> error = fails()(asio::use_future);
    bool ran = false;
    auto note = [](executor e, bool& r) -> task<> {
        co_await leat::sleep_for(e, 1us);
        r = true;
    };
    note(ex, ran)(asio::detached);
    int handled = 0;
    slow(ex, 6)(asio::bind_executor(ex, [&handled](std::exception_ptr e, int x) { handled = e ? -1 : x; }));
    auto s = ticks(ex, 2);
    auto first = s.next()(asio::use_future);
    loop.run();
    CHECK(value.get() == 5);
    CHECK_THROWS_WITH(error.get(), "task");
    CHECK(ran);
    CHECK(handled == 6);
    CHECK(first.valid());
}

TEST_CASE("asio::awaitable: the loop is destroyed while one waits for a stream", "[external]") {
    const balance b;
    bool gone = false;
    {
        asio::io_context loop;
        auto read = [](executor ex, bool& g) -> awaitable<void> {
            auto body = [](executor e, bool& h) -> async_generator<counted> {
                const noting n(h);
                const counted local(1);
                co_await leat::sleep_for(e, 24h);
                co_yield local;
            };
            auto s = body(ex, g);
            while (auto x = co_await s.next())
                x->value = 0;
        };
        asio::co_spawn(loop, read(loop.get_executor(), gone), asio::detached);
        loop.run_for(1ms);
        CHECK_FALSE(gone);
    }
    CHECK(gone);
    CHECK(b.even());
}
