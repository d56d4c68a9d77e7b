// What is particular to engine::libpq, and what closing is like there. What both engines do alike is in test_failures.cpp and
// test_pages.cpp.
#include "database.hpp"

#include <chrono>
#include <coroutine>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

using leat::postgres::connection;
using leat::postgres::error;
using leat::postgres::error_kind;
using leat::postgres::row_view;
using leat::postgres::rows;
using leat::postgres::stream_options;
using server::database;
using server::way;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

using one_int = std::tuple<std::int32_t>;
using clock_type = std::chrono::steady_clock;
const stream_options tens{.first_rows = 10, .max_rows = 10};
const std::string endless = "SELECT generate_series(1, 2000000000) AS i";
const std::string never = "SELECT 1 FROM pg_sleep(60)";
// Rows at once, then a long silence. The server sends rows when it has 8 KiB of them.
const std::string then_silent =
    "SELECT CASE WHEN i > 2000 THEN (SELECT 1 FROM pg_sleep(60 + 0 * i)) ELSE i END FROM "
    "generate_series(1, 3000) i";

/// A coroutine that starts at once and is destroyed with its handle, wherever it waits then.
class owned {
public:
    struct promise_type {
        owned get_return_object() { return owned(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const { std::terminate(); }
    };
    owned(owned&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    ~owned() {
        if (frame_)
            frame_.destroy();
    }

private:
    explicit owned(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
    std::coroutine_handle<promise_type> frame_;
};

owned read_one(leat::executor ex, database& d, std::string sql, bool& reached) {
    auto s = d.rows<one_int>(ex, sql);
    auto row = co_await s.next();
    reached = static_cast<bool>(row);
}

} // namespace

TEST_CASE("own: closing early gives the connection back at once") {
    database d(way::libpq);
    leat::run([&](leat::executor ex) -> leat::task<void> {
        for (int read : {0, 1, 10, 11, 1000, 100'000}) {
            auto s = d.rows<one_int>(ex, endless);
            for (int i = 0; i < read; ++i)
                co_await s.next();
            const auto before = clock_type::now();
            co_await s.close();
            const auto took = clock_type::now() - before;
            CHECK(took <
                  2s); // all of the rows would take minutes; benchmarks/postgres says how long this takes
            auto one = d.rows<one_int>(ex, "SELECT 42");
            auto r = co_await one.next();
            CHECK(std::get<0>(*r) == 42);
            co_await one.close();
            auto end = co_await s.next();
            CHECK_FALSE(end);
            co_await s.close();
        }
    });
    CHECK(d.works());
}

TEST_CASE("own: closing while the server is silent cancels the query, and the loop goes on") {
    database d(way::libpq);
    leat::run([&](leat::executor ex) -> leat::task<void> {
        server::ticker ticker(ex);
        auto s = d.rows<one_int>(ex, tens, then_silent);
        const auto before = clock_type::now();
        auto taken = std::move(s) | leat::take(10) | leat::count();
        const auto n = co_await taken;
        CHECK(n == 10);
        CHECK(clock_type::now() - before < 1900ms);
        CHECK(ticker.longest_gap() < 50ms);
    });
    CHECK(d.works());
}

TEST_CASE("own: destroyed while open, while its reader waits in it, or with the loop") {
    database d(way::libpq);
    server::run("CREATE TABLE IF NOT EXISTS leat_locked_own (n int)");
    pqxx::connection blocker(server::address());
    leat::run([&](leat::executor ex) -> leat::task<void> {
        for (int read : {0, 1, 11}) {
            const auto before = clock_type::now();
            {
                auto s = d.rows<one_int>(ex, tens, endless);
                for (int i = 0; i < read; ++i)
                    co_await s.next();
            }
            CHECK(clock_type::now() - before < 1500ms);
            if (read == 11)
                co_await d.settle(ex);
            auto one = d.rows<one_int>(ex, "SELECT 42"); // waits for the clean-up by itself
            auto r = co_await one.next();
            CHECK(std::get<0>(*r) == 42);
            co_await one.close();
        }
    });
    CHECK(d.works());
    for (const std::string& sql : {never, std::string("SELECT n FROM leat_locked_own")}) {
        pqxx::work lock(blocker);
        lock.exec("LOCK TABLE leat_locked_own IN ACCESS EXCLUSIVE MODE"); // planning waits for this
        leat::run([&](leat::executor ex) -> leat::task<void> {
            server::ticker ticker(ex);
            bool reached = false;
            {
                const auto waiting = read_one(ex, d, sql, reached);
                co_await leat::sleep_for(ex, 50ms);
            }
            const auto before = clock_type::now();
            co_await d.settle(ex);
            CHECK(clock_type::now() - before < 1900ms);
            CHECK_FALSE(reached);
            CHECK(ticker.longest_gap() < 50ms);
        });
        CHECK(d.works());
        leat::run([&](leat::executor ex) -> leat::task<void> {
            auto forever = [](leat::executor e, database& db, std::string query) -> leat::task<void> {
                auto s = db.rows<one_int>(e, tens, query);
                co_await s.next();
                co_await leat::sleep_for(e, 1h);
            };
            leat::spawn(ex, forever(ex, d, sql));
            co_await leat::sleep_for(ex, 50ms);
        });
        CHECK(d.works());
    }
    server::run("DROP TABLE leat_locked_own");
}

TEST_CASE("own: a stop request cancels the query at the server") {
    database d(way::libpq);
    leat::run([&](leat::executor ex) -> leat::task<void> {
        for (const std::string& sql : {never, then_silent, endless}) {
            std::stop_source stop;
            auto s = d.rows<one_int>(ex, sql) | leat::stop_on(stop.get_token());
            auto stopper = [](leat::executor e, std::stop_source source) -> leat::task<void> {
                co_await leat::sleep_for(e, 50ms);
                source.request_stop();
            };
            leat::spawn(ex, stopper(ex, stop));
            const auto before = clock_type::now();
            bool stopped = false;
            try {
                while (auto row = co_await s.next()) {
                }
            } catch (const leat::stopped&) {
                stopped = true;
            }
            CHECK(stopped);
            CHECK(clock_type::now() - before < 1900ms);
            CHECK(d.state() == "idle");
        }
    });
    CHECK(d.works());
}

TEST_CASE("own: a server that does not answer is cut off after two seconds") {
    database d(way::libpq);
    leat::run([&](leat::executor ex) -> leat::task<void> {
        server::ticker ticker(ex);
        auto s = d.rows<one_int>(ex, tens, endless);
        auto r = co_await s.next();
        CHECK(r);
        if (::kill(d.backend(), SIGSTOP) != 0) {
            WARN("the server runs as another user or elsewhere: its backend cannot be stopped here");
            co_return;
        }
        const auto before = clock_type::now();
        co_await s.close();
        const auto took = clock_type::now() - before;
        ::kill(d.backend(), SIGCONT);
        CHECK(took < 6s);
        CHECK(ticker.longest_gap() < 50ms);
        CHECK_FALSE(d.connection()->is_open());
    });
}

TEST_CASE("own: the connection moves while a stream is open, and is closed, destroyed or replaced under it") {
    for (const int what : {0, 1, 2, 3}) {
        leat::run([&](leat::executor ex) -> leat::task<void> {
            std::optional<connection> c(server::connect());
            auto s = rows<one_int>(ex, *c, tens, "SELECT generate_series(1, 200000)");
            auto first = co_await s.next();
            CHECK(first);
            std::optional<connection> other;
            if (what == 0)
                other.emplace(std::move(*c));
            else if (what == 1)
                c->close();
            else if (what == 2)
                c.reset();
            else
                c.emplace(server::connect());
            int seen = 1;
            std::optional<error> failure;
            try {
                while (auto more = co_await s.next())
                    ++seen;
            } catch (const error& e) {
                failure = e;
            }
            if (what == 0) {
                CHECK_FALSE(failure);
                CHECK(seen == 200'000);
                auto again = rows<one_int>(ex, *other, "SELECT 1");
                auto r = co_await again.next();
                CHECK(r);
                co_await again.close();
            } else {
                CHECK(failure);
                CHECK(failure->kind() == error_kind::connection_lost);
                CHECK_FALSE(failure->connection_usable());
                CHECK(seen >= 10); // the page that the reader had, and what had been taken in behind it
                CHECK(seen <= 20);
            }
        });
    }
    leat::run([&](leat::executor ex) -> leat::task<void> {
        bool caught = false;
        try {
            auto c = co_await leat::postgres::connect(ex, server::address());
            auto s = rows<one_int>(ex, c, endless);
            auto r = co_await s.next();
            if (r)
                throw std::runtime_error("the reader's own");
        } catch (const std::runtime_error&) {
            caught = true;
        }
        CHECK(caught);
    });
}

TEST_CASE("own: nothing is written, and no setting and no transaction is left behind") {
    database d(way::libpq);
    server::run("DROP TABLE IF EXISTS leat_written; CREATE TABLE leat_written (n int); "
                "CREATE OR REPLACE FUNCTION leat_write() RETURNS int LANGUAGE sql AS "
                "'INSERT INTO leat_written VALUES (1) RETURNING n'");
    for (const char* sql : {"SELECT leat_write()", "SELECT 1 AS n INTO leat_written2",
                            "WITH w AS (INSERT INTO leat_written VALUES (2) RETURNING n) SELECT n FROM w",
                            "SELECT set_config('transaction_read_only', 'off', true), leat_write()"}) {
        INFO(sql);
        const auto o = read_all<row_view>(d, sql);
        REQUIRE(o.error);
        CHECK((o.error->sqlstate() == "25006" || o.error->sqlstate() == "25001"));
    }
    // What is no query is refused before it is sent: it would leave the connection in a state that nobody expects.
    for (const char* sql :
         {"BEGIN", "COMMIT", "SET work_mem = '1MB'", "COPY pg_class TO STDOUT", "LISTEN x", "DO $$ $$",
          "EXPLAIN SELECT 1", "/* SELECT */ BEGIN", "-- SELECT\nBEGIN", "/* SELECT", "--SELECT 1"}) {
        INFO(sql);
        const auto o = read_all<row_view>(d, sql);
        REQUIRE(o.error);
        CHECK(o.error->sqlstate() == "42601");
        CHECK(o.error->connection_usable());
    }
    CHECK(server::run("SELECT count(*) FROM leat_written") == "0");
    std::string setting;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = d.rows<std::tuple<std::string>>(ex, "SELECT reset_val FROM pg_settings WHERE name = "
                                                     "'default_transaction_read_only'");
        auto r = co_await s.next();
        setting = std::get<0>(*r);
        co_await s.close();
    });
    CHECK(setting == "off");
    CHECK(d.works());
    server::run("DROP FUNCTION leat_write(); DROP TABLE leat_written");
}

TEST_CASE("own: types that are not built in are asked for, once") {
    database d(way::libpq);
    server::run("DROP TYPE IF EXISTS leat_own_mood; CREATE TYPE leat_own_mood AS ENUM ('sad', 'happy')");
    const std::string sql = "SELECT CASE i % 2 WHEN 0 THEN 'sad' ELSE 'happy' END::leat_own_mood, i FROM "
                            "generate_series(1, 100000) i";
    for (int round = 0; round < 3; ++round) {
        std::int64_t happy = 0, sum = 0;
        leat::run([&](leat::executor ex) -> leat::task<void> {
            auto s = d.rows<std::tuple<std::string_view, int>>(ex, sql);
            while (auto r = co_await s.next()) {
                happy += std::get<0>(*r) == "happy";
                sum += std::get<1>(*r);
            }
        });
        CHECK(happy == 50'000);
        CHECK(sum == 100'000LL * 100'001 / 2);
    }
    CHECK(d.works());
    server::run("DROP TYPE leat_own_mood");
    const auto point = read_all<std::tuple<std::string_view, int>>(d, "SELECT '(1,2)'::point AS place, 1");
    REQUIRE(point.error);
    CHECK_THAT(point.error->what(), Contains("\"place\" is of type point"));
}

TEST_CASE("own: columns that do not fit are refused before the query has run") {
    database d(way::libpq);
    const auto before = clock_type::now();
    const auto o = read_all<one_int>(d, "SELECT 'x' AS word FROM pg_sleep(30)");
    CHECK(clock_type::now() - before < 5s);
    REQUIRE(o.error);
    CHECK(o.error->kind() == error_kind::columns);
    CHECK(o.error->connection_usable());
    CHECK(d.works());
}

TEST_CASE("own: a parameter that is larger than the socket takes at once") {
    database d(way::libpq);
    const std::string large(20'000'000, 'x');
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = d.rows<std::tuple<std::int64_t, std::string_view>>(
            ex, "SELECT length($1::text)::int8, $1::text", large);
        auto r = co_await s.next();
        CHECK(std::get<0>(*r) == 20'000'000);
        CHECK(std::get<1>(*r) == large);
        auto end = co_await s.next();
        CHECK_FALSE(end);
        // And closed while it is on its way.
        auto t = d.rows<std::tuple<std::int64_t, std::string_view>>(
            ex, "SELECT length($1::text)::int8, $1::text", large);
        co_await t.close();
    });
    CHECK(d.works());
}

TEST_CASE("own: pages are bounded in bytes, whatever the rows before were like") {
    database d(way::libpq);
    std::size_t seen = 0, most = 0, largest_many = 0;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s =
            d.rows<std::tuple<std::string_view>>(ex, "SELECT repeat('x', CASE WHEN i > 20000 THEN 1000000 "
                                                     "ELSE 10 END) FROM generate_series(1, 20050) i");
        for (;;) {
            auto page = co_await s.next_batch();
            if (page.empty())
                break;
            seen += page.size();
            std::size_t bytes = 0;
            for (auto& row : page)
                bytes += std::get<0>(row).size();
            most = std::max(most, bytes);
            if (page.size() > 1)
                largest_many = std::max(largest_many, bytes);
        }
    });
    CHECK(seen == 20'050);
    CHECK(most <= 256 * 1024 + 1'000'000);
    CHECK(largest_many <= 256 * 1024 + 1'000'000);
}

TEST_CASE("own: views stay valid until the next step") {
    database d(way::libpq);
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = d.rows<row_view>(
            ex, "SELECT i, repeat('x', i % 300), CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE "
                "'y' END FROM generate_series(1, 50000) i");
        std::size_t seen = 0;
        bool good = true;
        for (;;) {
            auto page = co_await s.next_batch();
            if (page.empty())
                break;
            for (row_view row : page) {
                ++seen;
                good = good && row[0].as<int>() == static_cast<int>(seen) && row.number() == seen;
                good = good && row[1].as<std::string_view>() == std::string(seen % 300, 'x');
                good = good && row[2].is_null() == (seen % 3 == 0);
                good = good && (seen % 3 == 0 || row[2].as<std::string_view>() == (seen % 3 == 1 ? "" : "y"));
            }
        }
        CHECK(good);
        CHECK(seen == 50'000);
    });
}

