#include "parse.hpp"
#include "support/catch.hpp"
#include "vectors/vectors.hpp"

#include <leat/sse/write.hpp>

#include <random>

namespace sse = leat::sse;
using namespace std::literals;
using std::chrono::milliseconds;

namespace {

std::string written(const sse::event& e) {
    std::string out;
    sse::write(out, e);
    return out;
}

/// What a reader gets for a text: CR and CRLF come back as LF, bytes that are not UTF-8 as U+FFFD.
std::string as_read(std::string_view text) {
    std::string lines;
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] != '\r')
            lines += text[i];
        else if (i + 1 == text.size() || text[i + 1] != '\n')
            lines += '\n';
    }
    std::string out;
    sse::detail::append_repaired(out, lines);
    return out;
}

const std::vector<std::string> nasty = {"",
                                        " ",
                                        "  the",
                                        "\n",
                                        "\r",
                                        "\r\n",
                                        "\n\n",
                                        "\r\r",
                                        "a\n",
                                        "\na",
                                        "a\rb",
                                        "a\r\nb\n\rc",
                                        "x\n\nevent: admin\ndata: pwn",
                                        "x\rid: 9",
                                        "x\r\n\r\nretry: 1",
                                        ":comment",
                                        "data: data: ",
                                        "\0"s,
                                        "a\0b"s,
                                        "\xEF\xBB\xBFx",
                                        "\xFF",
                                        "\xE2\x82",
                                        "\xF0\x9F\x98\x80",
                                        "\"\\/\b\f\n\r\t\x01\x1f\x7f",
                                        "\u2028\u2029",
                                        "[DONE]",
                                        std::string(300, 'x') + "\n" + std::string(300, 'y')};

} // namespace

TEST_CASE("what write() writes") {
    CHECK(written({.data = "hello"}) == "data: hello\n\n");
    CHECK(written({.type = "tick", .data = "a\nb", .id = "7", .retry = milliseconds(1500)}) ==
          "event: tick\nid: 7\nretry: 1500\ndata: a\ndata: b\n\n");
    CHECK(written({.data = ""}) == "data: \n\n");
    CHECK(written({.type = "", .data = "x"}) == "data: x\n\n");
    std::string out;
    sse::write_data(out, " the");
    sse::write_json(out, "a\n\"b\" \xF0\x9F\x98\x80");
    sse::write_comment(out);
    sse::write_comment(out, "two\nlines");
    sse::write_retry(out, milliseconds(0));
    sse::write_id(out, "");
    CHECK(out == "data:  the\n\ndata: \"a\\n\\\"b\\\" \xF0\x9F\x98\x80\"\n\n:\n\n: two\n: lines\n\nretry: "
                 "0\n\nid: \n\n");
}

TEST_CASE("no text can forge a field or an event") {
    for (const auto& text : nasty) {
        INFO("text " << nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
        const parsed got = parse(written({.type = "t", .data = text, .id = "1"}));
        REQUIRE(got.events.size() == 1);
        CHECK(got.events[0] == owned_event("t", as_read(text), "1"));
        CHECK_FALSE(got.retry);

        std::string wire;
        sse::write_json(wire, text);
        const parsed json = parse(wire);
        REQUIRE(json.events.size() == 1);
        std::string repaired;
        sse::detail::append_repaired(repaired, text);
        CHECK(nlohmann::json::parse(json.events[0].data).get<std::string>() == repaired);

        std::string comment;
        sse::write_comment(comment, text);
        const parsed none = parse(comment);
        CHECK(none == parsed{});
    }
}

TEST_CASE("random events come back from the parser") {
    const auto seed = std::random_device{}();
    std::mt19937 random(seed);
    INFO("seed " << seed);
    const auto text = [&](bool one_line) {
        std::string out;
        for (auto n = random() % 4; n != 0; --n) {
            std::string piece = nasty[random() % nasty.size()];
            if (one_line)
                std::erase_if(piece, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
            out += piece;
        }
        return out;
    };
    std::string wire;
    std::vector<owned_event> expected;
    std::string id;
    for (int i = 0; i != 2000; ++i) {
        owned_event e(text(true), text(false), text(true));
        if (random() % 3 == 0)
            e.retry = milliseconds(random() % 10000);
        sse::write(wire, {.type = e.type, .data = e.data, .id = e.id, .retry = e.retry});
        e.type = e.type.empty() ? "message" : as_read(e.type);
        e.data = as_read(e.data);
        if (!e.id.empty())
            id = as_read(e.id);
        e.id = id;
        expected.push_back(e);
    }
    const parsed got = parse(wire);
    REQUIRE(got.events.size() == expected.size());
    for (std::size_t i = 0; i != expected.size(); ++i)
        REQUIRE(got.events[i] == expected[i]);
}

TEST_CASE("the vectors survive parser, writer, parser") {
    for (const auto& vector : vectors::load("sse.json")) {
        INFO("vector " << vector.at("name").get<std::string>());
        const parsed first = parse(vectors::join(vectors::chunks_of(vector)));
        std::string wire;
        for (const auto& e : first.events) {
            if (e.id.empty())
                sse::write_id(wire, "");
            sse::write(wire, {.type = e.type, .data = e.data, .id = e.id, .retry = e.retry});
        }
        CHECK(parse(wire).events == first.events);
    }
}

TEST_CASE("what cannot be said is refused, and nothing is written") {
    const auto refused = [](const sse::event& e, std::string_view field) {
        std::string out = "before";
        try {
            sse::write(out, e);
            FAIL("not refused");
        } catch (const sse::bad_field& error) {
            CHECK(error.field() == field);
            CHECK_THAT(error.what(), Catch::Contains(std::string(field)));
            CHECK_THAT(error.what(), !Catch::Contains("secret"));
        }
        CHECK(out == "before");
    };
    refused({.type = "secret\nx", .data = "x"}, "type");
    refused({.type = "\r", .data = "x"}, "type");
    refused({.data = "x", .id = "secret\r"}, "id");
    refused({.data = "x", .id = "secret\n"}, "id");
    refused({.data = "x", .id = "secret\0x"sv}, "id");
    refused({.data = "x", .retry = milliseconds(-1)}, "retry");
    std::string out;
    CHECK_THROWS_AS(sse::write_id(out, "a\nb"), sse::bad_field);
    CHECK_THROWS_AS(sse::write_retry(out, milliseconds(-5)), sse::bad_field);
    CHECK(out.empty());
}

TEST_CASE("the unfinished end of a text is found") {
    const auto tail = [](std::string_view text) { return sse::detail::utf8_unfinished_tail(text); };
    CHECK(tail("") == 0);
    CHECK(tail("abc") == 0);
    CHECK(tail("\xE2\x82\xAC") == 0);
    CHECK(tail("a\xE2") == 1);
    CHECK(tail("a\xE2\x82") == 2);
    CHECK(tail("\xF0\x9F\x98") == 3);
    CHECK(tail("\xF0\x9F\x98\x80") == 0);
    CHECK(tail("\xF0") == 1);
    CHECK(tail("\x80") == 0);     // broken, not unfinished
    CHECK(tail("\xE0\x80") == 0); // overlong
    CHECK(tail("\xFF") == 0);
    CHECK(tail("\x80\x80\x80") == 0);
}
