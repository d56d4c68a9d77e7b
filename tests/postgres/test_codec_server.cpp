#include "server.hpp"
#include "wire.hpp"

#include <leat/postgres/identifier.hpp>
#include <leat/postgres/type_query.hpp>

#include <filesystem>
#include <random>
#include <set>
#include <tuple>
#include <unistd.h>

using namespace leat::postgres;
using namespace std::chrono_literals;

namespace {

enum class mood { sad, happy };

/// The types that the tests make beside the built-in ones.
struct own_types {
    own_types() {
        drop();
        server::run("CREATE TYPE codec_mood AS ENUM ('sad', 'happy'); CREATE DOMAIN codec_count AS int CHECK "
                    "(value > 0); "
                    "CREATE DOMAIN codec_counts AS int[]; CREATE DOMAIN codec_many AS codec_count; "
                    "CREATE TYPE codec_pair AS (a int, b int)");
    }
    own_types(const own_types&) = delete;
    ~own_types() { drop(); }
    static void drop() {
        server::run("DROP TABLE IF EXISTS codec_table; DROP TYPE IF EXISTS codec_pair; DROP DOMAIN IF EXISTS "
                    "codec_many; "
                    "DROP DOMAIN IF EXISTS codec_counts; DROP DOMAIN IF EXISTS codec_count; DROP TYPE IF "
                    "EXISTS codec_mood");
    }
};

/// What the catalogue says of these types, through type_query.
std::vector<column> describe(std::vector<column> columns) {
    std::vector<oid> unknown;
    for (const column& c : columns) {
        if (c.type_name.empty())
            unknown.push_back(c.type);
    }
    pqxx::connection c(server::address());
    pqxx::nontransaction t(c);
    for (const auto& row : t.exec(detail::type_query(unknown)))
        detail::describe_types(columns, row[0].as<oid>(), row[1].as<oid>(), row[2].c_str(), row[3].as<oid>());
    return columns;
}

std::vector<column> columns_of_table(const std::string& table) {
    pqxx::connection c(server::address());
    pqxx::nontransaction t(c);
    std::vector<column> out;
    for (const auto& row : t.exec("SELECT attname, atttypid FROM pg_attribute WHERE attrelid = '" + table +
                                  "'::regclass AND attnum > 0 ORDER BY attnum"))
        out.push_back({row[0].c_str(), row[1].as<oid>(), std::string(type::name_of(row[1].as<oid>()))});
    return describe(std::move(out));
}

/// The one row of a query, for a test that wants nothing else of it.
template <class Row> Row only_row(const std::string& sql) {
    pqxx::connection c(server::address());
    std::optional<Row> out;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto rows = leat::postgres::rows<Row>(ex, c, sql);
        auto row = co_await rows.next();
        if (row)
            out.emplace(std::move(*row));
        co_await rows.close();
    });
    REQUIRE(out);
    return std::move(*out);
}

template <class T> T only_value(const std::string& sql) { return std::get<0>(only_row<std::tuple<T>>(sql)); }

/// A file that COPY reads at the server, gone with the object. This server runs as another user here.
class copy_file {
public:
    copy_file()
        : path_(std::filesystem::temp_directory_path() /
                ("leat_codec_" + std::to_string(::getpid()) + ".copy")) {}
    copy_file(const copy_file&) = delete;
    ~copy_file() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    void write(const std::string& bytes) const {
        std::ofstream(path_, std::ios::binary) << bytes;
        std::filesystem::permissions(path_, std::filesystem::perms::others_read,
                                     std::filesystem::perm_options::add);
    }
    std::string name() const { return "'" + path_.string() + "'"; }

private:
    std::filesystem::path path_;
};