TEST_CASE("own: ten streams on ten connections share one loop, and it goes on meanwhile") {
    std::vector<connection> connections;
    for (int i = 0; i < 10; ++i)
        connections.push_back(server::connect());
    leat::run([&](leat::executor ex) -> leat::task<void> {
        server::ticker ticker(ex);
        std::vector<leat::async_generator<one_int>> streams;
        for (auto& c : connections)
            streams.push_back(rows<one_int>(ex, c, "SELECT i FROM generate_series(1, 20000) i"));
        bool good = true;
        for (int i = 1; i <= 20'000; ++i) {
            for (auto& s : streams) {
                auto r = co_await s.next();
                good = good && r && std::get<0>(*r) == i;
            }
        }
        CHECK(good);
        for (auto& s : streams) {
            auto end = co_await s.next();
            CHECK_FALSE(end);
        }
        CHECK(ticker.longest_gap() < (server::sanitized ? 200ms : 10ms));
    });
}

TEST_CASE("own: queries run in parallel where the server likes") {
    // Four rows on a page: the workers get pages, and one that starts late shall still get some.
    server::run("DROP TABLE IF EXISTS leat_parallel; CREATE TABLE leat_parallel AS SELECT i AS n, "
                "repeat('x', 1900) AS filler FROM generate_series(1, 300) i");
    database d(way::libpq,
               "-c parallel_setup_cost=0 -c parallel_tuple_cost=0 -c min_parallel_table_scan_size=0");
    bool seen_workers = false;
    std::size_t count = 0;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = d.rows<one_int>(ex, "SELECT n FROM leat_parallel WHERE pg_sleep(0.003)::text IS NOT NULL");
        auto watch = [](leat::executor e, int backend, bool& seen) -> leat::task<> {
            for (int i = 0; i != 200 && !seen; ++i) {
                seen = server::run("SELECT count(*) FROM pg_stat_activity WHERE leader_pid = " +
                                   std::to_string(backend)) != "0";
                co_await leat::sleep_for(e, 5ms);
            }
        };
        leat::spawn(ex, watch(ex, d.backend(), seen_workers));
        while (auto r = co_await s.next())
            ++count;
    });
    CHECK(count == 300);
    CHECK(seen_workers);
    CHECK(d.works());
    server::run("DROP TABLE leat_parallel");
}
