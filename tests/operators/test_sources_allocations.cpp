#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <cstddef>
#include <functional>
#include <vector>

#include <leat/adaptor/catch.hpp>
#include <leat/adaptor/chain.hpp>
#include <leat/adaptor/finally.hpp>
#include <leat/adaptor/on_error.hpp>
#include <leat/leat.hpp>
#include <leat/sink/any.hpp>
#include <leat/sink/contains.hpp>
#include <leat/sink/find.hpp>
#include <leat/sink/for_each_while.hpp>
#include <leat/sink/forward.hpp>
#include <leat/sink/last.hpp>
#include <leat/sink/max.hpp>
#include <leat/sink/nth.hpp>
#include <leat/sink/reduce.hpp>
#include <leat/sink/single.hpp>
#include <leat/sink/sum.hpp>
#include <leat/source/defer.hpp>
#include <leat/source/empty.hpp>
#include <leat/source/from_range.hpp>
#include <leat/source/iota.hpp>
#include <leat/source/iterate.hpp>
#include <leat/source/never.hpp>
#include <leat/source/once.hpp>
#include <leat/source/paginate.hpp>
#include <leat/source/repeat.hpp>
#include <leat/source/using.hpp>

// At most the allocations that the documentation promises, for any number of elements: of sources, of what goes on with other
// streams, and of terminals.

namespace {

// By making the stream, reading it and destroying it.
template <class Make> std::size_t taken_by(Make make) {
    const auto before = allocations();
    {
        auto counting = make() | leat::count();
        counting.await_ready(); // nothing waits in these streams
        static_cast<void>(counting.await_resume());
    }
    return allocations() - before;
}
template <class Make> std::size_t taken_by_sink(Make make) {
    const auto before = allocations();
    {
        auto sink = make();
        sink.await_ready();
        static_cast<void>(sink.await_resume());
    }
    return allocations() - before;
}

auto numbers = [] { return leat::iota(0, 1000); };
auto odd = [](int x) { return x % 2 != 0; };

} // namespace

TEST_CASE("sources: one allocation, whatever the number of elements", "[allocations]") {
    const std::vector<int> table(1000, 1);
    CHECK(taken_by(numbers) <= 1);
    CHECK(taken_by([] { return leat::iterate(1, [](int x) { return x; }) | leat::take(100); }) <= 1);
    CHECK(taken_by([] { return leat::repeat(1, 100); }) <= 1);
    CHECK(taken_by([] { return leat::once(1); }) <= 1);
    CHECK(taken_by([] { return leat::empty<int>(); }) <= 1);
    CHECK(taken_by([&] { return leat::from_range(std::cref(table)); }) <= 1);
    CHECK(taken_by([] {
              return leat::paginate(0, [](int token) {
                  leat::page<int, int> p;
                  if (token < 10)
                      p.next = token + 1;
                  return p;
              });
          }) <= 1);
    CHECK(taken_by([] { return leat::defer(numbers); }) <= 2);
    CHECK(taken_by([] { return leat::defer([] { return numbers() | leat::filter(odd); }); }) <= 2 + 4);
    CHECK(taken_by([] { return leat::repeat(numbers, 5); }) <= 6);
}

TEST_CASE("what goes on with other streams: allocations beside those of the streams", "[allocations]") {
    auto none = [](std::exception_ptr) { return leat::empty<int>(); };
    CHECK(taken_by([&] { return numbers() | leat::catch_(none); }) <= 1 + 1);
    CHECK(taken_by([&] { return numbers() | leat::filter(odd) | leat::catch_(none); }) <= 1 + 1 + 4);
    CHECK(taken_by([] { return numbers() | leat::on_error([](std::exception_ptr) {}); }) <= 1 + 1);
    CHECK(taken_by([] { return numbers() | leat::finally([] {}); }) <= 1 + 4);
    CHECK(taken_by([] { return leat::chain(numbers(), numbers(), numbers()); }) <= 3 + 1);
    CHECK(taken_by([] { return leat::chain(numbers(), numbers() | leat::filter(odd)); }) <= 2 + 1 + 4);
    auto acquire = [] { return 1; };
    auto use = [](int&) { return numbers(); };
    CHECK(taken_by([&] { return leat::using_(acquire, use, [](int&) {}); }) <= 1 + 5);
}

TEST_CASE("terminals: no allocation of their own", "[allocations]") {
    CHECK(taken_by_sink([] { return numbers() | leat::sum(); }) <= 1);
    CHECK(taken_by_sink([] { return numbers() | leat::max(); }) <= 1);
    CHECK(taken_by_sink([] { return numbers() | leat::last(); }) <= 1);
    CHECK(taken_by_sink([] { return numbers() | leat::nth(500); }) <= 1);
    CHECK(taken_by_sink([] { return leat::iota(0, 1) | leat::single(); }) <= 1);
    CHECK(taken_by_sink([] { return numbers() | leat::any([](int x) { return x == 500; }); }) <= 1);
    CHECK(taken_by_sink([] { return numbers() | leat::contains(500); }) <= 1);
    CHECK(taken_by_sink([] { return numbers() | leat::find([](int x) { return x == 500; }); }) <= 1);
    CHECK(taken_by_sink(
              [] { return numbers() | leat::reduce([](int a, int b) { return a > b ? a : b; }); }) <= 1);
    CHECK(taken_by_sink([] { return numbers() | leat::for_each_while([](int x) { return x < 500; }); }) <= 1);
    const auto before = allocations();
    {
        auto forwarding = numbers() | leat::forward([](int) {});
        auto awaiter = forwarding.operator co_await();
        awaiter.await_ready();
        awaiter.await_resume();
    }
    const auto taken = allocations() - before;
    CHECK(taken <= 2); // one is the stream's; a compiler may do without
}
