#include "support/catch.hpp"

#include <leat/postgres/codec.hpp>
#include <leat/postgres/identifier.hpp>
#include <leat/postgres/parameter.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using leat::postgres::detail::to_parameter;
using parameter = leat::postgres::detail::parameter;

namespace {
enum class size { small, large };
} // namespace

template <> struct leat::postgres::enum_labels<size> {
    [[maybe_unused]] static constexpr std::string_view cpp_name = "size";
    static constexpr enum_label<size> labels[] = {{size::small, "S"}, {size::large, "L"}};
};

TEST_CASE("parameters become text, NULL stays NULL") {
    CHECK(to_parameter(42) == "42");
    CHECK(to_parameter(std::int64_t{-9223372036854775807} - 1) == "-9223372036854775808");
    CHECK(to_parameter(0.1) == "0.1");
    CHECK(to_parameter(std::nan("")) == "NaN");
    CHECK(to_parameter(-INFINITY) == "-Infinity");
    CHECK(to_parameter(true) == "t");
    CHECK(to_parameter('x') == "x");
    CHECK(to_parameter("it's; $1 --") == "it's; $1 --");
    CHECK(to_parameter(std::string("a")) == "a");
    CHECK(to_parameter(std::string_view("b")) == "b");
    CHECK(to_parameter(std::optional<int>(7)) == "7");
    CHECK(to_parameter(std::optional<int>()) == std::nullopt);
    CHECK(to_parameter(nullptr) == std::nullopt);
    CHECK(to_parameter(std::nullopt) == std::nullopt);
    CHECK(to_parameter(static_cast<const char*>(nullptr)) == std::nullopt);
    CHECK(to_parameter(std::vector<std::byte>{std::byte{0}, std::byte{0xAB}}) == "\\x00ab");
    std::array<std::byte, 16> uuid{};
    uuid[0] = std::byte{0x1F};
    CHECK(to_parameter(uuid) == "1f000000000000000000000000000000");
    CHECK_THROWS_AS(to_parameter(std::string("a\0b", 3)), leat::postgres::error);
}

TEST_CASE("times become what Postgres reads") {
    using namespace std::chrono;
    CHECK(to_parameter(sys_days(year(2024) / 2 / 29)) == "2024-02-29");
    CHECK(to_parameter(year(33) / 4 / 3) == "0033-04-03");
    CHECK(to_parameter(sys_days(year(-43) / 3 / 15)) == "0044-03-15 BC");
    CHECK(to_parameter(sys_days::max()) == "infinity");
    const auto noon = sys_days(year(1969) / 12 / 31) + hours(12) + microseconds(5);
    CHECK(to_parameter(noon) == "1969-12-31 12:00:00.000005+00");
    CHECK(to_parameter(local_days(year(0) / 1 / 1) + seconds(1)) == "0001-01-01 00:00:01.000000 BC");
    CHECK(to_parameter(sys_time<microseconds>::min()) == "-infinity");
}

TEST_CASE("intervals, times of day, enums and arrays become what Postgres reads") {
    using namespace std::chrono;
    using leat::postgres::interval;
    CHECK(to_parameter(interval{}) == "0 mons 0 days +00:00:00.000000");
    CHECK(to_parameter(interval{14, -2, -3'600'000'005}) == "14 mons -2 days -01:00:00.000005");
    CHECK(to_parameter(interval{0, 0, std::numeric_limits<std::int64_t>::min()}) ==
          "0 mons 0 days -2562047788:00:54.775808");
    CHECK(to_parameter(microseconds(hours(23) + microseconds(7))) == "23:00:00.000007");
    CHECK(to_parameter(microseconds(hours(24))) == "24:00:00.000000");
    CHECK_THROWS_AS(to_parameter(microseconds(-1)), leat::postgres::error);
    CHECK(to_parameter(size::large) == "L");
    CHECK(to_parameter(std::optional<size>()) == std::nullopt);
    CHECK_THROWS_AS(to_parameter(static_cast<size>(7)), leat::postgres::error);

    CHECK(to_parameter(std::vector<int>()) == "{}");
    CHECK(to_parameter(std::vector<int>{1, -2}) == "{\"1\",\"-2\"}");
    CHECK(to_parameter(std::vector<bool>{true, false}) == "{\"t\",\"f\"}");
    CHECK(to_parameter(std::vector<std::optional<std::string>>{"a\"b\\c,{}", std::nullopt, "NULL", ""}) ==
          "{\"a\\\"b\\\\c,{}\",NULL,\"NULL\",\"\"}");
    CHECK(to_parameter(std::vector<size>{size::small}) == "{\"S\"}");
    CHECK(to_parameter(std::vector<std::vector<std::byte>>{{std::byte{1}}}) == "{\"\\\\x01\"}");
}

TEST_CASE("a name is quoted, whatever it holds") {
    using leat::postgres::ident;
    CHECK(ident("users").sql() == "\"users\"");
    CHECK(ident("Users; DROP TABLE x").sql() == "\"Users; DROP TABLE x\"");
    CHECK(ident("a\"b\"\"").sql() == "\"a\"\"b\"\"\"\"\"");
    CHECK(ident("a.b").sql() == "\"a.b\"");
    CHECK(ident("shop", "a.b").sql() == "\"shop\".\"a.b\"");
    CHECK("SELECT 1 FROM " + ident("t") + " WHERE x" == "SELECT 1 FROM \"t\" WHERE x");
    CHECK(ident(std::string(63, 'x')).sql().size() == 65);
    CHECK_THROWS_AS(ident(""), leat::postgres::error);
    CHECK_THROWS_AS(ident("", "t"), leat::postgres::error);
    CHECK_THROWS_AS(ident("s", ""), leat::postgres::error);
    CHECK_THROWS_AS(ident(std::string_view("a\0b", 3)), leat::postgres::error);
    CHECK_THROWS_AS(ident(std::string(64, 'x')), leat::postgres::error);
    try {
        ident(std::string(64, 'q'));
    } catch (const leat::postgres::error& e) {
        CHECK(std::string(e.what()).find("qq") == std::string::npos); // what() holds no data
    }
}
