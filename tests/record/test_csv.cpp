#include "record_test.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <leat/record/csv.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <stdexcept>
#include <tuple>

namespace csv = leat::csv;
namespace record = leat::record;

namespace {

using row = std::vector<std::string>;

struct fields {
    explicit fields(const csv::row_view& r) : texts(r.begin(), r.end()), line(r.line()) {}
    row texts;
    std::uint64_t line;
    bool operator==(const fields&) const = default;
};

constexpr csv::options plain{.header = false};

outcome<fields> read(strings chunks, const csv::options& o = plain) {
    return outcome_of<fields>(chunks_of(std::move(chunks)) | csv::rows(o));
}
std::vector<row> rows_of(std::string_view text, const csv::options& o = plain) {
    const auto all = read({std::string(text)}, o);
    CHECK(all.error.empty());
    std::vector<row> out;
    for (const auto& r : all.records)
        out.push_back(r.texts);
    return out;
}

// RFC 4180 byte by byte, as simple as can be. Rows until the first fault; `wrong` says which line, column and kind.
struct naive {
    std::vector<row> rows;
    std::vector<std::uint64_t> lines;
    std::string wrong;
};
naive read_naively(std::string_view text, const csv::options& o) {
    naive out;
    if (text.starts_with("\xEF\xBB\xBF"))
        text.remove_prefix(3);
    std::size_t i = 0;
    std::size_t columns = 0;
    std::uint64_t line = 1;
    bool header = o.header;
    const auto is_blank = [&](char c) { return o.trim && (c == ' ' || c == '\t'); };
    while (i < text.size()) {
        row r;
        const std::uint64_t first_line = line;
        bool quoted_row = false;
        for (bool in_row = true; in_row;) {
            const auto fail = [&](const char* what, std::uint64_t l) {
                out.wrong = std::string(what) + ":" + std::to_string(l) + ":" + std::to_string(r.size() + 1);
                return out;
            };
            const std::uint64_t field_line = line;
            std::string f;
            std::size_t j = i;
            while (j < text.size() && is_blank(text[j]))
                ++j;
            if (o.quote != '\0' && j < text.size() && text[j] == o.quote) {
                quoted_row = true;
                for (++j;; ++j) {
                    if (j == text.size())
                        return fail("quoting", field_line);
                    if (text[j] == o.quote) {
                        if (j + 1 == text.size() || text[j + 1] != o.quote)
                            break;
                        ++j;
                    } else if (text[j] == '\n') {
                        ++line;
                    }
                    f += text[j];
                }
                ++j;
                const std::size_t close = j;
                while (j < text.size() && text[j] != o.delimiter && text[j] != '\n')
                    ++j;
                std::size_t end = j;
                if ((j == text.size() || text[j] == '\n') && end != close && text[end - 1] == '\r')
                    --end;
                for (std::size_t k = close; k != end; ++k)
                    if (!is_blank(text[k]))
                        return fail("quoting", line);
            } else {
                j = i;
                while (j < text.size() && text[j] != o.delimiter && text[j] != '\n') {
                    if (o.quote != '\0' && text[j] == o.quote)
                        return fail("quoting", line);
                    f += text[j++];
                }
                if ((j == text.size() || text[j] == '\n') && !f.empty() && f.back() == '\r')
                    f.pop_back();
                while (!f.empty() && is_blank(f.back()))
                    f.pop_back();
                while (!f.empty() && is_blank(f.front()))
                    f.erase(f.begin());
            }
            r.push_back(f);
            in_row = j != text.size() && text[j] == o.delimiter;
            i = j + 1;
        }
        ++line;
        if (r.size() == 1 && columns != 1 && !quoted_row && r[0].empty())
            continue;
        if (columns == 0) {
            columns = r.size();
            if (header) {
                header = false;
                continue;
            }
        } else if (columns != r.size()) {
            out.wrong = "count:" + std::to_string(first_line);
            return out;
        }
        out.rows.push_back(r);
        out.lines.push_back(first_line);
    }
    return out;
}

std::string fault_of(const strings& chunks, const csv::options& o) {
    std::string out;
    auto rows = chunks_of(chunks) | csv::rows(o);
    const auto drain = [&]() -> leat::task<> {
        try {
            while (auto r = co_await rows.next())
                out.clear();
        } catch (const record::error& e) {
            out = e.kind() == record::error_kind::quoting
                      ? "quoting:" + std::to_string(e.line()) + ":" + std::to_string(e.column())
                      : "count:" + std::to_string(e.line());
        }
    };
    leat::sync_wait(drain());
    return out;
}

struct user {
    std::int64_t id;
    std::string name;
    std::optional<int> age;
    double balance;
    bool active;
    static constexpr std::array column_names{"id", "name", "age", "balance", "active"};
    bool operator==(const user&) const = default;
};

template <class Row> outcome<Row> structs(strings chunks, const csv::options& o = {}) {
    return outcome_of<Row>(chunks_of(std::move(chunks)) | csv::rows<Row>(o));
}

} // namespace

