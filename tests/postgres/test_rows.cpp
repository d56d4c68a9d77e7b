#include "server.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

struct money {
    std::int64_t cents = 0;
};

template <> struct leat::postgres::codec<money> {
    static constexpr std::string_view cpp_name = "money";
    static constexpr std::string_view accepts = "bigint";
    static decode_fn<money> find(oid t) noexcept {
        if (t != type::int8)
            return nullptr;
        return [](const value& v, money& out) { out.cents = read_exactly<std::int64_t>(v); };
    }
};

using leat::postgres::page_options;
using leat::postgres::row_view;
using leat::postgres::rows;
using namespace std::chrono_literals;

namespace {

const std::string numbers = "SELECT i FROM generate_series(1, $1::bigint) i";

// Pages of ten rows, so that few rows make many pages.
const page_options tens{.first_rows = 10, .max_rows = 10};

} // namespace

TEST_CASE("every number of rows around a page border arrives, once and in order") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    for (const std::int64_t count : {0, 1, 2, 9, 10, 11, 19, 20, 21, 100}) {
        std::vector<std::int64_t> seen;
        leat::run([&](leat::executor ex) -> leat::task<void> {
            auto s = rows<std::tuple<std::int64_t>>(ex, c, tens, numbers, count);
            while (auto row = co_await s.next())
                seen.push_back(std::get<0>(*row));
        });
        CHECK(seen.size() == static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < seen.size(); ++i)
            CHECK(seen[i] == static_cast<std::int64_t>(i) + 1);
        CHECK(server::works(c, backend));
    }
}

namespace {

struct person {
    std::int32_t id;
    std::string name;
    std::optional<std::string> mail;
};

} // namespace

TEST_CASE("a struct, a tuple and a row view read the same row") {
    pqxx::connection c(server::address());
    leat::run([&](leat::executor ex) -> leat::task<void> {
        const std::string sql = "SELECT 7 AS id, 'Anna' AS name, NULL::text AS mail";
        auto structs = rows<person>(ex, c, sql);
        auto s = co_await structs.next();
        CHECK(s);
        CHECK(s->id == 7);
        CHECK(s->name == "Anna");
        CHECK_FALSE(s->mail);
        co_await structs.close();

        auto tuples = rows<std::tuple<int, std::string_view, std::optional<std::string>>>(ex, c, sql);
        auto t = co_await tuples.next();
        CHECK(std::get<1>(*t) == "Anna");
        co_await tuples.close();

        auto views = rows(ex, c, sql);
        auto v = co_await views.next();
        CHECK(v->size() == 3);
        CHECK((*v)["id"].as<int>() == 7);
        CHECK((*v)[1].as<std::string_view>() == "Anna");
        CHECK((*v)["mail"].is_null());
        CHECK((*v)["mail"].as<std::optional<std::string>>() == std::nullopt);
        CHECK((*v)[0].type_name() == "integer");
        CHECK_THROWS_AS((*v)["mail"].as<std::string>(), leat::postgres::error);
        CHECK_THROWS_AS((*v)["id"].as<std::string>(), leat::postgres::error);
        CHECK_THROWS_AS((*v)["nobody"], leat::postgres::error);
        CHECK_THROWS_AS((*v)[3], leat::postgres::error);
        auto end = co_await views.next();
        CHECK_FALSE(end);
    });
}

TEST_CASE("a pipeline of stages reads rows") {
    pqxx::connection c(server::address());
    std::int64_t sum = 0;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto big = rows<std::tuple<std::int64_t>>(ex, c, tens, numbers, 1000) |
                   leat::transform([](const auto& row) { return std::get<0>(row); }) |
                   leat::filter([](std::int64_t i) { return i > 500; });
        auto total = std::move(big) |
                     leat::fold(std::int64_t{0}, [](std::int64_t a, std::int64_t b) { return a + b; });
        sum = co_await std::move(total);
    });
    CHECK(sum == (501 + 1000) * 500 / 2);
}

