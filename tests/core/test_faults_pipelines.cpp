#include "support/fault.hpp"

// Longer pipelines, under every fault at every point. See support/fault.hpp.

using fault::check_faults;
using fault::ints;

namespace {

counted plus_one(const counted& x) { return counted(x.value + 1); }
bool not_three(const counted& x) { return x.value != 3; }
bool below_seven(const counted& x) { return x.value < 7; }
void look(const counted&) {}
std::vector<counted> ungroup(const std::vector<counted>& group) { return group; }
counted sum(const std::vector<counted>& group) {
    int s = 0;
    for (const counted& x : group)
        s += x.value;
    return counted(s);
}

template <class S> leat::async_generator<counted> pass_on(S s) { co_yield leat::elements_of(std::move(s)); }

} // namespace

TEST_CASE("faults: transform, filter, chunk, flat_map, take_while, enumerate", "[faults]") {
    check_faults(
        "a pipeline of six stages",
        [](auto& ctx, auto s) {
            return std::move(s) | leat::transform(ctx.fn(plus_one)) | leat::filter(ctx.fn(not_three)) |
                   leat::chunk(2) | leat::flat_map(ctx.fn(ungroup)) | leat::take_while(ctx.fn(below_seven)) |
                   leat::enumerate();
        },
        [](const ints& in) {
            ints out;
            int n = 0;
            for (const int x : in)
                if (x + 1 != 3 && x + 1 < 7)
                    out.insert(out.end(), {n++, x + 1});
            return out;
        },
        {.may_end_early = true});
}

TEST_CASE("faults: drop, inspect, any_stream, chunk, transform, take", "[faults]") {
    check_faults(
        "a pipeline with an any_stream in it",
        [](auto& ctx, auto s) {
            auto first = std::move(s) | leat::drop(1) | leat::inspect(ctx.fn(look)) | leat::materialize();
            return leat::any_stream<counted>(std::move(first)) | leat::chunk(3) |
                   leat::transform(ctx.fn(sum)) | leat::take(2);
        },
        [](const ints& in) {
            ints out;
            for (std::size_t i = 1; i < in.size() && i < 7; ++i) {
                if (i % 3 == 1)
                    out.push_back(0);
                out.back() += in[i];
            }
            return out;
        },
        {.may_end_early = true});
}

TEST_CASE("faults: generators that read each other, with stages in between", "[faults]") {
    check_faults(
        "a pipeline through generators",
        [](auto& ctx, auto s) {
            auto inner = std::move(s) | leat::transform(ctx.fn(plus_one)) | leat::chunk(2) |
                         leat::flat_map(ctx.fn(ungroup));
            auto middle = pass_on(std::move(inner)) | leat::filter(ctx.fn(not_three));
            return pass_on(leat::any_stream<counted>(std::move(middle))) | leat::take(5);
        },
        [](const ints& in) {
            ints out;
            for (const int x : in)
                if (x + 1 != 3 && out.size() < 5)
                    out.push_back(x + 1);
            return out;
        },
        {});
}
