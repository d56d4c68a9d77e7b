#include "server.hpp"
#include "support/resident.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <tuple>

using leat::postgres::rows;
using server::sanitized;
using namespace std::chrono_literals;

namespace {

struct user {
    std::int64_t id;
    std::string name;
    std::optional<double> score;
};

const std::string many_users =
    "SELECT generate_series(1, $1::bigint) AS id, 'a name that is longer than a short string' AS name, "
    "0.5::float8 AS score";

} // namespace

TEST_CASE("memory does not grow with the number of rows") {
    pqxx::connection c(server::address());
    const std::int64_t count = sanitized ? 100'000 : 2'000'000;
    std::size_t start = 0, peak = 0;
    std::int64_t seen = 0, sum = 0;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        {
            auto warm = rows<user>(ex, c, many_users, 1);
            auto row = co_await warm.next();
            CHECK(row);
            co_await warm.close();
        }
        start = resident_bytes();
        auto all = rows<user>(ex, c, many_users, count);
        while (auto row = co_await all.next()) {
            sum += row->id;
            if (++seen % 50'000 == 0)
                peak = std::max(peak, resident_bytes());
        }
    });
    CHECK(seen == count);
    CHECK(sum == count * (count + 1) / 2);
    const auto growth_kib = (peak > start ? peak - start : 0) / 1024;
    INFO("grew by " << growth_kib << " KiB");
    if (!sanitized)
        CHECK(growth_kib < 8 * 1024);
}

TEST_CASE("the first of millions of rows is quick") {
    pqxx::connection c(server::address());
    auto quickest = std::chrono::steady_clock::duration::max(); // of a few, because the machine may be busy
    leat::run([&](leat::executor ex) -> leat::task<void> {
        for (int i = 0; i < 5; ++i) {
            const auto before = std::chrono::steady_clock::now();
            auto all = rows<user>(ex, c, many_users, 5'000'000);
            auto first = co_await all.next();
            quickest = std::min(quickest, std::chrono::steady_clock::now() - before);
            CHECK(first);
            co_await all.close();
        }
    });
    const double quickest_ms = std::chrono::duration<double, std::milli>(quickest).count();
    INFO("first row after " << quickest_ms << " ms");
    CHECK(quickest < (sanitized ? 250ms : 25ms));
}

TEST_CASE("one giant among small rows does not make the pages giant for ever") {
    pqxx::connection c(server::address());
    std::size_t largest_page = 0, pages_after = 0;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = rows<std::tuple<std::string>>(ex, c,
                                               "SELECT CASE i WHEN 20000 THEN repeat('x', 4000000) ELSE 'x' "
                                               "END FROM generate_series(1, 60000) i");
        std::size_t seen = 0;
        for (;;) {
            auto page = co_await s.next_batch();
            if (page.empty())
                break;
            seen += page.size();
            if (seen > 25'000) {
                ++pages_after;
                largest_page = std::max(largest_page, page.size());
            }
        }
        CHECK(seen == 60'000);
    });
    CHECK(largest_page > 1000); // it recovers
    CHECK(pages_after < 5000);
}
