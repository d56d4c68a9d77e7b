#include "support/resident.hpp"
#include "writing.hpp"

#include <leat/file.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <unistd.h>

using leat::postgres::copy_into;
using leat::postgres::copy_text_into;
using leat::postgres::error;
using leat::postgres::error_kind;
using leat::postgres::ident;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

struct user {
    std::int64_t id;
    std::string name;
    std::optional<std::string> mail;
};

leat::async_generator<user> users(std::int64_t n) {
    for (std::int64_t i = 1; i <= n; ++i) {
        user u{i, "User Number " + std::to_string(i), {}};
        if (i % 3 != 0)
            u.mail = "user." + std::to_string(i) + "@mail.example.com";
        co_yield std::move(u);
    }
}

enum class mood { sad, happy };

using bytes = std::vector<std::byte>;

/// A member for each type that is written, first as values, then as NULLs.
struct everything {
    std::optional<bool> a_boolean;
    std::optional<std::int16_t> a_smallint;
    std::optional<std::int32_t> an_integer;
    std::optional<std::int64_t> a_bigint;
    std::optional<float> a_real;
    std::optional<double> a_double;
    std::optional<std::string> a_numeric;
    std::optional<double> another_numeric;
    std::optional<std::string> a_text;
    std::optional<std::string> a_varchar;
    std::optional<std::string> a_char;
    std::optional<bytes> a_bytea;
    std::optional<std::chrono::sys_days> a_date;
    std::optional<std::chrono::microseconds> a_time;
    std::optional<std::chrono::local_time<std::chrono::microseconds>> a_timestamp;
    std::optional<std::chrono::sys_time<std::chrono::microseconds>> a_timestamptz;
    std::optional<leat::postgres::interval> an_interval;
    std::optional<std::array<std::byte, 16>> a_uuid;
    std::optional<std::string> a_json;
    std::optional<std::string> a_jsonb;
    std::optional<mood> an_enum;
    std::optional<std::int32_t> a_domain;
    std::optional<std::vector<std::int32_t>> integers;
    std::optional<std::vector<std::optional<std::string>>> texts;
    std::optional<std::vector<mood>> enums;

    friend bool operator==(const everything&, const everything&) = default;
};

everything full() {
    everything e;
    e.a_boolean = true;
    e.a_smallint = -32768;
    e.an_integer = 2147483647;
    e.a_bigint = -9223372036854775807 - 1;
    e.a_real = 0.1f;
    e.a_double = -1e300;
    e.a_numeric = "12345678901234567890.123456789";
    e.another_numeric = 9.25;
    e.a_text = std::string("tab\t, line\n, back\\slash, quote\", \xc3\xa4");
    e.a_varchar = "";
    e.a_char = "abc";
    e.a_bytea = bytes{std::byte(0), std::byte(255), std::byte('\\')};
    e.a_date = std::chrono::sys_days(std::chrono::year(-44) / 3 / 15);
    e.a_time = 24h;
    e.a_timestamp = std::chrono::local_days(std::chrono::year(2024) / 2 / 29) + 23h + 59min + 59s + 999999us;
    e.a_timestamptz = std::chrono::sys_time<std::chrono::microseconds>::max(); // infinity
    e.an_interval = leat::postgres::interval{-13, 40, 86400000001};
    e.a_uuid = std::array<std::byte, 16>{std::byte(1), std::byte(2), std::byte(255)};
    e.a_json = R"({"a": [1, 2]})";
    e.a_jsonb = R"({"b": null})";
    e.an_enum = mood::happy;
    e.a_domain = 7;
    e.integers = std::vector<std::int32_t>{1, -2, 3};
    e.texts = std::vector<std::optional<std::string>>{"x,y", std::nullopt, ""};
    e.enums = std::vector<mood>{mood::sad, mood::happy};
    return e;
}

const char* const types_sql = "b boolean, s smallint, i integer, l bigint, r real, d double precision, n1 "
                              "numeric, n2 numeric, t text, v varchar, "
                              "c char(3), y bytea, da date, ti time, ts timestamp, tz timestamptz, iv "
                              "interval, u uuid, j json, jb jsonb, m write_mood, "
                              "dom write_small, ai integer[], at text[], am write_mood[]";
