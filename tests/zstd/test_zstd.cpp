#include "support/allocations.hpp" // counted below
#include "support/transcoding.hpp"

#include <leat/zstd.hpp>

using namespace transcoding;
namespace zstd = leat::zstd;

namespace {

const pair both([](auto s) { return zstd::compress(std::move(s)); },
                [](auto s) { return zstd::decompress(std::move(s)); });

} // namespace

TEST_CASE("zstd: there and back") { both.there_and_back(); }
TEST_CASE("zstd: every chunking of the input") { both.every_chunking(); }
TEST_CASE("zstd: cut off after every byte") { both.cut_off_anywhere(); }
TEST_CASE("zstd: a wrong bit in every byte") { both.damaged_anywhere(); }
TEST_CASE("zstd: several behind each other, and something else") { both.several_behind_each_other(); }
TEST_CASE("zstd: what is not compressed at all") { both.something_else(); }
TEST_CASE("zstd: the source's error comes through, after all that came before it") {
    both.the_sources_error();
}
TEST_CASE("zstd: a stop, and an early end") { both.stopped_by_its_reader(); }
TEST_CASE("zstd: chunks of every type") { both.every_type_of_chunk(); }
TEST_CASE("zstd: moved in the middle of a chunk") { both.moved_on_the_way(); }
TEST_CASE("zstd: no allocation per chunk") { both.no_allocation_per_chunk(); }

TEST_CASE("zstd: both ways with the program zstd") {
    for (const std::size_t size : {0u, 1u, 100'000u, 3'000'000u}) {
        const std::string text = some_text(size);
        CHECK(through_program("zstd -dcq", both.packed(text)) == text);
        for (const char* level : {"-1", "-19"})
            CHECK(both.unpacked(through_program(std::string("zstd -cq ") + level, text)) == text);
    }
    const std::string two =
        through_program("sh -c 'cat > /dev/null; echo one | zstd -cq; echo two | zstd -9cq'", "");
    CHECK(both.unpacked(two, 1) == "one\ntwo\n");
    // A skippable frame gives nothing.
    const std::string skippable("\x50\x2a\x4d\x18\x04\x00\x00\x00skip", 12);
    CHECK(both.unpacked(skippable + two + skippable, 1) == "one\ntwo\n");
}

TEST_CASE("zstd: every level, and one that does not exist") {
    const std::string text = some_text(50'000);
    for (const int level : {-5, 1, 3, 12}) {
        const std::string bytes = all_of(pieces(text, 1000) | zstd::compress({.level = level}));
        CHECK(bytes.size() < text.size());
        CHECK(both.unpacked(bytes) == text);
    }
    CHECK_THROWS_WITH(
        pieces(text, 1000) | zstd::compress({.level = 77}),
        Catch::Contains("leat::zstd::compress: the level 77 does not exist. Give one from 1 to "));
    CHECK_THROWS_WITH(pieces(text, 1000) | zstd::decompress({.window_log = 77}),
                      Catch::Contains("window_log cannot be 77"));
}

TEST_CASE("zstd: a bomb is met by its limits") {
    const std::string zeros = all_of(pieces(std::string(50'000'000, '\0'), 1'000'000) | zstd::compress());
    REQUIRE(zeros.size() < 60'000);
    const outcome bytes = outcome_of(pieces(zeros, 1000) | zstd::decompress({.max_bytes = 10'000'000}));
    REQUIRE(bytes.error);
    CHECK(bytes.error->fault() == leat::decompress_fault::too_large);
    CHECK(bytes.text.size() <= 10'000'000);
    CHECK(bytes.text.size() > 9'900'000);
    const outcome ratio = outcome_of(pieces(zeros, 1000) | zstd::decompress({.max_ratio = 100}));
    REQUIRE(ratio.error);
    CHECK(ratio.error->fault() == leat::decompress_fault::too_large);
    CHECK(ratio.text.size() <= (1 << 20));
    CHECK(all_of(pieces(zeros, 1000) | zstd::decompress({.max_bytes = 50'000'000})).size() == 50'000'000);
    // The window, too, is memory that the input asks for.
    const std::string wide = through_program("zstd -cq --ultra -20 --long=30", some_text(100));
    const outcome window = outcome_of(pieces(wide, 1000) | zstd::decompress());
    REQUIRE(window.error);
    CHECK(window.error->fault() == leat::decompress_fault::too_large);
    CHECK_THAT(window.error->what(), Catch::Contains("window_log"));
}

TEST_CASE("zstd: what comes before a damaged block is not lost with it") {
    const std::string text = some_text(1'000'000);
    std::string bytes = both.packed(text);
    bytes[bytes.size() - 1] = static_cast<char>(bytes.back() ^ 1); // of the checksum
    const outcome damaged = outcome_of(pieces(bytes, 10'000'000) | zstd::decompress());
    REQUIRE(damaged.error);
    CHECK(damaged.error->fault() == leat::decompress_fault::corrupt);
    CHECK((damaged.text == text)); // not 1 MB of output
}

TEST_CASE("zstd: flush_each hands out what each element has become") {
    std::size_t asked = 0;
    const auto counted = [](std::size_t& n) -> leat::async_generator<std::string_view> {
        for (; n != 100; ++n)
            co_yield "a line\n";
    };
    const auto go = [&]() -> leat::task<> {
        auto back = counted(asked) | zstd::compress({.flush_each = true}) | zstd::decompress();
        std::size_t seen = 0;
        while (auto chunk = co_await back.next()) {
            CHECK(chunk->text() == "a line\n");
            CHECK(asked == seen++);
        }
        CHECK(seen == 100);
    };
    leat::sync_wait(go());
}