/// The rows as a COPY BINARY file, each value through the encoder that its column found.
template <class... T>
std::string copy_stream(const std::vector<column>& columns, const std::vector<std::tuple<T...>>& rows) {
    std::string out("PGCOPY\n\377\r\n\0", 11);
    append_big_endian(out, std::int32_t{0});
    append_big_endian(out, std::int32_t{0});
    std::size_t next = 0;
    const auto found = [&]<class Field>(std::type_identity<Field>) {
        const column& to = columns.at(next++);
        INFO(to.name << " of type " << to.type_name);
        const auto write = find_encoder<Field>(to);
        REQUIRE(write);
        return write;
    };
    const std::tuple<encoder<T>...> writers{found(std::type_identity<T>())...};
    for (const auto& row : rows) {
        append_big_endian(out, static_cast<std::int16_t>(sizeof...(T)));
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (std::get<I>(writers)(std::get<I>(row), out), ...);
        }
        (std::index_sequence_for<T...>());
    }
    append_big_endian(out, std::int16_t{-1});
    return out;
}

std::string hex(const std::string& bytes) {
    std::string out;
    for (const char c : bytes) {
        out += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        out += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

} // namespace

template <> struct leat::postgres::enum_labels<mood> {
    static constexpr std::string_view cpp_name = "mood";
    static constexpr enum_label<mood> labels[] = {{mood::sad, "sad"}, {mood::happy, "happy"}};
};

TEST_CASE("the server has the same numbers and names for its types") {
    pqxx::connection c(server::address());
    pqxx::nontransaction t(c);
    int compared = 0;
    for (const auto& known : type::detail::all_known) {
        const auto r = t.exec(
            "SELECT typarray, format_type(oid, NULL), format_type(typarray, NULL) FROM pg_type WHERE oid = " +
            std::to_string(known.type));
        REQUIRE(r.size() == 1);
        CHECK(r[0][0].as<oid>() == known.array);
        CHECK(r[0][1].c_str() == std::string(known.name));
        if (known.array != 0)
            CHECK(r[0][2].c_str() == std::string(known.array_name));
        ++compared;
    }
    CHECK(compared == 24);
}

TEST_CASE("arrays, as the server really sends them") {
    using std::optional, std::string, std::vector;
    using namespace std::chrono;
    struct lists {
        vector<bool> booleans;
        vector<std::int16_t> small;
        vector<std::int64_t> widened;
        vector<optional<std::int64_t>> big;
        vector<float> real;
        vector<double> precise;
        vector<optional<string>> text;
        vector<string> padded;
        vector<vector<std::byte>> bytes;
        vector<string> decimal;
        vector<double> decimal_as_double;
        vector<string> uuid;
        vector<sys_days> days;
        vector<local_time<microseconds>> local;
        vector<sys_time<microseconds>> points;
        vector<microseconds> clocks;
        vector<interval> lengths;
        vector<string> json;
        vector<optional<string>> jsonb;
        optional<vector<int>> none;
        vector<int> empty;
        vector<int> from_zero;
    };
    const auto l = only_row<lists>(
        "SELECT '{t,f}'::bool[], '{1,-2}'::int2[], '{1,-2}'::int4[], '{1,NULL}'::int8[], '{1.5}'::float4[], "
        "'{0.1,-Infinity}'::float8[], ARRAY['a', NULL, '', 'c,\"{}'], '{ab}'::char(3)[], "
        "'{\"\\\\x00ff\"}'::bytea[], "
        "'{1.50,NaN}'::numeric[], '{1.50}'::numeric[], '{01234567-89ab-cdef-0011-223344556677}'::uuid[], "
        "'{2000-01-02,infinity}'::date[], '{2000-01-01 00:00:01}'::timestamp[], "
        "'{2000-01-01 00:00:01+00,-infinity}'::timestamptz[], '{24:00}'::time[], "
        "'{1 year 2 mons -3 days 00:00:01.5}'::interval[], ARRAY['[1]'::json], ARRAY['[1]'::jsonb, NULL], "
        "NULL::int[], "
        "'{}'::int[], '[0:1]={7,8}'::int[]");
    CHECK(l.booleans == vector<bool>{true, false});
    CHECK(l.small == vector<std::int16_t>{1, -2});
    CHECK(l.widened == vector<std::int64_t>{1, -2});
    CHECK(l.big == vector<optional<std::int64_t>>{1, std::nullopt});
    CHECK(l.real == vector<float>{1.5f});
    CHECK(l.precise == vector<double>{0.1, -INFINITY});
    CHECK(l.text == vector<optional<string>>{"a", std::nullopt, "", "c,\"{}"});
    CHECK(l.padded == vector<string>{"ab "});
    CHECK(l.bytes == vector<vector<std::byte>>{{std::byte{0}, std::byte{255}}});
    CHECK(l.decimal == vector<string>{"1.50", "NaN"});
    CHECK(l.decimal_as_double == vector<double>{1.5});
    CHECK(l.uuid == vector<string>{"01234567-89ab-cdef-0011-223344556677"});
    CHECK(l.days == vector<sys_days>{sys_days(year(2000) / 1 / 2), sys_days::max()});
    CHECK(l.local.at(0).time_since_epoch() == seconds(946684801));
    CHECK(l.points.at(0).time_since_epoch() == seconds(946684801));
    CHECK(l.points.at(1) == sys_time<microseconds>::min());
    CHECK(l.clocks == vector<microseconds>{24h});
    CHECK(l.lengths == vector<interval>{{14, -3, 1'500'000}});
    CHECK(l.json == vector<string>{"[1]"});
    CHECK(l.jsonb == vector<optional<string>>{"[1]", std::nullopt});
    CHECK(l.none == std::nullopt);
    CHECK(l.empty.empty());
    CHECK(l.from_zero == vector<int>{7, 8});
}

TEST_CASE("an array that a vector cannot hold says what to do") {
    pqxx::connection c(server::address());
    using list = std::tuple<std::vector<int>>;
    const auto nested = server::read_all<list>(c, "SELECT '{{1,2},{3,4}}'::int[]");
    REQUIRE(nested.error);
    CHECK(nested.error->kind() == error_kind::conversion);
    CHECK_THAT(nested.error->what(), Catch::Contains("unnest()"));
    const auto null = server::read_all<list>(c, "SELECT '{1,NULL}'::int[]");
    REQUIRE(null.error);
    CHECK_THAT(null.error->what(), Catch::Contains("std::optional"));
    const auto wide = server::read_all<list>(c, "SELECT '{1}'::int8[] AS list");
    REQUIRE(wide.error);
    CHECK(wide.error->kind() == error_kind::columns);
    CHECK_THAT(wide.error->what(), Catch::Contains("bigint[]") && Catch::Contains("std::vector<"));
    CHECK(only_value<std::string>("SELECT '{{1,2},{3,4}}'::int[]::text") == "{{1,2},{3,4}}");
}

TEST_CASE("enums and domains are taken for what is below them") {
    const own_types own;
    CHECK(only_value<mood>("SELECT 'happy'::codec_mood") == mood::happy);
    CHECK(only_value<std::optional<mood>>("SELECT NULL::codec_mood") == std::nullopt);
    // The server itself replaces a domain in a result.
    CHECK(only_value<int>("SELECT 3::codec_many") == 3);
    CHECK(only_value<std::vector<int>>("SELECT '{1,2}'::codec_counts") == std::vector<int>{1, 2});

    // Everywhere else the catalogue has to be asked.
    server::run("CREATE TABLE codec_table (a codec_mood, b codec_count, c codec_many, d codec_counts, e "
                "codec_mood[], "
                "f codec_many[], g codec_pair, h int[], i oidvector)");
    const auto columns = columns_of_table("codec_table");
    REQUIRE(columns.size() == 9);
    const auto element = [](const char* name) {
        return static_cast<oid>(std::stoul(server::run(std::string("SELECT '") + name + "'::regtype::oid")));
    };
    const auto is = [&](std::size_t i, oid read_as, const std::string& name, oid of) {
        INFO(columns[i].name << ' ' << columns[i].type);
        CHECK(columns[i].type == read_as);
        CHECK(columns[i].type_name == name);
        CHECK(columns[i].element == of);
    };
    is(0, type::text, "codec_mood", 0);
    is(1, type::int4, "codec_count", 0);
    is(2, type::int4, "codec_many", 0);
    is(3, type::array_of(type::int4), "codec_counts", type::int4);
    is(4, type::array_of(type::text), "codec_mood[]", element("codec_mood"));
    is(5, type::array_of(type::int4), "codec_many[]", element("codec_many"));
    is(6, element("codec_pair"), "codec_pair", 0);
    is(7, type::array_of(type::int4), "integer[]", 0);
    CHECK(columns[8].type_name == "oidvector");
}

TEST_CASE("what the encoders write, COPY BINARY takes, and the decoders read again") {
    using std::optional, std::string, std::vector;
    using namespace std::chrono;
    const own_types own;
    server::run(
        "CREATE TABLE codec_table (a bool, b int2, c int4, d int8, e oid, f float4, g float8, h "
        "numeric(30,5), "
        "i text, j varchar(9), k char(4), l name, m \"char\", n bytea, o uuid, p date, q time, r timestamp, "
        "s timestamptz, t interval, u json, v jsonb, w codec_mood, x codec_many, y int8[], z text[], aa "
        "codec_mood[], "
        "ab codec_counts, ac timestamptz[], ad numeric, ae codec_many[], af jsonb[])");
    using row =
        std::tuple<optional<bool>, optional<std::int64_t>, optional<std::int16_t>, optional<int>,
                   optional<std::uint32_t>, optional<double>, optional<float>, optional<string>,
                   optional<string>, optional<string>, optional<string>, optional<string>, optional<char>,
                   optional<vector<std::byte>>, optional<string>, optional<sys_days>, optional<microseconds>,
                   optional<local_time<microseconds>>, optional<sys_time<microseconds>>, optional<interval>,
                   optional<string>, optional<string>, optional<mood>, optional<int>,
                   optional<vector<optional<int>>>, optional<vector<string>>, optional<vector<mood>>,
                   optional<vector<int>>, optional<vector<sys_time<microseconds>>>, optional<double>,
                   optional<vector<int>>, optional<vector<string>>>;
    const sys_time<microseconds> point = sys_days(year(2024) / 2 / 29) + 12h + 5us;
    const vector<row> rows = {
        {true,
         -3,
         std::int16_t{-4},
         -5,
         4294967295u,
         1.5,
         0.25f,
         "12345.678",
         "h\xC3\xA9\t\\",
         "b",
         "c",
         "d",
         'x',
         vector<std::byte>{std::byte{0}, std::byte{255}},
         "01234567-89ab-cdef-0011-223344556677",
         sys_days(year(2024) / 2 / 29),
         24h,
         local_days(year(-43) / 3 / 15) + 1s,
         point,
         interval{14, -3, 5},
         "{\"a\": 1}",
         "{\"a\": 1}",
         mood::happy,
         7,
         vector<optional<int>>{1, std::nullopt},
         vector<string>{"a", "", "b,\"{"},
         vector<mood>{mood::happy, mood::sad},
         vector<int>{8, 9},
         vector<sys_time<microseconds>>{point},
         0.1,
         vector<int>{1, 2},
         vector<string>{"[1]"}},
        row(),
        {false,
         32767,
         std::int16_t{0},
         0,
         0u,
         -HUGE_VAL,
         HUGE_VALF,
         "NaN",
         "",
         "",
         "",
         "",
         ' ',
         vector<std::byte>(),
         "00000000000000000000000000000000",
         sys_days::max(),
         0us,
         local_time<microseconds>::max(),
         sys_time<microseconds>::min(),
         interval(),
         "[]",
         "null",
         mood::sad,
         1,
         vector<optional<int>>(),
         vector<string>(),
         vector<mood>(),
         vector<int>(),
         vector<sys_time<microseconds>>(),
         HUGE_VAL,
         vector<int>(),
         vector<string>()},
    };
    const auto columns = columns_of_table("codec_table");
    const copy_file file;
    file.write(copy_stream(columns, rows));
    server::run("COPY codec_table FROM " + file.name() + " (FORMAT binary)");

    const auto text = [](const std::string& where) {
        return server::run("SET timezone = 'UTC'; SELECT codec_table::text FROM codec_table WHERE " + where);
    };
    CHECK(text("a") ==
          "(t,-3,-4,-5,4294967295,1.5,0.25,12345.67800,\"h\xC3\xA9\t\\\\\",b,\"c   \",d,x,\"\\\\x00ff\","
          "01234567-89ab-cdef-0011-223344556677,2024-02-29,24:00:00,\"0044-03-15 00:00:01 BC\",\"2024-02-29 "
          "12:00:00.000005+00\",\"1 year 2 mons -3 days +00:00:00.000005\",\"{\"\"a\"\": 1}\",\"{\"\"a\"\": "
          "1}\",happy,7,"
          "\"{1,NULL}\",\"{a,\"\"\"\",\"\"b,\\\\\"\"{\"\"}\",\"{happy,sad}\",\"{8,9}\",\"{\"\"2024-02-29 "
          "12:00:00.000005+00\"\"}\",0.1,\"{1,2}\",{[1]})");
    CHECK(text("a IS NULL") == "(" + std::string(31, ',') + ")");
    CHECK(text("NOT a") ==
          "(f,32767,0,0,0,-Infinity,Infinity,NaN,\"\",\"\",\"    \",\"\",\" "
          "\",\"\\\\x\",00000000-0000-0000-0000-000000000000,"
          "infinity,00:00:00,infinity,-infinity,00:00:00,[],null,sad,1,{},{},{},{},{},Infinity,{},{})");
    CHECK(server::run("SELECT count(*) FROM codec_table") == "3");

    const auto read = only_row<row>(
        "SELECT a, b::int8, b, c, e, g, f, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y::int4[], z, "
        "aa, ab, ac, ad, ae, af FROM codec_table WHERE a");
    CHECK(std::get<18>(read) == point);
    CHECK(std::get<19>(read) == interval{14, -3, 5});
    CHECK(std::get<24>(read) == vector<optional<int>>{1, std::nullopt});
    CHECK(std::get<25>(read) == vector<string>{"a", "", "b,\"{"});
    CHECK(std::get<26>(read) == vector<mood>{mood::happy, mood::sad});
    CHECK(std::get<27>(read) == vector<int>{8, 9});
    CHECK(std::get<29>(read) == 0.1);
    CHECK(std::get<30>(read) == vector<int>{1, 2});
    CHECK(std::get<31>(read) == vector<string>{"[1]"});

    // The arrays of an enum and of a domain, with the server's own number for their elements in their bytes.
    pqxx::connection c(server::address());
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto lists = leat::postgres::rows(ex, c, "SELECT aa, ae FROM codec_table WHERE a");
        auto r = co_await lists.next();
        const auto bytes = [&](int i) {
            const auto raw = (*r)[i].raw();
            return std::string(reinterpret_cast<const char*>(raw.data()), raw.size());
        };
        CHECK(wire::decode<vector<mood>>(columns[26].type, bytes(0)) == vector<mood>{mood::happy, mood::sad});
        CHECK(wire::decode<vector<int>>(columns[30].type, bytes(1)) == vector<int>{1, 2});
        co_await lists.close();
    });
}