const std::vector<std::string> type_columns = {"b", "s",  "i", "l",   "r",  "d",  "n1", "n2", "t",
                                               "v", "c",  "y", "da",  "ti", "ts", "tz", "iv", "u",
                                               "j", "jb", "m", "dom", "ai", "at", "am"};

leat::async_generator<everything> full_and_empty() {
    everything a = full();
    co_yield std::move(a);
    everything b;
    co_yield std::move(b);
}

} // namespace

template <> struct leat::postgres::enum_labels<mood> {
    static constexpr std::string_view cpp_name = "mood";
    static constexpr enum_label<mood> labels[] = {{mood::sad, "sad"}, {mood::happy, "happy"}};
};

TEST_CASE("what is copied in comes out again, in every type and as NULL") {
    server::run("DROP DOMAIN IF EXISTS write_small CASCADE; DROP TYPE IF EXISTS write_mood CASCADE; "
                "CREATE TYPE write_mood AS ENUM ('sad', 'happy'); CREATE DOMAIN write_small AS integer CHECK "
                "(value < 10)");
    const server::table t("every_type", types_sql);
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        const auto report = co_await (full_and_empty() | copy_into(ex, c, "every_type", type_columns));
        CHECK(report.rows == 2);
        // Once more in text: the types are known now, and for text they are not needed.
        const auto again = co_await (full_and_empty() | copy_text_into(ex, c, "every_type", type_columns));
        CHECK(again.rows == 2);

        auto all = leat::postgres::rows<everything>(ex, c, "SELECT * FROM every_type ORDER BY b, ctid");
        const everything expected[] = {full(), full(), everything(), everything()};
        for (const everything& e : expected) {
            auto row = co_await all.next();
            const bool there = static_cast<bool>(row);
            CHECK(there);
            if (there)
                CHECK(*row == e);
        }
        auto end = co_await all.next();
        CHECK_FALSE(end);
    });
    server::run("DROP TABLE every_type; DROP DOMAIN write_small; DROP TYPE write_mood");
}

TEST_CASE("any number of rows, on one connection, one copy after the other") {
    const server::table t("copied", "id bigint, name text, mail text");
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        std::uint64_t sum = 0;
        for (const std::int64_t n : {0, 1, 2, 1000, 100'000}) {
            const auto report = co_await (users(n) | copy_into(ex, c, "copied", {"id", "name", "mail"}));
            CHECK(report.rows == static_cast<std::uint64_t>(n));
            sum += report.rows;
        }
        CHECK(t.count() == std::to_string(sum));
        const auto last =
            server::run("SELECT id || ',' || name || ',' || mail FROM copied WHERE id = 100000");
        CHECK(last == "100000,User Number 100000,user.100000@mail.example.com");
        const auto nulls = server::run("SELECT count(*) FROM copied WHERE mail IS NULL");
        CHECK(nulls == std::to_string(333 + 33'333));
        const bool works = co_await server::works(ex, c, c.backend_pid());
        CHECK(works);
    });
}

TEST_CASE("both spellings, tuples, single values, lent elements, and columns in another order") {
    const server::table t("copied", "a integer DEFAULT 5, b text");
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        using pair = std::tuple<std::string_view, std::int64_t>;
        auto piped =
            leat::from_range(std::vector<pair>{{"x", 1}, {"y", 2}}) | copy_into(ex, c, "copied", {"b", "a"});
        const auto one = co_await piped;
        CHECK(one.rows == 2);
        auto called = copy_into(leat::from_range(std::vector<pair>{{"z", 3}}), ex, c, "copied", {"b", "a"});
        const auto two = co_await called;
        CHECK(two.rows == 1);

        const auto into_b = copy_into(ex, c, "copied", "b"); // a value, used twice
        std::list<std::string> texts{"one", "two"};
        auto lent = leat::from_range(std::ref(texts)) | into_b;
        const auto three = co_await lent;
        CHECK(three.rows == 2);
        CHECK(texts.front() == "one");
        auto empty = leat::from_range(std::vector<std::optional<std::string>>{std::nullopt}) | into_b;
        const auto four = co_await empty;
        CHECK(four.rows == 1);

        CHECK(server::run(
                  "SELECT string_agg(a || '=' || coalesce(b, 'NULL'), ' ' ORDER BY a, b) FROM copied") ==
              "1=x 2=y 3=z 5=one 5=two 5=NULL");
    });
}

