#include "writing.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

using leat::postgres::copy_into;
using leat::postgres::copy_options;
using leat::postgres::error;
using leat::postgres::error_kind;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

using row = std::tuple<std::int64_t, std::optional<std::int32_t>>;
using rows_of = leat::async_generator<row>;

/// (1, 1), (2, 2) ... but row `bad` is `instead`. `closed` says whether the stream has cleaned up behind
/// itself.
rows_of numbers(std::int64_t n, std::int64_t bad = 0, row instead = {}, bool* closed = nullptr) {
    auto say = [closed]() -> leat::task<> {
        if (closed != nullptr)
            *closed = true;
        co_return;
    };
    co_await leat::on_close(say).quiet();
    for (std::int64_t i = 1; i <= n; ++i) {
        row r = i == bad ? instead : row{i, static_cast<std::int32_t>(i)};
        co_yield std::move(r);
    }
}
constexpr std::int64_t for_ever = std::int64_t(1) << 60;

const char* const numbers_sql = "id bigint PRIMARY KEY, n integer CHECK (n <> -666)";

/// The table has three rows before the copy, and has them afterwards.
class three_rows : public server::table {
public:
    explicit three_rows(const std::string& sql = numbers_sql) : server::table("copied", sql) {
        server::run("INSERT INTO copied (id) VALUES (-1), (-2), (-3)");
    }
    bool untouched() const { return count() == "3"; }
};

auto into_copied(leat::executor ex, leat::postgres::connection& c, copy_options options = {}) {
    return copy_into(ex, c, "copied", {"id", "n"}, options);
}

/// Calls `act` on a thread of its own when the server's process is at what `sql` asks for.
class when {
public:
    template <class Act>
    when(std::string sql, Act act)
        : thread_([sql = std::move(sql), act] {
              for (int i = 0; i < 5000 && server::run(sql) != "t"; ++i)
                  std::this_thread::sleep_for(2ms);
              act();
          }) {}
    ~when() { thread_.join(); }

private:
    std::thread thread_;
};

std::string in_copy(int backend) {
    return "SELECT EXISTS (SELECT FROM pg_stat_progress_copy WHERE pid = " + std::to_string(backend) +
           " AND tuples_processed > 1000)";
}
std::string waits_for(int backend, const std::string& what) {
    return "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = " + std::to_string(backend) +
           " AND wait_event_type = '" + what + "')";
}

} // namespace

