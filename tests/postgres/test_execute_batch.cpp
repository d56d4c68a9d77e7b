#include "writing.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

using leat::postgres::batch_options;
using leat::postgres::error;
using leat::postgres::error_kind;
using leat::postgres::execute_batch;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

struct user {
    std::int64_t id;
    std::string name;
    std::optional<double> balance;
};

/// User `bad` has the name "bad", which the table does not take.
leat::async_generator<user> users(std::int64_t n, std::int64_t bad = 0, const std::string prefix = "user ") {
    for (std::int64_t i = 1; i <= n; ++i) {
        user u{i, i == bad ? "bad" : prefix + std::to_string(i), {}};
        if (i % 2 == 0)
            u.balance = static_cast<double>(i) / 4;
        co_yield std::move(u);
    }
}

const char* const users_sql = "id bigint PRIMARY KEY, name text CHECK (name <> 'bad'), balance numeric";
const char* const upsert =
    "INSERT INTO batched (id, name, balance) SELECT * FROM unnest($1::bigint[], $2::text[], "
    "$3::numeric[]) ON CONFLICT (id) DO UPDATE SET name = excluded.name";

} // namespace

TEST_CASE("rows are inserted or updated, a page at a time") {
    const server::table t("batched", users_sql);
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        for (const bool one_transaction : {false, true}) {
            batch_options options;
            options.rows = 100;
            options.one_transaction = one_transaction;
            for (const std::int64_t n : {0, 1, 99, 100, 101, 2500}) {
                auto saving = users(n) | execute_batch(ex, c, upsert, options);
                const auto report = co_await saving;
                CHECK(report.rows == static_cast<std::uint64_t>(n));
                CHECK(report.affected == static_cast<std::uint64_t>(n));
                CHECK(report.pages == static_cast<std::uint64_t>((n + 99) / 100));
            }
        }
        CHECK(server::run("SELECT count(*) FROM batched WHERE name = 'user ' || id AND balance IS NOT "
                          "DISTINCT FROM CASE "
                          "WHEN id % 2 = 0 THEN id / 4.0 END") == "2500");
        auto again = execute_batch(users(2600, 0, "new "), ex, c, upsert);
        const auto report = co_await again;
        CHECK(report.rows == 2600);
        CHECK(report.pages == 3);
        CHECK(server::run("SELECT count(*) FROM batched WHERE name = 'new ' || id") == "2600");

        const bool works = co_await server::works(ex, c, c.backend_pid());
        CHECK(works);
    });
}

TEST_CASE("a page ends at so many bytes too") {
    const server::table t("batched", "s text");
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        batch_options options;
        options.bytes = 10'000;
        std::vector<std::string> long_ones(20, std::string(4000, 'x'));
        auto saving = leat::from_range(std::move(long_ones)) |
                      execute_batch(ex, c, "INSERT INTO batched SELECT unnest($1::text[])", options);
        const auto report = co_await saving;
        CHECK(report.rows == 20);
        CHECK(report.pages == 7);
        CHECK(t.count() == "20");
    });
}

TEST_CASE("updates and deletes, enums and lent elements") {
    server::run("DROP TYPE IF EXISTS batch_mood CASCADE; CREATE TYPE batch_mood AS ENUM ('sad', 'happy')");
    const server::table t("batched", "id integer, m batch_mood");
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        using row = std::tuple<std::int32_t, std::string_view>;
        auto some = [] { return leat::from_range(std::vector<row>{{1, "sad"}, {2, "happy"}, {3, "sad"}}); };
        auto insert =
            some() |
            execute_batch(ex, c, "INSERT INTO batched SELECT * FROM unnest($1::int[], $2::batch_mood[])");
        auto report = co_await insert;
        CHECK(report.affected == 3);
        CHECK(server::run("SELECT string_agg(id || m::text, ' ' ORDER BY id) FROM batched") ==
              "1sad 2happy 3sad");
        auto update =
            some() |
            execute_batch(ex, c,
                          "UPDATE batched b SET id = b.id + 10 FROM unnest($1::int[], $2::text[]) u(id, "
                          "m) WHERE u.id = b.id AND u.m = b.m::text AND b.m = 'sad'");
        report = co_await update;
        CHECK(report.affected == 2);
        auto remove = leat::from_range(std::vector<std::int32_t>{2, 3, 11}) |
                      execute_batch(ex, c, "DELETE FROM batched WHERE id = ANY ($1)");
        report = co_await remove;
        CHECK(report.rows == 3);
        CHECK(report.affected == 2);
        CHECK(t.count() == "1");
    });
    server::run("DROP TYPE batch_mood CASCADE");
}