TEST_CASE("names are quoted, a schema stands before a dot") {
    server::run("DROP SCHEMA IF EXISTS \"Shop\" CASCADE; CREATE SCHEMA \"Shop\"; CREATE TABLE \"Shop\".\"the "
                "users\" (\"select\" "
                "integer, \"a\"\"b\" integer); CREATE TABLE \"Shop\".\"a.b\" (c integer)");
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        const auto ones = [] {
            return leat::from_range(std::vector<std::tuple<std::int32_t, std::int32_t>>{{1, 2}});
        };
        const auto r1 = co_await (ones() | copy_into(ex, c, "Shop.the users", {"select", "a\"b"}));
        CHECK(r1.rows == 1);
        const std::vector<std::string> names{"c"};
        auto one =
            leat::from_range(std::vector<std::int32_t>(1)) | copy_into(ex, c, ident("Shop", "a.b"), names);
        const auto r2 = co_await one;
        CHECK(r2.rows == 1);
        const std::string evil = "copied (a) FROM STDIN; DROP TABLE x; --";
        const auto w = co_await server::outcome_of(ones() | copy_into(ex, c, evil, {"a", "b"}));
        REQUIRE(w.error);
        CHECK(w.error->sqlstate() == "42P01");
        CHECK(w.error->connection_usable());
    });
    server::run("DROP SCHEMA \"Shop\" CASCADE");
    CHECK(leat::postgres::table_name(ident("a\"b", "c.\"d")).last() == "c.\"d");
    CHECK(leat::postgres::table_name("s.users").last() == "users");
    CHECK(leat::postgres::table_name("s.users").sql() == "\"s\".\"users\"");
    CHECK_THROWS_AS(leat::postgres::table_name(""), error);
}

TEST_CASE("the text format writes what has no binary encoding") {
    const server::table t("copied", "a inet, b int4range, c text, d numeric");
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        using row = std::tuple<std::string, std::optional<std::string>, std::string, double>;
        const std::string text = "tab\tline\nreturn\rback\\slash \\N \\. end";
        auto make = [&] {
            return leat::from_range(
                std::vector<row>{{"10.0.0.1", "[1,5)", text, 0.1}, {"::1", std::nullopt, "", -1e20}});
        };
        const auto w = co_await server::outcome_of(make() | copy_into(ex, c, "copied", {"a", "b", "c", "d"}));
        REQUIRE(w.error);
        CHECK(w.error->kind() == error_kind::columns);
        CHECK_THAT(w.error->what(),
                   Contains("inet") && Contains("std::string") && Contains("copy_text_into"));

        const auto report = co_await (make() | copy_text_into(ex, c, "copied", {"a", "b", "c", "d"}));
        CHECK(report.rows == 2);
        CHECK(server::run("SELECT c FROM copied WHERE a = '10.0.0.1' AND b = '[1,5)' AND d = 0.1") == text);
        CHECK(server::run("SELECT count(*) FROM copied WHERE b IS NULL AND c = '' AND d = -1e20") == "1");

        auto bad = leat::from_range(std::vector<std::string>{"10.0.0.1", "s3cret"}) |
                   copy_text_into(ex, c, "copied", {"a"});
        const auto refused = co_await server::outcome_of(std::move(bad));
        REQUIRE(refused.write_error);
        CHECK(refused.write_error->first_row() == 2);
        CHECK(refused.write_error->column() == "a");
        CHECK(refused.error->sqlstate() == "22P02");
        CHECK_THAT(refused.error->what(), !Contains("s3cret"));
        auto with_zero = leat::from_range(std::vector<std::string>(1, std::string(1, '\0'))) |
                         copy_text_into(ex, c, "copied", "c");
        const auto zero = co_await server::outcome_of(std::move(with_zero));
        REQUIRE(zero.write_error);
        CHECK(zero.write_error->first_row() == 1);
        CHECK(zero.write_error->column() == "c");
        CHECK(t.count() == "2");
    });
}

