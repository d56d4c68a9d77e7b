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
    std::atomic<int> done = 0;
    std::latch all(200);
    for (int i = 0; i != 200; ++i) {
        boost::asio::post(leat::blocking_pool(), [&] {
            ++done;
            all.count_down();
        });
    }
    all.wait();
    CHECK(done == 200);
    CHECK(threads() < 200);
}

TEST_CASE("blocking_pool: it is an executor of Asio") {
    static_assert(boost::asio::execution::is_executor<leat::blocking_executor>::value);
    const executor any = leat::blocking_pool();
    const executor strand = boost::asio::make_strand(leat::blocking_pool());
    CHECK(leat::blocking_pool() == leat::blocking_pool());
    CHECK(any != strand);

    // A function posted while the thread waits here must run on another one, and own what it was given.
    const auto here = std::this_thread::get_id();
    std::vector<std::thread::id> where;
    std::latch both(2);
    auto note = [&, owned = std::make_unique<int>(1)] {
        where.push_back(std::this_thread::get_id());
        both.count_down(*owned);
    };
    auto again = [&, owned = std::make_unique<int>(1)] {
        where.push_back(std::this_thread::get_id());
        both.count_down(*owned);
    };
    boost::asio::post(strand, std::move(note));
    boost::asio::post(strand, std::move(again));
    both.wait();
    CHECK(where.size() == 2);
    CHECK(where.at(0) != here);
    CHECK(where.at(1) != here);
}
