#include "support/catch.hpp"

#include <leat/postgres/parameter.hpp>

#include <array>
#include <cmath>
#include <string>
#include <vector>

using leat::postgres::detail::to_parameter;
using parameter = leat::postgres::detail::parameter;

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
