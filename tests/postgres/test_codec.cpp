#include "support/catch.hpp"
#include "wire.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <random>
#include <string>

using namespace leat::postgres;
using wire::decode;
using wire::number;

namespace {

template <class T> bool takes(oid t) { return codec<T>::find(t) != nullptr; }

constexpr oid every_type[] = {type::boolean,  type::bytea,   type::char1,  type::name,      type::int8,
                              type::int2,     type::int4,    type::text,   type::object_id, type::json,
                              type::xml,      type::float4,  type::float8, type::unknown,   type::bpchar,
                              type::varchar,  type::date,    type::time,   type::timestamp, type::timestamptz,
                              type::interval, type::numeric, type::uuid,   type::jsonb};

enum class mood { sad, happy };
enum class nameless { some };

/// A type of the user's own, as in the documentation of codec.
struct money {
    std::int64_t cents = 0;
    friend bool operator==(const money&, const money&) = default;
};

} // namespace

template <> struct leat::postgres::enum_labels<mood> {
    static constexpr std::string_view cpp_name = "mood";
    static constexpr enum_label<mood> labels[] = {{mood::sad, "sad"}, {mood::happy, "happy"}};
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

TEST_CASE("integers widen and never narrow") {
    CHECK(decode<std::int16_t>(type::int2, number(std::int16_t{-32768})) == -32768);
    CHECK(decode<std::int32_t>(type::int2, number(std::int16_t{-2})) == -2);
    CHECK(decode<std::int64_t>(type::int2, number(std::int16_t{-2})) == -2);
    CHECK(decode<std::int32_t>(type::int4, number(std::int32_t{-2147483647} - 1)) == -2147483647 - 1);
    CHECK(decode<std::int64_t>(type::int4, number(std::int32_t{-7})) == -7);
    CHECK(decode<std::int64_t>(type::int8, number(std::numeric_limits<std::int64_t>::min())) ==
          std::numeric_limits<std::int64_t>::min());
    CHECK(decode<long long>(type::int8, number(std::int64_t{1} << 62)) == std::int64_t{1} << 62);
    CHECK(decode<std::uint32_t>(type::object_id, number(std::uint32_t{4294967295})) == 4294967295u);
    CHECK(decode<std::int64_t>(type::object_id, number(std::uint32_t{4294967295})) == 4294967295);

    CHECK_FALSE(takes<std::int16_t>(type::int4));
    CHECK_FALSE(takes<std::int16_t>(type::int8));
    CHECK_FALSE(takes<std::int32_t>(type::int8));
    CHECK_FALSE(takes<std::int32_t>(type::object_id));
    CHECK_FALSE(takes<std::uint32_t>(type::int4));
    CHECK_FALSE(takes<std::int64_t>(type::numeric));
    CHECK_FALSE(takes<float>(type::float8));
    CHECK_FALSE(takes<float>(type::numeric));
    CHECK_FALSE(takes<bool>(type::int4));
    CHECK_FALSE(takes<std::string>(type::int4));
    CHECK_FALSE(takes<std::string>(type::bytea));
}

TEST_CASE("floats, with their special values") {
    CHECK(decode<double>(type::float8, number(-0.1)) == -0.1);
    CHECK(decode<double>(type::float4, number(1.5f)) == 1.5);
    CHECK(decode<float>(type::float4, number(1.5f)) == 1.5f);
    CHECK(std::isnan(decode<double>(type::float8, number(std::nan("")))));
    CHECK(decode<double>(type::float8, number(-std::numeric_limits<double>::infinity())) == -INFINITY);
    CHECK(std::signbit(decode<double>(type::float8, number(-0.0))));
}

TEST_CASE("text, bytes and identifiers") {
    for (oid t : {type::text, type::varchar, type::bpchar, type::name, type::json, type::xml}) {
        CHECK(decode<std::string>(t, "a\tb\nc\\ \xC3\xA9") == "a\tb\nc\\ \xC3\xA9");
        CHECK(decode<std::string>(t, "").empty());
    }
    CHECK(decode<char>(type::char1, "x") == 'x');
    CHECK(decode<std::string>(type::char1, "x") == "x");
    CHECK(decode<std::string>(type::jsonb, "\1{\"a\": 1}") == "{\"a\": 1}");
    CHECK_THROWS_AS(decode<std::string>(type::jsonb, "\2{}"), bad_value);
    CHECK_THROWS_AS(decode<std::string>(type::jsonb, ""), bad_value);

    const std::string zeros("a\0b\0", 4);
    const auto bytes = decode<std::vector<std::byte>>(type::bytea, zeros);
    REQUIRE(bytes.size() == 4);
    CHECK(bytes[1] == std::byte{0});
    CHECK(bytes[2] == std::byte{'b'});

    const std::string uuid("\x01\x23\x45\x67\x89\xab\xcd\xef\x00\xff\x10\x20\x30\x40\x50\x60", 16);
    CHECK(decode<std::string>(type::uuid, uuid) == "01234567-89ab-cdef-00ff-102030405060");
    CHECK(decode<std::array<std::byte, 16>>(type::uuid, uuid)[9] == std::byte{0xFF});
}

TEST_CASE("dates and times") {
    using namespace std::chrono;
    CHECK(decode<sys_days>(type::date, number(std::int32_t{0})) == sys_days(year(2000) / 1 / 1));
    CHECK(decode<sys_days>(type::date, number(std::int32_t{-730485})) == sys_days(year(0) / 1 / 1));
    CHECK(decode<sys_days>(type::date, number(std::numeric_limits<std::int32_t>::max())) == sys_days::max());
    CHECK(decode<sys_days>(type::date, number(std::numeric_limits<std::int32_t>::min())) == sys_days::min());
    CHECK(decode<year_month_day>(type::date, number(std::int32_t{59})) == year(2000) / 2 / 29);
    CHECK_THROWS_AS(decode<year_month_day>(type::date, number(std::numeric_limits<std::int32_t>::max())),
                    bad_value);
    CHECK_THROWS_AS(decode<year_month_day>(type::date, number(std::int32_t{2'145'000'000})), bad_value);

    using point = sys_time<microseconds>;
    const std::int64_t second = 1'000'000;
    CHECK(decode<point>(type::timestamptz, number(std::int64_t{-1})) ==
          point(sys_days(year(1999) / 12 / 31)) + hours(23) + minutes(59) + seconds(59) +
              microseconds(999'999));
    CHECK(decode<point>(type::timestamptz, number(86'400 * second)) == point(sys_days(year(2000) / 1 / 2)));
    CHECK(decode<point>(type::timestamptz, number(std::numeric_limits<std::int64_t>::max())) == point::max());
    CHECK(decode<point>(type::timestamptz, number(std::numeric_limits<std::int64_t>::min())) == point::min());
    // Postgres' last timestamp does not fit into microseconds since 1970.
    CHECK_THROWS_AS(decode<point>(type::timestamptz, number(std::int64_t{9'223'371'331'199'999'999})),
                    bad_value);
    CHECK(decode<local_time<microseconds>>(type::timestamp, number(second)).time_since_epoch() ==
          seconds(946'684'801));
    CHECK(decode<microseconds>(type::time, number(std::int64_t{5})) == microseconds(5));
    CHECK(decode<microseconds>(type::time, number(86'400 * second)) == hours(24));
    CHECK_THROWS_AS(decode<microseconds>(type::time, number(86'400 * second + 1)), bad_value);
    CHECK_THROWS_AS(decode<microseconds>(type::time, number(std::int64_t{-1})), bad_value);
    CHECK_FALSE(takes<point>(type::timestamp));
    CHECK_FALSE(takes<local_time<microseconds>>(type::timestamptz));
}

TEST_CASE("a numeric is exact as a string") {
    const auto text = [](const std::string& bytes) { return decode<std::string>(type::numeric, bytes); };
    using wire::numeric;
    CHECK(text(numeric(0, 0, 0, {})) == "0");
    CHECK(text(numeric(0, 0, 2, {})) == "0.00");
    CHECK(text(numeric(0, 0, 0, {1})) == "1");
    CHECK(text(numeric(0, 0x4000, 2, {12, 3400})) == "-12.34");
    CHECK(text(numeric(0, 0, 3, {12, 3400})) == "12.340");
    CHECK(text(numeric(1, 0, 0, {1})) == "10000");
    CHECK(text(numeric(1, 0, 0, {1, 2})) == "10002");
    CHECK(text(numeric(-1, 0, 4, {1})) == "0.0001");
    CHECK(text(numeric(-2, 0, 8, {1})) == "0.00000001");
    CHECK(text(numeric(-2, 0, 7, {10})) == "0.0000001");
    CHECK(text(numeric(4, 0, 9, {1234, 5678, 9012, 3456, 7890, 1234, 5678, 9000})) ==
          "12345678901234567890.123456789");
    CHECK(text(numeric(0, 0xC000, 0, {})) == "NaN");
    CHECK(text(numeric(0, 0xD000, 0, {})) == "Infinity");
    CHECK(text(numeric(0, 0xF000, 0, {})) == "-Infinity");
}

TEST_CASE("a numeric as a double is the nearest one") {
    const auto number_of = [](const std::string& bytes) { return decode<double>(type::numeric, bytes); };
    using wire::numeric;
    CHECK(number_of(numeric(0, 0, 2, {12, 3400})) == 12.34);
    CHECK(number_of(numeric(0, 0x4000, 2, {0, 1000})) == -0.1);
    CHECK(number_of(numeric(-1, 0, 4, {3})) == 0.0003);
    CHECK(number_of(numeric(3, 0, 0, {9007, 1992, 5474, 993})) == 9007199254740993.0);
    CHECK(number_of(numeric(4, 0, 9, {1234, 5678, 9012, 3456, 7890, 1234, 5678, 9000})) ==
          12345678901234567890.123456789);
    CHECK(std::isnan(number_of(numeric(0, 0xC000, 0, {}))));
    CHECK(number_of(numeric(0, 0xF000, 0, {})) == -INFINITY);
    CHECK(number_of(numeric(0, 0, 0, {})) == 0);
    CHECK_THROWS_AS(number_of(numeric(100, 0, 0, {1})), bad_value); // 1e400
}

TEST_CASE("a value of the wrong length is an error, not a read past the end") {
    for (std::size_t size : {0u, 1u, 2u, 3u, 4u, 5u, 7u, 8u, 9u, 15u, 16u, 17u}) {
        const std::string bytes(size, '\0');
        if (size != 1)
            CHECK_THROWS_AS(decode<bool>(type::boolean, bytes), bad_value);
        if (size != 2)
            CHECK_THROWS_AS(decode<std::int64_t>(type::int2, bytes), bad_value);
        if (size != 4) {
            CHECK_THROWS_AS(decode<std::int64_t>(type::int4, bytes), bad_value);
            CHECK_THROWS_AS(decode<double>(type::float4, bytes), bad_value);
            CHECK_THROWS_AS(decode<std::chrono::sys_days>(type::date, bytes), bad_value);
        }
        if (size != 8) {
            CHECK_THROWS_AS(decode<std::int64_t>(type::int8, bytes), bad_value);
            CHECK_THROWS_AS(decode<double>(type::float8, bytes), bad_value);
            CHECK_THROWS_AS(decode<std::chrono::microseconds>(type::time, bytes), bad_value);
            CHECK_THROWS_AS(decode<std::string>(type::numeric, bytes), bad_value);
        }
        if (size != 16) {
            CHECK_THROWS_AS(decode<std::string>(type::uuid, bytes), bad_value);
            CHECK_THROWS_AS((decode<std::array<std::byte, 16>>(type::uuid, bytes)), bad_value);
        }
    }
    CHECK_THROWS_AS(decode<std::string>(type::numeric, wire::numeric(0, 0, 0, {10000})), bad_value);
    CHECK_THROWS_AS(decode<std::string>(type::numeric, wire::numeric(0, 0x1234, 0, {1})), bad_value);
    CHECK_THROWS_AS(decode<std::string>(type::numeric, wire::numeric(0, 0, 0x4000, {1})), bad_value);
    std::string cut = wire::numeric(0, 0, 0, {1, 2, 3});
    cut.pop_back();
    CHECK_THROWS_AS(decode<double>(type::numeric, cut), bad_value);
}

TEST_CASE("an interval keeps its three parts apart") {
    const std::string bytes = number(std::int64_t{-5}) + number(std::int32_t{-2}) + number(std::int32_t{14});
    CHECK(decode<interval>(type::interval, bytes) == interval{14, -2, -5});
    CHECK_FALSE(takes<std::chrono::microseconds>(type::interval));
    for (std::size_t size : {0u, 8u, 15u, 17u})
        CHECK_THROWS_AS(decode<interval>(type::interval, std::string(size, '\0')), bad_value);
}

TEST_CASE("a C++ enum, by a list of its labels") {
    static_assert(decodable<mood> && encodable<mood> && !decodable<nameless>);
    CHECK(decode<mood>(type::text, "happy") == mood::happy);
    CHECK(decode<mood>(type::varchar, "sad") == mood::sad);
    CHECK_FALSE(takes<mood>(type::int4));
    CHECK(codec<std::vector<mood>>::cpp_name == "std::vector<mood>");
    CHECK_THROWS_AS(decode<mood>(type::text, "Happy"), bad_value);
    CHECK_THROWS_AS(decode<mood>(type::text, ""), bad_value);
    CHECK(decode<std::vector<mood>>(type::array_of(type::text), wire::array(type::text, {"sad", "happy"})) ==
          std::vector<mood>{mood::sad, mood::happy});
}

TEST_CASE("arrays") {
    using ints = std::vector<std::int64_t>;
    const oid int4s = type::array_of(type::int4), texts = type::array_of(type::text);
    const auto some = wire::array(type::int4, {number(std::int32_t{7}), number(std::int32_t{-1})});
    CHECK(decode<ints>(int4s, some) == ints{7, -1});
    CHECK(decode<ints>(int4s, wire::array(type::int4, {number(std::int32_t{7})}, 0, -3)) ==
          ints{7}); // '[-3:-3]={7}'
    CHECK(decode<ints>(int4s, wire::array(type::int4, {})).empty());
    CHECK(decode<std::vector<std::string>>(texts, wire::array(type::text, {"a", "", "c,\"{"})) ==
          std::vector<std::string>{"a", "", "c,\"{"});
    CHECK(
        decode<std::vector<bool>>(type::array_of(type::boolean),
                                  wire::array(type::boolean, {std::string(1, '\1'), std::string(1, '\0')})) ==
        std::vector<bool>{true, false});
    CHECK(decode<std::vector<std::vector<std::byte>>>(type::array_of(type::bytea),
                                                      wire::array(type::bytea, {"x", ""})) ==
          std::vector<std::vector<std::byte>>{{std::byte{'x'}}, {}});
    CHECK(decode<std::vector<double>>(type::array_of(type::numeric),
                                      wire::array(type::numeric, {wire::numeric(0, 0, 2, {12, 3400})})) ==
          std::vector<double>{12.34});
    CHECK(decode<std::vector<money>>(type::array_of(type::int8),
                                     wire::array(type::int8, {number(std::int64_t{5})})) ==
          std::vector<money>{{5}});

    using maybe_texts = std::vector<std::optional<std::string>>;
    const auto with_null = wire::array(type::text, {"a", std::nullopt, "b"}, 1);
    CHECK(decode<maybe_texts>(texts, with_null) == maybe_texts{"a", std::nullopt, "b"});
    CHECK_THROWS_WITH(decode<std::vector<std::string>>(texts, with_null), Catch::Contains("std::optional"));

    // The memory is used again, and nothing of the last value stays.
    maybe_texts again{"long enough not to be kept inside the string", "b", "c", "d"};
    codec<maybe_texts>::find(texts)({with_null.data(), with_null.size()}, again);
    CHECK(again == maybe_texts{"a", std::nullopt, "b"});

    CHECK(takes<std::vector<std::int32_t>>(int4s));
    CHECK_FALSE(takes<std::vector<std::int32_t>>(type::int4));
    CHECK_FALSE(takes<std::vector<std::int16_t>>(int4s));
    CHECK_FALSE(takes<std::vector<std::string>>(int4s));
    CHECK_FALSE(takes<std::vector<std::byte>>(type::array_of(type::bytea)));
    CHECK_FALSE(takes<ints>(0));
    CHECK(codec<std::vector<std::optional<double>>>::cpp_name == "std::vector<double>");
    CHECK(codec<ints>::accepts == "an array of smallint, integer, bigint or oid");
}

TEST_CASE("an array that lies about itself is an error, not a read past the end") {
    using ints = std::vector<std::int32_t>;
    const oid int4s = type::array_of(type::int4);
    const auto refuses = [&](const std::string& bytes, const char* word) {
        CHECK_THROWS_WITH(decode<ints>(int4s, bytes), Catch::Contains(word));
    };
    const auto head = [](std::int32_t dimensions, std::int32_t flags, oid element) {
        return number(dimensions) + number(flags) + number(element);
    };
    const auto good = wire::array(type::int4, {number(std::int32_t{7}), number(std::int32_t{8})});
    for (std::size_t size = 0; size != good.size(); ++size)
        CHECK_THROWS_AS(decode<ints>(int4s, good.substr(0, size)), bad_value);
    refuses(good + "x", "longer than it says");
    refuses(head(0, 0, type::int4) + "x", "longer than it says");
    refuses(head(-1, 0, type::int4), "makes no sense");
    refuses(head(1, 2, type::int4) + number(std::int32_t{0}) + number(std::int32_t{1}), "makes no sense");
    refuses(head(0, 0, type::int8), "not of the column's type");
    CHECK(decode<ints>(int4s, head(0, 0, 16385)).empty()); // an array of a domain
    refuses(head(1, 0, type::int4) + number(std::int32_t{-1}) + number(std::int32_t{1}),
            "shorter than it says");
    refuses(head(1, 0, type::int4) + number(std::int32_t{0x7FFFFFFF}) + number(std::int32_t{1}),
            "shorter than it says");
    const auto element_of_size = [&](std::int32_t size) {
        return head(1, 0, type::int4) + number(std::int32_t{1}) + number(std::int32_t{1}) + number(size) +
               "1234";
    };
    CHECK(decode<ints>(int4s, element_of_size(4)).size() == 1);
    refuses(element_of_size(5), "longer than the array");
    refuses(element_of_size(-2), "longer than the array");
    refuses(element_of_size(0x7FFFFFFF), "longer than the array");
    refuses(element_of_size(3), "longer than it says");
    // Two dimensions, as the server sends '{{1,2},{3,4}}'.
    refuses(head(2, 0, type::int4) + number(std::int32_t{2}) + number(std::int32_t{1}) +
                number(std::int32_t{2}) + number(std::int32_t{1}),
            "unnest()");
}

TEST_CASE("random bytes give a value or bad_value, for every type and member") {
    std::mt19937 random(1);
    std::size_t values = 0, refused = 0;
    const auto try_all = [&]<class T>(oid t, const std::string& bytes) {
        if (!takes<T>(t))
            return;
        try {
            decode<T>(t, bytes);
            ++values;
        } catch (const bad_value&) {
            ++refused;
        }
    };
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes(random() % 24, '\0');
        for (char& c : bytes)
            c = static_cast<char>(random() % 4 == 0 ? random() : 0);
        for (oid t : every_type) {
            try_all.operator()<bool>(t, bytes);
            try_all.operator()<std::int64_t>(t, bytes);
            try_all.operator()<double>(t, bytes);
            try_all.operator()<std::string>(t, bytes);
            try_all.operator()<std::vector<std::byte>>(t, bytes);
            try_all.operator()<std::array<std::byte, 16>>(t, bytes);
            try_all.operator()<std::chrono::sys_days>(t, bytes);
            try_all.operator()<std::chrono::year_month_day>(t, bytes);
            try_all.operator()<std::chrono::sys_time<std::chrono::microseconds>>(t, bytes);
            try_all.operator()<interval>(t, bytes);
        }
    }
    CHECK(values > 1000);
    CHECK(refused > 1000);
}
