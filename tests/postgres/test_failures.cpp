#include "database.hpp"

#include <cstdint>
#include <string>
#include <thread>
#include <tuple>

using leat::postgres::error;
using leat::postgres::error_kind;
using leat::postgres::row_view;
using leat::postgres::stream_options;
using server::database;
using server::read_all;
using server::way;
using namespace std::chrono_literals;
using Catch::Contains;

// libpqxx 6.4 leaks the result that it has in hand when it finds that the connection is lost.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libpqxx-6\n"; }

namespace {

using one_int = std::tuple<std::int32_t>;
using one_big = std::tuple<std::int64_t>;
const stream_options tens{10, 10, 1 << 20, 1 << 20};

} // namespace

TEST_CASE("an SQL error comes before the first row, without the query's text") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
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
    for (const wrong& x : all) {
        if (w == way::transaction && std::string(x.sqlstate) == "25006")
            continue; // the caller's transaction may write
        // That a query changes data is something that a cursor says in another way.
        const std::string sqlstate = d.own() && std::string(x.sqlstate) == "0A000" ? "25006" : x.sqlstate;
        const auto o = read_all<row_view>(d, x.sql);
        INFO(x.sql);
        REQUIRE(o.error);
        CHECK(o.rows == 0);
        CHECK(o.error->sqlstate() == sqlstate);
        CHECK(o.error->kind() == error_kind::sql);
        CHECK(o.error->rows_delivered() == 0);
        CHECK(o.error->connection_usable());
        CHECK_THAT(o.error->what(), Contains(sqlstate) && !Contains("s3cret"));
        CHECK(d.works());
    }
    CHECK_THAT(read_all<row_view>(d, "SELECT * FROM nowhere").error->server_message(), Contains("nowhere"));
}

TEST_CASE("a semicolon behind the query and a comment in it are fine") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    CHECK(read_all<one_int>(d, "SELECT 1;").rows == 1);
    CHECK(read_all<one_int>(d, "SELECT 1 -- comment").rows == 1);
    CHECK(read_all<one_int>(d, "/* a /* nested */ comment */ -- and one more\n\tselect 1").rows == 1);
    CHECK(read_all<one_int>(d, "(SELECT 1) UNION ALL (SELECT 2)").rows == 2);
    CHECK(read_all<one_int>(d, "TABLE (VALUES (1), (2)) x").error);
    CHECK(d.works());
    CHECK(read_all<one_int>(d, "VALUES (1), (2)").rows == 2);
    CHECK(read_all<one_int>(d, "WITH a AS (SELECT 1) SELECT * FROM a").rows == 1);
}

TEST_CASE("a parameter that does not fit says so without its value") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    const auto o = read_all<one_int>(d, "SELECT $1::int", "s3cret-value");
    REQUIRE(o.error);
    CHECK(o.error->sqlstate() == "22P02");
    CHECK_THAT(o.error->what(), !Contains("s3cret"));
    CHECK_THAT(o.error->server_message(), Contains("s3cret"));
    const auto zero = std::string("a\0b", 3);
    CHECK_THROWS_AS(read_all<one_int>(d, "SELECT 1", zero), error);
}

TEST_CASE("the number of columns must fit Row, even when there are no rows") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    for (const char* sql : {"SELECT 1 AS a, 'x' AS b", "SELECT 1 AS a, 'x'::text AS b WHERE false"}) {
        const auto o = read_all<one_int>(d, sql);
        REQUIRE(o.error);
        CHECK(o.error->kind() == error_kind::columns);
        CHECK_THAT(o.error->what(),
                   Contains("2 columns") && Contains("\"a\" integer, \"b\" text") && Contains("1 member"));
        CHECK(o.error->connection_usable());
        CHECK(d.works());
    }
    const auto o = read_all<one_int>(d, "SELECT");
    REQUIRE(o.error);
    CHECK_THAT(o.error->what(), Contains("0 columns"));
}

TEST_CASE("a wrong type names the column and both types") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    struct item {
        std::int32_t id;
        std::int32_t price;
    };
    const auto o = read_all<item>(d, "SELECT 1 AS id, 2.5 AS price");
    REQUIRE(o.error);
    CHECK(o.error->kind() == error_kind::columns);
    CHECK_THAT(o.error->what(), Contains("column 2 \"price\" is of type numeric") &&
                                    Contains("member 2 of Row") && Contains("32-bit integer") &&
                                    Contains("smallint or integer") && Contains("\"price\"::text"));
    CHECK(read_all<one_int>(d, "SELECT 1::bigint").error);
    CHECK(read_all<std::tuple<std::string>>(d, "SELECT 1").error);
    const auto point = read_all<std::tuple<std::string>>(d, "SELECT '(1,2)'::point AS place");
    REQUIRE(point.error);
    CHECK_THAT(point.error->what(), Contains("\"place\" is of type point") && Contains("\"place\"::text"));
}