TEST_CASE("a bad row 700,000 leaves the table as it was and is named") {
    struct bad_row {
        row what;
        const char* sqlstate;
        const char* column;
    };
    const bad_row some[] = {
        {{5, 1}, "23505", ""},          // there is a 5 already
        {{700'000, -666}, "23514", ""}, // does not pass the CHECK
    };
    const std::int64_t n = server::sanitized ? 70'000 : 700'000;
    for (const bad_row& b : some) {
        const three_rows t;
        auto c = server::connect();
        leat::run([&](leat::executor ex) -> leat::task<> {
            bool closed = false;
            auto copying = numbers(n + 50'000, n, b.what, &closed) | into_copied(ex, c);
            const auto w = co_await server::outcome_of(std::move(copying));
            REQUIRE(w.write_error);
            CHECK(w.error->kind() == error_kind::sql);
            CHECK(w.error->sqlstate() == b.sqlstate);
            CHECK(w.write_error->first_row() == static_cast<std::uint64_t>(n));
            CHECK(w.write_error->last_row() == static_cast<std::uint64_t>(n));
            CHECK(w.error->rows_delivered() >= static_cast<std::uint64_t>(n));
            CHECK(w.error->rows_delivered() <= static_cast<std::uint64_t>(n) + 50'000);
            CHECK_FALSE(w.write_error->in_doubt());
            CHECK_THAT(w.error->what(), Contains("row " + std::to_string(n)));
            CHECK(w.error->connection_usable());
            CHECK(closed);
            CHECK(t.untouched());
            const bool works = co_await server::works(ex, c, c.backend_pid());
            CHECK(works);
        });
    }
}

TEST_CASE("the column is named where it is known, a value never is") {
    const server::table t("copied",
                          "id bigint, n integer NOT NULL DEFAULT 1, s varchar(5), small smallint, doc jsonb");
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        const int backend = c.backend_pid();
        auto w = co_await server::outcome_of(numbers(10, 7, {7, std::nullopt}) | into_copied(ex, c));
        REQUIRE(w.write_error);
        CHECK(w.error->sqlstate() == "23502");
        CHECK(w.write_error->first_row() == 7);
        CHECK(w.write_error->column() == "n");

        auto long_ones = leat::from_range(std::vector<std::string>{"short", "s3cret and long"}) |
                         copy_into(ex, c, "copied", "s");
        w = co_await server::outcome_of(std::move(long_ones));
        REQUIRE(w.write_error);
        CHECK(w.error->sqlstate() == "22001");
        CHECK(w.write_error->first_row() == 2);
        CHECK(w.write_error->column() == "s");
        CHECK_THAT(w.error->what(), !Contains("s3cret"));

        // This one is leat's own: an encoder looks at each value.
        bool closed = false;
        auto wide =
            numbers(100'000, 70'000, {70'000, 70'000}, &closed) | copy_into(ex, c, "copied", {"id", "small"});
        w = co_await server::outcome_of(std::move(wide));
        REQUIRE(w.write_error);
        CHECK(w.error->kind() == error_kind::conversion);
        CHECK(w.write_error->first_row() == 32768);
        CHECK(w.write_error->column() == "small");
        CHECK_THAT(w.error->what(), Contains("row 32768, column \"small\""));
        CHECK(w.error->connection_usable());
        CHECK(closed);

        auto no_json =
            leat::from_range(std::vector<std::string>(1, "{s3cret")) | copy_into(ex, c, "copied", "doc");
        w = co_await server::outcome_of(std::move(no_json));
        REQUIRE(w.write_error);
        CHECK(w.error->sqlstate() == "22P02");
        CHECK(w.write_error->first_row() == 1);
        CHECK(w.write_error->column() == "doc");
        CHECK_THAT(w.error->what(), !Contains("s3cret"));

        CHECK(t.count() == "0");
        const bool works = co_await server::works(ex, c, backend);
        CHECK(works);
    });
}

TEST_CASE("what is looked at when all rows are in has no row, and undoes all of them") {
    const server::table others("others", "id bigint PRIMARY KEY");
    const server::table t("copied",
                          "id bigint REFERENCES others, n integer UNIQUE DEFERRABLE INITIALLY DEFERRED");
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto w = co_await server::outcome_of(numbers(3) | into_copied(ex, c));
        REQUIRE(w.write_error);
        CHECK(w.error->sqlstate() == "23503");
        CHECK(w.write_error->first_row() == 0);
        CHECK_THAT(w.error->what(), Contains("\"copied_id_fkey\""));
        server::run("INSERT INTO others VALUES (1), (2), (3)");
        w = co_await server::outcome_of(numbers(3, 3, {3, 1}) | into_copied(ex, c)); // fails in the commit
        REQUIRE(w.write_error);
        CHECK(w.error->sqlstate() == "23505");
        CHECK_FALSE(w.write_error->in_doubt());
        CHECK(t.count() == "0");
        const bool works = co_await server::works(ex, c, c.backend_pid());
        CHECK(works);
    });
}

TEST_CASE("an error of a trigger names the row too") {
    const server::table t("copied", "id bigint, n integer");
    server::run("CREATE OR REPLACE FUNCTION no_seven() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.id "
                "= 7 THEN RAISE "
                "EXCEPTION ''no''; END IF; RETURN NEW; END'; CREATE TRIGGER seven BEFORE INSERT ON copied "
                "FOR EACH ROW EXECUTE "
                "FUNCTION no_seven()");
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        const auto w = co_await server::outcome_of(numbers(10) | into_copied(ex, c));
        REQUIRE(w.write_error);
        CHECK(w.error->sqlstate() == "P0001");
        CHECK(w.write_error->first_row() == 7);
    });
}

