#include "operators/some_faults.hpp"
#include "support/fault.hpp"

#include <leat/record.hpp>

#include <string>
#include <string_view>
#include <tuple>

// Records under every fault at every point. See support/fault.hpp.

using fault::check_faults;
using fault::ints;

namespace {

std::string with_end(const counted& x) { return std::to_string(x.value) + "\n"; }
counted number(std::string_view text) { return counted(std::stoi(std::string(text))); }
counted first(const std::tuple<int>& row) { return counted(std::get<0>(row)); }
ints same(const ints& in) { return in; }

} // namespace

TEST_CASE("faults: record::delimited", "[faults]") {
    check_faults(
        "record::delimited",
        [](auto& ctx, auto s) {
            return std::move(s) | leat::transform(ctx.fn(with_end)) | leat::record::delimited('\n') |
                   leat::transform(ctx.fn(number));
        },
        same);
}

TEST_CASE("faults: csv::rows", "[faults]") {
    const leat::csv::options plain{.header = false};
    fault::check_on_one_thread("csv::rows", [&](auto& ctx, auto s) {
        return std::move(s) | leat::transform(ctx.fn(with_end)) | leat::csv::rows<std::tuple<int>>(plain) |
               leat::transform(ctx.fn(first));
    });
}