TEST_CASE("a page that is refused: the pages before it stay, or nothing does") {
    auto c = server::connect();
    for (const bool one_transaction : {false, true}) {
        const server::table t("batched", users_sql);
        leat::run([&](leat::executor ex) -> leat::task<> {
            batch_options options;
            options.rows = 100;
            options.one_transaction = one_transaction;
            const auto w =
                co_await server::outcome_of(users(100'000, 2050) | execute_batch(ex, c, upsert, options));
            REQUIRE(w.write_error);
            CHECK(w.error->sqlstate() == "23514");
            CHECK(w.write_error->first_row() == 2001);
            CHECK(w.write_error->last_row() == 2100);
            CHECK_THAT(w.error->what(), Contains("rows 2001 to 2100") && Contains("\"batched_name_check\""));
            CHECK_THAT(w.error->what(),
                       Contains(one_transaction ? "Nothing was written" : "are in the table"));
            CHECK(w.error->rows_delivered() == 2000);
            CHECK(w.error->connection_usable());
            CHECK(t.count() == (one_transaction ? "0" : "2000"));
            const bool works = co_await server::works(ex, c, c.backend_pid());
            CHECK(works);
        });
    }
}

TEST_CASE("a key that comes twice in a page is explained") {
    const server::table t("batched", users_sql);
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        std::vector<user> twice{{1, "a", {}}, {1, "b", {}}};
        const auto w =
            co_await server::outcome_of(leat::from_range(std::move(twice)) | execute_batch(ex, c, upsert));
        REQUIRE(w.error);
        CHECK(w.error->sqlstate() == "21000");
        CHECK_THAT(w.error->what(), Contains("twice"));
    });
}

TEST_CASE("what does not fit the statement is refused before the first row") {
    const server::table t("batched", users_sql);
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        int asked = 0;
        const auto seen = [&asked] { return users(10) | leat::inspect([&asked](const user&) { ++asked; }); };
        auto w = co_await server::outcome_of(
            seen() |
            execute_batch(ex, c,
                          "INSERT INTO batched (id, name) SELECT * FROM unnest($1::bigint[], $2::text[])"));
        REQUIRE(w.error);
        CHECK(w.error->kind() == error_kind::columns);
        CHECK_THAT(w.error->what(),
                   Contains("2 parameters (\"$1\" bigint[], \"$2\" text[])") && Contains("3 members"));
        w = co_await server::outcome_of(seen() |
                                        execute_batch(ex, c, "INSERT INTO batched VALUES ($1, $2, $3)"));
        REQUIRE(w.error);
        CHECK(w.error->kind() == error_kind::columns);
        CHECK_THAT(w.error->what(), Contains("$1 is of type bigint") && Contains("unnest($1::bigint[])"));
        w = co_await server::outcome_of(
            seen() | execute_batch(ex, c, "SELECT * FROM unnest($1::bigint[], $2::text[], $3::inet[])"));
        REQUIRE(w.error);
        CHECK(w.error->kind() == error_kind::columns);
        CHECK_THAT(w.error->what(), Contains("$3"));
        w = co_await server::outcome_of(seen() | execute_batch(ex, c, "INSERT INTO nowhere VALUES ($1)"));
        REQUIRE(w.error);
        CHECK(w.error->sqlstate() == "42P01");
        w = co_await server::outcome_of(seen() |
                                        execute_batch(ex, c, "DELETE FROM batched; DROP TABLE batched"));
        REQUIRE(w.error);
        CHECK(w.error->sqlstate() == "42601");
        CHECK(asked == 0);
        CHECK(w.error->connection_usable());

        auto wide = users(40'000) |
                    execute_batch(ex, c, "SELECT * FROM unnest($1::smallint[], $2::text[], $3::numeric[])");
        w = co_await server::outcome_of(std::move(wide));
        REQUIRE(w.write_error);
        CHECK(w.error->kind() == error_kind::conversion);
        CHECK(w.write_error->first_row() == 32768);
        CHECK(w.write_error->column() == "$1");
        const bool works = co_await server::works(ex, c, c.backend_pid());
        CHECK(works);
    });
}

