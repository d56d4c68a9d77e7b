#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <leat/adaptor/chunk_within.hpp>
#include <leat/adaptor/debounce.hpp>
#include <leat/adaptor/delay.hpp>
#include <leat/adaptor/keep_alive.hpp>
#include <leat/adaptor/sample.hpp>
#include <leat/adaptor/throttle.hpp>
#include <leat/adaptor/timeout.hpp>
#include <leat/leat.hpp>
#include <leat/source/retry.hpp>
#include <leat/testing/virtual_clock.hpp>

using namespace std::chrono_literals;
using leat::testing::virtual_clock;

namespace {

leat::async_generator<int> numbers(int n, virtual_clock& clock) {
    for (int i = 0; i < n; ++i) {
        if (i % 10 == 9)
            co_await clock.sleep_for(1ms);
        co_yield i;
    }
}

template <class Stage> void no_more_for_more_elements(const Stage& stage) {
    virtual_clock clock;
    const auto taken = [&](int n) {
        const auto before = allocations();
        static_cast<void>(clock.run(stage(numbers(n, clock), clock.executor()) | leat::count()));
        return allocations() - before;
    };
    CHECK(taken(2000) == taken(200));
}

} // namespace

TEST_CASE("time operators: no allocation for an element", "[time]") {
    no_more_for_more_elements([](auto s, auto ex) { return leat::delay(std::move(s), ex, 1ns); });
    no_more_for_more_elements(
        [](auto s, auto ex) { return leat::throttle(std::move(s), ex, {.elements = 1, .per = 1us}); });
    if (!leat::detail::poisoning) // then a chunk does not use its memory again
        no_more_for_more_elements(
            [](auto s, auto ex) { return leat::chunk_within(std::move(s), ex, 10, 1h); });
    no_more_for_more_elements([](auto s, auto ex) { return leat::debounce(std::move(s), ex, 1h); });
    no_more_for_more_elements([](auto s, auto ex) { return leat::sample(std::move(s), ex, 1h); });
    no_more_for_more_elements([](auto s, auto ex) { return leat::timeout(std::move(s), ex, {.idle = 1h}); });
    no_more_for_more_elements(
        [](auto s, auto ex) { return leat::keep_alive(std::move(s), ex, 1h, [] { return 0; }); });
    no_more_for_more_elements([](auto s, auto ex) {
        return leat::retry(ex, [t = std::move(s)]() mutable { return std::move(t); });
    });
}
