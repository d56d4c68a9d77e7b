#include "parse.hpp"
#include "support/catch.hpp"
#include "vectors/vectors.hpp"

#include <leat/leat.hpp>
#include <leat/sse.hpp>

namespace sse = leat::sse;
using namespace std::literals;

namespace {

leat::async_generator<std::string_view> texts(std::vector<std::string> all) {
    for (auto& t : all)
        co_yield std::string_view(t);
}

leat::async_generator<std::string_view> in_one_batch(std::vector<std::string_view> all) {
    co_yield leat::batch(all);
}

template <class S> leat::task<std::vector<std::string>> read(S wire) {
    std::vector<std::string> out;
    while (auto w = co_await wire.next())
        out.emplace_back(*w);
    co_return out;
}

using lines = std::vector<std::string>;

} // namespace

TEST_CASE("each text is one event, as JSON by default") {
    CHECK(leat::sync_wait(read(texts({"Hel", "lo", "", "a\nb"}) | sse::write())) ==
          lines{"data: \"Hel\"\n\n", "data: \"lo\"\n\n", "data: \"\"\n\n", "data: \"a\\nb\"\n\n"});
}

TEST_CASE("texts as they are, with an event name") {
    sse::write_options options{.text = sse::text_as::lines, .type = "token"};
    CHECK(leat::sync_wait(read(sse::write(texts({" the", "a\nb"}), options))) ==
          lines{"event: token\ndata:  the\n\n", "event: token\ndata: a\ndata: b\n\n"});
    options.type = "two\nlines";
    CHECK_THROWS_AS(sse::write(texts({}), options), sse::bad_field);
}

TEST_CASE("a character cut in two waits for its other half") {
    CHECK(leat::sync_wait(read(texts({"a\xF0\x9F", "\x98",
                                      "\x80"
                                      "b"}) |
                               sse::write())) == lines{"data: \"a\"\n\n", "data: \"\xF0\x9F\x98\x80"
                                                                          "b\"\n\n"});
    CHECK(leat::sync_wait(read(texts({"\xE2\x82", "x"}) | sse::write())) ==
          lines{"data: \"\xEF\xBF\xBDx\"\n\n"});
    CHECK(leat::sync_wait(read(texts({"\xE2"}) | sse::write())) == lines{"data: \"\xEF\xBF\xBD\"\n\n"});
    CHECK(leat::sync_wait(read(texts({"x", "\xE2", ""}) | sse::write())) ==
          lines{"data: \"x\"\n\n", "data: \"\xEF\xBF\xBD\"\n\n"});
}

TEST_CASE("a batch of texts is a batch of events") {
    auto test = [](auto wire) -> leat::task<> {
        auto batch = co_await wire.next_batch();
        int n = 0;
        for (std::string_view w : batch) {
            CHECK(w == "data: \"x\"\n\n");
            ++n;
        }
        CHECK(n == 3);
    };
    leat::sync_wait(test(in_one_batch({"x", "x", "x"}) | sse::write()));
}

TEST_CASE("events go through bytes -> events -> write -> parser unchanged") {
    for (const auto& vector : vectors::load("sse.json")) {
        INFO("vector " << vector.at("name").get<std::string>());
        const auto chunks = vectors::chunks_of(vector);
        const parsed expected = parse(chunks);
        const auto wire = leat::sync_wait(read(texts(chunks) | sse::events() | sse::write()));
        CHECK(wire.size() == expected.events.size());
        CHECK(parse(wire).events == expected.events);
    }
}