TEST_CASE("a server that has refused a row is not sent the rest") {
    // Without an end, it would never come to one.
    const three_rows t;
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        for (const std::int64_t bad : {1, 100, 5000, 100'000, 300'000}) {
            bool closed = false;
            const auto w = co_await server::outcome_of(numbers(for_ever, bad, {bad, -666}, &closed) |
                                                       into_copied(ex, c));
            REQUIRE(w.write_error);
            CHECK(w.write_error->first_row() == static_cast<std::uint64_t>(bad));
            CHECK(closed);
        }
        CHECK(t.untouched());
    });
}

TEST_CASE("columns that do not fit are refused before the first row, with both sides named") {
    const three_rows t;
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        int asked = 0;
        const auto one = [&asked](auto value) {
            return leat::from_range(std::vector<std::tuple<decltype(value)>>(1, std::tuple(value))) |
                   leat::inspect([&asked](const auto&) { ++asked; });
        };
        auto w = co_await server::outcome_of(one(1) | into_copied(ex, c));
        REQUIRE(w.error);
        CHECK(w.error->kind() == error_kind::columns);
        CHECK_THAT(w.error->what(),
                   Contains("2 columns (\"id\" bigint, \"n\" integer)") && Contains("1 members"));
        w = co_await server::outcome_of(one(1.5) | copy_into(ex, c, "copied", {"n"}));
        REQUIRE(w.error);
        CHECK(w.error->kind() == error_kind::columns);
        CHECK_THAT(w.error->what(),
                   Contains("\"n\" is of type integer") && Contains("member 1 of the element, double"));
        w = co_await server::outcome_of(one(1) | copy_into(ex, c, "copied", {"N"}));
        REQUIRE(w.error);
        CHECK(w.error->kind() == error_kind::columns);
        CHECK_THAT(w.error->what(), Contains("no column \"N\""));
        w = co_await server::outcome_of(one(1) | copy_into(ex, c, "nowhere", {"n"}));
        REQUIRE(w.error);
        CHECK(w.error->sqlstate() == "42P01");
        CHECK_THROWS_AS(copy_into(ex, c, "copied", std::vector<std::string>()), error);
        CHECK_THROWS_AS(copy_into(ex, c, "copied", {"n", ""}), error);
        CHECK(asked == 0);
        CHECK(w.error->connection_usable());
        CHECK(t.untouched());
        const bool works = co_await server::works(ex, c, c.backend_pid());
        CHECK(works);
    });
}

TEST_CASE("a stream that throws: its exception, and no row") {
    const three_rows t;
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        for (const std::int64_t at : {1, 2, 50'000}) {
            auto failing = numbers(100'000) | leat::transform([at](row r) {
                               if (std::get<0>(r) == at)
                                   throw std::runtime_error("the stream's own");
                               return r;
                           });
            auto copying = std::move(failing) | into_copied(ex, c);
            const auto before = std::chrono::steady_clock::now();
            const auto w = co_await server::outcome_of(std::move(copying));
            CHECK(w.other == "the stream's own");
            CHECK(std::chrono::steady_clock::now() - before < 1900ms);
            CHECK(t.untouched());
            const bool works = co_await server::works(ex, c, c.backend_pid());
            CHECK(works);
        }
        // One that is a postgres::error keeps what it says of its own connection.
        error theirs(error_kind::canceled, "theirs");
        theirs.complete(3, true);
        auto failing = numbers(10) | leat::transform([&](row r) {
                           if (std::get<0>(r) == 5)
                               throw theirs;
                           return r;
                       });
        const auto w = co_await server::outcome_of(std::move(failing) | into_copied(ex, c));
        REQUIRE(w.error);
        CHECK(std::string(w.error->what()) == "theirs");
        CHECK(w.error->rows_delivered() == 3);
    });
}

