// The server is shut down, in good order and at once, under whatever is open on it.
#include "own_server.hpp"
#include "writing.hpp"

#include <leat/postgres/keyset.hpp>
#include <leat/postgres/notifications.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <tuple>

using leat::postgres::error;
using leat::postgres::error_kind;
using leat::postgres::stream_options;
using server::database;
using server::own_server;
using server::way;
using namespace std::chrono_literals;
using Catch::Contains;
using mode = own_server::mode;

namespace {

using one_int = std::tuple<std::int32_t>;
using clock_type = std::chrono::steady_clock;
const stream_options tens{10, 10, 1 << 20, 1 << 20};

/// All tests of this file share one, which runs when a test begins.
own_server& the_server() {
    static own_server s;
    if (!s.runs())
        s.start();
    return s;
}
database open(way w) { return database(w, "", " " + the_server().address()); }
const char* name(mode m) { return m == mode::fast ? "fast" : "immediate"; }

struct seen_rows {
    std::uint64_t count = 0;
    bool in_order = true; // 1, 2, 3 ...
    std::optional<error> failure;
};

/// Reads to the end, which is an error, and looks whether it stays at the end. `at(n)` is called with the row n in hand.
template <class At>
leat::task<seen_rows> read(leat::executor ex, database& d, const stream_options& o, std::string sql, At at) {
    seen_rows seen;
    auto s = d.rows<one_int>(ex, o, sql);
    try {
        while (auto r = co_await s.next()) {
            ++seen.count;
            seen.in_order = seen.in_order && std::get<0>(*r) == static_cast<int>(seen.count);
            at(seen.count);
        }
    } catch (const error& e) {
        seen.failure = e;
    }
    auto after = co_await s.next();
    CHECK_FALSE(after);
    co_return seen;
}

/// What every stream that lost its server says.
void check_lost(const seen_rows& seen, database& d) {
    REQUIRE(seen.failure);
    const error& e = *seen.failure;
    CHECK(seen.in_order);
    CHECK(e.kind() == error_kind::connection_lost);
    CHECK(e.rows_delivered() == seen.count);
    CHECK_FALSE(e.connection_usable());
    CHECK_THAT(e.what(), Contains("open a new one"));
    CHECK((e.sqlstate().empty() || e.sqlstate() == "57P01")); // a server that cannot write does not say why
    if (d.own())
        CHECK_FALSE(d.connection()->is_open());
}

/// A lost connection stays lost, and says so at once; a new one works.
void check_afterwards(database& d) {
    const auto again = server::read_all<one_int>(d, "SELECT 1");
    REQUIRE(again.error);
    CHECK(again.error->kind() == error_kind::connection_lost);
    CHECK(again.rows == 0);
    database fresh = open(d.how());
    const auto o = server::read_all<one_int>(fresh, "SELECT generate_series(1, 100)");
    CHECK_FALSE(o.error);
    CHECK(o.rows == 100);
}

/// A server that shuts down at once may be gone before it has said why.
template <class Error> void check_reason(const Error& e, mode m) {
    CHECK((e.sqlstate() == "57P01" || (m == mode::immediate && e.sqlstate().empty())));
}

} // namespace

TEST_CASE("restart: under a reader who is in the middle of the rows") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    const mode m = GENERATE(mode::fast, mode::immediate);
    const std::uint64_t after = GENERATE(0u, 1u, 10u, 15u, 20'000u);
    INFO(server::name(w) << ", " << name(m) << ", after " << after);
    database d = open(w);
    leat::run([&](leat::executor ex) -> leat::task<> {
        const stream_options o = after < 1000 ? tens : stream_options();
        const auto restart_at = [&](std::uint64_t n) {
            if (n == after)
                the_server().restart(m);
        };
        restart_at(0);
        const auto seen = co_await read(ex, d, o, "SELECT i FROM generate_series(1, 3000000) i", restart_at);
        check_lost(seen, d);
        CHECK(seen.count >= after);
        CHECK(seen.count < 3'000'000);
    });
    check_afterwards(d);
}

TEST_CASE("restart: under a query that makes its reader wait: what was there comes first, and the reason") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    const mode m = GENERATE(mode::fast, mode::immediate);
    INFO(server::name(w) << ", " << name(m));
    own_server& s = the_server();
    database d = open(w);
    std::thread stopper([&] {
        s.wait_for_event("PgSleep");
        s.stop(m);
    });
    leat::run([&](leat::executor ex) -> leat::task<> {
        const auto seen = co_await read(ex, d, tens,
                                        "SELECT i FROM generate_series(1, 30001) i "
                                        "WHERE i < 30001 OR pg_sleep(1000) IS NULL",
                                        [](std::uint64_t) {});
        check_lost(seen, d);
        CHECK(seen.count == 30'000);
        if (d.own()) // libpqxx loses it
            check_reason(*seen.failure, m);
        CHECK_THAT(seen.failure->server_message(), Contains("terminat") || Contains("onnection"));
    });
    stopper.join();
    s.start();
    check_afterwards(d);
}

