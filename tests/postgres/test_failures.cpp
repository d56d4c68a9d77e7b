#include "server.hpp"

#include <cstdint>
#include <string>
#include <thread>
#include <tuple>

using leat::postgres::error;
using leat::postgres::error_kind;
using leat::postgres::page_options;
using leat::postgres::row_view;
using leat::postgres::rows;
using server::read_all;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

// libpqxx 6.4 leaks the result that it has in hand when it finds that the connection is lost.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libpqxx-6\n"; }

namespace {

using one_int = std::tuple<std::int32_t>;
using one_big = std::tuple<std::int64_t>;
const page_options tens{10, 10, 1 << 20, 1 << 20};

} // namespace

TEST_CASE("an SQL error comes before the first row, without the query's text") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    struct wrong {
        const char* sql;
        const char* sqlstate;
    };
    const wrong all[] = {
        {"SELECT * FROM no_such_table_s3cret", "42P01"},
        {"SELECT no_such_column_s3cret", "42703"},
        {"SELEKT s3cret", "42601"},
        {"", "42601"},
        {"SELECT 's3cret'::int", "22P02"},
        {"SELECT 1; SELECT 's3cret'", "42601"},
        {"SELECT 1; DROP TABLE s3cret", "42601"},
        {"DELETE FROM pg_class RETURNING 's3cret'", "42601"},
        {"INSERT INTO s3cret VALUES (1)", "42601"},
        {"WITH x AS (DELETE FROM pg_class RETURNING oid) SELECT 's3cret' FROM x", "0A000"},
        {"SELECT 's3cret' || set_config('a.b', 'c', false) || nextval('s3cret')", "42P01"},
        {"SELECT 's3cret' FROM pg_class FOR UPDATE", "25006"},
        {"SELECT $1::int", "08P01"},
        {"SELECT 1 LIMIT -1", "2201W"},
    };
    for (const wrong& w : all) {
        const auto o = read_all<row_view>(c, w.sql);
        INFO(w.sql);
        REQUIRE(o.error);
        CHECK(o.rows == 0);
        CHECK(o.error->sqlstate() == w.sqlstate);
        CHECK(o.error->kind() == error_kind::sql);
        CHECK(o.error->rows_delivered() == 0);
        CHECK(o.error->connection_usable());
        CHECK_THAT(o.error->what(), Contains(w.sqlstate) && !Contains("s3cret"));
        CHECK(server::works(c, backend));
    }
    CHECK_THAT(read_all<row_view>(c, "SELECT * FROM nowhere").error->server_message(), Contains("nowhere"));
}

TEST_CASE("a semicolon behind the query and a comment in it are fine") {
    pqxx::connection c(server::address());
    CHECK(read_all<one_int>(c, "SELECT 1;").rows == 1);
    CHECK(read_all<one_int>(c, "SELECT 1 -- comment").rows == 1);
    CHECK(read_all<one_int>(c, "TABLE (VALUES (1), (2)) x").error);
    CHECK(read_all<one_int>(c, "VALUES (1), (2)").rows == 2);
    CHECK(read_all<one_int>(c, "WITH a AS (SELECT 1) SELECT * FROM a").rows == 1);
}

TEST_CASE("a parameter that does not fit says so without its value") {
    pqxx::connection c(server::address());
    const auto o = read_all<one_int>(c, "SELECT $1::int", "s3cret-value");
    REQUIRE(o.error);
    CHECK(o.error->sqlstate() == "22P02");
    CHECK_THAT(o.error->what(), !Contains("s3cret"));
    CHECK_THAT(o.error->server_message(), Contains("s3cret"));
    const auto zero = std::string("a\0b", 3);
    CHECK_THROWS_AS(read_all<one_int>(c, "SELECT 1", zero), error);
}

TEST_CASE("the number of columns must fit Row, even when there are no rows") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    for (const char* sql : {"SELECT 1 AS a, 'x' AS b", "SELECT 1 AS a, 'x'::text AS b WHERE false"}) {
        const auto o = read_all<one_int>(c, sql);
        REQUIRE(o.error);
        CHECK(o.error->kind() == error_kind::columns);
        CHECK_THAT(o.error->what(),
                   Contains("2 columns") && Contains("\"a\" integer, \"b\" text") && Contains("1 member"));
        CHECK(o.error->connection_usable());
        CHECK(server::works(c, backend));
    }
    const auto o = read_all<one_int>(c, "SELECT");
    REQUIRE(o.error);
    CHECK_THAT(o.error->what(), Contains("0 columns"));
}