TEST_CASE("the server writes the same bytes as the encoders") {
    pqxx::connection c(server::address());
    pqxx::nontransaction t(c);
    int compared = 0;
    const auto same = [&]<class T>(oid to, const T& x, const std::string& send, const std::string& sql) {
        const auto r = t.exec("SELECT encode(" + send + "(" + sql + "), 'hex')");
        INFO(sql);
        CHECK(hex(wire::encode(to, x)) == r[0][0].c_str());
        ++compared;
    };
    std::mt19937 random(4);
    for (int round = 0; round < 400; ++round) {
        std::string text = random() % 2 ? "-" : "";
        for (auto n = 1 + random() % 25; n > 0; --n)
            text += static_cast<char>('0' + (random() % 3 ? 0 : random() % 10));
        if (random() % 2) {
            text += '.';
            for (auto n = 1 + random() % 25; n > 0; --n)
                text += static_cast<char>('0' + (random() % 3 ? 0 : random() % 10));
        }
        if (random() % 3 == 0)
            text += "e" + std::to_string(static_cast<int>(random() % 41) - 20);
        same(type::numeric, text, "numeric_send", "'" + text + "'::numeric");
    }
    for (const char* text : {"0", "NaN", ".5", "5.", "1e130000", "1e-16000", "1E5"})
        same(type::numeric, std::string(text), "numeric_send", "'" + std::string(text) + "'::numeric");
    for (int n : {0, 1, -1, 9999, 10000, -10001, 2147483647})
        same(type::numeric, n, "numeric_send", "(" + std::to_string(n) + ")::numeric");
    same(type::interval, interval{-1, 2, -3}, "interval_send", "'-1 mons 2 days -0.000003 s'::interval");
    same(type::array_of(type::int4), std::vector<std::optional<int>>{1, std::nullopt}, "array_send",
         "'{1,NULL}'::int[]");
    same(type::array_of(type::int4), std::vector<int>(), "array_send", "'{}'::int[]");
    same(type::array_of(type::text), std::vector<std::string>{"a", ""}, "array_send", "ARRAY['a', '']");
    same(type::jsonb, std::string("{\"a\": 1}"), "jsonb_send", "'{\"a\": 1}'::jsonb");
    same(type::date, std::chrono::sys_days(std::chrono::year(-43) / 3 / 15), "date_send",
         "'0044-03-15 BC'::date");
    CHECK(compared == 420);
}