TEST_CASE("NULL for a plain member names column and row, after the rows before it") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    for (const int bad : {1, 5, 10, 11, 25}) {
        const auto o =
            read_all<one_int>(d, tens, "SELECT nullif(i, $1::int) AS n FROM generate_series(1, 30) i", bad);
        REQUIRE(o.error);
        CHECK(o.rows == static_cast<std::uint64_t>(bad) - 1);
        CHECK(o.error->kind() == error_kind::null_value);
        CHECK(o.error->rows_delivered() == o.rows);
        CHECK(o.error->connection_usable());
        CHECK_THAT(o.error->what(), Contains("column 1 \"n\" is NULL in row " + std::to_string(bad)) &&
                                        Contains("std::optional"));
        CHECK(d.works());
    }
}

TEST_CASE("a value that its C++ type cannot hold names column and row") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    const auto o = read_all<std::tuple<int, double>>(
        d, "SELECT i, CASE i WHEN 4 THEN 10::numeric ^ 400 ELSE i END AS big FROM generate_series(1, 9) i");
    REQUIRE(o.error);
    CHECK(o.rows == 3);
    CHECK(o.error->kind() == error_kind::conversion);
    CHECK_THAT(o.error->what(), Contains("column 2 \"big\" of type numeric in row 4") && !Contains("10000"));
}

TEST_CASE("an error in a row comes after the rows before it: all of them, or those of the pages before") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    for (const std::uint64_t bad : {1u, 2u, 30'000u}) {
        const auto o =
            read_all<one_big>(d, "SELECT 1 / ($1::bigint - i) FROM generate_series(1, 1000000::bigint) i",
                              static_cast<std::int64_t>(bad));
        REQUIRE(o.error);
        if (d.own()) {
            CHECK(o.rows == bad - 1);
        } else {
            CHECK(o.rows < bad);
            CHECK((bad < 30'000 || o.rows > 20'000));
        }
        CHECK(o.error->rows_delivered() == o.rows);
        CHECK(o.error->kind() == error_kind::sql);
        CHECK(o.error->sqlstate() == "22012");
        CHECK(o.error->connection_usable());
        CHECK(d.works());
    }
    const auto last = read_all<one_int>(d, tens, "SELECT 1 / (100 - i) FROM generate_series(1, 100) i");
    REQUIRE(last.error);
    CHECK(last.rows == (d.own() ? 99 : 90));
    CHECK(d.works());
}

TEST_CASE("statement_timeout stops a query that takes too long, and the connection lives on") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w, "-c statement_timeout=50");
    const auto o = read_all<one_int>(d, "SELECT 1 FROM pg_sleep(10)");
    REQUIRE(o.error);
    CHECK(o.error->kind() == error_kind::canceled);
    CHECK(o.error->sqlstate() == "57014");
    CHECK(o.error->connection_usable());
    CHECK(d.works());
}

TEST_CASE("a query that is cancelled from outside") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    std::thread canceller([&d] {
        while (server::run("SELECT wait_event FROM pg_stat_activity WHERE pid = " +
                           std::to_string(d.backend())) != "PgSleep") {
        }
        server::run("SELECT pg_cancel_backend(" + std::to_string(d.backend()) + ")");
    });
    const auto o = read_all<one_int>(d, "SELECT 1 FROM pg_sleep(30)");
    canceller.join();
    REQUIRE(o.error);
    CHECK(o.error->kind() == error_kind::canceled);
    CHECK(o.error->connection_usable());
    CHECK(d.works());
}

namespace {

/// Enough rows that the server is still at it when the reader stops to look.
const std::string many = "SELECT i FROM generate_series(1, 3000000) i";

} // namespace

