#include "support/catch.hpp"

#include <leat/adaptor/timeout.hpp>
#include <leat/asio.hpp>
#include <leat/asio/timer.hpp>
#include <leat/leat.hpp>
#include <leat/source/interval.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

// The operators with a time in them on a real loop: that they go on there, and can be stopped. What they do is tested with a
// virtual clock, in tests/operators.

using namespace std::chrono_literals;

TEST_CASE("asio timer: the executors that operators can wait on", "[asio]") {
    static_assert(leat::has_timer<leat::executor>);
    static_assert(leat::has_timer<boost::asio::io_context::executor_type>);
    static_assert(leat::has_timer<boost::asio::strand<boost::asio::io_context::executor_type>>);
    static_assert(!leat::has_timer<int>);
}

TEST_CASE("asio timer: interval ticks on the loop", "[asio]") {
    leat::run([](leat::executor ex) -> leat::task<> {
        const auto begin = std::chrono::steady_clock::now();
        auto three = leat::interval(ex, 2ms) | leat::take(3) | leat::count();
        const auto n = co_await three;
        CHECK(n == 3);
        CHECK(std::chrono::steady_clock::now() - begin >= 6ms);
    });
}

TEST_CASE("asio timer: timeout stops what waits too long", "[asio]") {
    leat::run([](leat::executor ex) -> leat::task<> {
        auto hours = leat::interval(ex, 1h) | leat::timeout(ex, {.idle = 2ms, .total = 1h}) | leat::count();
        bool timed_out = false;
        try {
            co_await hours;
        } catch (const leat::timed_out&) {
            timed_out = true;
        }
        CHECK(timed_out);
    });
}
