#include "support/fault.hpp"

// Stages that leave elements out, under every fault at every point. See support/fault.hpp.

using fault::check_faults;
using fault::ints;

namespace {

template <class P> ints those(const ints& in, P p) {
    ints out;
    for (const int x : in)
        if (p(x))
            out.push_back(x);
    return out;
}
bool is_even(const counted& x) { return x.value % 2 == 0; }
bool is_below_5(const counted& x) { return x.value < 5; }

} // namespace

TEST_CASE("faults: filter", "[faults]") {
    check_faults(
        "filter", [](auto& ctx, auto s) { return std::move(s) | leat::filter(ctx.fn(is_even)); },
        [](const ints& in) { return those(in, [](int x) { return x % 2 == 0; }); });
}

TEST_CASE("faults: drop", "[faults]") {
    check_faults(
        "drop", [](auto&, auto s) { return std::move(s) | leat::drop(3); },
        [](const ints& in) { return those(in, [](int x) { return x >= 3; }); });
}

TEST_CASE("faults: take", "[faults]") {
    check_faults(
        "take", [](auto&, auto s) { return std::move(s) | leat::take(5); },
        [](const ints& in) { return those(in, [](int x) { return x < 5; }); });
}

TEST_CASE("faults: take_while", "[faults]") {
    check_faults(
        "take_while", [](auto& ctx, auto s) { return std::move(s) | leat::take_while(ctx.fn(is_below_5)); },
        [](const ints& in) { return those(in, [](int x) { return x < 5; }); });
}
