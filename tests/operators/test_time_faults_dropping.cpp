#include "support/fault_time.hpp"

#include <leat/adaptor/debounce.hpp>
#include <leat/adaptor/sample.hpp>

using fault::check_faults;
using fault::ints;
using namespace std::chrono_literals;

// Operators that drop elements on purpose, but never the last one.

namespace {
const auto identity = [](const ints& in) { return in; };
const auto the_last = [](const ints& got, const ints& yielded) {
    return yielded.empty() || (!got.empty() && got.back() == yielded.back());
};
fault::options dropping() {
    fault::options o;
    o.prefix_only = true;
    o.has_workers = true;
    o.check = fault::check_elements(identity, the_last);
    return o;
}
} // namespace

TEST_CASE("faults: debounce", "[faults]") {
    check_faults(
        "debounce",
        [](auto& ctx, auto s) {
            return std::move(s) | leat::debounce(fault::clock_of(ctx).stands_still_on_two_threads(), 10ms);
        },
        identity, dropping());
}

TEST_CASE("faults: sample", "[faults]") {
    check_faults(
        "sample",
        [](auto& ctx, auto s) {
            return std::move(s) | leat::sample(fault::clock_of(ctx).stands_still_on_two_threads(), 10ms);
        },
        identity, dropping());
}
