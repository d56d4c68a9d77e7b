#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <leat/adaptor/cast.hpp>
#include <leat/adaptor/default_if_empty.hpp>
#include <leat/adaptor/distinct_until_changed.hpp>
#include <leat/adaptor/drop_while.hpp>
#include <leat/adaptor/filter_map.hpp>
#include <leat/adaptor/flatten.hpp>
#include <leat/adaptor/intersperse.hpp>
#include <leat/adaptor/limit.hpp>
#include <leat/adaptor/limit_bytes.hpp>
#include <leat/adaptor/map_while.hpp>
#include <leat/adaptor/pairwise.hpp>
#include <leat/adaptor/scan.hpp>
#include <leat/adaptor/start_with.hpp>
#include <leat/adaptor/step.hpp>
#include <leat/leat.hpp>

#include <array>
#include <optional>
#include <vector>

// Stages that never wait take no memory: a pipeline allocates what its source does, however long it is.

namespace {

using leat::sync_wait;

leat::async_generator<int> numbers(std::vector<int>& page) { co_yield leat::batch(page); }

auto ten_stages() {
    return leat::filter_map([](int x) { return x % 7 ? std::optional(x) : std::nullopt; }) |
           leat::scan(0, [](int sum, int x) { return (sum + x) % 1000; }) | leat::distinct_until_changed() |
           leat::drop_while([](int x) { return x < 10; }) | leat::step(2) | leat::start_with(1, 2) |
           leat::intersperse(0) | leat::limit(1'000'000) | leat::cast<long>() | leat::default_if_empty(5L);
}
auto more_stages() {
    return leat::map_while([](int x) { return x >= 0 ? std::optional(x) : std::nullopt; }) |
           leat::pairwise() | leat::transform([](std::pair<int, int> p) {
               return std::array{p.first, p.second};
           }) |
           leat::flatten() | leat::limit_bytes(1'000'000'000, [](int) { return sizeof(int); });
}

template <class F> std::size_t taken_by(F f) {
    const auto before = allocations();
    f();
    return allocations() - before;
}

} // namespace

TEST_CASE("allocations: ten stages allocate what their source does", "[operators]") {
    std::vector<int> page(10'000);
    for (std::size_t i = 0; i < page.size(); ++i)
        page[i] = static_cast<int>(i);
    const auto bare = taken_by([&] { static_cast<void>(sync_wait(numbers(page) | leat::count())); });
    const auto ten =
        taken_by([&] { static_cast<void>(sync_wait(numbers(page) | ten_stages() | leat::count())); });
    const auto more =
        taken_by([&] { static_cast<void>(sync_wait(numbers(page) | more_stages() | leat::count())); });
    CHECK(ten == bare);
    CHECK(more == bare);
}