TEST_CASE("a stream that throws, and a stop") {
    auto c = server::connect();
    for (const bool one_transaction : {false, true}) {
        const server::table t("batched", users_sql);
        leat::run([&](leat::executor ex) -> leat::task<> {
            batch_options options;
            options.rows = 100;
            options.one_transaction = one_transaction;
            auto failing = users(1000) | leat::transform([](user u) {
                               if (u.id == 550)
                                   throw std::runtime_error("the stream's own");
                               return u;
                           });
            auto w = co_await server::outcome_of(std::move(failing) | execute_batch(ex, c, upsert, options));
            CHECK(w.other == "the stream's own");
            // The page that was under way is cancelled, or was quicker.
            const std::string in = t.count();
            CHECK((one_transaction ? in == "0" : in == "400" || in == "500"));

            pqxx::connection other(server::address());
            pqxx::work lock(other);
            lock.exec("LOCK TABLE batched");
            std::stop_source stop;
            const int backend = c.backend_pid();
            std::thread stopper([&] {
                const std::string waits =
                    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = " +
                    std::to_string(backend) + ")";
                for (int i = 0; i < 5000 && server::run(waits) != "t"; ++i)
                    std::this_thread::sleep_for(2ms);
                stop.request_stop();
            });
            server::ticker ticker(ex);
            w = co_await server::outcome_of(users(1000) | leat::stop_on(stop.get_token()) |
                                            execute_batch(ex, c, upsert, options));
            stopper.join();
            CHECK(w.stopped);
            CHECK(ticker.longest_gap() < 50ms);
            lock.abort();
            CHECK(t.count() == in);
            const bool works = co_await server::works(ex, c, backend);
            CHECK(works);
        });
    }
}

TEST_CASE("a server that is killed under a page leaves a doubt about that page alone") {
    for (const bool one_transaction : {false, true}) {
        const server::table t("batched", users_sql);
        server::run("CREATE OR REPLACE FUNCTION wait_at_1050() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF "
                    "NEW.id = 1050 THEN "
                    "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); END IF; RETURN "
                    "NEW; END'; CREATE "
                    "TRIGGER waiting BEFORE INSERT ON batched FOR EACH ROW EXECUTE FUNCTION wait_at_1050()");
        auto c = server::connect();
        leat::run([&](leat::executor ex) -> leat::task<> {
            batch_options options;
            options.rows = 100;
            options.one_transaction = one_transaction;
            const auto w = co_await server::outcome_of(users(5000) | execute_batch(ex, c, upsert, options));
            REQUIRE(w.error);
            CHECK(w.error->kind() == error_kind::connection_lost);
            CHECK(w.error->rows_delivered() == 1000);
            CHECK_FALSE(w.error->connection_usable());
            // In one transaction nothing was to be kept yet.
            CHECK((w.write_error && w.write_error->in_doubt()) == !one_transaction);
            if (w.write_error) {
                CHECK(w.write_error->first_row() == 1001);
                CHECK(w.write_error->last_row() == 1100);
            }
        });
        CHECK(t.count() == (one_transaction ? "0" : "1000"));
    }
}
