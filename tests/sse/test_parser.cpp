#include "parse.hpp"
#include "support/catch.hpp"
#include "vectors/vectors.hpp"

#include <leat/sse/parser.hpp>

#include <cstdint>
#include <random>
#include <type_traits>

namespace sse = leat::sse;
using namespace std::literals;
using std::chrono::milliseconds;

static_assert(!std::is_copy_constructible_v<sse::parser>);
static_assert(std::is_nothrow_move_constructible_v<sse::parser>);

namespace {

sse::parser_options options_of(const nlohmann::json& vector) {
    const auto seed = vector.find("initial_last_event_id");
    if (seed == vector.end())
        return {};
    return {.last_event_id = seed->get_ref<const std::string&>()};
}

std::optional<milliseconds> retry_of(const nlohmann::json& value) {
    if (value.is_null())
        return std::nullopt;
    if (value.is_string()) // "overflow": it saturates, here at 100 years
        return milliseconds(std::chrono::hours(24 * 365 * 100));
    return milliseconds(value.get<std::int64_t>());
}

parsed expected_of(const nlohmann::json& vector) {
    parsed out;
    for (const auto& e : vector.at("expect")) {
        out.events.emplace_back(e.at("event"), e.at("data"), e.at("id"));
        if (e.contains("retry"))
            out.events.back().retry = retry_of(e.at("retry"));
    }
    out.last_event_id = vector.at("last_event_id");
    out.retry = retry_of(vector.at("retry"));
    return out;
}

void check(const parsed& got, const parsed& expected) {
    CHECK(got.events == expected.events);
    CHECK(got.last_event_id == expected.last_event_id);
    CHECK(got.retry == expected.retry);
}

} // namespace

TEST_CASE("the parser passes every vector, however it is cut") {
    const auto all = vectors::load("sse.json");
    REQUIRE(all.size() == 121);
    for (const auto& vector : all) {
        INFO("vector " << vector.at("name").get<std::string>());
        const auto chunks = vectors::chunks_of(vector);
        const auto bytes = vectors::join(chunks);
        const auto expected = expected_of(vector);
        const auto options = options_of(vector);
        check(parse(chunks, options), expected);
        check(parse({bytes}, options), expected);
        check(parse(vectors::bytes_of(bytes), options), expected);
        check(parse(vectors::with_empty_chunks(vectors::bytes_of(bytes)), options), expected);
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
            const auto got = parse({bytes.substr(0, cut), bytes.substr(cut)}, options);
            if (got != expected) {
                INFO("cut at " << cut);
                check(got, expected);
                break;
            }
        }
    }
}

TEST_CASE("the parser gives the same for random bytes, however they are cut") {
    const auto seed = std::random_device{}();
    std::mt19937 random(seed);
    INFO("seed " << seed);
    const std::vector<std::string> words = {
        "data", "data:", "data: ", "event:", "id: ", "retry: 1", "\n",   "\r",   "\r\n", "\n\n", ":",    " ",
        "x",    "\0"s,   "\xEF",   "\xBB",   "\xBF", "\xE2",     "\x82", "\xAC", "\xF0", "\x9F", "\xED", "0"};
    for (int round = 0; round != 3000; ++round) {
        std::string bytes;
        for (auto n = random() % 60; n != 0; --n)
            bytes += words[random() % words.size()];
        const parsed whole = parse(bytes);
        std::vector<std::string> chunks;
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t n = random() % 7;
            chunks.push_back(bytes.substr(at, n));
            at += n;
        }
        const parsed cut = parse(chunks);
        if (cut != whole) {
            CAPTURE(round, bytes);
            check(cut, whole);
            FAIL("cutting changed the result");
        }
    }
}

TEST_CASE("an event is there with the CR of its blank line, before the byte after it") {
    sse::parser parser;
    parser.feed("data: x\r\r"sv);
    const sse::event* e = parser.next();
    REQUIRE(e != nullptr);
    CHECK(e->data == "x");
    CHECK(parser.next() == nullptr);
    parser.feed("\ndata: y\r\n\r"sv);
    e = parser.next();
    REQUIRE(e != nullptr);
    CHECK(e->data == "y");
    CHECK(parser.next() == nullptr);
}

TEST_CASE("bytes may come as std::byte") {
    sse::parser parser;
    const std::string bytes = "data: x\n\n";
    parser.feed(std::as_bytes(std::span(bytes)));
    const sse::event* e = parser.next();
    REQUIRE(e != nullptr);
    CHECK(e->data == "x");
}

TEST_CASE("the last event id and the reconnection time are those of the event given last") {
    sse::parser parser;
    CHECK_FALSE(parser.reconnection_time());
    parser.feed("id: 1\ndata: a\n\nid: 2\nretry: 5\ndata: b\n\nid: 3\n\n"sv);
    REQUIRE(parser.next() != nullptr);
    CHECK(parser.last_event_id() == "1");
    CHECK_FALSE(parser.reconnection_time());
    REQUIRE(parser.next() != nullptr);
    CHECK(parser.last_event_id() == "2");
    CHECK(parser.reconnection_time() == milliseconds(5));
    REQUIRE(parser.next() == nullptr);
    CHECK(parser.last_event_id() == "3");
}

