#include "server.hpp"

#include <leat/postgres/json.hpp>
#include <leat/postgres/parallel_rows.hpp>
#include <leat/postgres/shards.hpp>

#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

using leat::postgres::connect;
using leat::postgres::connection;
using leat::postgres::error;
using leat::postgres::error_kind;
using leat::postgres::execute;
using leat::postgres::parallel_rows;
using leat::postgres::rows;
using leat::postgres::shard;
using leat::postgres::shards;

namespace {

struct item {
    std::int64_t id;
    std::string name;
};

void make_items(int n) {
    server::run("DROP TABLE IF EXISTS \"shard items\"");
    server::run("CREATE TABLE \"shard items\"(name text NOT NULL, id bigint)");
    server::run("INSERT INTO \"shard items\" SELECT 'item ' || i, i FROM generate_series(1, " +
                std::to_string(n) + ") i");
}

leat::task<std::multiset<std::int64_t>> ids_of(leat::executor ex, connection& c, shard s) {
    std::multiset<std::int64_t> ids;
    auto all = rows<item>(ex, c, s, {"id", "name"});
    while (auto x = co_await all.next()) {
        CHECK(x->name == "item " + std::to_string(x->id));
        ids.insert(x->id);
    }
    co_return ids;
}

bool is_whole(const std::multiset<std::int64_t>& ids, std::int64_t n) {
    if (static_cast<std::int64_t>(ids.size()) != n)
        return false;
    std::int64_t expected = 0;
    for (const std::int64_t id : ids)
        if (id != ++expected)
            return false;
    return true;
}

} // namespace

TEST_CASE("shards: every row once, as of one moment") {
    for (const std::size_t n : {1u, 2u, 3u, 8u, 1000u}) {
        make_items(5000);
        leat::run([n](leat::executor ex) -> leat::task<void> {
            auto planner = co_await connect(ex, server::address());
            auto reader = co_await connect(ex, server::address());
            auto plan = co_await shards(ex, planner, "shard items", n);
            CHECK(plan.parts().size() <= n);
            CHECK(plan.parts().size() >= std::min<std::size_t>(n, 20)); // the table has that many pages
            // What comes later belongs to no shard, what goes later still does.
            server::run("INSERT INTO \"shard items\" SELECT 'late', i FROM generate_series(5001, 9000) i");
            server::run("DELETE FROM \"shard items\" WHERE id % 2 = 0");
            std::multiset<std::int64_t> ids;
            for (const shard& part : plan.parts()) {
                const shard sent = nlohmann::json::parse(nlohmann::json(part).dump()).get<shard>();
                CHECK(sent == part);
                auto some = co_await ids_of(ex, reader, sent);
                ids.merge(some);
            }
            CHECK(is_whole(ids, 5000));
            co_await plan.close();
            auto after = co_await execute(ex, planner, "DELETE FROM \"shard items\"");
            CHECK(after == 2500 + 4000 / 2);
        });
    }
}

TEST_CASE("shards: an empty table has one, which is empty") {
    make_items(0);
    leat::run([](leat::executor ex) -> leat::task<void> {
        auto planner = co_await connect(ex, server::address());
        auto reader = co_await connect(ex, server::address());
        auto plan = co_await shards(ex, planner, "shard items", 4);
        CHECK(plan.parts().size() == 1);
        auto ids = co_await ids_of(ex, reader, plan.parts().front());
        CHECK(ids.empty());
        co_await plan.close();
    });
}

