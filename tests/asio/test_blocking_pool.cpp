#include "support/catch.hpp"
#include "support/eventually.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <future>
#include <iterator>
#include <latch>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <leat/asio.hpp>
#include <leat/leat.hpp>

// The threads for blocking calls: no more of them than calls that block at the same time.

namespace {

using leat::executor;
using leat::task;

std::ptrdiff_t threads() {
    const std::filesystem::directory_iterator all("/proc/self/task");
    return std::distance(begin(all), end(all));
}

} // namespace

// These two first, while the pool has no threads yet.
TEST_CASE("blocking_pool: calls one after the other do not need a thread each") {
    const auto before = threads();
    leat::run([](executor ex) -> task<> {
        for (int i = 0; i != 50; ++i)
            co_await leat::offload(ex, [] {});
    });
    // A thread counts as free a moment after its call has come back: now and then the next call starts another one.
    CHECK(threads() < before + 8);
}

TEST_CASE("blocking_pool: calls that are made at the same time have a thread each, too") {
    for (int round = 0; round != 20; ++round) {
        auto all = std::make_shared<std::latch>(8);
        std::vector<std::thread> callers;
        for (int i = 0; i != 4; ++i) {
            callers.emplace_back([all] {
                for (int k = 0; k != 2; ++k)
                    boost::asio::post(leat::blocking_pool(), [all] { all->arrive_and_wait(); });
            });
        }
        for (std::thread& caller : callers)
            caller.join();
        all->wait();
    }
    SUCCEED("nobody waited for ever");
}

TEST_CASE("blocking_pool: eight calls that block have a thread each") {
    std::latch all(8);
    leat::run([&all](executor ex) -> task<> {
        std::atomic<int> done = 0;
        auto one = [](executor e, std::latch& meet, std::atomic<int>& count) -> task<> {
            auto block = [&meet] { meet.arrive_and_wait(); };
            co_await leat::offload(e, block);
            ++count;
        };
        for (int i = 0; i != 8; ++i)
            leat::spawn(ex, one(ex, all, done));
        while (done != 8)
            co_await leat::sleep_for(ex, std::chrono::milliseconds(1));
    });
    CHECK(all.try_wait());
}

TEST_CASE("blocking_pool: more calls than threads wait for their turn, and timers do not") {
    const unsigned cores = std::thread::hardware_concurrency();
    const int most = cores < 4 ? 8 : static_cast<int>(2 * cores);
    struct calls {
        std::atomic<int> running = 0, done = 0;
        std::latch release = std::latch(1);
    };
    const auto all = std::make_shared<calls>();
    const auto call = [all] {
        ++all->running;
        all->release.wait();
        ++all->done;
    };
    // An executor that was made of the pool keeps a thread for what is no call.
    const executor worker = boost::asio::make_strand(leat::blocking_pool());
    for (int i = 0; i != most; ++i)
        boost::asio::post(leat::blocking_pool(), call);
    CHECK(eventually([&] { return all->running == most; }));
    const auto fired = std::make_shared<std::promise<void>>();
    boost::asio::steady_timer timer(worker, std::chrono::milliseconds(1));
    timer.async_wait([fired](auto) { fired->set_value(); });
    fired->get_future().wait();

    for (int i = 0; i != 5; ++i)
        boost::asio::post(leat::blocking_pool(), call);
    CHECK(eventually([&] { return all->running == most + 1; }));
    CHECK(all->done == 0);
    all->release.count_down();
    CHECK(eventually([&] { return all->done == most + 5; }));
}

TEST_CASE("blocking_pool: it is an executor of Asio") {
    static_assert(boost::asio::execution::is_executor<leat::blocking_executor>::value);
    const executor any = leat::blocking_pool();
    const executor strand = boost::asio::make_strand(leat::blocking_pool());
    CHECK(leat::blocking_pool() == leat::blocking_pool());
    CHECK(any != strand);

    // What is posted while this thread waits runs on others, and owns what it was given.
    struct seen {
        std::vector<std::thread::id> threads;
        std::latch both = std::latch(2);
    };
    const auto all = std::make_shared<seen>();
    for (int i = 0; i != 2; ++i) {
        boost::asio::post(strand, [all, one = std::make_unique<int>(1)] {
            all->threads.push_back(std::this_thread::get_id());
            all->both.count_down(*one);
        });
    }
    all->both.wait();
    CHECK(all->threads.size() == 2);
    CHECK(all->threads.at(0) != std::this_thread::get_id());
    CHECK(all->threads.at(1) != std::this_thread::get_id());
}