TEST_CASE("a backend that is terminated: before the first row, between pages, in the middle") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    const std::uint64_t kill_after = GENERATE(0u, 1u, 10u, 25u, 20'000u);
    INFO(server::name(w) << ", killed after " << kill_after);
    database d(w);
    std::uint64_t seen = 0;
    bool in_order = true;
    std::optional<error> failure;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = kill_after < 1000 ? d.rows<one_int>(ex, tens, many) : d.rows<one_int>(ex, many);
        try {
            if (kill_after == 0)
                server::terminate(d.backend());
            while (auto r = co_await s.next()) {
                ++seen;
                in_order = in_order && std::get<0>(*r) == static_cast<int>(seen);
                if (seen == kill_after)
                    server::terminate(d.backend());
            }
        } catch (const error& e) {
            failure = e;
        }
        auto after = co_await s.next();
        CHECK_FALSE(after);
    });
    REQUIRE(failure);
    CHECK(in_order);
    CHECK(failure->kind() == error_kind::connection_lost);
    CHECK(failure->rows_delivered() == seen);
    CHECK_FALSE(failure->connection_usable());
    CHECK(seen >= kill_after);
    CHECK(seen < 3'000'000);
    CHECK_THAT(failure->what(), Contains("open a new one"));
    if (d.own())
        CHECK_FALSE(d.connection()->is_open());
}

TEST_CASE("a backend that is terminated while a query runs") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    std::thread killer([&d] {
        while (server::run("SELECT wait_event FROM pg_stat_activity WHERE pid = " +
                           std::to_string(d.backend())) != "PgSleep") {
        }
        server::terminate(d.backend());
    });
    const auto o = read_all<one_int>(d, "SELECT 1 FROM pg_sleep(30)");
    killer.join();
    REQUIRE(o.error);
    CHECK(o.error->kind() == error_kind::connection_lost);
    CHECK_FALSE(o.error->connection_usable());
    if (d.own()) { // libpqxx loses it
        CHECK(o.error->sqlstate() == "57P01");
        CHECK_THAT(o.error->server_message(), Contains("administrator command"));
    }
}

TEST_CASE("a connection that was dead before the stream began is not silently replaced") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    server::terminate(d.backend());
    const auto o = read_all<one_int>(d, "SELECT 1");
    REQUIRE(o.error);
    CHECK(o.error->kind() == error_kind::connection_lost);
    CHECK_FALSE(o.error->connection_usable());
    const auto again = read_all<one_int>(d, "SELECT 1");
    REQUIRE(again.error);
    CHECK(again.error->kind() == error_kind::connection_lost);
}

TEST_CASE("a slow reader: a cursor's idle transaction is given up on, a query's is not idle") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w, "-c idle_in_transaction_session_timeout=50");
    std::uint64_t seen = 0;
    std::optional<error> failure;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = d.rows<one_int>(ex, tens, "SELECT i FROM generate_series(1, 100000) i");
        try {
            while (auto r = co_await s.next()) {
                if (++seen == 5)
                    co_await leat::sleep_for(ex, 300ms);
            }
        } catch (const error& e) {
            failure = e;
        }
    });
    if (d.own()) {
        CHECK_FALSE(failure);
        CHECK(seen == 100'000);
    } else {
        REQUIRE(failure);
        CHECK(failure->kind() == error_kind::connection_lost);
        CHECK(seen == 20); // the page that was on its way is not lost
        CHECK(failure->rows_delivered() == seen);
    }
}

TEST_CASE("a slow reader and statement_timeout: it counts for a page of a cursor, and for a whole query") {
    const way w = GENERATE(way::libpq, way::cursor);
    INFO(server::name(w));
    database d(w, "-c statement_timeout=200");
    std::uint64_t seen = 0;
    std::optional<error> failure;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        // In the select list, so that the rows come as they are made; far more than the socket holds.
        auto s = d.rows<one_int>(ex, tens, "SELECT generate_series(1, 200000)");
        try {
            while (auto r = co_await s.next()) {
                if (++seen == 5)
                    co_await leat::sleep_for(ex, 600ms);
            }
        } catch (const error& e) {
            failure = e;
        }
    });
    if (d.own()) {
        REQUIRE(failure);
        CHECK(failure->kind() == error_kind::canceled);
        CHECK(failure->rows_delivered() == seen);
        CHECK(seen >= 5);
        CHECK(failure->connection_usable());
    } else {
        CHECK_FALSE(failure);
        CHECK(seen == 200'000);
    }
    CHECK(d.works());
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
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto first = d.rows<one_int>(ex, tens, "SELECT i FROM generate_series(1, 50) i");
        auto one = co_await first.next();
        CHECK(one);
        auto second = d.rows<one_int>(ex, "SELECT 1");
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
        if (w == way::transaction) // libpqxx refuses for us that the caller works in it meanwhile
            CHECK_THROWS_AS(d.work().exec("SELECT 1"), pqxx::usage_error);
        int count = 1;
        while (auto r = co_await first.next())
            ++count;
        CHECK(count == 50);
        auto third = d.rows<one_int>(ex, "SELECT 1");
        auto r = co_await third.next();
        CHECK(r);
        co_await third.close();
    });
    CHECK(d.transaction_works());
}