TEST_CASE("restart: of a server that is gone for good: nothing hangs, connecting fails") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    enum class then { reads_on, closes, destroys };
    const then what = GENERATE(then::reads_on, then::closes, then::destroys);
    INFO(server::name(w) << ", " << static_cast<int>(what));
    own_server& s = the_server();
    database d = open(w);
    const auto before = clock_type::now();
    leat::run([&](leat::executor ex) -> leat::task<> {
        std::uint64_t n = 0;
        std::optional<error> failure;
        {
            auto rows = d.rows<one_int>(ex, tens, "SELECT generate_series(1, 3000000)");
            for (; n != 5; ++n)
                co_await rows.next();
            s.stop(mode::immediate);
            if (what == then::closes)
                co_await rows.close();
            while (what == then::reads_on && !failure) {
                try {
                    while (auto r = co_await rows.next())
                        ++n;
                } catch (const error& e) {
                    failure = e;
                }
            }
        }
        if (what == then::reads_on) {
            CHECK(failure->kind() == error_kind::connection_lost);
            CHECK(failure->rows_delivered() == n);
            CHECK_FALSE(failure->connection_usable());
        }
        if (w != way::transaction)
            co_await d.settle(ex);
        bool refused = false;
        try {
            auto c = co_await leat::postgres::connect(ex, s.address());
            CHECK_FALSE(c.is_open());
        } catch (const error& e) {
            refused = e.kind() == error_kind::connect_failed;
        }
        CHECK(refused);
    });
    CHECK(clock_type::now() - before < 4s);
    const auto again = server::read_all<one_int>(d, "SELECT 1");
    REQUIRE(again.error);
    CHECK(again.error->kind() == error_kind::connection_lost);
}

TEST_CASE("restart: keyset and retry read on behind it, every row once") {
    const mode m = GENERATE(mode::fast, mode::immediate);
    own_server& s = the_server();
    s.run_sql(
        "DROP TABLE IF EXISTS items; CREATE TABLE items(id bigint PRIMARY KEY); INSERT INTO items SELECT "
        "generate_series(1, 1000); CHECKPOINT");
    leat::run([&](leat::executor ex) -> leat::task<> {
        using item = std::tuple<std::int64_t>;
        auto id_of = [](const item& x) { return std::get<0>(x); };
        auto behind = [&](const std::optional<std::int64_t>& last) -> leat::async_generator<item> {
            auto c = co_await leat::postgres::connect(ex, s.address());
            leat::postgres::keyset_options o;
            o.page_rows = 100;
            co_yield leat::elements_of(leat::postgres::keyset<item>(
                ex, c, o, "SELECT id FROM items WHERE id > $1 ORDER BY id LIMIT $2", last.value_or(0),
                id_of));
        };
        auto all = leat::retry(ex, behind, id_of, {.attempts = 3, .backoff = {1ms, 2, 10ms}});
        std::int64_t n = 0;
        bool in_order = true;
        while (auto x = co_await all.next()) {
            in_order = in_order && std::get<0>(*x) == ++n;
            if (n == 250)
                s.restart(m);
        }
        CHECK(in_order);
        CHECK(n == 1000);
    });
}