TEST_CASE("what cleaning up throws beside it is not lost") {
    const three_rows t;
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto make = []() -> rows_of {
            auto fail = []() -> leat::task<> {
                throw std::runtime_error("the cleanup");
                co_return;
            };
            co_await leat::on_close(fail);
            for (std::int64_t i = 1;; ++i) {
                row r{i, -666};
                co_yield std::move(r);
            }
        };
        auto copying = make() | into_copied(ex, c);
        std::string first, second;
        try {
            co_await copying;
        } catch (const std::exception& e) {
            first = e.what();
        }
        for (const std::exception_ptr& e : copying.closing_errors()) {
            try {
                std::rethrow_exception(e);
            } catch (const std::exception& what) {
                second += what.what();
            }
        }
        CHECK_THAT(first, Contains("check_violation"));
        CHECK(second == "the cleanup");
        CHECK(t.untouched());
    });
}

TEST_CASE("a stop gives the copy up, wherever it waits") {
    const three_rows t;
    auto c = server::connect();
    const int backend = c.backend_pid();
    leat::run([&](leat::executor ex) -> leat::task<> {
        { // for the stream
            std::stop_source stop;
            auto rows = leat::interval(ex, 1ms) | leat::transform([&stop](auto n) {
                            if (static_cast<std::int64_t>(n) >= 20) // a late timer skips some
                                stop.request_stop();
                            return row{static_cast<std::int64_t>(n), 1};
                        });
            auto stopped = std::move(rows) | leat::stop_on(stop.get_token()) | into_copied(ex, c);
            const auto w = co_await server::outcome_of(std::move(stopped));
            CHECK(w.stopped);
        }
        { // for the server, in the middle
            std::stop_source stop;
            const when then(in_copy(backend), [&] { stop.request_stop(); });
            const auto w = co_await server::outcome_of(numbers(for_ever) | leat::stop_on(stop.get_token()) |
                                                       into_copied(ex, c));
            CHECK(w.stopped);
        }
        { // for the server, which waits for a lock
            pqxx::connection other(server::address());
            pqxx::work lock(other);
            lock.exec("LOCK TABLE copied");
            std::stop_source stop;
            const when then(waits_for(backend, "Lock"), [&] { stop.request_stop(); });
            const auto w = co_await server::outcome_of(numbers(10) | leat::stop_on(stop.get_token()) |
                                                       into_copied(ex, c));
            CHECK(w.stopped);
        }
        CHECK(t.untouched());
        const bool works = co_await server::works(ex, c, backend);
        CHECK(works);
    });
}

TEST_CASE("destroyed in the middle, it cleans up behind itself") {
    const three_rows t;
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        for (const auto after : {0us, 300us, 3000us, 30000us}) {
            {
                auto copying = numbers(for_ever) | into_copied(ex, c);
                auto limited = leat::race(
                    [](auto sink) -> leat::async_generator<int> {
                        co_await sink;
                        co_yield 1;
                    }(std::move(copying)),
                    [](leat::executor e, std::chrono::microseconds time) -> leat::async_generator<int> {
                        co_await leat::sleep_for(e, time);
                        co_yield 2;
                    }(ex, after));
                auto first = co_await limited.next();
                CHECK((first && *first == 2));
            }
            const auto before = std::chrono::steady_clock::now();
            co_await leat::postgres::settle(ex, c);
            CHECK(std::chrono::steady_clock::now() - before < 1900ms);
            const bool works = co_await server::works(ex, c, c.backend_pid());
            CHECK(works);
        }
        const auto report = co_await (numbers(10) | into_copied(ex, c));
        CHECK(report.rows == 10);
    });
    CHECK(t.count() == "13");
}

