#include <leat/adaptor/stop_on.hpp>
#include <leat/adaptor/take.hpp>
#include <leat/adaptor/transform.hpp>
#include <leat/asio/on.hpp>
#include <leat/asio/run.hpp>
#include <leat/asio/spawn.hpp>
#include <leat/sink/count.hpp>
#include <leat/sink/fold.hpp>
#include <leat/sync_wait.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/waiting.hpp"

// `on`: where the elements, the end, an exception and the closing arrive.

namespace {

using thread_id = std::thread::id;
thread_id here() { return std::this_thread::get_id(); }

/// A source that goes to another thread before each of its batches, and notes where it runs.
leat::async_generator<counted> away(two_threads& threads, int batches, int size, bool throws = false,
                                    std::vector<thread_id>* cleaned = nullptr) {
    auto clean = [&threads, cleaned]() -> leat::task<> {
        co_await threads.hop();
        if (cleaned != nullptr)
            cleaned->push_back(here());
    };
    co_await leat::on_close(clean);
    std::vector<counted> page;
    for (int i = 0; i < batches; ++i) {
        co_await threads.hop(i % 3 == 0 ? 2000 : 0);
        page.clear();
        for (int k = 0; k < size; ++k)
            page.emplace_back(i * size + k);
        co_yield leat::batch(page);
    }
    co_await threads.hop();
    if (throws)
        throw std::runtime_error("lost");
}

leat::async_generator<int> at_home(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
}

/// How many other handlers ran on the loop meanwhile.
struct turns {
    int n = 0;
};

} // namespace

TEST_CASE("on: elements and the end arrive on the loop", "[on]") {
    const balance b;
    two_threads threads;
    leat::run([&](leat::executor ex) -> leat::task<> {
        const thread_id loop = here();
        auto s = away(threads, 50, 4) | leat::on(ex);
        int n = 0;
        while (auto x = co_await s.next()) {
            if (here() != loop || x->value != n)
                FAIL("an element is somewhere else");
            ++n;
        }
        CHECK(n == 200);
        CHECK(here() == loop);
    });
    CHECK(b.even());
}

TEST_CASE("on: without it they arrive where the wait ended", "[on]") {
    two_threads threads;
    auto everywhere = away(threads, 50, 1);
    bool elsewhere = false;
    leat::sync_wait([](auto& s, bool& gone, thread_id home) -> leat::task<> {
        while (auto x = co_await s.next())
            gone = gone || here() != home;
    }(everywhere, elsewhere, here()));
    CHECK(elsewhere); // so the tests here can fail

    leat::run([&](leat::executor ex) -> leat::task<> {
        const thread_id loop = here();
        auto nothing = at_home(1) | leat::on(ex);
        co_await nothing.close();
        auto back = at_home(1) | leat::on(ex) | leat::count();
        co_await back;
        CHECK(here() == loop);
    });
}

TEST_CASE("on: batches stay batches, with one hop each", "[on]") {
    two_threads threads;
    leat::run([&](leat::executor ex) -> leat::task<> {
        const thread_id loop = here();
        auto s = away(threads, 10, 7) | leat::on(ex);
        int batches = 0;
        for (;;) {
            auto some = co_await s.next_batch();
            if (some.empty())
                break;
            CHECK(here() == loop);
            CHECK(some.size() == 7);
            ++batches;
        }
        CHECK(batches == 10);
    });
}

TEST_CASE("on: what is pushed, and what stages behind it compute, is computed there", "[on]") {
    two_threads threads;
    leat::run([&](leat::executor ex) -> leat::task<> {
        const thread_id loop = here();
        int wrong = 0;
        auto all = away(threads, 20, 3) | leat::on(ex) | leat::transform([&](counted&& x) {
                       wrong += here() != loop;
                       return x.value;
                   }) |
                   leat::fold(0, [&](int sum, int x) {
                       wrong += here() != loop;
                       return sum + x;
                   });
        const int sum = co_await all;
        CHECK(sum == 60 * 59 / 2);
        CHECK(wrong == 0);
        CHECK(here() == loop);
    });
}

