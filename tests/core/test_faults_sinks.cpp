#include "support/fault.hpp"

// The terminals, under every fault at every point. See support/fault.hpp.

using fault::check_sink_faults;
using fault::ints;

namespace {

counted add(counted sum, const counted& x) { return counted(sum.value + x.value); }
ints same(const ints& in) { return in; }

} // namespace

TEST_CASE("faults: for_each", "[faults]") {
    check_sink_faults(
        "for_each", [](auto& ctx, auto s) { return std::move(s) | leat::for_each(ctx.sees()); }, same);
}

TEST_CASE("faults: for_each with a function to wait for", "[faults]") {
    check_sink_faults(
        "for_each awaited",
        [](auto& ctx, auto s) { return std::move(s) | leat::for_each(ctx.sees_awaited()); }, same);
}

TEST_CASE("faults: first", "[faults]") {
    check_sink_faults(
        "first", [](auto&, auto s) { return std::move(s) | leat::first(); },
        [](const ints& in) { return in.empty() ? ints() : ints{in.front()}; });
}

TEST_CASE("faults: count", "[faults]") {
    check_sink_faults(
        "count", [](auto&, auto s) { return std::move(s) | leat::count(); },
        [](const ints& in) { return ints{static_cast<int>(in.size())}; });
}

TEST_CASE("faults: fold", "[faults]") {
    check_sink_faults(
        "fold", [](auto& ctx, auto s) { return std::move(s) | leat::fold(counted(100), ctx.fn(add)); },
        [](const ints& in) {
            int sum = 100;
            for (const int x : in)
                sum += x;
            return ints{sum};
        });
}

TEST_CASE("faults: collect", "[faults]") {
    check_sink_faults(
        "collect", [](auto&, auto s) { return std::move(s) | leat::collect<std::vector>(); },
        [](const ints& in) {
            ints out{1000 + static_cast<int>(in.size())};
            out.insert(out.end(), in.begin(), in.end());
            return out;
        });
}
