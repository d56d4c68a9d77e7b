#include "support/fault.hpp"

// stop_on and take_until as stages in the middle, under every fault at every point. See support/fault.hpp. (At the end
// of the pipeline they are in every test.)

using fault::check_faults;
using fault::ints;

namespace {

bool is_even(const counted& x) { return x.value % 2 == 0; }
ints evens(const ints& in) {
    ints out;
    for (const int x : in)
        if (x % 2 == 0)
            out.push_back(x);
    return out;
}

} // namespace

TEST_CASE("faults: stop_on", "[faults]") {
    check_faults(
        "stop_on",
        [](auto& ctx, auto s) {
            return std::move(s) | leat::stop_on(ctx.token()) | leat::filter(ctx.fn(is_even));
        },
        evens);
}

TEST_CASE("faults: take_until", "[faults]") {
    check_faults("take_until",
                 [](auto& ctx, auto s) {
                     return std::move(s) | leat::take_until(ctx.token()) | leat::filter(ctx.fn(is_even));
                 },
                 evens, {.ends_on_stop = true});
}
