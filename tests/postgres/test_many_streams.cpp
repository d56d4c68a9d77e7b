#include "server.hpp"
#include "support/resident.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

using leat::postgres::connect;
using leat::postgres::connection;
using leat::postgres::rows;
using namespace std::chrono_literals;

namespace {

struct item {
    std::int64_t id;
    std::string name;
};

constexpr int connections = 25, streams = 100, rows_of_each = 20'000;

/// Every fourth stream, one after the other, on a connection of its own.
leat::task<> read_its_share(leat::executor ex, int first, std::int64_t& total, std::size_t& peak) {
    auto c = co_await connect(ex, server::address());
    for (int i = first; i < streams; i += connections) {
        auto all = rows<item>(
            ex, c, "SELECT i, repeat('x', 90) || i FROM generate_series(1::bigint, $1) AS i", rows_of_each);
        std::int64_t expected = 0;
        while (auto x = co_await all.next()) {
            if (x->id != ++expected)
                FAIL("a row is missing");
            if (++total % 100'000 == 0)
                peak = std::max(peak, resident_bytes());
        }
    }
}

} // namespace

TEST_CASE("100 streams on one loop and a pool of connections: the loop stays responsive, memory small") {
    std::int64_t total = 0;
    std::size_t before = 0, peak = 0;
    std::chrono::nanoseconds longest{};
    leat::run([&](leat::executor ex) -> leat::task<void> {
        before = resident_bytes();
        const server::ticker ticker(ex);
        auto shares = leat::iota(0, connections);
        auto read = [&, ex](int first) { return read_its_share(ex, first, total, peak); };
        auto all = std::move(shares) | leat::for_each_concurrent(connections, read);
        co_await all;
        longest = ticker.longest_gap();
    });
    CHECK(total == std::int64_t{streams} * rows_of_each);
    if (!server::sanitized) {
        CHECK(peak - before < 100 * 256 * 1024u);
        CHECK(longest < 500ms); // it is not blocked; benchmarks/postgres.cpp measures it
    }
}