TEST_CASE("parameters are values, whatever they look like") {
    pqxx::connection c(server::address());
    leat::run([&](leat::executor ex) -> leat::task<void> {
        using std::chrono::sys_days;
        const std::string nasty = "x' OR 1=1; DROP TABLE t; -- $1 \\ \t\n \xC3\xA9";
        const auto day = sys_days(std::chrono::year(-43) / 3 / 15);
        const auto time = sys_days(std::chrono::year(2024) / 2 / 29) + 12h + 34min + 56s + 789us;
        const std::vector<std::byte> bytes{std::byte{0}, std::byte{'\\'}, std::byte{0xFF}};
        using row = std::tuple<std::string, std::int64_t, double, bool, std::optional<std::string>, sys_days,
                               std::chrono::sys_time<std::chrono::microseconds>, std::vector<std::byte>>;
        auto s = rows<row>(
            ex, c,
            "SELECT $1::text, $2::bigint, $3::float8, $4::bool, $5::text, $6::date, $7::timestamptz, "
            "$8::bytea",
            nasty, std::int64_t{-5}, 0.1, true, std::optional<std::string>(), day, time, bytes);
        auto r = co_await s.next();
        CHECK(r);
        CHECK(*r == row(nasty, -5, 0.1, true, std::nullopt, day, time, bytes));
    });
}

TEST_CASE("every type, as value and as NULL, as the server really sends it") {
    pqxx::connection c(server::address());
    using namespace std::chrono;
    struct everything {
        std::optional<bool> boolean;
        std::optional<std::int16_t> small;
        std::optional<std::int32_t> integer;
        std::optional<std::int64_t> big;
        std::optional<float> real;
        std::optional<double> precise;
        std::optional<std::string> text;
        std::optional<std::string> varying;
        std::optional<std::string> padded;
        std::optional<std::string> name;
        std::optional<char> letter;
        std::optional<std::vector<std::byte>> bytes;
        std::optional<std::string> decimal;
        std::optional<double> decimal_as_double;
        std::optional<std::string> uuid;
        std::optional<std::array<std::byte, 16>> uuid_bytes;
        std::optional<sys_days> day;
        std::optional<local_time<microseconds>> local;
        std::optional<sys_time<microseconds>> point;
        std::optional<microseconds> clock;
        std::optional<std::string> json;
        std::optional<std::string> jsonb;
    };
    const char* sql =
        "SELECT b::bool, i::int2, i::int4, i::int8, f::float4, f::float8, s::text, s::varchar(20), "
        "s::char(6), s::name, 'x'::\"char\", y::bytea, n::numeric(20,3), n::numeric, u::uuid, u::uuid, "
        "d::date, t::timestamp, t::timestamptz, o::time, j::json, j::jsonb FROM (VALUES "
        "(true, -3, 1.5, 'h\xC3\xA9', '\\x00ff', '12345678901.25', "
        "'01234567-89ab-cdef-0011-223344556677', '2024-02-29', '2000-01-01 00:00:01.5+00', "
        "'23:59:59.999999', '{\"a\": [1, null]}')) AS v(b,i,f,s,y,n,u,d,t,o,j)";
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = rows<everything>(ex, c, sql);
        auto e = co_await s.next();
        CHECK(e);
        CHECK(e->boolean == true);
        CHECK(e->small == -3);
        CHECK(e->integer == -3);
        CHECK(e->big == -3);
        CHECK(e->real == 1.5f);
        CHECK(e->precise == 1.5);
        CHECK(e->text == "h\xC3\xA9");
        CHECK(e->varying == "h\xC3\xA9");
        CHECK(e->padded == "h\xC3\xA9    ");
        CHECK(e->name == "h\xC3\xA9");
        CHECK(e->letter == 'x');
        CHECK(e->bytes == std::vector<std::byte>{std::byte{0}, std::byte{255}});
        CHECK(e->decimal == "12345678901.250");
        CHECK(e->decimal_as_double == 12345678901.25);
        CHECK(e->uuid == "01234567-89ab-cdef-0011-223344556677");
        CHECK((*e->uuid_bytes)[15] == std::byte{0x77});
        CHECK(e->day == sys_days(year(2024) / 2 / 29));
        CHECK(e->local->time_since_epoch() == seconds(946684801) + milliseconds(500));
        CHECK(e->point->time_since_epoch() == seconds(946684801) + milliseconds(500));
        CHECK(e->clock == 24h - 1us);
        CHECK(e->json == "{\"a\": [1, null]}");
        CHECK(e->jsonb == "{\"a\": [1, null]}");
        co_await s.close();

        std::string nulls =
            "SELECT NULL::bool, NULL::int2, NULL::int4, NULL::int8, NULL::float4, NULL::float8, "
            "NULL::text, NULL::varchar, NULL::char(6), NULL::name, NULL::\"char\", NULL::bytea, "
            "NULL::numeric, NULL::numeric, NULL::uuid, NULL::uuid, NULL::date, NULL::timestamp, "
            "NULL::timestamptz, NULL::time, NULL::json, NULL::jsonb";
        auto none = rows<everything>(ex, c, nulls);
        auto n = co_await none.next();
        CHECK(n);
        int filled = 0;
        boost::pfr::for_each_field(*n, [&](const auto& field) { filled += field.has_value(); });
        CHECK(filled == 0);
    });
}

