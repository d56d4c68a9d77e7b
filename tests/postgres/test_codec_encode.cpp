#include "support/catch.hpp"
#include "wire.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>

using namespace leat::postgres;
using wire::encode;
using wire::number;
using wire::round_trip;

namespace {

template <class T> bool writes(oid t) { return static_cast<bool>(find_encoder<T>(t)); }

constexpr auto minimum = std::numeric_limits<std::int64_t>::min();
constexpr auto maximum = std::numeric_limits<std::int64_t>::max();

} // namespace

TEST_CASE("an integer takes the bytes of its column, and its value must fit") {
    CHECK(encode(type::int2, std::int64_t{-2}) == number(std::int16_t{-2}));
    CHECK(encode(type::int4, std::int16_t{-2}) == number(std::int32_t{-2}));
    CHECK(encode(type::int8, std::int32_t{-2}) == number(std::int64_t{-2}));
    CHECK(encode(type::object_id, 4294967295) == number(std::uint32_t{4294967295}));
    CHECK(encode(type::int2, std::int64_t{32767}) == number(std::int16_t{32767}));
    CHECK_THROWS_AS(encode(type::int2, 32768), bad_value);
    CHECK_THROWS_AS(encode(type::int2, -32769), bad_value);
    CHECK_THROWS_AS(encode(type::int4, std::int64_t{1} << 31), bad_value);
    CHECK_THROWS_AS(encode(type::object_id, -1), bad_value);
    CHECK(encode(type::int8, std::uint32_t{4294967295}) == number(std::int64_t{4294967295}));
    CHECK_THROWS_AS(encode(type::int4, std::uint32_t{4294967295}), bad_value);
    CHECK(encode(type::int8, std::size_t{7}) == number(std::int64_t{7}));
    CHECK_THROWS_AS(encode(type::int8, std::numeric_limits<std::uint64_t>::max()), bad_value);
    CHECK(encode(type::numeric, 120000) == wire::numeric(1, 0, 0, {12}));
    CHECK(encode(type::numeric, minimum) == wire::numeric(4, 0x4000, 0, {922, 3372, 368, 5477, 5808}));
    CHECK_FALSE(writes<int>(type::float8));
    CHECK_FALSE(writes<int>(type::text));
    CHECK_FALSE(writes<int>(type::boolean));
    CHECK_FALSE(writes<bool>(type::int4));
}

TEST_CASE("a floating-point number goes into real, double precision and numeric") {
    CHECK(encode(type::float8, 0.1) == number(0.1));
    CHECK(encode(type::float8, 0.5f) == number(0.5));
    CHECK(encode(type::float4, 0.1) == number(0.1f)); // digits are lost
    CHECK_THROWS_AS(encode(type::float4, 1e39), bad_value);
    CHECK_THROWS_AS(encode(type::float4, -1e300), bad_value);
    CHECK_THROWS_AS(encode(type::float4, 1e-60), bad_value);
    CHECK(encode(type::float4, double{std::numeric_limits<float>::max()}) ==
          number(std::numeric_limits<float>::max()));
    CHECK(encode(type::float4, -HUGE_VAL) == number(-HUGE_VALF));
    CHECK(std::isnan(round_trip(type::float8, std::nan(""))));
    CHECK(std::isnan(round_trip(type::numeric, std::nan(""))));
    CHECK(std::signbit(round_trip(type::float8, -0.0)));
    CHECK(encode(type::numeric, 12.34) == wire::numeric(0, 0, 2, {12, 3400}));
    CHECK(encode(type::numeric, 0.1f) == wire::numeric(-1, 0, 1, {1000}));
    for (double x :
         {0.0, 1.0, -0.1, 1e22, 1e-5, 123456.789e200, 5e-324, 1.7976931348623157e308, HUGE_VAL, -HUGE_VAL})
        CHECK(round_trip(type::numeric, x) == x);
}