TEST_CASE("a parser can be moved in the middle of a chunk") {
    sse::parser first;
    first.feed("id: 1\nevent: a\ndata: x\ndata: y\n\ndata: z\n"sv);
    const sse::event e = *first.next();
    sse::parser second = std::move(first);
    CHECK(e.id == "1");
    CHECK(e.type == "a");
    CHECK(e.data == "x\ny");
    CHECK(second.next() == nullptr);
    second.feed("\n"sv);
    const sse::event* last = second.next();
    REQUIRE(last != nullptr);
    CHECK(last->data == "z");
    CHECK(last->id == "1");
}

TEST_CASE("the limit counts line, data, type and id together, while bytes arrive, at any cut") {
    struct example {
        const char* what;
        std::string bytes;
        std::size_t size; // the smallest limit that lets it pass
    };
    const std::vector<example> examples = {
        {"one data line (with its LF)", "data:" + std::string(100, 'x') + "\n\n", 101},
        {"many data lines", "data\ndata\ndata:abc\n\n", 6},
        {"type", "event:" + std::string(50, 't') + "\ndata:x\n\n", 52},
        {"id", "id:" + std::string(50, 'i') + "\ndata:x\n\n", 52},
        {"all of them", "id:1234\nevent:abc\ndata:x\ndata:y\n\n", 11},
        {"replaced bytes count as what they became", "data:\xFF\xFF\xFF\xFF\n\n", 13},
        {"an id stays", "id:1234567890\ndata:x\n\ndata:y\n\n", 12},
        {"a retry line", "retry:" + std::string(60, '0') + "\ndata:x\n\n", 60},
        {"comments and unknown fields do not count",
         ":" + std::string(90, 'c') + "\nfoo:" + std::string(90, 'c') + "\n" + std::string(90, 'c') +
             "\ndata:x\n\n",
         2},
    };
    for (const auto& x : examples) {
        INFO(x.what);
        for (std::size_t cut = 0; cut <= x.bytes.size(); ++cut) {
            const std::vector<std::string> two = {x.bytes.substr(0, cut), x.bytes.substr(cut)};
            CHECK_NOTHROW(parse(two, {.max_event_bytes = x.size}));
            CHECK_THROWS_AS(parse(two, {.max_event_bytes = x.size - 1}), sse::event_too_large);
        }
        CHECK_NOTHROW(parse(vectors::bytes_of(x.bytes), {.max_event_bytes = x.size}));
        CHECK_THROWS_AS(parse(vectors::bytes_of(x.bytes), {.max_event_bytes = x.size - 1}),
                        sse::event_too_large);
    }
}

TEST_CASE("a line without an end is refused while it arrives, after the events before it") {
    sse::parser parser({.max_event_bytes = 1000});
    parser.feed("data: first\n\ndata: secret"sv);
    REQUIRE(parser.next() != nullptr);
    REQUIRE(parser.next() == nullptr);
    const std::string more(100, 'x');
    std::size_t sent = 0;
    try {
        for (;;) {
            parser.feed(more);
            sent += more.size();
            REQUIRE(sent < 1100);
            const sse::event* e = parser.next();
            REQUIRE(e == nullptr);
        }
    } catch (const sse::event_too_large& e) {
        CHECK(e.limit() == 1000);
        CHECK_THAT(e.what(),
                   Catch::Contains("1000") && Catch::Contains("max_event_bytes"));
        CHECK_THAT(e.what(), !Catch::Contains("secret"));
    }
    CHECK(sent == 1000); // 7 bytes of " secret" and 1000 more
    CHECK(parser.next() == nullptr);
    parser.feed("\n\ndata: x\n\n"sv);
    CHECK(parser.next() == nullptr); // once failed, it stays at the end
}

TEST_CASE("the default limit is 16 MiB") {
    CHECK(sse::parser_options{}.max_event_bytes == 16u * 1024 * 1024);
    sse::parser parser;
    const std::string piece(1024 * 1024, 'x');
    parser.feed("data:"sv);
    CHECK(parser.next() == nullptr);
    for (int i = 0; i != 16; ++i) {
        parser.feed(piece);
        CHECK(parser.next() == nullptr);
    }
    parser.feed("x"sv);
    CHECK_THROWS_AS(parser.next(), sse::event_too_large);
}

TEST_CASE("all ways to find a line end agree") {
    std::mt19937 random(7);
    for (int round = 0; round != 20000; ++round) {
        std::string text(random() % 200, 'a');
        for (auto& c : text)
            c = static_cast<char>(' ' + random() % 90);
        for (auto n = random() % 3; n != 0 && !text.empty(); --n)
            text[random() % text.size()] = "\n\r\x8a\x8d\xff\x0b"[random() % 6];
        const char* const p = text.data();
        const char* const end = p + text.size();
        const auto expected = sse::detail::find_line_end_bytes(p, end);
        const auto words = sse::detail::find_line_end_words(p, end);
        const auto best = sse::detail::find_line_end(p, end);
        REQUIRE(words.at == expected.at);
        REQUIRE(words.ascii == expected.ascii);
        REQUIRE(best.at == expected.at);
        REQUIRE(best.ascii == expected.ascii);
    }
}
