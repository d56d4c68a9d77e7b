#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/resident.hpp"
#include "support/waiting.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include <leat/adaptor/broadcast.hpp>
#include <leat/adaptor/prefetch.hpp>
#include <leat/adaptor/tee.hpp>
#include <leat/leat.hpp>

// A reader that stalls does not make memory grow, however much its source has: 100 MB here.

using leat::async_generator;
using leat::sync_wait;
using leat::task;

namespace {

constexpr int many = 100'000;
constexpr std::size_t flat = 1 << 20;

struct kilobyte {
    counted number;
    std::vector<char> bytes = std::vector<char>(1024, 'x');
    explicit kilobyte(int n) : number(n) {}
};

async_generator<kilobyte> kilobytes() {
    for (int i = 0; i < many; ++i)
        co_yield kilobyte(i);
}
// A hundred in each turn of the loop.
async_generator<kilobyte> kilobytes(manual_loop& loop) {
    for (int i = 0; i < many;) {
        co_await loop.turn();
        std::vector<kilobyte> page;
        while (page.size() != 100)
            page.emplace_back(i++);
        co_yield leat::batch(page);
    }
}
template <class S> task<> count_into(S s, int& n, bool& in_order) {
    while (auto x = co_await s.next())
        in_order = x->number.value == n++ && in_order;
}

} // namespace

TEST_CASE("tee: while one branch stalls memory stays flat, and nothing is lost", "[memory]") {
    const balance b;
    const long alive = counted::live;
    {
        auto [reading, stalled] = leat::tee<2>(kilobytes());
        int n = 0, late = 0;
        bool in_order = true;
        const resident_growth growth;
        const auto reader = start(count_into(std::move(reading), n, in_order));
        CHECK_FALSE(reader.done());
        CHECK(n == 256); // the default capacity
        CHECK(counted::live - alive <= 257);
        CHECK(growth() < flat);
        sync_wait(count_into(std::move(stalled), late, in_order));
        CHECK(reader.done());
        CHECK(n == many);
        CHECK(late == many);
        CHECK(in_order);
        CHECK(growth() < flat);
    }
    CHECK(b.even());
}

TEST_CASE("tee: a policy that drops lets the other branch read all in flat memory", "[memory]") {
    const balance b;
    const long alive = counted::live;
    for (const leat::overflow policy : {leat::overflow::drop_oldest, leat::overflow::fail}) {
        auto [reading, stalled] = leat::tee<2>(kilobytes(), {.policy = policy});
        int n = 0;
        bool in_order = true;
        const resident_growth growth;
        sync_wait(count_into(std::move(reading), n, in_order));
        CHECK(n == many);
        CHECK(in_order);
        CHECK(counted::live - alive <= 256);
        CHECK(growth() < flat);
        if (policy == leat::overflow::fail) {
            CHECK_THROWS_AS(sync_wait(std::move(stalled) | leat::count()), leat::overflowed);
        } else {
            CHECK(stalled.dropped() == many - 256);
            n = many - 256;
            sync_wait(count_into(std::move(stalled), n, in_order));
            CHECK(n == many);
            CHECK(in_order);
        }
    }
    CHECK(b.even());
}

TEST_CASE("prefetch: a reader that stalls holds so many bytes, and no more", "[memory]") {
    const balance b;
    const long alive = counted::live;
    manual_loop loop;
    constexpr std::size_t cap = 256 * 1024;
    const auto size_of = [](const kilobyte& k) { return sizeof k + k.bytes.size(); };
    const long room = static_cast<long>(cap / size_of(kilobyte(0)));
    int n = 0;
    bool in_order = true;
    const resident_growth growth;
    const auto reader = [&](auto s) -> task<> {
        while (auto x = co_await s.next()) {
            in_order = x->number.value == n++ && in_order;
            if (n % 20'000 != 1)
                continue;
            for (int i = 0; i < 2000; ++i) // all pages could come meanwhile
                co_await loop.turn();
            CHECK(counted::live - alive <= room + 100); // and the page that finds no room
            CHECK(counted::live - alive >= room);
            CHECK(growth() < flat);
        }
    };
    run_on(loop, reader(kilobytes(loop) | leat::prefetch({.elements = 4096, .bytes = cap}, size_of)));
    CHECK(n == many);
    CHECK(in_order);
    CHECK(b.even());
}