TEST_CASE("csv: what a row is") {
    CHECK(rows_of("").empty());
    CHECK(rows_of("a") == std::vector<row>{{"a"}});
    CHECK(rows_of("a,b\nc,d") == std::vector<row>{{"a", "b"}, {"c", "d"}});
    CHECK(rows_of("a,b\r\nc,d\r\n") == std::vector<row>{{"a", "b"}, {"c", "d"}});
    CHECK(rows_of(",\n,\n") == std::vector<row>{{"", ""}, {"", ""}});
    CHECK(rows_of("\"a\",\"b,c\"\n\"d\ne\",\"f\"\"g\"\n") ==
          std::vector<row>{{"a", "b,c"}, {"d\ne", "f\"g"}});
    CHECK(rows_of("\"\",\"\"\"\"\r\n") == std::vector<row>{{"", "\""}});
    CHECK(rows_of("a,\"b\r\n\"\"\"\r\n") == std::vector<row>{{"a", "b\r\n\""}});
    CHECK(rows_of("a\rb,c\r\r\n") == std::vector<row>{{"a\rb", "c\r"}});
    CHECK(rows_of("\xEF\xBB\xBF\"a\",b\n") == std::vector<row>{{"a", "b"}});
    CHECK(rows_of("\xEF\xBB\xBF").empty());
    CHECK(rows_of("a,b\n\xEF\xBB\xBF,c\n") == std::vector<row>{{"a", "b"}, {"\xEF\xBB\xBF", "c"}});
    CHECK(rows_of(std::string("\0,\xFF\xFE\n", 5)) == std::vector<row>{{std::string(1, '\0'), "\xFF\xFE"}});
}

TEST_CASE("csv: empty lines are no rows, but where rows have one field") {
    CHECK(rows_of("\n\na,b\n\r\n\nc,d\n\n") == std::vector<row>{{"a", "b"}, {"c", "d"}});
    CHECK(rows_of("a\n\nb\n") == std::vector<row>{{"a"}, {""}, {"b"}});
    CHECK(rows_of("\"\"\na\n") == std::vector<row>{{""}, {"a"}});
}

TEST_CASE("csv: options") {
    CHECK(rows_of("a;b\nc;'d;''e'\n", {.delimiter = ';', .quote = '\'', .header = false}) ==
          std::vector<row>{{"a", "b"}, {"c", "d;'e"}});
    CHECK(rows_of("a,\"b\nc,d\"e\n", {.quote = '\0', .header = false}) ==
          std::vector<row>{{"a", "\"b"}, {"c", "d\"e"}});
    CHECK(rows_of(" a ,\t\" b \" \r\n  , c d \n", {.header = false, .trim = true}) ==
          std::vector<row>{{"a", " b "}, {"", "c d"}});
    CHECK(rows_of("\"q\", x \n", {.header = false, .trim = true}) == std::vector<row>{{"q", "x"}});
    CHECK(rows_of("h1,h2\n1,2\n", {}) == std::vector<row>{{"1", "2"}});
    CHECK(rows_of("h1,h2\n", {}).empty());
}

