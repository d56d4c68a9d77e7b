// Runs that destroy an open stream are part of the test.
#define LEAT_REPORT_ABANDONED(file, line) static_cast<void>(0)

#include "support/fault.hpp"

#include <algorithm>
#include <functional>
#include <string>

#include <leat/adaptor/catch.hpp>
#include <leat/adaptor/chain.hpp>
#include <leat/adaptor/finally.hpp>
#include <leat/adaptor/on_error.hpp>
#include <leat/source/from_range.hpp>

// catch_, on_error, finally, chain, under every fault at every point. See support/fault.hpp.

using fault::check_faults;
using fault::ints;

namespace {

ints same(const ints& in) { return in; }
template <class S> struct generator_of;
template <class T> struct generator_of<leat::async_generator<T>> { using type = leat::async_generator<T>; };
template <class T> struct generator_of<leat::any_stream<T>> { using type = leat::async_generator<T>; };

} // namespace

// The handler rethrows, so that the reader sees each error.
TEST_CASE("faults: catch_", "[faults]") {
    check_faults(
        "catch_",
        [](auto&, auto s) {
            using generator = typename generator_of<decltype(s)>::type;
            auto handler = [](const std::exception_ptr& e) -> generator { std::rethrow_exception(e); };
            return std::move(s) | leat::catch_(handler);
        },
        same);
}

TEST_CASE("faults: on_error", "[faults]") {
    check_faults(
        "on_error",
        [](auto&, auto s) { return std::move(s) | leat::on_error([](const std::exception_ptr&) {}); }, same);
}

// Its function is one more cleanup of the chain, registered before those of the source.
TEST_CASE("faults: finally", "[faults]") {
    check_faults(
        "finally",
        [](auto& ctx, auto s) {
            auto clean = [&ctx, c = ctx.registers(0)] { return ctx.clean(c, true); };
            return std::move(s) | leat::finally(clean);
        },
        same);
}

TEST_CASE("faults: chain", "[faults]") {
    static const std::vector<counted> table{8, 9, 10};
    const ints expected{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    fault::options opts;
    opts.prefix_only = true; // the harness knows the elements of one source only
    opts.check = [&](const fault::context& c) -> std::string {
        if (c.got.size() > expected.size() || !std::equal(c.got.begin(), c.got.end(), expected.begin()))
            return "these are not the first elements";
        return c.what() == fault::action::none && c.got != expected ? "not all elements came" : "";
    };
    check_faults(
        "chain",
        [](auto& ctx, auto s) {
            if constexpr (std::is_lvalue_reference_v<leat::stream_reference_t<decltype(s)>>)
                return leat::chain(std::move(s), leat::from_range(std::cref(table)));
            else
                return leat::chain(std::move(s), ctx.source(8, 11));
        },
        same, opts);
}