TEST_CASE("a numeric is written with every digit of its text") {
    using wire::numeric;
    const auto bytes = [](std::string_view text) { return encode(type::numeric, text); };
    CHECK(bytes("0") == numeric(0, 0, 0, {}));
    CHECK(bytes("-0.00") == numeric(0, 0, 2, {}));
    CHECK(bytes("1") == numeric(0, 0, 0, {1}));
    CHECK(bytes("-12.340") == numeric(0, 0x4000, 3, {12, 3400}));
    CHECK(bytes("+0012.34") == numeric(0, 0, 2, {12, 3400}));
    CHECK(bytes(".5") == numeric(-1, 0, 1, {5000}));
    CHECK(bytes("5.") == numeric(0, 0, 0, {5}));
    CHECK(bytes("0.0001") == numeric(-1, 0, 4, {1}));
    CHECK(bytes("0.00001") == numeric(-2, 0, 5, {1000}));
    CHECK(bytes("10000") == numeric(1, 0, 0, {1}));
    CHECK(bytes("100020") == numeric(1, 0, 0, {10, 20}));
    CHECK(bytes("1e4") == numeric(1, 0, 0, {1}));
    CHECK(bytes("1.5E-3") == numeric(-1, 0, 4, {15}));
    CHECK(bytes("1e+131071") == numeric(32767, 0, 0, {1000}));
    CHECK(bytes("NaN") == numeric(0, 0xC000, 0, {}));
    CHECK(bytes("Infinity") == numeric(0, 0xD000, 0, {}));
    CHECK(bytes("-Infinity") == numeric(0, 0xF000, 0, {}));
    for (const char* wrong :
         {"",         "-",        "+",     ".",     "1.2.3", "1,5", " 1",  "1 ",  "0x1",
          "1e",       "1e+",      "1e+-1", "1e1.5", "--1",   "e5",  "nan", "inf", "1e99999999999999999999",
          "1e131072", "1e-16384", "12a",   "1-2"})
        CHECK_THROWS_AS(bytes(wrong), bad_value);

    std::mt19937 random(2);
    for (int round = 0; round < 5000; ++round) {
        std::string text = random() % 2 ? "-" : "";
        text += static_cast<char>('1' + random() % 9);
        for (auto n = random() % 30; n > 0; --n)
            text += static_cast<char>('0' + (random() % 3 ? 0 : random() % 10));
        if (random() % 2) {
            text += '.';
            for (auto n = 1 + random() % 30; n > 0; --n)
                text += static_cast<char>('0' + (random() % 3 ? 0 : random() % 10));
        }
        REQUIRE(round_trip(type::numeric, text) == text);
    }
}

TEST_CASE("text, bytes and identifiers are written as they are") {
    for (oid t : {type::text, type::varchar, type::bpchar, type::name, type::json, type::xml}) {
        CHECK(encode(t, std::string("a\tb\nc\\ \xC3\xA9")) == "a\tb\nc\\ \xC3\xA9");
        CHECK(encode(t, std::string_view()) == "");
        CHECK_THROWS_AS(encode(t, std::string("a\0b", 3)), bad_value);
    }
    CHECK(encode(type::jsonb, std::string_view("{}")) == "\1{}");
    CHECK(encode(type::char1, 'x') == "x");
    CHECK(encode(type::char1, std::string("x")) == "x");
    CHECK_THROWS_AS(encode(type::char1, std::string("xy")), bad_value);
    CHECK_THROWS_AS(encode(type::char1, std::string()), bad_value);
    CHECK(encode(type::boolean, true) == std::string(1, '\1'));
    CHECK(encode(type::boolean, false) == std::string(1, '\0'));
    const std::vector<std::byte> bytes{std::byte{0}, std::byte{255}};
    CHECK(encode(type::bytea, bytes) == std::string("\0\xFF", 2));
    CHECK(encode(type::bytea, std::span<const std::byte>(bytes)) == std::string("\0\xFF", 2));

    const std::string uuid("\x01\x23\x45\x67\x89\xab\xcd\xef\x00\xff\x10\x20\x30\x40\x50\x60", 16);
    CHECK(encode(type::uuid, std::string("01234567-89AB-cdef-00ff-102030405060")) == uuid);
    CHECK(encode(type::uuid, std::string("0123456789abcdef00ff102030405060")) == uuid);
    std::array<std::byte, 16> raw{};
    raw[0] = std::byte{1};
    CHECK(round_trip(type::uuid, raw) == raw);
    for (const char* wrong :
         {"", "0123", "01234567-89ab-cdef-00ff-10203040506", "01234567x89ab-cdef-00ff-102030405060",
          "0123456789abcdef00ff10203040506g", "{123456789abcdef00ff10203040506}"})
        CHECK_THROWS_AS(encode(type::uuid, std::string(wrong)), bad_value);
}