TEST_CASE("csv: a row view knows its columns, its line and its number") {
    const auto look = []() -> leat::task<> {
        auto rows = chunks_of({"id,name\n", "1,a\n\n2,\"b\nc\"\n3,", "d\n"}) | csv::rows();
        std::vector<std::uint64_t> lines;
        strings names;
        std::uint64_t number = 0;
        while (auto r = co_await rows.next()) {
            lines.push_back(r->line());
            names.emplace_back((*r)["name"]);
            CHECK(r->number() == ++number);
            CHECK(r->size() == 2);
            CHECK(r->place_of("id") == 0);
            CHECK((*r)[1] == (*r)["name"]);
            CHECK(r->names()[1] == "name");
            CHECK_THROWS_AS(r->place_of("no"), record::error);
        }
        CHECK(lines == std::vector<std::uint64_t>{2, 4, 6});
        CHECK(names == strings{"a", "b\nc", "d"});
    };
    leat::sync_wait(look());
}

TEST_CASE("csv: a row to keep") {
    const auto all = leat::sync_wait(chunks_of({"a,\"b\"\"\"\n", "c,d"}) | csv::rows(plain) |
                                     leat::materialize() | leat::collect<std::vector>());
    CHECK(all == std::vector<row>{{"a", "b\""}, {"c", "d"}});
}

TEST_CASE("csv: chunked at every byte it gives what a naive parser gives, faults too") {
    std::mt19937 random(5);
    std::size_t faulty = 0;
    std::size_t rows = 0;
    for (int round = 0; round != 250; ++round) {
        csv::options o{.header = round % 3 == 0, .trim = round % 5 == 0};
        if (round % 11 == 0)
            o.quote = '\0';
        std::string text = round % 7 == 0 ? "\xEF\xBB\xBF" : "";
        const unsigned columns = 1 + random() % 4;
        const bool sound = random() % 2 == 0;
        const auto size = random() % 160;
        while (text.size() < size) {
            for (unsigned c = 0; c != columns; ++c) {
                if (c != 0)
                    text += ',';
                std::string f;
                for (auto n = random() % 6; n != 0; --n)
                    f += "ab\r\n,\" \0\xC3"[random() % 9];
                if (sound && f.find_first_of("\r\n,\" ") != std::string::npos) {
                    std::string q = "\"";
                    for (const char x : f)
                        q += x == '"' ? "\"\"" : std::string(1, x);
                    f = q + '"';
                } else if (!sound && random() % 4 != 0) {
                    f = "x\"\"";
                    if (random() % 3 != 0)
                        f = "\"y\"\"\"";
                }
                text += f;
            }
            text += random() % 2 == 0 ? "\r\n" : "\n";
        }
        if (random() % 2 == 0 && !text.empty())
            text.pop_back();
        const naive expected = read_naively(text, o);
        faulty += !expected.wrong.empty();
        rows += expected.rows.size();
        every_chunking(text, [&](const strings& chunks) {
            const auto found = read(chunks, o);
            INFO("text [" << text << "]");
            REQUIRE(found.records.size() == expected.rows.size());
            for (std::size_t i = 0; i != expected.rows.size(); ++i) {
                REQUIRE(found.records[i].texts == expected.rows[i]);
                REQUIRE(found.records[i].line == expected.lines[i]);
            }
            REQUIRE(found.error.empty() == expected.wrong.empty());
            if (!expected.wrong.empty() && chunks.size() < 4)
                REQUIRE(fault_of(chunks, o) == expected.wrong);
        });
    }
    CHECK(faulty > 50);
    CHECK(rows > 500);
}

