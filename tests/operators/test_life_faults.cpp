// Runs that destroy an open stream are part of the test.
#define LEAT_REPORT_ABANDONED(file, line) static_cast<void>(0)

#include "some_faults.hpp"

#include <functional>

#include <leat/adaptor/catch.hpp>
#include <leat/adaptor/chain.hpp>
#include <leat/adaptor/finally.hpp>
#include <leat/adaptor/on_error.hpp>
#include <leat/source/empty.hpp>
#include <leat/source/fail_with.hpp>
#include <leat/source/from_range.hpp>

// catch_, on_error, finally, chain, under every fault at every point. See support/fault.hpp.

using fault::check_faults;
using fault::ints;

namespace {

ints same(const ints& in) { return in; }
template <class S> struct element_of;
template <class T> struct element_of<leat::async_generator<T>> { using type = T; };
template <class T> struct element_of<leat::any_stream<T>> { using type = T; };

} // namespace

// The handler fails with the same error, so that the reader sees each.
TEST_CASE("faults: catch_, fail_with", "[faults]") {
    check_faults(
        "catch_",
        [](auto&, auto s) {
            using element = typename element_of<decltype(s)>::type;
            return std::move(s) | leat::catch_(leat::fail_with<element, std::exception_ptr>);
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

TEST_CASE("faults: chain, empty", "[faults]") {
    static const std::vector<counted> table{8, 9, 10};
    check_faults(
        "chain",
        [](auto& ctx, auto s) {
            using element = typename element_of<decltype(s)>::type;
            auto nothing = leat::empty<element>();
            if constexpr (std::is_reference_v<element>)
                return leat::chain(std::move(s), std::move(nothing), leat::from_range(std::cref(table)));
            else
                return leat::chain(std::move(s), std::move(nothing), ctx.source(8, 11));
        },
        same,
        fault::first_ones_of({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10})); // the harness knows one source's only
}
