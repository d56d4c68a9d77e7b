#include "support/fault.hpp"

// Stages that put elements together or take them apart, under every fault at every point. See support/fault.hpp.

using fault::check_faults;
using fault::ints;

namespace {

std::vector<counted> copies(const counted& x) {
    return std::vector<counted>(static_cast<std::size_t>(x.value % 3), x);
}
const std::vector<std::vector<counted>> table{{}, {counted(1)}, {counted(2), counted(3)}};
const std::vector<counted>& row(const counted& x) { return table[static_cast<std::size_t>(x.value % 3)]; }

} // namespace

TEST_CASE("faults: chunk", "[faults]") {
    check_faults(
        "chunk", [](auto&, auto s) { return std::move(s) | leat::chunk(3); },
        [](const ints& in) {
            ints out;
            for (std::size_t i = 0; i < in.size(); ++i) {
                if (i % 3 == 0) // the size of the group
                    out.push_back(1000 + static_cast<int>(std::min<std::size_t>(3, in.size() - i)));
                out.push_back(in[i]);
            }
            return out;
        });
}

TEST_CASE("faults: flat_map, ranges that it owns", "[faults]") {
    check_faults(
        "flat_map owned", [](auto& ctx, auto s) { return std::move(s) | leat::flat_map(ctx.fn(copies)); },
        [](const ints& in) {
            ints out;
            for (const int x : in)
                out.insert(out.end(), static_cast<std::size_t>(x % 3), x);
            return out;
        });
}

TEST_CASE("faults: flat_map, ranges that it borrows", "[faults]") {
    check_faults(
        "flat_map borrowed", [](auto& ctx, auto s) { return std::move(s) | leat::flat_map(ctx.fn(row)); },
        [](const ints& in) {
            ints out;
            for (const int x : in) {
                if (x % 3 == 1)
                    out.push_back(1);
                if (x % 3 == 2)
                    out.insert(out.end(), {2, 3});
            }
            return out;
        });
}
