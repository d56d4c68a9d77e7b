#include "support/catch.hpp"

#include <leat/sse/reconnection.hpp>

#include <algorithm>
#include <set>

namespace sse = leat::sse;
using namespace std::chrono_literals;
using clock_type = sse::reconnection::clock;

namespace {

/// The first wait of many clients that lose their server at once.
std::chrono::milliseconds first_wait(sse::reconnect_options o) {
    sse::reconnection again(o);
    return again.lost({}).value();
}

} // namespace

TEST_CASE("a reconnection waits for the reconnection time, and a growing time at random", "[reconnection]") {
    for (std::uint64_t seed = 1; seed != 200; ++seed) {
        sse::reconnection again({.reconnection_time = 1s, .max_backoff = 30s, .seed = seed});
        std::chrono::milliseconds most = 1s;
        for (int i = 0; i != 12; ++i) {
            const auto wait = again.lost({}).value();
            CHECK(wait >= 1s);
            CHECK(wait <= 1s + most);
            most = std::min<std::chrono::milliseconds>(most * 2, 30s);
        }
        CHECK(again.failures() == 12);
    }
}

TEST_CASE("a reconnect storm is spread over the whole time", "[reconnection]") {
    std::multiset<long long> waits;
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed)
        waits.insert(first_wait({.reconnection_time = 1s, .seed = seed}).count());
    for (long long from = 1000; from < 2000;
         from += 100) { // full jitter: each tenth of a second has its share
        const auto share = std::distance(waits.lower_bound(from), waits.lower_bound(from + 100));
        CHECK(share > 800);
        CHECK(share < 1200);
    }
    // Without a seed, two clients do not wait the same, mostly.
    std::set<long long> others;
    for (int i = 0; i != 20; ++i)
        others.insert(first_wait({.reconnection_time = 1h, .max_backoff = 1h}).count());
    CHECK(others.size() > 10);
}

TEST_CASE("the waits grow until a connection has stayed good", "[reconnection]") {
    sse::reconnection again({.reconnection_time = 1s, .max_backoff = 0s, .good_after = 60s});
    clock_type::time_point now{};
    const auto one = [&](std::chrono::seconds stands) {
        again.opened(now);
        now += stands;
        return again.lost(now).value();
    };
    CHECK(one(1s) == 1s); // max_backoff 0: no time at random
    CHECK(one(59s) == 1s);
    CHECK(again.failures() == 2);
    CHECK(one(60s) == 1s);
    CHECK(again.failures() == 1);              // this loss is the first after a good connection
    CHECK(again.lost(now + 1h).value() == 1s); // never opened: time does not make it good
    CHECK(again.failures() == 2);
}

TEST_CASE("what the server says is kept within limits", "[reconnection]") {
    sse::reconnection again({.max_backoff = 0s});
    CHECK(again.lost({}) == 3s);
    again.server_asks(0ms);
    CHECK(again.lost({}) == 100ms);
    again.server_asks(250ms);
    CHECK(again.lost({}) == 250ms);
    again.server_asks(std::chrono::milliseconds::max());
    CHECK(again.lost({}) == 1h);
    again.server_asks(1s);
    CHECK(again.lost({}, 90s) == 90s); // Retry-After
    CHECK(again.lost({}) == 1s);
}

TEST_CASE("reconnection attempts are counted", "[reconnection]") {
    sse::reconnection again({.attempts = 3});
    CHECK(again.lost({}));
    CHECK(again.lost({}));
    CHECK_FALSE(again.lost({}));
    CHECK(again.failures() == 3);
    sse::reconnection without({.max_backoff = 1h});
    for (int i = 0; i != 10'000; ++i) // and nothing overflows
        CHECK(without.lost({}).value() <= 1h + 3s);
}