TEST_CASE("on: an exception and the closing arrive there too", "[on]") {
    two_threads threads;
    std::vector<thread_id> cleaned;
    leat::run([&](leat::executor ex) -> leat::task<> {
        const thread_id loop = here();
        auto s = away(threads, 3, 2, true, &cleaned) | leat::on(ex);
        int n = 0;
        bool thrown = false;
        try {
            while (auto x = co_await s.next())
                ++n;
        } catch (const std::runtime_error&) {
            thrown = here() == loop;
        }
        CHECK(thrown);
        CHECK(n == 6);
        CHECK(cleaned.size() == 1);
        CHECK(here() == loop);

        auto closed = away(threads, 3, 2, false, &cleaned) | leat::on(ex);
        static_cast<void>(co_await closed.next());
        co_await closed.close();
        CHECK(here() == loop);
        CHECK(cleaned.size() == 2);
        CHECK(cleaned.back() != loop);

        auto first = away(threads, 3, 2, false, &cleaned) | leat::on(ex) | leat::take(1) | leat::count();
        co_await first;
        CHECK(here() == loop);
        CHECK(cleaned.size() == 3);
    });
}

TEST_CASE("on: what is already there does not hop", "[on]") {
    leat::run([](leat::executor ex) -> leat::task<> {
        auto n = std::make_shared<turns>();
        boost::asio::post(ex, [n] { ++n->n; });
        auto s = at_home(100) | leat::on(ex);
        while (auto x = co_await s.next()) {
        }
        CHECK(n->n == 0); // it would have run first
    });
}

TEST_CASE("on: a strand, a loop's own executor, a pool", "[on]") {
    leat::run([](leat::executor ex) -> leat::task<> {
        boost::asio::thread_pool pool(2);
        const leat::executor strand = boost::asio::make_strand(pool);
        for (const leat::executor& other :
             {strand, leat::executor(boost::asio::make_strand(leat::executor(pool.get_executor()))),
              leat::executor(pool.get_executor())}) {
            const thread_id loop = here();
            auto s =
                at_home(3) | leat::on(other) | leat::transform([](int) { return here(); }) | leat::on(ex);
            int n = 0;
            while (auto x = co_await s.next()) {
                CHECK(here() == loop);
                CHECK(*x != loop);
                ++n;
            }
            CHECK(n == 3);
        }
        auto concrete = at_home(3) | leat::on(pool.get_executor()) | leat::on(ex) | leat::count();
        const std::size_t n = co_await concrete;
        CHECK(n == 3);
    });
}

TEST_CASE("on: lent elements stay where they are", "[on]") {
    const auto lend = [](two_threads& threads, const std::vector<std::unique_ptr<int>>& all)
        -> leat::async_generator<const std::unique_ptr<int>&> {
        for (const auto& x : all) {
            co_await threads.hop();
            co_yield x;
        }
    };
    two_threads threads;
    leat::run([&](leat::executor ex) -> leat::task<> {
        std::vector<std::unique_ptr<int>> all;
        for (int i = 0; i < 5; ++i)
            all.push_back(std::make_unique<int>(i));
        auto s = lend(threads, all) | leat::on(ex);
        std::size_t n = 0;
        while (auto x = co_await s.next())
            CHECK(&*x == &all[n++]);
        CHECK(n == 5);
    });
}

TEST_CASE("on: a stop arrives there, after what was pulled", "[on]") {
    two_threads threads;
    leat::run([&](leat::executor ex) -> leat::task<> {
        const thread_id loop = here();
        std::stop_source stop;
        auto s = away(threads, 1000, 3) | leat::on(ex) | leat::stop_on(stop.get_token());
        int n = 0;
        bool stopped = false;
        try {
            while (auto x = co_await s.next()) {
                if (++n == 4)
                    stop.request_stop();
            }
        } catch (const leat::stopped&) {
            stopped = here() == loop;
        }
        CHECK(stopped);
        CHECK(n == 6);
    });
}

TEST_CASE("on: destroyed while it hops, and while the loop goes", "[on]") {
    const balance b;
    {
        boost::asio::io_context loop;
        auto s = std::make_unique<decltype(at_home(3) | leat::on(leat::executor()))>(
            at_home(3) | leat::on(leat::executor(loop.get_executor())));
        auto reading = std::make_unique<foreign>(
            [](auto& stream) -> foreign { static_cast<void>(co_await stream.next()); }(*s));
        CHECK(!reading->done()); // it is on its way to a loop that does not run yet
        reading.reset();
        s.reset();
        loop.run();
    }
    {
        two_threads threads;
        boost::asio::io_context loop;
        leat::spawn(loop.get_executor(), [](leat::executor ex, two_threads& t) -> leat::task<> {
            auto s = away(t, 3, 1) | leat::on(ex);
            while (auto x = co_await s.next()) {
            }
        }(loop.get_executor(), threads));
        loop.run(); // the stream is work for it until it is over
    }
    CHECK(b.even());
}
