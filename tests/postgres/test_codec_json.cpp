#include "support/catch.hpp"
#include "wire.hpp"

#include <leat/postgres/json.hpp>
#include <leat/postgres/parameter.hpp>

using namespace leat::postgres;
using nlohmann::json;
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