TEST_CASE("dates and times are written, up to the ends of what Postgres has") {
    using namespace std::chrono;
    using point = sys_time<microseconds>;
    const point noon = sys_days(year(1969) / 12 / 31) + hours(12) + microseconds(5);
    CHECK(round_trip(type::timestamptz, noon) == noon);
    CHECK(encode(type::timestamptz, point(sys_days(year(2000) / 1 / 1))) == number(std::int64_t{0}));
    CHECK(encode(type::timestamptz, point::max()) == number(maximum));
    CHECK(encode(type::timestamptz, point::min()) == number(minimum));
    CHECK(round_trip(type::timestamptz, point::max() - microseconds(1)) == point::max() - microseconds(1));
    CHECK_THROWS_AS(encode(type::timestamptz, point::min() + microseconds(1)), bad_value);
    const point first = sys_days(year(-4713) / 11 / 24);
    CHECK(encode(type::timestamptz, first) == number(std::int64_t{-211'813'488'000'000'000}));
    CHECK_THROWS_AS(encode(type::timestamptz, first - microseconds(1)), bad_value);
    const local_time<microseconds> local = local_days(year(0) / 2 / 29) + seconds(1);
    CHECK(round_trip(type::timestamp, local) == local);

    CHECK(encode(type::date, sys_days(year(2000) / 2 / 29)) == number(std::int32_t{59}));
    CHECK(encode(type::date, year(2000) / February / 29) == number(std::int32_t{59}));
    CHECK(encode(type::date, sys_days::max()) == number(std::numeric_limits<std::int32_t>::max()));
    CHECK(encode(type::date, sys_days::min()) == number(std::numeric_limits<std::int32_t>::min()));
    CHECK(encode(type::date, sys_days(year(-4713) / 11 / 24)) == number(std::int32_t{-2'451'545}));
    CHECK_THROWS_AS(encode(type::date, sys_days(year(-4713) / 11 / 23)), bad_value);
    CHECK_THROWS_AS(encode(type::date, sys_days(days(2'145'031'949 + 10'957))), bad_value);
    CHECK_THROWS_AS(encode(type::date, year(2023) / February / 29), bad_value);

    CHECK(round_trip(type::time, microseconds(hours(24))) == hours(24));
    CHECK_THROWS_AS(encode(type::time, microseconds(hours(24)) + microseconds(1)), bad_value);
    CHECK_THROWS_AS(encode(type::time, microseconds(-1)), bad_value);
    const interval some{14, -2, minimum};
    CHECK(round_trip(type::interval, some) == some);
    CHECK_FALSE(writes<point>(type::timestamp));
    CHECK_FALSE(writes<microseconds>(type::interval));
}

TEST_CASE("random values come back as they went out") {
    std::mt19937_64 random(3);
    for (int round = 0; round < 20'000; ++round) {
        const auto bits = static_cast<std::int64_t>(random()) >> (random() % 64);
        const auto half = static_cast<std::int32_t>(bits);
        REQUIRE(round_trip(type::int8, bits) == bits);
        REQUIRE(round_trip(type::int4, half) == half);
        REQUIRE(round_trip(type::int2, static_cast<std::int16_t>(bits)) == static_cast<std::int16_t>(bits));
        REQUIRE(round_trip(type::object_id, static_cast<std::uint32_t>(bits)) ==
                static_cast<std::uint32_t>(bits));
        double d;
        std::memcpy(&d, &bits, sizeof d);
        if (!std::isnan(d)) {
            REQUIRE(round_trip(type::float8, d) == d);
            REQUIRE(round_trip(type::numeric, d) == d);
        }
        const interval i{half, ~half, bits};
        REQUIRE(round_trip(type::interval, i) == i);
        std::string text;
        for (auto n = random() % 20; n > 0; --n)
            text += static_cast<char>(1 + random() % 255);
        REQUIRE(round_trip(type::text, text) == text);
        REQUIRE(round_trip(type::jsonb, text) == text);
        const std::vector<std::optional<std::string>> list(random() % 4,
                                                           random() % 3 ? std::optional(text) : std::nullopt);
        REQUIRE(round_trip(type::array_of(type::varchar), list) == list);
        const std::vector<bool> flags(random() % 4, random() % 2 == 0);
        REQUIRE(round_trip(type::array_of(type::boolean), flags) == flags);
    }
}

TEST_CASE("an array names the type of its elements") {
    using ints = std::vector<std::int32_t>;
    const oid int8s = type::array_of(type::int8);
    CHECK(encode(int8s, ints{7, -1}) ==
          wire::array(type::int8, {number(std::int64_t{7}), number(std::int64_t{-1})}));
    CHECK(encode(int8s, ints{}) == wire::array(type::int8, {}));
    CHECK(
        encode(type::array_of(type::text), std::vector<std::optional<std::string>>{"a", std::nullopt, ""}) ==
        wire::array(type::text, {"a", std::nullopt, ""}, 1));
    CHECK(encode(type::array_of(type::text), std::vector<std::string_view>{"a"}) ==
          wire::array(type::text, {"a"}));
    CHECK(encode(int8s, std::vector<std::size_t>{3}) == wire::array(type::int8, {number(std::int64_t{3})}));
    CHECK_THROWS_AS(encode(type::array_of(type::int2), ints{1, 70000}), bad_value);
    CHECK_FALSE(writes<ints>(type::int8));
    CHECK_FALSE(writes<ints>(type::array_of(type::text)));

    // As it is described where the elements are of an enum with the number 16400: they are written as text.
    const column moods{"moods", type::array_of(type::text), "mood[]", 16400};
    CHECK(encode(moods, std::vector<std::string>{"sad"}) == wire::array(16400, {"sad"}));
    CHECK(encode(moods, std::vector<std::string>{}) == wire::array(16400, {}));
    const auto write = find_encoder<std::optional<std::vector<std::string>>>(moods);
    std::string out;
    write(std::nullopt, out);
    CHECK(out == number(std::int32_t{-1}));
}

TEST_CASE("NULL has a length of its own, and what does not fit leaves nothing behind") {
    const auto write = find_encoder<std::optional<int>>(type::int2);
    REQUIRE(write);
    std::string out = "x";
    write(std::nullopt, out);
    CHECK(out == "x" + number(std::int32_t{-1}));
    write(5, out);
    CHECK(out == "x" + number(std::int32_t{-1}) + number(std::int32_t{2}) + number(std::int16_t{5}));
    const std::string before = out;
    CHECK_THROWS_AS(write(70000, out), bad_value);
    CHECK(out == before);
    const auto list = find_encoder<std::vector<int>>(type::array_of(type::int2));
    CHECK_THROWS_AS(list({1, 2, 70000}, out), bad_value);
    CHECK(out == before);
    CHECK_FALSE(find_encoder<std::optional<int>>(type::text));
    CHECK_FALSE(encoder<int>());
}
