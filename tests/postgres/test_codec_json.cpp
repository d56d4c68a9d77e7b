#include "wire.hpp"
#include "writing.hpp"

#include <leat/postgres/json.hpp>
#include <leat/postgres/parameter.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

using namespace leat::postgres;
using nlohmann::json;
using server::database;
using server::way;
using wire::decode;
using wire::encode;

TEST_CASE("json and jsonb as nlohmann::json") {
    const json some = {{"a", {1, 2.5, nullptr, "x"}}, {"b", true}};
    CHECK(decode<json>(type::json, some.dump()) == some);
    CHECK(decode<json>(type::jsonb, "\1" + some.dump()) == some);
    CHECK(decode<json>(type::json, "null").is_null());
    CHECK(encode(type::json, some) == some.dump());
    CHECK(encode(type::jsonb, some) == "\1" + some.dump());
    CHECK(codec<json>::find(type::text) == nullptr);
    CHECK(decode<std::vector<json>>(type::array_of(type::json), wire::array(type::json, {"1", "[]"})) ==
          std::vector<json>{1, json::array()});
    CHECK(detail::to_parameter(some) == some.dump());
    CHECK(detail::to_parameter(json()) == "null"); // JSON's null; SQL's is std::nullopt

    for (const char* wrong : {"", "{", "{\"a\" 1}", "1e999", "\"\xFF\"", "nul"})
        CHECK_THROWS_AS(decode<json>(type::json, wrong), bad_value);
    CHECK_THROWS_AS(decode<json>(type::jsonb, "\2{}"), bad_value);
    CHECK_THROWS_AS(decode<json>(type::jsonb, ""), bad_value);
    CHECK_THROWS_AS(encode(type::json, json("\xFF")), bad_value);
    CHECK_THROWS_AS(detail::to_parameter(json("\xFF")), leat::postgres::error);
}

namespace {

/// What JSON can hold, and what its text has to be careful with.
std::vector<json> documents() {
    json deep;
    for (int i = 0; i != 100; ++i)
        deep = json::array({deep});
    return {json(),
            json(true),
            json(-17),
            json(0.1),
            json(9007199254740993),
            json(""),
            json("\xC3\xA9 \xF0\x9F\x90\x98 \"quoted\" \\ / \n\t"),
            json::array(),
            json::object(),
            json{{"a", {1, 2.5, nullptr, "x"}}, {"", false}, {"b", {{"c", json::array()}}}},
            deep,
            json(std::string(300'000, 'x'))};
}

} // namespace

TEST_CASE("json and jsonb columns, from the server") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    leat::run([&](leat::executor ex) -> leat::task<> {
        for (const json& x : documents()) {
            using row = std::tuple<json, json, std::optional<json>, std::optional<json>, std::vector<json>>;
            auto rows = d.rows<row>(
                ex, "SELECT $1::json, $1::jsonb, $1::jsonb, NULL::json, ARRAY[$1::jsonb, '7'::jsonb]", x);
            auto r = co_await rows.next();
            CHECK(std::get<0>(*r) == x);
            CHECK(std::get<1>(*r) == x);
            CHECK(std::get<2>(*r) == x);
            CHECK_FALSE(std::get<3>(*r));
            CHECK(std::get<4>(*r) == std::vector<json>{x, json(7)});
            co_await rows.close();
        }
        // What the server says of it, so that a mistake of ours in both directions would be seen.
        auto said = d.rows<std::tuple<std::string, std::string, bool>>(
            ex, "SELECT jsonb_typeof($1::jsonb), $1::jsonb #>> '{a,1}', $2::json IS NULL",
            json{{"a", {1, "two"}}}, std::optional<json>());
        auto r = co_await said.next();
        CHECK(std::get<0>(*r) == "object");
        CHECK(std::get<1>(*r) == "two");
        CHECK(std::get<2>(*r));
        co_await said.close();
    });
}

TEST_CASE("json that nlohmann::json cannot hold names column and row, and not the value") {
    const way w = GENERATE(way::libpq, way::cursor);
    INFO(server::name(w));
    database d(w);
    const auto o = server::read_all<std::tuple<json>>(
        d, "SELECT CASE i WHEN 3 THEN '[1e999, \"s3cret\"]' ELSE '[1]' END::jsonb AS doc FROM "
           "generate_series(1, 5) i");
    REQUIRE(o.error);
    CHECK(o.rows == 2);
    CHECK(o.error->kind() == error_kind::conversion);
    CHECK_THAT(o.error->what(),
               Catch::Contains("\"doc\"") && Catch::Contains("row 3") && !Catch::Contains("s3cret"));
    CHECK(o.error->connection_usable());
    const auto text = server::read_all<std::tuple<json>>(d, "SELECT '1'::text AS doc");
    REQUIRE(text.error);
    CHECK(text.error->kind() == error_kind::columns);
    CHECK_THAT(text.error->what(), Catch::Contains("json or jsonb"));
}

TEST_CASE("json and jsonb columns, to the server") {
    using row = std::tuple<std::int32_t, json, std::optional<json>, std::vector<json>>;
    const server::table t("documents", "id int, a json, b jsonb, c jsonb[]");
    database d(way::libpq);
    leat::run([&](leat::executor ex) -> leat::task<> {
        std::vector<row> rows;
        for (const json& x : documents()) {
            const auto id = static_cast<std::int32_t>(rows.size());
            std::optional<json> maybe;
            if (id % 2 == 0)
                maybe = x;
            rows.emplace_back(id, x, maybe, std::vector<json>{x, x});
        }
        const std::vector<row> wanted = rows;
        auto copy = leat::from_range(std::move(rows)) |
                    copy_into(ex, *d.connection(), "documents", {"id", "a", "b", "c"});
        const auto report = co_await copy;
        CHECK(report.rows == wanted.size());
        auto back = d.rows<row>(ex, "SELECT * FROM documents ORDER BY id");
        std::size_t n = 0;
        while (auto r = co_await back.next()) {
            CHECK(*r == wanted[n]);
            ++n;
        }
        CHECK(n == wanted.size());

        // Into one key each, through execute_batch.
        std::vector<std::tuple<std::int32_t, json>> changes;
        for (std::int32_t i = 0; i != 3; ++i)
            changes.emplace_back(i, json{{"changed", i}});
        auto saving = leat::from_range(std::move(changes)) |
                      execute_batch(ex, *d.connection(),
                                    "UPDATE documents d SET b = n.b FROM unnest($1::int[], $2::jsonb[]) "
                                    "AS n(id, b) WHERE d.id = n.id");
        const auto saved = co_await saving;
        CHECK(saved.rows == 3);
    });
    CHECK(server::run("SELECT sum((b->>'changed')::int) FROM documents WHERE b ? 'changed'") == "3");

    leat::run([&](leat::executor ex) -> leat::task<> {
        std::vector<std::tuple<json>> bad{std::tuple<json>(json(1)), std::tuple<json>(json("s3cret\xFF"))};
        auto copy = leat::from_range(std::move(bad)) | copy_into(ex, *d.connection(), "documents", {"b"});
        const auto w = co_await server::outcome_of(std::move(copy));
        CHECK(w.write_error);
        if (!w.write_error)
            co_return;
        CHECK(w.write_error->kind() == error_kind::conversion);
        CHECK(w.write_error->first_row() == 2);
        CHECK(w.write_error->column() == "b");
        CHECK_THAT(w.write_error->what(), Catch::Contains("UTF-8") && !Catch::Contains("s3cret"));
    });
}