TEST_CASE("a wrong type names the column and both types") {
    pqxx::connection c(server::address());
    struct item {
        std::int32_t id;
        std::int32_t price;
    };
    const auto o = read_all<item>(c, "SELECT 1 AS id, 2.5 AS price");
    REQUIRE(o.error);
    CHECK(o.error->kind() == error_kind::columns);
    CHECK_THAT(o.error->what(), Contains("column 2 \"price\" is of type numeric") &&
                                    Contains("member 2 of Row") && Contains("32-bit integer") &&
                                    Contains("smallint or integer") && Contains("\"price\"::text"));
    CHECK(read_all<one_int>(c, "SELECT 1::bigint").error);
    CHECK(read_all<std::tuple<std::string>>(c, "SELECT 1").error);
    const auto point = read_all<std::tuple<std::string>>(c, "SELECT '(1,2)'::point AS place");
    REQUIRE(point.error);
    CHECK_THAT(point.error->what(), Contains("\"place\" is of type point") && Contains("\"place\"::text"));
}

TEST_CASE("NULL for a plain member names column and row, after the rows before it") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    for (const int bad : {1, 5, 10, 11, 25}) {
        const auto o =
            read_all<one_int>(c, tens, "SELECT nullif(i, $1::int) AS n FROM generate_series(1, 30) i", bad);
        REQUIRE(o.error);
        CHECK(o.rows == static_cast<std::uint64_t>(bad) - 1);
        CHECK(o.error->kind() == error_kind::null_value);
        CHECK(o.error->rows_delivered() == o.rows);
        CHECK(o.error->connection_usable());
        CHECK_THAT(o.error->what(), Contains("column 1 \"n\" is NULL in row " + std::to_string(bad)) &&
                                        Contains("std::optional"));
        CHECK(server::works(c, backend));
    }
}

TEST_CASE("a value that its C++ type cannot hold names column and row") {
    pqxx::connection c(server::address());
    const auto o = read_all<std::tuple<int, double>>(
        c, "SELECT i, CASE i WHEN 4 THEN 10::numeric ^ 400 ELSE i END AS big FROM generate_series(1, 9) i");
    REQUIRE(o.error);
    CHECK(o.rows == 3);
    CHECK(o.error->kind() == error_kind::conversion);
    CHECK_THAT(o.error->what(), Contains("column 2 \"big\" of type numeric in row 4") && !Contains("10000"));
}

TEST_CASE("an error in row 30000 comes after the pages before it") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    const auto o = read_all<one_big>(c, "SELECT 1 / (30000 - i) FROM generate_series(1, 1000000::bigint) i");
    REQUIRE(o.error);
    CHECK(o.rows < 30000);
    CHECK(o.rows > 20000);
    CHECK(o.error->rows_delivered() == o.rows);
    CHECK(o.error->kind() == error_kind::sql);
    CHECK(o.error->sqlstate() == "22012");
    CHECK(o.error->connection_usable());
    CHECK(server::works(c, backend));
}

TEST_CASE("an error in the first and in the last row") {
    pqxx::connection c(server::address());
    const auto first = read_all<one_int>(c, tens, "SELECT 1 / (i - 1) FROM generate_series(1, 100) i");
    REQUIRE(first.error);
    CHECK(first.rows == 0);
    const auto last = read_all<one_int>(c, tens, "SELECT 1 / (100 - i) FROM generate_series(1, 100) i");
    REQUIRE(last.error);
    CHECK(last.rows == 90);
}

TEST_CASE("statement_timeout stops a page that takes too long, and the connection lives on") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    {
        pqxx::nontransaction t(c);
        t.exec("SET statement_timeout = 50");
    }
    const auto o = read_all<std::tuple<int>>(c, "SELECT 1 FROM pg_sleep(10)");
    REQUIRE(o.error);
    CHECK(o.error->kind() == error_kind::canceled);
    CHECK(o.error->sqlstate() == "57014");
    CHECK(o.error->connection_usable());
    CHECK(server::works(c, backend));
}

TEST_CASE("a query that is cancelled from outside") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    std::thread canceller([backend] {
        CHECK(server::wait_for_state(backend, "active"));
        while (server::run("SELECT query LIKE 'FETCH%' FROM pg_stat_activity WHERE pid = " +
                           std::to_string(backend)) != "t") {
        }
        server::run("SELECT pg_cancel_backend(" + std::to_string(backend) + ")");
    });
    const auto o = read_all<std::tuple<int>>(c, "SELECT 1 FROM pg_sleep(30)");
    canceller.join();
    REQUIRE(o.error);
    CHECK(o.error->kind() == error_kind::canceled);
    CHECK(server::works(c, backend));
}