TEST_CASE("shards: one that is left early gives its connection back, without a transaction") {
    make_items(50'000);
    leat::run([](leat::executor ex) -> leat::task<void> {
        auto planner = co_await connect(ex, server::address());
        auto reader = co_await connect(ex, server::address());
        auto plan = co_await shards(ex, planner, "shard items", 2);
        for (int i = 0; i < 3; ++i) {
            auto all = rows<item>(ex, reader, plan.parts()[0], {"id", "name"});
            co_await all.next();
            co_await all.close();
            CHECK(server::run("SELECT state FROM pg_stat_activity WHERE pid = " +
                              std::to_string(reader.backend_pid())) == "idle");
        }
        {
            auto all = rows<item>(ex, reader, plan.parts()[0], {"id", "name"});
            co_await all.next();
        } // destroyed: the next one waits for the clean-up
        auto ids = co_await ids_of(ex, reader, plan.parts()[1]);
        CHECK(ids.size() > 1000);
        co_await plan.close();
    });
}

TEST_CASE("shards: after the plan is closed a shard cannot be opened any more") {
    make_items(100);
    leat::run([](leat::executor ex) -> leat::task<void> {
        auto planner = co_await connect(ex, server::address());
        auto reader = co_await connect(ex, server::address());
        auto plan = co_await shards(ex, planner, "shard items", 2);
        const shard part = plan.parts()[0];
        co_await plan.close();
        auto all = rows<item>(ex, reader, part, {"id", "name"});
        try {
            co_await all.next();
            FAIL("no error");
        } catch (const error& e) {
            CHECK(e.kind() == error_kind::sql);
            CHECK((e.sqlstate() == "22023" || e.sqlstate() == "42704"));
            CHECK(e.connection_usable());
        }
        CHECK(server::run("SELECT state FROM pg_stat_activity WHERE pid = " +
                          std::to_string(reader.backend_pid())) == "idle");
    });
}

TEST_CASE("shards: what cannot be divided is refused, and the connection is free") {
    server::run("DROP VIEW IF EXISTS shard_view");
    server::run("CREATE VIEW shard_view AS SELECT 1 AS id");
    leat::run([](leat::executor ex) -> leat::task<void> {
        auto c = co_await connect(ex, server::address());
        for (const char* const table : {"shard_view", "no such table"}) {
            try {
                auto plan = co_await shards(ex, c, table, 2);
                FAIL("no error");
            } catch (const error& e) {
                CHECK(e.kind() == error_kind::sql);
                CHECK(e.connection_usable());
            }
        }
        auto n = co_await execute(ex, c, "CREATE TEMP TABLE shard_free()");
        CHECK(n == 0);
    });
}

TEST_CASE("parallel_rows: every row once, on several connections") {
    make_items(30'000);
    leat::run([](leat::executor ex) -> leat::task<void> {
        auto a = co_await connect(ex, server::address());
        auto b = co_await connect(ex, server::address());
        auto c = co_await connect(ex, server::address());
        std::vector<connection*> pool{&a, &b, &c};
        std::multiset<std::int64_t> ids;
        auto all = parallel_rows<item>(ex, pool, "shard items", {"id", "name"});
        while (auto x = co_await all.next())
            ids.insert(x->id);
        CHECK(is_whole(ids, 30'000));
        // Left early it gives all of them back.
        auto again = parallel_rows<item>(ex, pool, "shard items", {"id", "name"});
        co_await again.next();
        co_await again.close();
        for (connection* const each : pool) {
            auto n = co_await execute(ex, *each, "SELECT 1");
            CHECK(n == 1);
        }
    });
}

TEST_CASE("execute: says how many rows, and why not") {
    make_items(10);
    leat::run([](leat::executor ex) -> leat::task<void> {
        auto c = co_await connect(ex, server::address());
        auto n = co_await execute(ex, c, "UPDATE \"shard items\" SET name = $2 WHERE id <= $1", 4,
                                  std::string("new"));
        CHECK(n == 4);
        auto none = co_await execute(ex, c, "UPDATE \"shard items\" SET name = coalesce($1, name)",
                                     std::optional<std::string>());
        CHECK(none == 10);
        CHECK(server::run("SELECT count(*) FROM \"shard items\" WHERE name = 'new'") == "4");
        try {
            co_await execute(ex, c, "INSERT INTO \"shard items\" VALUES (NULL, 1)");
            FAIL("no error");
        } catch (const error& e) {
            CHECK(e.sqlstate() == "23502");
            CHECK(e.connection_usable());
        }
        co_await execute(ex, c, "BEGIN");
        CHECK(server::run("SELECT state FROM pg_stat_activity WHERE pid = " +
                          std::to_string(c.backend_pid())) == "idle");
    });
}
