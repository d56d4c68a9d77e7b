// Runs that destroy an open stream are part of the test.
#define LEAT_REPORT_ABANDONED(file, line) static_cast<void>(0)

#include "support/fault.hpp"

#include <functional>
#include <list>

#include <leat/source/defer.hpp>
#include <leat/source/from_range.hpp>
#include <leat/source/iota.hpp>
#include <leat/source/iterate.hpp>
#include <leat/source/once.hpp>
#include <leat/source/paginate.hpp>
#include <leat/source/repeat.hpp>
#include <leat/source/using.hpp>

// The sources, under every fault at every point. See support/fault.hpp.

using fault::check_faults;
using fault::ints;

namespace {

ints same(const ints& in) { return in; }

// Those that have their elements at hand take the place of the harness's source. So they are read in a few ways only.
template <class Scenario> void check_source(const char* name, const Scenario& scenario, ints expected) {
    fault::options opts;
    opts.prefix_only = true;
    opts.check = [expected](const fault::context& c) -> std::string {
        if (c.got.size() > expected.size() || !std::equal(c.got.begin(), c.got.end(), expected.begin()))
            return "these are not the first elements";
        if (c.what() == fault::action::none && c.got != expected)
            return "not all elements came";
        return {};
    };
    fault::examination all(name, same, opts);
    const auto look = [&]<class Reads>(Reads) {
        for (const wait_kind w : {wait_kind::never, wait_kind::same_thread, wait_kind::other_thread})
            all.look_at(fault::source_kind::single, w, Reads::kind, Reads::quietly, [&](fault::context& ctx) {
                const auto begin = [&](fault::context& c, int) { return scenario(c); };
                return fault::detail::begin<Reads, Reads::quietly>(ctx, begin, 0);
            });
    };
    look(fault::reads_next());
    look(fault::reads_batches());
    look(fault::reads_erased());
    look(fault::reads_for_each());
    CHECK(all.finish() == 0);
}

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