TEST_CASE("a backend that is terminated: before the first row, between pages, at the end") {
    for (const int kill_after : {0, 1, 10, 25}) {
        pqxx::connection c(server::address());
        const int backend = server::backend_of(c);
        std::uint64_t seen = 0;
        std::optional<error> failure;
        leat::run([&](leat::executor ex) -> leat::task<void> {
            auto s = rows<one_int>(ex, c, tens, "SELECT i FROM generate_series(1, 1000) i");
            try {
                if (kill_after == 0)
                    server::terminate(backend);
                while (auto r = co_await s.next()) {
                    ++seen;
                    CHECK(std::get<0>(*r) == static_cast<int>(seen));
                    if (seen == static_cast<std::uint64_t>(kill_after))
                        server::terminate(backend);
                }
            } catch (const error& e) {
                failure = e;
            }
            auto after = co_await s.next();
            CHECK_FALSE(after);
        });
        INFO("killed after " << kill_after);
        REQUIRE(failure);
        CHECK(failure->kind() == error_kind::connection_lost);
        CHECK(failure->rows_delivered() == seen);
        CHECK_FALSE(failure->connection_usable());
        CHECK(seen >= static_cast<std::uint64_t>(kill_after));
        CHECK(seen < 1000);
        CHECK_THAT(failure->what(), Contains("open a new one"));
    }
}

TEST_CASE("a backend that is terminated while a query runs") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    std::thread killer([backend] {
        CHECK(server::wait_for_state(backend, "active"));
        server::terminate(backend);
    });
    const auto o = read_all<one_int>(c, "SELECT 1 FROM pg_sleep(30)");
    killer.join();
    REQUIRE(o.error);
    CHECK(o.error->kind() == error_kind::connection_lost);
    CHECK_FALSE(o.error->connection_usable());
}

TEST_CASE("a connection that was dead before the stream began is not silently replaced") {
    pqxx::connection c(server::address());
    server::terminate(server::backend_of(c));
    const auto o = read_all<one_int>(c, "SELECT 1");
    REQUIRE(o.error);
    CHECK(o.error->kind() == error_kind::connection_lost);
    CHECK_FALSE(o.error->connection_usable());
}

TEST_CASE("a slow reader that the server gives up on") {
    pqxx::connection c(server::address());
    {
        pqxx::nontransaction t(c);
        t.exec("SET idle_in_transaction_session_timeout = 50");
    }
    std::uint64_t seen = 0;
    std::optional<error> failure;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = rows<one_int>(ex, c, tens, "SELECT i FROM generate_series(1, 1000) i");
        try {
            while (auto r = co_await s.next()) {
                if (++seen == 5)
                    co_await leat::sleep_for(ex, 300ms);
            }
        } catch (const error& e) {
            failure = e;
        }
    });
    REQUIRE(failure);
    CHECK(failure->kind() == error_kind::connection_lost);
    CHECK(seen == 20); // the page that was on its way is not lost
    CHECK(failure->rows_delivered() == seen);
}

TEST_CASE("a connection with a transaction of the caller's is refused, and the transaction lives on") {
    pqxx::connection c(server::address());
    pqxx::work mine(c);
    mine.exec("SELECT 1");
    const auto o = read_all<one_int>(c, "SELECT 1");
    REQUIRE(o.error);
    CHECK(o.error->kind() == error_kind::connection_busy);
    CHECK(o.error->connection_usable());
    CHECK(mine.exec("SELECT 2")[0][0].as<int>() == 2);
    mine.commit();
}

TEST_CASE("a second stream on a connection is refused, and the first goes on") {
    pqxx::connection c(server::address());
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto first = rows<one_int>(ex, c, tens, "SELECT i FROM generate_series(1, 50) i");
        auto one = co_await first.next();
        CHECK(one);
        auto second = rows<one_int>(ex, c, "SELECT 1");
        bool refused = false;
        try {
            auto r = co_await second.next();
            CHECK_FALSE(r);
        } catch (const error& e) {
            refused = e.kind() == error_kind::connection_busy;
            CHECK_THAT(e.what(), Contains("another stream is open"));
            CHECK(e.connection_usable());
        }
        CHECK(refused);
        // libpqxx refuses for us that the caller works on the connection meanwhile.
        CHECK_THROWS_AS(pqxx::work(c), pqxx::usage_error);
        int count = 1;
        while (auto r = co_await first.next())
            ++count;
        CHECK(count == 50);
        auto third = rows<one_int>(ex, c, "SELECT 1");
        auto r = co_await third.next();
        CHECK(r);
    });
}
