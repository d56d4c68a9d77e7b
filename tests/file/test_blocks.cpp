#include "file_test.hpp"
#include "support/catch.hpp"

#include <numeric>

using namespace file_test;
using leat::file::lines_options;

namespace {

strings blocks_of(const std::filesystem::path& path, lines_options options = {}) {
    return leat::run([&](leat::executor ex) -> leat::task<strings> {
        strings out;
        auto blocks = leat::file::blocks(ex, path, options);
        while (auto block = co_await blocks.next())
            out.emplace_back(block->text());
        co_return out;
    });
}

} // namespace

TEST_CASE("blocks: whole lines, with their ends") {
    const directory dir;
    CHECK(blocks_of(dir.with("a", "")).empty());
    CHECK(blocks_of(dir.with("a", "one\r\n\ntwo\nthree")) == strings{"one\r\n\ntwo\n", "three"});
    CHECK(blocks_of(dir.with("a", "\xEF\xBB\xBFone\n")) == strings{"one\n"});
    CHECK(blocks_of(dir.with("a", "\xEF\xBB\xBFone\n"), {.skip_bom = false}) == strings{"\xEF\xBB\xBFone\n"});
    CHECK(blocks_of(dir.with("a", "a;b;c"), {.delimiter = ';'}) == strings{"a;b;", "c"});
    // A line that crosses a border comes alone.
    CHECK(blocks_of(dir.with("a", "1\n2\n3333\n4\n5\n"), {.chunk_size = 6}) ==
          strings{"1\n2\n", "3333\n", "4\n", "5\n"});
}

TEST_CASE("blocks: with chunks of every size they are the file") {
    const directory dir;
    std::string text;
    for (int i = 0; i != 300; ++i)
        text += std::string(static_cast<std::size_t>(i * 7 % 90), 'x') + '\n';
    const auto path = dir.with("a", text);
    for (const auto ahead : all_ways)
        for (std::size_t size = 1; size < 700; size += 1 + size / 5) {
            const auto got = blocks_of(path, {.chunk_size = size, .ahead = ahead});
            REQUIRE(std::accumulate(got.begin(), got.end(), std::string()) == text);
            REQUIRE(std::all_of(got.begin(), got.end(), [](auto& block) { return block.ends_with('\n'); }));
        }
}

TEST_CASE("blocks: a line that is kept may not grow over the limit") {
    const directory dir;
    const auto path = dir.with("a", "1\n22\n" + std::string(100, 'x') + "\n5\n");
    const auto e = error_of<leat::file::line_too_long>(
        [&] { (void)blocks_of(path, {.max_line = 50, .chunk_size = 10}); });
    CHECK(e.line() == 0);
    CHECK(e.offset() == 5u);
    CHECK_THAT(e.what(), Catch::Contains("a line, which starts at byte 5, is longer than 50 bytes"));
    CHECK(blocks_of(path, {.max_line = 100, .chunk_size = 10}).size() > 2);
    CHECK_THROWS_AS(blocks_of("/dev/zero", {.max_line = 1'000'000}), leat::file::line_too_long);
}
