#include "support/fault_time.hpp"

#include <leat/adaptor/delay.hpp>
#include <leat/adaptor/throttle.hpp>
#include <leat/source/retry.hpp>

using fault::check_faults;
using fault::ints;
using namespace std::chrono_literals;

// Operators that wait for a time, and for nothing else meanwhile.

namespace {
const auto identity = [](const ints& in) { return in; };
} // namespace

TEST_CASE("faults: delay", "[faults]") {
    check_faults(
        "delay", [](auto& ctx, auto s) { return std::move(s) | leat::delay(fault::clock_of(ctx), 10ms); },
        identity);
}

TEST_CASE("faults: throttle", "[faults]") {
    check_faults(
        "throttle",
        [](auto& ctx, auto s) {
            return std::move(s) |
                   leat::throttle(fault::clock_of(ctx), {.elements = 1, .per = 10ms, .burst = 2});
        },
        identity);
}

namespace {

template <class S> struct once_only {
    S stream;
    explicit once_only(S&& s) : stream(std::move(s)) {}
    S operator()() { return std::move(stream); }
    S operator()(const std::optional<int>&) { return std::move(stream); }
};
bool never(const std::exception_ptr&) { return false; }

} // namespace

// An error that is mended is never seen, which the harness would not understand; see test_time_retry.cpp.
TEST_CASE("faults: retry", "[faults]") {
    check_faults(
        "retry",
        [](auto& ctx, auto s) {
            return leat::retry(fault::clock_of(ctx), once_only(std::move(s)), {.when = never});
        },
        identity);
}
TEST_CASE("faults: retry with a token", "[faults]") {
    check_faults(
        "retry with a token",
        [](auto& ctx, auto s) {
            return leat::retry(fault::clock_of(ctx), once_only(std::move(s)),
                               ctx.fn([](const counted& x) { return x.value; }), {.when = never});
        },
        identity);
}