TEST_CASE("a type of the user's own, by one specialization") {
    pqxx::connection c(server::address());
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = rows<std::tuple<money, std::optional<money>>>(ex, c, "SELECT 1250::bigint, NULL::bigint");
        auto r = co_await s.next();
        CHECK(std::get<0>(*r).cents == 1250);
        CHECK_FALSE(std::get<1>(*r));
    });
    const auto o = server::read_all<std::tuple<money>>(c, "SELECT 'x'");
    REQUIRE(o.error);
    CHECK_THAT(o.error->what(), Catch::Contains("money, which takes bigint"));
}

TEST_CASE("NULL after a value empties the member") {
    pqxx::connection c(server::address());
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = rows<std::tuple<std::optional<std::string>>>(
            ex, c, page_options{.first_rows = 1, .max_rows = 1}, "VALUES ('a'), (NULL), ('')");
        auto a = co_await s.next();
        CHECK(std::get<0>(*a) == "a");
        auto b = co_await s.next();
        CHECK(std::get<0>(*b) == std::nullopt);
        auto d = co_await s.next();
        CHECK(std::get<0>(*d) == "");
    });
}

TEST_CASE("special values: NaN, infinity, dates before Christ") {
    pqxx::connection c(server::address());
    using namespace std::chrono;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = rows<std::tuple<double, double, std::string, double, sys_days, sys_days,
                                 sys_time<microseconds>, sys_time<microseconds>, local_time<microseconds>>>(
            ex, c,
            "SELECT 'NaN'::float8, '-Infinity'::float8, 'NaN'::numeric, 'Infinity'::numeric, '0044-03-15 "
            "BC'::date, "
            "'infinity'::date, '-infinity'::timestamptz, '4713-01-01 00:00:00+00 BC'::timestamptz, "
            "'infinity'::timestamp");
        auto r = co_await s.next();
        CHECK(std::isnan(std::get<0>(*r)));
        CHECK(std::get<1>(*r) == -INFINITY);
        CHECK(std::get<2>(*r) == "NaN");
        CHECK(std::get<3>(*r) == INFINITY);
        CHECK(std::get<4>(*r) == sys_days(year(-43) / 3 / 15));
        CHECK(std::get<5>(*r) == sys_days::max());
        CHECK(std::get<6>(*r) == sys_time<microseconds>::min());
        CHECK(std::get<7>(*r) == sys_days(year(-4712) / 1 / 1));
        CHECK(std::get<8>(*r) == local_time<microseconds>::max());
    });
}

TEST_CASE("numerics of every shape agree with the server's own text") {
    pqxx::connection c(server::address());
    int compared = 0;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = rows<std::tuple<std::string, std::string, double, double>>(
            ex, c,
            "SELECT n, n::text, n, n::float8 FROM (SELECT (sign * m * 10::numeric ^ e)::numeric AS n FROM "
            "(VALUES (1), (-1)) a(sign), (VALUES (0), (1), (7), (12), (9999), (10000), (10001), (123456789), "
            "(99999999999999999999.5), (0.1), (0.00012), (1234.5678)) b(m), generate_series(-30, 30) e) x");
        while (auto r = co_await s.next()) {
            CHECK(std::get<0>(*r) == std::get<1>(*r));
            CHECK(std::get<2>(*r) == std::get<3>(*r));
            ++compared;
        }
    });
    CHECK(compared == 2 * 12 * 61);
}

TEST_CASE("enums, domains and arrays: text-like types decode, others say what to do") {
    pqxx::connection c(server::address());
    server::run("DROP DOMAIN IF EXISTS leat_positive; DROP TYPE IF EXISTS leat_mood; "
                "CREATE TYPE leat_mood AS ENUM ('sad', 'happy'); CREATE DOMAIN leat_positive AS int CHECK "
                "(value > 0)");
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = rows<std::tuple<std::string, int>>(ex, c, "SELECT 'happy'::leat_mood, 3::leat_positive");
        auto r = co_await s.next();
        CHECK(std::get<0>(*r) == "happy");
        CHECK(std::get<1>(*r) == 3);
    });
    const auto o = server::read_all<std::tuple<std::string>>(c, "SELECT ARRAY[1, 2] AS list");
    REQUIRE(o.error);
    CHECK(o.error->kind() == leat::postgres::error_kind::columns);
    CHECK_THAT(o.error->what(), Catch::Contains("column 1 \"list\" is of type integer[]") &&
                                    Catch::Contains("\"list\"::text"));
    CHECK(o.error->connection_usable());
    server::run("DROP DOMAIN leat_positive; DROP TYPE leat_mood");
}