TEST_CASE("restart: under copy_into: no row stays, and the connection is lost") {
    const mode m = GENERATE(mode::fast, mode::immediate);
    const int after = GENERATE(0, 10, 60'000);
    INFO(name(m) << ", after " << after);
    own_server& s = the_server();
    s.run_sql("DROP TABLE IF EXISTS loaded; CREATE TABLE loaded(id int); CHECKPOINT");
    database d = open(way::libpq);
    leat::run([&](leat::executor ex) -> leat::task<> {
        int made = 0;
        auto numbers = [&]() -> leat::async_generator<int> {
            if (after == 0)
                s.restart(m);
            for (int i = 1; i <= 200'000; ++i) {
                made = i;
                co_yield int(i);
                if (i == after)
                    s.restart(m);
            }
        };
        auto copy = numbers() | leat::postgres::copy_into(ex, *d.connection(), "loaded", {"id"});
        const auto w = co_await server::outcome_of(std::move(copy));
        CHECK(w.error);
        CHECK(w.other.empty());
        if (!w.error)
            co_return;
        CHECK(w.error->kind() == error_kind::connection_lost);
        CHECK_FALSE(w.error->connection_usable());
        CHECK_FALSE(w.write_error); // nothing is in doubt
        CHECK((w.error->sqlstate().empty() || w.error->sqlstate() == "57P01"));
        CHECK(w.error->rows_delivered() <= static_cast<std::uint64_t>(made));
        CHECK(made < 200'000); // it is noticed before the last row
        CHECK_FALSE(d.connection()->is_open());
    });
    CHECK(s.run_sql("SELECT count(*) FROM loaded") == "0");
}

TEST_CASE("restart: while the server finishes a copy_into: in doubt") {
    const mode m = GENERATE(mode::fast, mode::immediate);
    INFO(name(m));
    own_server& s = the_server();
    s.run_sql("DROP TABLE IF EXISTS loaded; CREATE TABLE loaded(id int); "
              "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
              "'BEGIN PERFORM pg_sleep(1000); RETURN NULL; END'; "
              "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON loaded DEFERRABLE INITIALLY DEFERRED "
              "FOR EACH ROW EXECUTE FUNCTION slow(); CHECKPOINT");
    database d = open(way::libpq);
    std::thread stopper([&] {
        s.wait_for_event("PgSleep");
        s.stop(m);
    });
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto copy = leat::iota(1, 4) | leat::postgres::copy_into(ex, *d.connection(), "loaded", {"id"});
        const auto w = co_await server::outcome_of(std::move(copy));
        CHECK(w.write_error);
        if (!w.write_error)
            co_return;
        CHECK(w.write_error->kind() == error_kind::connection_lost);
        CHECK(w.write_error->in_doubt());
        check_reason(*w.write_error, m);
        CHECK_FALSE(w.write_error->connection_usable());
    });
    stopper.join();
    s.start();
    CHECK(s.run_sql("SELECT count(*) FROM loaded") == "0");
}

TEST_CASE("restart: under execute_batch: the pages before it stay") {
    const mode m = GENERATE(mode::fast, mode::immediate);
    INFO(name(m));
    own_server& s = the_server();
    s.run_sql("DROP TABLE IF EXISTS loaded; CREATE TABLE loaded(id int); CHECKPOINT");
    database d = open(way::libpq);
    std::uint64_t taken = 0;
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto numbers = [&]() -> leat::async_generator<int> {
            for (int i = 1; i <= 100; ++i) {
                if (i == 35) // the rows 1 to 30 are in
                    s.restart(m);
                co_yield int(i);
            }
        };
        leat::postgres::batch_options o;
        o.rows = 10;
        auto saving = numbers() | leat::postgres::execute_batch(
                                      ex, *d.connection(), "INSERT INTO loaded SELECT unnest($1::int[])", o);
        const auto w = co_await server::outcome_of(std::move(saving));
        CHECK(w.error);
        if (!w.error)
            co_return;
        CHECK(w.error->kind() == error_kind::connection_lost);
        taken = w.error->rows_delivered();
        CHECK((taken == 30 || (w.write_error && w.write_error->in_doubt())));
        CHECK_FALSE(w.error->connection_usable());
    });
    CHECK((taken == 20 || taken == 30)); // the third page's answer may not have been read yet
    const auto in_table = std::stoull(s.run_sql("SELECT count(*) FROM loaded"));
    CHECK((in_table == 20 || in_table == 30));
    CHECK(in_table >= taken);
}

TEST_CASE("restart: under notifications: those before it come, then the reason") {
    const mode m = GENERATE(mode::fast, mode::immediate);
    INFO(name(m));
    own_server& s = the_server();
    database d = open(way::libpq);
    std::uint64_t n = 0;
    std::optional<error> failure;
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto changes = leat::postgres::notifications(ex, *d.connection(), "events");
        auto notify = [&]() -> leat::task<> {
            const std::string listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' "
                                          "AND state = 'idle'";
            bool ready = false;
            while (!ready) {
                co_await leat::sleep_for(ex, 2ms);
                ready = s.run_sql(listening) == "1";
            }
            s.run_sql("SELECT pg_notify('events', i::text) FROM generate_series(1, 10) i");
        };
        leat::spawn(ex, notify());
        try {
            while (auto c = co_await changes.next()) {
                if (++n == 10)
                    s.restart(m);
            }
        } catch (const error& e) {
            failure = e;
        }
        auto after = co_await changes.next();
        CHECK_FALSE(after);
    });
    REQUIRE(failure);
    CHECK(n == 10);
    CHECK(failure->kind() == error_kind::connection_lost);
    check_reason(*failure, m);
    CHECK(failure->rows_delivered() == 10);
    CHECK_FALSE(failure->connection_usable());
}
