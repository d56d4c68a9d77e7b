// Runs that destroy an open stream are part of the test.
#define LEAT_REPORT_ABANDONED(file, line) static_cast<void>(0)

#include "some_faults.hpp"
#include "support/fault_time.hpp"

#include <functional>
#include <list>

#include <leat/source/defer.hpp>
#include <leat/source/from_range.hpp>
#include <leat/source/interval.hpp>
#include <leat/source/iota.hpp>
#include <leat/source/iterate.hpp>
#include <leat/source/once.hpp>
#include <leat/source/paginate.hpp>
#include <leat/source/repeat.hpp>
#include <leat/source/using.hpp>

// The sources, under every fault at every point. See support/fault.hpp. Those in which nothing can go wrong stand in the
// scenario of an operator: empty in that of chain, fail_with in that of catch_ (test_life_faults.cpp), never in that of race
// (test_combine_sorted.cpp). from_callback and channel: test_buffers_faults.cpp. retry: test_time_faults_waits.cpp.

using fault::check_faults;
using fault::check_source;
using fault::ints;

namespace {

ints same(const ints& in) { return in; }

std::vector<counted> eight() {
    std::vector<counted> all;
    for (int i = 0; i < 8; ++i)
        all.emplace_back(i);
    return all;
}
const ints zero_to_seven{0, 1, 2, 3, 4, 5, 6, 7};
counted plus_one(const counted& x) { return counted(x.value + 1); }
int twice(int x) { return 2 * x; }
counted copy(const counted& x) { return x; }

struct paging {
    fault::context* ctx;
    leat::task<leat::page<counted, int>> operator()(int from) const {
        co_await ctx->pause(fault::place::wait);
        ctx->pass(fault::place::stage);
        leat::page<counted, int> p;
        for (int i = from; i < from + 2; ++i)
            p.items.emplace_back(i);
        if (from < 6)
            p.next = from + 2;
        co_return p;
    }
};

} // namespace

TEST_CASE("faults: from_range", "[faults]") {
    check_source(
        "from_range moved", [](auto&) { return leat::from_range(eight()); }, zero_to_seven);
    static const std::vector<counted> table = eight();
    check_source(
        "from_range lent", [](auto&) { return leat::from_range(std::cref(table)); }, zero_to_seven);
    check_source(
        "from_range list",
        [](auto& ctx) {
            const std::vector<counted> v = eight();
            return leat::from_range(std::list<counted>(v.begin(), v.end())) | leat::transform(ctx.fn(copy));
        },
        zero_to_seven);
}

TEST_CASE("faults: iota, once", "[faults]") {
    check_source("iota", [](auto& ctx) { return leat::iota(0, 8) | leat::transform(ctx.fn(twice)); },
                 {0, 2, 4, 6, 8, 10, 12, 14});
    check_source("once", [](auto& ctx) { return leat::once(counted(3)) | leat::transform(ctx.fn(copy)); },
                 {3});
}

// Each wait for a tick is a wait of the harness's; when it is over the tick's time has come.
TEST_CASE("faults: interval", "[faults]") {
    check_source("interval",
                 [](auto& ctx) {
                     return leat::interval(fault::clock_of(ctx), std::chrono::milliseconds(10)) |
                            leat::take(8);
                 },
                 {1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("faults: iterate", "[faults]") {
    check_source(
        "iterate", [](auto& ctx) { return leat::iterate(counted(0), ctx.fn(plus_one)) | leat::take(8); },
        zero_to_seven);
}

TEST_CASE("faults: repeat", "[faults]") {
    check_source("repeat", [](auto&) { return leat::repeat(counted(5), 4); }, {5, 5, 5, 5});
    check_source("repeat streams",
                 [](auto& ctx) { return leat::repeat([&ctx] { return ctx.source(0, 3); }, 2); },
                 {0, 1, 2, 0, 1, 2});
}

TEST_CASE("faults: paginate", "[faults]") {
    check_source(
        "paginate", [](auto& ctx) { return leat::paginate(0, paging{&ctx}); }, zero_to_seven);
}

namespace {

template <class S> class give_once {
public:
    explicit give_once(S&& s) : s_(std::move(s)) {}
    template <class... A> S operator()(A&&...) { return std::move(s_); }

private:
    S s_;
};

} // namespace

TEST_CASE("faults: defer", "[faults]") {
    check_faults(
        "defer", [](auto& ctx, auto s) { return leat::defer(ctx.fn(give_once<decltype(s)>(std::move(s)))); },
        same);
}

TEST_CASE("faults: using_", "[faults]") {
    check_faults(
        "using_",
        [](auto& ctx, auto s) {
            // The resource's release is one more cleanup of this chain, registered before those of the stream.
            struct resource {
                fault::context::cleanup release;
                counted element = 0;
            };
            const auto acquire = [&ctx]() -> leat::task<resource> {
                co_await ctx.pause(fault::place::wait);
                ctx.pass(fault::place::stage);
                resource r;
                r.release = ctx.registers(0);
                co_return r;
            };
            const auto release = [&ctx](resource& r) { return ctx.clean(r.release, true); };
            return leat::using_(acquire, ctx.fn(give_once<decltype(s)>(std::move(s))), release);
        },
        same);
}