TEST_CASE("views stay valid until the next step, and a page's rows can be taken as a batch") {
    pqxx::connection c(server::address());
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = rows(ex, c, tens, "SELECT i, repeat('x', i) FROM generate_series(1, 35) i");
        std::size_t seen = 0;
        for (;;) {
            auto page = co_await s.next_batch();
            if (page.empty())
                break;
            CHECK(page.size() <= 10);
            for (row_view row : page) {
                ++seen;
                CHECK(row[1].as<std::string_view>() == std::string(seen, 'x'));
                CHECK(row.number() == seen);
            }
        }
        CHECK(seen == 35);
    });
}

TEST_CASE("rows larger than a page, and rows without columns") {
    pqxx::connection c(server::address());
    std::size_t bytes = 0;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s =
            rows<std::tuple<std::string>>(ex, c, "SELECT repeat('x', 1000000) FROM generate_series(1, 20)");
        while (auto r = co_await s.next())
            bytes += std::get<0>(*r).size();
    });
    CHECK(bytes == 20'000'000);
    CHECK(server::read_all<row_view>(c, "SELECT FROM generate_series(1, 3)").rows == 3);
    CHECK(server::read_all<std::tuple<>>(c, "SELECT FROM generate_series(1, 3)").rows == 3);
}

TEST_CASE("text arrives as UTF-8 whatever the client's encoding") {
    pqxx::connection c(server::address());
    {
        pqxx::nontransaction t(c);
        t.exec("SET client_encoding = 'LATIN1'");
    }
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto s = rows<std::tuple<std::string>>(ex, c, "SELECT chr(233)");
        auto r = co_await s.next();
        CHECK(std::get<0>(*r) == "\xC3\xA9");
    });
    pqxx::nontransaction t(c);
    CHECK(t.exec("SHOW client_encoding")[0][0].as<std::string>() == "LATIN1");
}

TEST_CASE("a stream that is never read does nothing to the connection") {
    pqxx::connection c(server::address());
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto never = rows<std::tuple<int>>(ex, c, "SELECT 1");
        auto other = rows<std::tuple<int>>(ex, c, "SELECT 2");
        auto r = co_await other.next();
        CHECK(std::get<0>(*r) == 2);
        co_await never.close();
        auto end = co_await other.next();
        CHECK_FALSE(end);
    });
}

TEST_CASE("ten streams on ten connections share one loop") {
    std::vector<std::unique_ptr<pqxx::connection>> connections;
    for (int i = 0; i < 10; ++i)
        connections.push_back(std::make_unique<pqxx::connection>(server::address()));
    leat::run([&](leat::executor ex) -> leat::task<void> {
        std::vector<leat::async_generator<std::tuple<std::int64_t>>> streams;
        for (auto& c : connections)
            streams.push_back(rows<std::tuple<std::int64_t>>(ex, *c, tens, numbers, 200));
        for (std::int64_t i = 1; i <= 200; ++i) {
            for (auto& s : streams) {
                auto r = co_await s.next();
                CHECK(std::get<0>(*r) == i);
            }
        }
        for (auto& s : streams)
            co_await s.close();
    });
}

TEST_CASE("the loop goes on while the server thinks and while rows pour in") {
    pqxx::connection c(server::address());
    leat::run([&](leat::executor ex) -> leat::task<void> {
        server::ticker ticker(ex);
        // A planner that sleeps (an immutable function is folded), a slow first row, a slow row in between.
        auto slow =
            rows<std::tuple<int>>(ex, c, "SELECT 1 FROM pg_sleep(0.2) UNION ALL SELECT 2 FROM pg_sleep(0.1)");
        int count = 0;
        while (auto r = co_await slow.next())
            ++count;
        CHECK(count == 2);
        const int ticks_while_waiting = ticker.ticks();
        CHECK(ticks_while_waiting > (server::sanitized ? 10 : 50));

        auto many = rows<std::tuple<std::int64_t, std::string>>(
            ex, c, "SELECT i, 'name ' || i FROM generate_series(1, 300000) i");
        std::int64_t sum = 0;
        while (auto r = co_await many.next())
            sum += std::get<0>(*r);
        CHECK(sum == 300000LL * 300001 / 2);
        CHECK(ticker.ticks() > ticks_while_waiting + 10);
        const double longest = std::chrono::duration<double, std::milli>(ticker.longest_gap()).count();
        INFO("longest gap in ms: " << longest);
        CHECK(ticker.longest_gap() < (server::sanitized ? 100ms : 10ms));
    });
}
