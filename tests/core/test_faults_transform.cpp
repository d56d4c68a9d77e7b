#include "support/fault.hpp"

// Stages that give something for each element, under every fault at every point. See support/fault.hpp.

using fault::check_faults;
using fault::ints;

namespace {

counted times_ten(const counted& x) { return counted(x.value * 10); }
void look(const counted&) {}

ints same(const ints& in) { return in; }

} // namespace

TEST_CASE("faults: transform", "[faults]") {
    check_faults(
        "transform", [](auto& ctx, auto s) { return std::move(s) | leat::transform(ctx.fn(times_ten)); },
        [](const ints& in) {
            ints out;
            for (const int x : in)
                out.push_back(x * 10);
            return out;
        });
}

TEST_CASE("faults: inspect", "[faults]") {
    check_faults(
        "inspect", [](auto& ctx, auto s) { return std::move(s) | leat::inspect(ctx.fn(look)); }, same);
}

TEST_CASE("faults: materialize", "[faults]") {
    check_faults(
        "materialize", [](auto&, auto s) { return std::move(s) | leat::materialize(); }, same);
}

TEST_CASE("faults: enumerate", "[faults]") {
    check_faults(
        "enumerate", [](auto&, auto s) { return std::move(s) | leat::enumerate(100); },
        [](const ints& in) {
            ints out;
            for (const int x : in) {
                out.push_back(100 + static_cast<int>(out.size() / 2));
                out.push_back(x);
            }
            return out;
        });
}