TEST_CASE("from a file to the database in three lines") {
    const server::table t("copied", "id bigint, name text");
    const std::string path = "/tmp/leat_copy_into_" + std::to_string(::getpid());
    {
        std::ofstream out(path);
        for (int i = 1; i <= 20'000; ++i)
            out << i << ";name " << i << '\n';
    }
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        const auto parse = [](std::string_view line) {
            const auto at = line.find(';');
            return std::tuple(std::stoll(std::string(line.substr(0, at))), line.substr(at + 1));
        };
        auto rows = leat::file::lines(ex, path) | leat::transform(parse);
        auto loading = std::move(rows) | copy_into(ex, c, "copied", {"id", "name"});
        const auto report = co_await loading;
        CHECK(report.rows == 20'000);
    });
    std::remove(path.c_str());
    CHECK(server::run("SELECT count(*) FROM copied WHERE name = 'name ' || id") == "20000");
}

TEST_CASE("the rows of one connection go through another one") {
    const server::table from("from_here", "id bigint, name text");
    const server::table to("copied", "id bigint, name text");
    server::run("INSERT INTO from_here SELECT i, 'name ' || i FROM generate_series(1, 50000) i");
    auto a = server::connect();
    auto b = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        struct lent {
            std::int64_t id;
            std::string_view name;
        };
        const auto report = co_await (leat::postgres::rows<lent>(ex, a, "SELECT * FROM from_here") |
                                      copy_into(ex, b, "copied", {"id", "name"}));
        CHECK(report.rows == 50'000);
    });
    CHECK(server::run("SELECT count(*) FROM copied WHERE name = 'name ' || id") == "50000");
}

TEST_CASE("the server counts: rows that a trigger leaves out are not reported") {
    const server::table t("copied", "id bigint, name text, mail text");
    server::run("CREATE OR REPLACE FUNCTION even_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.id "
                "% 2 = 0 THEN "
                "RETURN NEW; END IF; RETURN NULL; END'; CREATE TRIGGER even BEFORE INSERT ON copied FOR EACH "
                "ROW EXECUTE "
                "FUNCTION even_only()");
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        const auto report = co_await (users(101) | copy_into(ex, c, "copied", {"id", "name", "mail"}));
        CHECK(report.rows == 50);
    });
    CHECK(t.count() == "50");
}

TEST_CASE("a server that talks all the time is listened to") {
    // It would stop to take in rows if nobody took in its notices.
    const server::table t("copied", "id bigint, name text, mail text");
    server::run("CREATE OR REPLACE FUNCTION talk() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE "
                "''%'', repeat(''x'', "
                "200); RETURN NEW; END'; CREATE TRIGGER talking BEFORE INSERT ON copied FOR EACH ROW EXECUTE "
                "FUNCTION talk()");
    auto c = server::connect(" options='-c client_min_messages=notice'");
    leat::run([&](leat::executor ex) -> leat::task<> {
        const auto report = co_await (users(30'000) | copy_into(ex, c, "copied", {"id", "name", "mail"}));
        CHECK(report.rows == 30'000);
        const bool works = co_await server::works(ex, c, c.backend_pid());
        CHECK(works);
    });
}

TEST_CASE("a million rows in constant memory") {
    const server::table t("copied", "id bigint, name text, mail text");
    auto c = server::connect();
    leat::run([&](leat::executor ex) -> leat::task<> {
        const auto first = co_await (users(50'000) | copy_into(ex, c, "copied", {"id", "name", "mail"}));
        const resident_growth growth;
        std::size_t most = 0;
        const std::int64_t n = server::sanitized ? 100'000 : 1'000'000;
        auto rows = users(n) | leat::inspect([&](const user& u) {
                        if (u.id % 100'000 == 0)
                            most = std::max(most, growth());
                    });
        auto copying = std::move(rows) | copy_into(ex, c, "copied", {"id", "name", "mail"});
        const auto report = co_await copying;
        CHECK(report.rows == static_cast<std::uint64_t>(n));
        CHECK(first.rows == 50'000);
        CHECK(most < 2'000'000);
    });
}