TEST_CASE("a server that is killed in the middle") {
    const three_rows t;
    auto c = server::connect();
    const int backend = c.backend_pid();
    leat::run([&](leat::executor ex) -> leat::task<> {
        const when then(in_copy(backend), [backend] { server::terminate(backend); });
        bool closed = false;
        const auto w = co_await server::outcome_of(numbers(for_ever, 0, {}, &closed) | into_copied(ex, c));
        REQUIRE(w.error);
        CHECK(w.error->kind() == error_kind::connection_lost);
        CHECK(w.error->sqlstate() == "57P01");
        CHECK(w.error->rows_delivered() > 1000);
        CHECK_FALSE(w.error->connection_usable());
        CHECK((!w.write_error || !w.write_error->in_doubt()));
        CHECK(closed);
        CHECK_FALSE(c.is_open());
        CHECK(t.untouched());
    });
}

TEST_CASE("a server that is killed while it commits leaves a doubt, and it is said") {
    const three_rows t;
    server::run("CREATE OR REPLACE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM "
                "pg_sleep(60); RETURN "
                "NULL; END'; CREATE CONSTRAINT TRIGGER waiting AFTER INSERT ON copied DEFERRABLE INITIALLY "
                "DEFERRED FOR EACH ROW "
                "EXECUTE FUNCTION wait()");
    {
        auto c = server::connect();
        const int backend = c.backend_pid();
        leat::run([&](leat::executor ex) -> leat::task<> {
            const when then(waits_for(backend, "Timeout"), [backend] { server::terminate(backend); });
            const auto w = co_await server::outcome_of(numbers(5) | into_copied(ex, c));
            REQUIRE(w.write_error);
            CHECK(w.error->kind() == error_kind::connection_lost);
            CHECK(w.write_error->in_doubt());
            CHECK_FALSE(w.error->connection_usable());
            CHECK(w.error->rows_delivered() == 5);
        });
    }
    { // When the time is up there, but the server can still be asked, there is none.
        auto c = server::connect();
        leat::run([&](leat::executor ex) -> leat::task<> {
            copy_options options;
            options.deadline = 300ms;
            const auto w = co_await server::outcome_of(numbers(5) | into_copied(ex, c, options));
            REQUIRE(w.error);
            CHECK(w.error->kind() == error_kind::timed_out);
            CHECK((!w.write_error || !w.write_error->in_doubt()));
            CHECK(w.error->connection_usable());
            const bool works = co_await server::works(ex, c, c.backend_pid());
            CHECK(works);
        });
    }
    CHECK(t.untouched());
}

TEST_CASE("a stop that comes too late is no failure") {
    const three_rows t;
    // It takes the cancel for the end of its sleep.
    server::run(
        "CREATE OR REPLACE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); "
        "RETURN NULL; EXCEPTION WHEN query_canceled THEN RETURN NULL; END'; CREATE CONSTRAINT TRIGGER dozing "
        "AFTER INSERT ON copied DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION doze()");
    auto c = server::connect();
    const int backend = c.backend_pid();
    leat::run([&](leat::executor ex) -> leat::task<> {
        std::stop_source stop;
        const when then(waits_for(backend, "Timeout"), [&] { stop.request_stop(); });
        auto copying = numbers(1) | leat::stop_on(stop.get_token()) | into_copied(ex, c);
        const auto w = co_await server::outcome_of(std::move(copying));
        CHECK_FALSE(w.stopped);
        CHECK(w.rows == 1);
        const bool works = co_await server::works(ex, c, backend);
        CHECK(works);
    });
    CHECK(t.count() == "4");
}

