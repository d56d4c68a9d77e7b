#include "support/allocations.hpp" // counted below
#include "support/transcoding.hpp"

#include <leat/gzip.hpp>

using namespace transcoding;
namespace gzip = leat::gzip;

namespace {

const pair both([](auto s) { return gzip::compress(std::move(s)); },
                [](auto s) { return gzip::decompress(std::move(s)); });

} // namespace

TEST_CASE("gzip: there and back") { both.there_and_back(); }
TEST_CASE("gzip: every chunking of the input") { both.every_chunking(); }
TEST_CASE("gzip: cut off after every byte") { both.cut_off_anywhere(); }
TEST_CASE("gzip: a wrong bit in every byte") { both.damaged_anywhere(); }
TEST_CASE("gzip: several behind each other, and something else") { both.several_behind_each_other(); }
TEST_CASE("gzip: what is not compressed at all") { both.something_else(); }
TEST_CASE("gzip: the source's error comes through, after all that came before it") {
    both.the_sources_error();
}
TEST_CASE("gzip: a stop, and an early end") { both.stopped_by_its_reader(); }
TEST_CASE("gzip: chunks of every type") { both.every_type_of_chunk(); }
TEST_CASE("gzip: moved in the middle of a chunk") { both.moved_on_the_way(); }
TEST_CASE("gzip: no allocation per chunk") { both.no_allocation_per_chunk(); }

TEST_CASE("gzip: both ways with the program gzip") {
    for (const std::size_t size : {0u, 1u, 100'000u, 3'000'000u}) {
        const std::string text = some_text(size);
        CHECK(through_program("gzip -dc", both.packed(text)) == text);
        for (const char* level : {"-1", "-9"})
            CHECK(both.unpacked(through_program(std::string("gzip -c ") + level, text)) == text);
    }
    // Its header may have the name of the file, and several of its files may stand behind each other.
    const std::string two =
        through_program("sh -c 'cat > /dev/null; echo one | gzip -c; echo two | gzip -9c'", "");
    CHECK(both.unpacked(two, 1) == "one\ntwo\n");
    CHECK(both.unpacked(two + std::string(10'000, '\0'), 100) == "one\ntwo\n"); // as tar fills up a tape
}

TEST_CASE("gzip: every level, and one that does not exist") {
    const std::string text = some_text(50'000);
    std::size_t before = text.size() + 1000;
    for (const int level : {0, 1, 6, 9}) {
        const std::string bytes = all_of(pieces(text, 1000) | gzip::compress({.level = level}));
        CHECK(bytes.size() < before);
        CHECK(both.unpacked(bytes) == text);
        before = bytes.size() + 1000;
    }
    CHECK_THROWS_WITH(pieces(text, 1000) | gzip::compress({.level = 77}),
                      "leat::gzip::compress: the level 77 does not exist. Give one from 0 to 9.");
}

TEST_CASE("gzip: zlib and raw deflate") {
    const std::string text = some_text(50'000);
    for (const auto form : {gzip::format::zlib, gzip::format::raw, gzip::format::gzip}) {
        const std::string bytes = all_of(pieces(text, 1000) | gzip::compress({.format = form}));
        for (const std::size_t size : {1u, 100u, 100'000u})
            CHECK(all_of(pieces(bytes, size) | gzip::decompress({.format = form})) == text);
        if (form != gzip::format::raw)
            CHECK(both.unpacked(bytes) == text);
        if (form != gzip::format::gzip) { // there is only one of them
            const outcome o = outcome_of(pieces(bytes + "x", 1000) | gzip::decompress({.format = form}));
            REQUIRE(o.error);
            CHECK(o.error->offset() == bytes.size());
            CHECK(o.text == text);
        }
    }
    const std::string raw = all_of(pieces(text, 1000) | gzip::compress({.format = gzip::format::raw}));
    const outcome o = outcome_of(pieces(raw, 1000) | gzip::decompress());
    REQUIRE(o.error);
    CHECK_THAT(o.error->what(), Catch::Contains("leat::gzip::format::raw"));
}

TEST_CASE("gzip: a bomb is met by its limits") {
    const std::string zeros = all_of(pieces(std::string(50'000'000, '\0'), 1'000'000) | gzip::compress());
    REQUIRE(zeros.size() < 60'000);
    const outcome bytes = outcome_of(pieces(zeros, 1000) | gzip::decompress({.max_bytes = 10'000'000}));
    REQUIRE(bytes.error);
    CHECK(bytes.error->fault() == leat::decompress_fault::too_large);
    CHECK(bytes.text.size() <= 10'000'000);
    CHECK(bytes.text.size() > 9'900'000);
    const outcome ratio = outcome_of(pieces(zeros, 1000) | gzip::decompress({.max_ratio = 100}));
    REQUIRE(ratio.error);
    CHECK(ratio.error->fault() == leat::decompress_fault::too_large);
    CHECK(ratio.text.size() <= (1 << 20));
    CHECK(all_of(pieces(zeros, 1000) | gzip::decompress({.max_bytes = 50'000'000})).size() == 50'000'000);
    const std::string text = some_text(5'000'000);
    CHECK(all_of(pieces(both.packed(text), 1000) | gzip::decompress({.max_ratio = 100})) == text);
}

TEST_CASE("gzip: flush_each hands out what each element has become") {
    std::size_t asked = 0;
    const auto counted = [](std::size_t& n) -> leat::async_generator<std::string_view> {
        for (; n != 100; ++n)
            co_yield "a line\n";
    };
    const auto go = [&]() -> leat::task<> {
        auto back = counted(asked) | gzip::compress({.flush_each = true}) | gzip::decompress();
        std::size_t seen = 0;
        while (auto chunk = co_await back.next()) {
            CHECK(chunk->text() == "a line\n");
            CHECK(asked == seen++);
        }
        CHECK(seen == 100);
    };
    leat::sync_wait(go());
}
