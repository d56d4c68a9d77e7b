#include "support/catch.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <latch>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
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

// First, while the pool has no threads yet.
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

TEST_CASE("blocking_pool: calls one after the other share a thread") {
    const auto before = threads();
    leat::run([](executor ex) -> task<> {
        for (int i = 0; i != 50; ++i)
            co_await leat::offload(ex, [] {});
    });
    // A thread counts as free a moment after its call has come back: the next call may start a second one.
    CHECK(threads() <= before + 2);
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

TEST_CASE("blocking_pool: more calls than threads wait for their turn") {
    const auto all = std::make_shared<std::latch>(200);
    for (int i = 0; i != 200; ++i)
        boost::asio::post(leat::blocking_pool(), [all] { all->count_down(); });
    all->wait();
    CHECK(threads() < 200);
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