TEST_CASE("a connection carries one thing at a time") {
    const three_rows t;
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto reading =
            leat::postgres::rows<std::tuple<std::int32_t>>(ex, c, "SELECT generate_series(1, 1000000)");
        auto first = co_await reading.next();
        CHECK(first);
        auto w = co_await server::outcome_of(numbers(10) | into_copied(ex, c));
        REQUIRE(w.error);
        CHECK(w.error->kind() == error_kind::connection_busy);
        auto second = co_await reading.next();
        CHECK(second);
        co_await reading.close();

        auto inside = numbers(10) | leat::async_transform([&](row r) -> leat::task<row> {
                          auto other = leat::postgres::rows<std::tuple<std::int32_t>>(ex, c, "SELECT 1");
                          error_kind kind = error_kind::sql;
                          try {
                              auto x = co_await other.next();
                              CHECK_FALSE(x);
                          } catch (const error& e) {
                              kind = e.kind();
                          }
                          CHECK(kind == error_kind::connection_busy);
                          co_return r;
                      });
        w = co_await server::outcome_of(std::move(inside) | into_copied(ex, c));
        CHECK(w.rows == 10);

        // Closed under its feet.
        server::run("DELETE FROM copied WHERE id > 0");
        auto closing = numbers(for_ever) | leat::inspect([&](const row& r) {
                           if (std::get<0>(r) == 50'000)
                               c.close();
                       });
        w = co_await server::outcome_of(std::move(closing) | into_copied(ex, c));
        REQUIRE(w.error);
        CHECK(w.error->kind() == error_kind::connection_lost);
    });
    CHECK(t.untouched());
}

TEST_CASE("while the server waits for a lock the loop goes on, and time limits hold") {
    const three_rows t;
    auto c = server::connect();
    const int backend = c.backend_pid();
    leat::run([&](leat::executor ex) -> leat::task<> {
        pqxx::connection other(server::address());
        auto lock = std::make_unique<pqxx::work>(other);
        lock->exec("LOCK TABLE copied");
        copy_options options;
        options.stall = 100ms;
        auto w = co_await server::outcome_of(numbers(10) | into_copied(ex, c, options));
        REQUIRE(w.error);
        CHECK(w.error->kind() == error_kind::timed_out);
        CHECK(w.error->connection_usable());

        {
            server::ticker ticker(ex);
            std::atomic<bool> let_go = false;
            const when then(waits_for(backend, "Lock"), [&] { let_go = true; });
            auto unlock = [](leat::executor e, std::atomic<bool>& now,
                             std::unique_ptr<pqxx::work>& l) -> leat::task<> {
                while (!now)
                    co_await leat::sleep_for(e, 1ms);
                co_await leat::sleep_for(e, 100ms);
                l.reset();
            };
            leat::spawn(ex, unlock(ex, let_go, lock));
            const std::int64_t n = server::sanitized ? 50'000 : 300'000;
            w = co_await server::outcome_of(numbers(n) | into_copied(ex, c));
            CHECK(w.rows == static_cast<std::uint64_t>(n));
            CHECK(ticker.ticks() > 100);
            CHECK(ticker.longest_gap() < 50ms);
        }

        server::run("DELETE FROM copied WHERE id > 0");
        options.stall = 0ms;
        options.deadline = 50ms;
        w = co_await server::outcome_of(numbers(for_ever) | into_copied(ex, c, options));
        REQUIRE(w.error);
        CHECK(w.error->kind() == error_kind::timed_out);
        const bool works = co_await server::works(ex, c, backend);
        CHECK(works);
    });
    CHECK(t.untouched());
}

TEST_CASE("a server that hangs is not waited for longer than two seconds") {
    const three_rows t;
    auto c = server::connect();
    const int backend = c.backend_pid();
    leat::run([&](leat::executor ex) -> leat::task<> {
        copy_options options;
        options.stall = 100ms;
        bool frozen = false;
        auto rows = numbers(for_ever) | leat::inspect([&](const row& r) {
                        if (std::get<0>(r) == 20'000)
                            frozen = ::kill(backend, SIGSTOP) == 0;
                    });
        const auto before = std::chrono::steady_clock::now();
        auto copying = std::move(rows) | into_copied(ex, c, options);
        const auto w = co_await server::outcome_of(std::move(copying));
        const auto took = std::chrono::steady_clock::now() - before;
        CHECK(frozen);
        ::kill(backend, SIGCONT);
        REQUIRE(w.error);
        CHECK(w.error->kind() == error_kind::timed_out);
        CHECK_FALSE(w.error->connection_usable());
        CHECK(took < 5s);
    });
    CHECK(t.untouched());
}