TEST_CASE("an array, an enum, an interval and a time of day as parameters") {
    const own_types own;
    pqxx::connection c(server::address());
    using namespace std::chrono;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        using all = std::tuple<std::vector<std::optional<std::string>>, std::vector<std::int64_t>, mood,
                               interval, microseconds, bool>;
        const std::vector<std::optional<std::string>> texts{"a\"b\\c,{}", std::nullopt, "NULL", "", " x "};
        const std::vector<int> numbers{1, -2};
        const interval length{14, -3, -3'600'000'005};
        const microseconds clock = 23h + 7us;
        auto s = rows<all>(
            ex, c, "SELECT $1::text[], $2::int8[], $3::codec_mood, $4::interval, $5::time, 7 = ANY($6)",
            texts, numbers, mood::happy, length, clock, std::vector<int>{5, 7});
        auto row = co_await s.next();
        CHECK(std::get<0>(*row) == texts);
        CHECK(std::get<1>(*row) == std::vector<std::int64_t>{1, -2});
        CHECK(std::get<2>(*row) == mood::happy);
        CHECK(std::get<3>(*row) == length);
        CHECK(std::get<4>(*row) == clock);
        CHECK(std::get<5>(*row));
        co_await s.close();
    });
}

TEST_CASE("a quoted name is that name to the server") {
    for (const std::string name :
         {"Codec \"odd\"", "codec; DROP TABLE x; --", "codec.dot", "codec\\", "codec h\xC3\xA9", "select"}) {
        const auto quoted = ident("pg_temp", name);
        CHECK(server::run("CREATE TEMP TABLE " + ident(name) + " (a int); INSERT INTO " + quoted +
                          " VALUES (7); SELECT relname FROM pg_class WHERE oid = (SELECT tableoid FROM " +
                          quoted + ")") == name);
    }
}

TEST_CASE("types without a decoder name the cast") {
    pqxx::connection c(server::address());
    for (const char* sql :
         {"SELECT '(1,2)'::point AS p", "SELECT '[1,2)'::int4range AS p", "SELECT '1.2.3.4'::inet AS p",
          "SELECT '12:00+01'::timetz AS p", "SELECT ROW(1, 2) AS p", "SELECT '1'::money AS p"}) {
        const auto o = server::read_all<std::tuple<std::string>>(c, sql);
        REQUIRE(o.error);
        CHECK(o.error->kind() == error_kind::columns);
        CHECK_THAT(o.error->what(), Catch::Contains("\"p\"::text"));
        const auto as_text =
            server::read_all<std::tuple<std::string>>(c, std::string("SELECT p::text FROM (") + sql + ") x");
        CHECK(as_text.rows == 1);
    }
}
