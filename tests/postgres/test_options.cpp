// stream_options, with both engines.
#include "database.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

using leat::postgres::error;
using leat::postgres::error_kind;
using leat::postgres::row_view;
using leat::postgres::stream_options;
using server::database;
using server::read_all;
using server::way;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

using one_int = std::tuple<std::int32_t>;
using clock_type = std::chrono::steady_clock;
const std::string never = "SELECT 1 FROM pg_sleep(60)";
// 2000 rows, then a long silence.
const std::string then_silent =
    "SELECT CASE WHEN i > 2000 THEN (SELECT 1 FROM pg_sleep(60 + 0 * i)) ELSE i END FROM "
    "generate_series(1, 3000) i";

std::string warned;
int warnings = 0;
void remember(std::string_view line) noexcept {
    warned = line;
    ++warnings;
}

} // namespace

TEST_CASE("the deadline ends a stream, wherever it is, and the connection lives on") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    stream_options o;
    o.deadline = 150ms;
    for (const std::string& sql : {never, then_silent}) {
        const auto before = clock_type::now();
        const auto all = read_all<one_int>(d, o, sql);
        const auto took = clock_type::now() - before;
        REQUIRE(all.error);
        CHECK(all.error->kind() == error_kind::timed_out);
        CHECK(all.error->rows_delivered() == all.rows);
        CHECK((sql == never ? all.rows == 0 : all.rows > 0));
        CHECK(all.error->connection_usable());
        CHECK_THAT(all.error->what(), Contains("stream_options::deadline"));
        CHECK(took >= 150ms);
        CHECK(took < 5s);
        CHECK(d.works());
    }
    // The reader's own time counts.
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto s = d.rows<one_int>(ex, o, "SELECT generate_series(1, 1000000)");
        auto first = co_await s.next();
        CHECK(first);
        co_await leat::sleep_for(ex, 200ms);
        std::uint64_t seen = 1;
        std::optional<error> failure;
        try {
            while (auto r = co_await s.next())
                ++seen;
        } catch (const error& e) {
            failure = e;
        }
        CHECK(failure);
        CHECK(failure->kind() == error_kind::timed_out);
        CHECK(failure->rows_delivered() == seen);
        CHECK(failure->connection_usable());
    });
    CHECK(d.works());
    const auto enough =
        read_all<one_int>(d, stream_options{.deadline = 1min}, "SELECT generate_series(1, 100000)");
    CHECK(enough.rows == 100'000);
    CHECK_FALSE(enough.error);
}

TEST_CASE("the deadline while planning waits for a lock") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    server::run("CREATE TABLE IF NOT EXISTS leat_locked_late (n int)");
    pqxx::connection blocker(server::address());
    {
        pqxx::work lock(blocker);
        lock.exec("LOCK TABLE leat_locked_late IN ACCESS EXCLUSIVE MODE");
        const auto all =
            read_all<one_int>(d, stream_options{.deadline = 100ms}, "SELECT n FROM leat_locked_late");
        REQUIRE(all.error);
        CHECK(all.error->kind() == error_kind::timed_out);
        CHECK(all.error->connection_usable());
        CHECK(d.works());
    }
    server::run("DROP TABLE leat_locked_late");
}