TEST_CASE("csv: rows longer than the part that is looked at once") {
    std::string text;
    std::vector<row> expected;
    for (const std::size_t size : {10u, 8190u, 8192u, 9000u, 40'000u, 3u}) {
        const std::string big(size, 'x');
        text += big + ",\"" + big + "\n\"\"\"\r\n";
        expected.push_back({big, big + "\n\""});
    }
    CHECK(rows_of(text) == expected);
    for (const std::size_t step : {1000u, 8192u, 30'000u}) {
        const auto all = read(in_steps(text, step));
        CHECK(all.error.empty());
        REQUIRE(all.records.size() == expected.size());
        for (std::size_t i = 0; i != expected.size(); ++i)
            CHECK(all.records[i].texts == expected[i]);
    }
}

TEST_CASE("csv: errors come after the rows before them, and say where, but not what") {
    const auto error_of = [](std::string text, const csv::options& o = plain) {
        const auto all = read({text}, o);
        for (std::size_t step = 1; step <= 5; ++step)
            CHECK(read(in_steps(text, step), o) == all);
        return std::to_string(all.records.size()) + " rows, then " + all.error;
    };
    using Catch::Matchers::StartsWith;
    CHECK_THAT(error_of("a,b\nc,d\"e\n"),
               StartsWith("1 rows, then leat::csv: line 2, column 2: the quote at byte "
                          "7 is in a field that does not begin with one."));
    CHECK_THAT(error_of("a,b\nc,\"d\"e\n"),
               StartsWith("1 rows, then leat::csv: line 2, column 2: the quote at byte "
                          "8 has something else behind it."));
    CHECK_THAT(
        error_of("id,n\n\"a\nb\",x\nc,\"de\nf", {}),
        StartsWith("1 rows, then leat::csv: line 4, column 2 (\"n\"): the quote at byte 15 is never closed"));
    CHECK_THAT(error_of("a,b\nc\n"),
               StartsWith("1 rows, then leat::csv: the row on line 2 has 1 field, the first row "
                          "has 2."));
    CHECK_THAT(error_of("a,b\n\nc,d,e\n"),
               StartsWith("1 rows, then leat::csv: the row on line 3 has 3 fields"));
}

TEST_CASE("csv: a row over the limit") {
    const csv::options o{.header = false, .max_row = 5};
    for (std::size_t step = 1; step <= 20; ++step) {
        const auto all = read(in_steps("123,5\n123,5\r\n", step), o);
        CHECK(all.records.size() == 1); // the '\r' is the sixth byte
        CHECK(all.error.starts_with("leat::csv: the row on line 2 has more than 5 bytes."));
        CHECK(read(in_steps("\xEF\xBB\xBF"
                            "123,5\n",
                            step),
                   o)
                  .error.empty()); // the mark is no part of the row
        CHECK(read(in_steps("1,\"3\n56789", step), o)
                  .error.starts_with("leat::csv: the row on line 1 has more"));
        CHECK(read(in_steps("1,2\"456789", step), o)
                  .error.starts_with("leat::csv: line 1, column 2: the quote"));
    }
}

TEST_CASE("csv: rows as structs, by the names in the header") {
    const std::string text =
        "active,extra,id,balance,name,age\n"
        "true,?,1,2.5,Ann,30\n0,,-2,1e3,\"B \"\"b\"\"\",\nfalse,,9223372036854775807,0,,7";
    const std::vector<user> expected = {
        {1, "Ann", 30, 2.5, true}, {-2, "B \"b\"", std::nullopt, 1000, false}, {INT64_MAX, "", 7, 0, false}};
    every_chunking(text, [&](const strings& chunks) {
        const auto all = structs<user>(chunks);
        REQUIRE(all.error.empty());
        REQUIRE(all.records == expected);
    });
}

TEST_CASE("csv: rows as tuples and structs in order") {
    using pair = std::tuple<int, std::string>;
    CHECK(structs<pair>({"a,b\n1,x\n"}).records == std::vector<pair>{{1, "x"}});
    CHECK(structs<pair>({"1,x\n2,y"}, plain).records == std::vector<pair>{{1, "x"}, {2, "y"}});
    CHECK(structs<user>({"1,Ann,,0.5,1\n"}, plain).records ==
          std::vector<user>{{1, "Ann", std::nullopt, 0.5, true}});
    CHECK(structs<pair>({"a,b,c\n"})
              .error.starts_with("leat::csv: the first row has 3 fields, and Row has 2 members."));
    CHECK(structs<pair>({""}).error.empty());
    using letters = std::tuple<char, unsigned short>;
    CHECK(structs<letters>({"x,65535\n"}, plain).records ==
          std::vector<letters>{{'x', static_cast<unsigned short>(65535)}});
    CHECK(structs<letters>({"x,65536\n"}, plain)
              .error.starts_with("leat::csv: line 1, column 2: the field is not a whole number"));
    CHECK(structs<letters>({"xy,1\n"}, plain)
              .error.starts_with("leat::csv: line 1, column 1: the field is not one character"));
}

TEST_CASE("csv: columns that do not fit are said before what is wrong with the rows") {
    using pair = std::tuple<int, int>;
    every_chunking("a\n1,2\n", [](const strings& chunks) {
        REQUIRE(
            structs<pair>(chunks).error.starts_with("leat::csv: the first row has 1 field, and Row has 2"));
    });
}

TEST_CASE("csv: a field that does not fit is named, not shown") {
    const std::string head = "id,name,age,balance,active\n1,a,2,3,true\n";
    const auto error_of = [&](const std::string& line) {
        const auto all = structs<user>(in_steps(head + line, 7));
        CHECK(all.records.size() == 1);
        CHECK(all.error.find("secret") == std::string::npos);
        return all.error;
    };
    CHECK(error_of("secret,b,,1,true\n") == "leat::csv: line 3, column 1 (\"id\"): the field is not a whole "
                                            "number in the range of its type. Check the type "
                                            "of the member, and options::delimiter.");
    CHECK(error_of("1 ,b,,1,true\n").find("column 1") != std::string::npos);
    CHECK(error_of("1,b,secret,1,true\n").find("column 3 (\"age\")") != std::string::npos);
    CHECK(error_of("1,b,,secret,true\n").find("column 4 (\"balance\")") != std::string::npos);
    CHECK(error_of("1,b,,1,secret\n").find("column 5 (\"active\")") != std::string::npos);
    CHECK(error_of(",b,,1,true\n").find("the field is empty") != std::string::npos);

    const auto where = [&]() -> leat::task<> {
        auto rows = chunks_of({head + "2,\"x\"\"y\",no,1,true\n"}) | csv::rows<user>();
        bool caught = false;
        try {
            while (co_await rows.next())
                ;
        } catch (const record::error& e) {
            caught = true;
            CHECK(e.kind() == record::error_kind::value);
            CHECK(e.line() == 3);
            CHECK(e.column() == 3);
            CHECK(e.record_number() == 2);
            CHECK(e.offset() == head.size());
        }
        CHECK(caught);
    };
    leat::sync_wait(where());
}

TEST_CASE("csv: a header without the columns that are asked for") {
    CHECK(structs<user>({"id,name,age,balance\n"})
              .error.starts_with("leat::csv: the header has no column \"active\""));
    CHECK(structs<user>({"id,name,age,balance,active,id\n"})
              .error.starts_with("leat::csv: the header has more than one column \"id\""));
}

TEST_CASE("csv: a source's error comes through, and no half row before it") {
    const auto failing = [](std::string text) -> leat::async_generator<std::string_view> {
        co_yield std::string_view(text);
        throw std::runtime_error("the disk");
    };
    const auto look = [&]() -> leat::task<> {
        auto rows = failing("a,b\nc,\"d") | csv::rows(plain);
        std::size_t count = 0;
        std::string error;
        try {
            while (co_await rows.next())
                ++count;
        } catch (const std::runtime_error& e) {
            error = e.what();
        }
        CHECK(count == 1);
        CHECK(error == "the disk");
    };
    leat::sync_wait(look());
}

TEST_CASE("csv: chunks of every kind") {
    const std::vector<row> expected = {{"a", "b"}, {"c", "d"}};
    const auto texts = []() -> leat::async_generator<std::string> {
        co_yield std::string("a,b\nc");
        co_yield std::string(",d\n");
    };
    const auto bytes = []() -> leat::async_generator<std::vector<std::byte>> {
        std::vector<std::byte> some;
        for (const char c : std::string("a,b\nc,d"))
            some.push_back(static_cast<std::byte>(c));
        co_yield std::move(some);
    };
    const auto keep = [](const csv::row_view& r) { return row(r.begin(), r.end()); };
    CHECK(leat::sync_wait(texts() | csv::rows(plain) | leat::transform(keep) |
                          leat::collect<std::vector>()) == expected);
    CHECK(leat::sync_wait(bytes() | csv::rows(plain) | leat::transform(keep) |
                          leat::collect<std::vector>()) == expected);
    auto computed = texts() | leat::transform([](std::string s) { return s; });
    CHECK(leat::sync_wait(std::move(computed) | csv::rows(plain) | leat::transform(keep) |
                          leat::collect<std::vector>()) == expected);
}

TEST_CASE("csv: written and read again it is the same") {
    const auto users = [](std::vector<user> all) -> leat::async_generator<user> {
        for (auto& u : all)
            co_yield u;
    };
    const std::vector<user> all = {{1, "plain", 3, 0.1, true},
                                   {-5, "with, \"quotes\"\r\nand lines", std::nullopt, 1e300, false},
                                   {0, " blank ", -1, -0.0, true},
                                   {7, "\xEF\xBB\xBF", 0, 2.5, false}};
    for (const csv::options& o : {csv::options{}, csv::options{.delimiter = ';', .quote = '\''},
                                  csv::options{.trim = true, .line_end = "\r\n"}}) {
        const std::string text =
            leat::sync_wait(users(all) | csv::lines(o) | leat::materialize() | leat::collect<std::string>());
        CHECK(structs<user>({text}, o).records == all);
        // And as it was read.
        const std::string again =
            leat::sync_wait(chunks_of(in_steps(text, 9)) | csv::rows(o) | csv::lines(o) |
                            leat::materialize() | leat::collect<std::string>());
        CHECK(again == text);
    }
    const std::string text = leat::sync_wait(users(all) | leat::take(2) | csv::lines() | leat::materialize() |
                                             leat::collect<std::string>());
    CHECK(text == "id,name,age,balance,active\n1,plain,3,0.1,true\n-5,\"with, \"\"quotes\"\"\r\nand "
                  "lines\",,1e+300,false\n");
    CHECK(leat::sync_wait(users({}) | csv::lines() | leat::materialize() | leat::collect<std::string>()) ==
          "id,name,age,balance,active\n");
    const auto singles = []() -> leat::async_generator<std::tuple<std::string>> {
        co_yield std::tuple<std::string>("");
        co_yield std::tuple<std::string>("x");
    };
    CHECK(leat::sync_wait(singles() | csv::lines() | leat::materialize() | leat::collect<std::string>()) ==
          "\"\"\nx\n");
}

TEST_CASE("csv: every scanner finds what the portable one finds") {
    using namespace leat::record::detail;
    std::mt19937 random(3);
    for (int round = 0; round != 2000; ++round) {
        std::vector<char> text(random() % 700);
        const auto rarity = std::array{2u, 9u, 60u}[random() % 3];
        for (auto& c : text)
            c = random() % rarity == 0 ? ",\n\""[random() % 3] : static_cast<char>(random());
        const char* const last = text.data() + text.size();
        const needles<3> wanted{',', '\n', '"'};
        const auto run = [&](byte_scanner<3> scan) {
            std::vector<std::uint32_t> out(text.size() + scan_slack);
            out.resize(static_cast<std::size_t>(scan(text.data(), last, wanted, out.data()) - out.data()));
            return out;
        };
        const auto expected = run(&scan_bytes_portable<3>);
        REQUIRE(run(best_byte_scanner<3>()) == expected);
#if defined(LEAT_BYTE_MASK_X86)
        REQUIRE(run(&scan_bytes_sse2<3>) == expected);
#endif
    }
}

TEST_CASE("csv: nothing is allocated for a row or a chunk") {
    if (leat::detail::poisoning)
        return; // each batch has memory of its own then, so that stale fields are found out
    std::string text;
    for (int i = 0; i != 20'000; ++i)
        text += std::to_string(i) + ",name " + std::to_string(i) + ",\"x\"\"y\",1.5,true\n";
    const auto chunks = [](const std::string& all) -> leat::async_generator<std::string_view> {
        for (std::size_t at = 0; at < all.size(); at += 10'000)
            co_yield std::string_view(all).substr(at, 10'000);
    };
    const auto look = [&](auto rows) -> leat::task<std::size_t> {
        for (int i = 0; i != 5'000; ++i)
            co_await rows.next();
        const auto before = allocations();
        while (co_await rows.next())
            ;
        co_return allocations() - before;
    };
    using five = std::tuple<int, std::string, std::string, double, bool>;
    const auto views = leat::sync_wait(look(chunks(text) | csv::rows(plain)));
    const auto tuples = leat::sync_wait(look(chunks(text) | csv::rows<five>(plain)));
    CHECK(views == 0);
    CHECK(tuples == 0);
    const auto written = leat::sync_wait(look(chunks(text) | csv::rows<five>(plain) | csv::lines()));
    CHECK(written == 0);
}
