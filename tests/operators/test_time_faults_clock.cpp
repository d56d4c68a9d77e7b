#include "support/fault_time.hpp"

#include <leat/adaptor/chunk_within.hpp>
#include <leat/adaptor/keep_alive.hpp>
#include <leat/adaptor/timeout.hpp>

#include <algorithm>

using fault::check_faults;
using fault::ints;
using namespace std::chrono_literals;

// Operators that watch their source and the clock.

namespace {
const auto identity = [](const ints& in) { return in; };
const auto all = [](const ints& got, const ints& yielded) { return got == yielded; };
} // namespace

TEST_CASE("faults: timeout", "[faults]") {
    fault::options o;
    o.has_workers = true;
    check_faults(
        "timeout",
        [](auto& ctx, auto s) {
            return std::move(s) |
                   leat::timeout(fault::clock_of(ctx).stands_still(), {.first = 1s, .idle = 2s, .total = 1h});
        },
        identity, o);
}

TEST_CASE("faults: chunk_within", "[faults]") {
    const auto elements_of_groups = [](ints got) {
        std::erase_if(got, [](int x) { return x >= 1000; });
        return got;
    };
    fault::options o;
    o.prefix_only = true;
    o.has_workers = true;
    o.check = fault::check_elements(elements_of_groups, all);
    check_faults(
        "chunk_within",
        [](auto& ctx, auto s) {
            return std::move(s) |
                   leat::chunk_within(fault::clock_of(ctx).stands_still_on_two_threads(), 3, 10ms);
        },
        identity, o);
}

TEST_CASE("faults: keep_alive", "[faults]") {
    const auto without_signs = [](ints got) {
        std::erase(got, 77);
        return got;
    };
    fault::options o;
    o.prefix_only = true;
    o.has_workers = true;
    o.check = fault::check_elements(without_signs, all);
    check_faults(
        "keep_alive",
        [](auto& ctx, auto s) {
            return std::move(s) | leat::keep_alive(fault::clock_of(ctx).stands_still_on_two_threads(), 10ms,
                                                   ctx.fn([] { return counted(77); }));
        },
        identity, o);
}