TEST_CASE("a server that is silent for too long; a reader that is slow is not its fault") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    stream_options o;
    o.stall = 100ms;
    for (const std::string& sql : {never, then_silent}) {
        const auto all = read_all<one_int>(d, o, sql);
        REQUIRE(all.error);
        CHECK(all.error->kind() == error_kind::timed_out);
        CHECK(all.error->connection_usable());
        CHECK_THAT(all.error->what(), Contains("stream_options::stall"));
        CHECK(d.works());
    }
    std::uint64_t seen = 0;
    leat::run([&](leat::executor ex) -> leat::task<> {
        o.max_rows = 1000;
        auto s = d.rows<one_int>(ex, o, "SELECT generate_series(1, 100000)");
        while (auto r = co_await s.next()) {
            if (++seen % 30'000 == 0)
                co_await leat::sleep_for(ex, 150ms);
        }
    });
    CHECK(seen == 100'000);
    CHECK(d.works());
}

TEST_CASE("a row that is too large comes after the rows before it") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    stream_options o;
    o.max_row_bytes = 1000;
    const std::string sql = "SELECT 's3cret' || repeat('x', CASE WHEN i = 500 THEN 1000 ELSE 900 END) FROM "
                            "generate_series(1, 100000) i";
    const auto strings = read_all<std::tuple<std::string>>(d, o, sql);
    const auto views = read_all<row_view>(d, o, sql);
    for (const auto* all : {&strings, &views}) {
        REQUIRE(all->error);
        CHECK(all->error->kind() == error_kind::row_too_large);
        CHECK(all->rows == 499);
        CHECK(all->error->rows_delivered() == 499);
        CHECK(all->error->connection_usable());
        CHECK_THAT(all->error->what(), Contains("row 500 has 1006 bytes") && !Contains("s3cret"));
    }
    CHECK(d.transaction_works());
    CHECK(d.works());
    o.max_row_bytes = 1006;
    CHECK(read_all<row_view>(d, o, sql).rows == 100'000);
}

TEST_CASE("a reader that rests too long over a page gets one warning") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    warnings = 0;
    stream_options o{.first_rows = 10, .max_rows = 10};
    o.idle_warning = 50ms;
    o.warn = &remember;
    std::uint64_t seen = 0;
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto s = d.rows<one_int>(ex, o, "SELECT i FROM generate_series(1, 100) i");
        while (auto r = co_await s.next()) {
            if (++seen == 5 || seen == 55)
                co_await leat::sleep_for(ex, 120ms);
            if (seen == 4)
                CHECK(warnings == 0);
        }
    });
    CHECK(seen == 100);
    CHECK(warnings == 1);
    CHECK_THAT(warned, Contains("stream_options::idle_warning"));
    warnings = 0;
    o.warn = nullptr;
    CHECK(read_all<one_int>(d, o, "SELECT 1").rows == 1);
}

namespace {

struct person {
    std::int64_t id;
    std::string name;
    std::optional<std::string_view> mail;
    static constexpr std::array column_names{"id", "name", "mail"};
};
struct outsider {
    std::string name;
    std::int64_t id;
};
struct nameless {
    int i;
};

} // namespace

template <>
inline constexpr std::array leat::postgres::column_names<outsider>{std::string_view("name"),
                                                                   std::string_view("id")};

TEST_CASE("columns are matched by name on request, and an error names both sides") {
    const way w = GENERATE(way::libpq, way::cursor);
    INFO(server::name(w));
    database d(w);
    stream_options by_name;
    by_name.match_names = true;
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto s = d.rows<person>(ex, by_name,
                                "SELECT 'm' || i AS mail, i::int8 AS id, 'n' || i AS name FROM "
                                "generate_series(1, 3) i");
        std::int64_t seen = 0;
        while (auto p = co_await s.next()) {
            ++seen;
            CHECK(p->id == seen);
            CHECK(p->name == "n" + std::to_string(seen));
            CHECK(p->mail == "m" + std::to_string(seen));
        }
        CHECK(seen == 3);
        auto t = d.rows<outsider>(ex, by_name, "SELECT 7::int8 AS id, 'x' AS name");
        auto o = co_await t.next();
        CHECK(o->id == 7);
        CHECK(o->name == "x");
        co_await t.close();
    });
    for (const char* sql :
         {"SELECT 'm' AS mail, 1::int8 AS id, 'n' AS nam", "SELECT 1::int8 AS id, 'n' AS name",
          "SELECT 1::int8 AS id, 'n' AS name, 'm' AS mail, 2 AS more",
          "SELECT 1::int8 AS id, 2::int8 AS id, 'm' AS mail"}) {
        INFO(sql);
        const auto all = read_all<person>(d, by_name, sql);
        REQUIRE(all.error);
        CHECK(all.error->kind() == error_kind::columns);
        CHECK_THAT(all.error->what(), Contains("\"id\" bigint") && Contains("\"id\", \"name\", \"mail\""));
        CHECK(all.error->connection_usable());
    }
    const auto type = read_all<person>(d, by_name, "SELECT 'm' AS mail, 'x' AS id, 'n' AS name");
    REQUIRE(type.error);
    CHECK_THAT(type.error->what(), Contains("\"id\" is of type text"));
    const auto none = read_all<nameless>(d, by_name, "SELECT 1 AS i");
    REQUIRE(none.error);
    CHECK_THAT(none.error->what(), Contains("column_names"));
    CHECK(d.works());
}
