#include "file_test.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <array>
#include <random>
#include <sstream>

using namespace file_test;
using leat::file::lines_options;

namespace {

leat::task<std::size_t> count_lines(leat::executor ex, std::filesystem::path path, lines_options options) {
    auto lines = leat::file::lines(ex, std::move(path), options);
    std::size_t n = 0;
    while (auto batch = co_await lines.next_batch())
        n += batch.size();
    co_return n;
}

} // namespace

TEST_CASE("lines: what a file gives") {
    const directory dir;
    const auto of = [&](std::string_view text, lines_options options = {}) {
        return lines_of(dir.with("a", text), options);
    };
    CHECK(of("").empty());
    CHECK(of("one\ntwo\n") == strings{"one", "two"});
    CHECK(of("one\n\nthree") == strings{"one", "", "three"});
    CHECK(of("\xEF\xBB\xBF"
             "a\r\nb\rc\r\n") == strings{"a", "b\rc"});
    CHECK(of("a\r\n", {.strip_cr = false}) == strings{"a\r"});
    CHECK(of("\xEF\xBB\xBF"
             "a",
             {.skip_bom = false}) == strings{"\xEF\xBB\xBF"
                                             "a"});
    CHECK(of("a;b", {.delimiter = ';'}) == strings{"a", "b"});
    CHECK(of(std::string_view("a\0b\n", 4)) == strings{std::string("a\0b", 3)});
}

TEST_CASE("lines: with chunks of every size they are those of std::getline") {
    const directory dir;
    std::mt19937 random(5);
    std::string text;
    for (int i = 0; i != 200; ++i)
        text += std::string(random() % std::array{1u, 5u, 90u}[random() % 3], "a\r"[random() % 2]) + '\n';
    text += "the last";
    const auto path = dir.with("a", text);
    strings expected;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        expected.push_back(line);
    for (const auto ahead : all_ways)
        for (std::size_t size = 1; size < 700; size += 1 + size / 5)
            REQUIRE(lines_of(path, {.strip_cr = false, .chunk_size = size, .ahead = ahead}) == expected);
}

TEST_CASE("lines: longer than a chunk") {
    const directory dir;
    const std::string line(300'000, 'x');
    CHECK(lines_of(dir.with("a", line + "\r\n\n" + line), {.chunk_size = 1000}) == strings{line, "", line});
}

TEST_CASE("lines: over the limit, an error after the lines before") {
    const directory dir;
    const auto path = dir.with("a", "1\n22\n4444444\n5\n");
    for (const std::size_t chunk : {1, 3, 100}) {
        strings got;
        const auto e = error_of<leat::file::line_too_long>([&] {
            leat::run([&](leat::executor ex) -> leat::task<void> {
                auto lines = leat::file::lines(ex, path, {.max_line = 5, .chunk_size = chunk});
                while (auto line = co_await lines.next())
                    got.emplace_back(*line);
            });
        });
        CHECK(got == strings{"1", "22"});
        CHECK(e.path() == path);
        CHECK(e.line() == 3);
        CHECK(e.offset() == 5u);
        CHECK(e.limit() == 5);
        CHECK_THAT(e.what(), Catch::Contains("line 3, which starts at byte 5, is longer than 5 bytes") &&
                                 Catch::Contains("Raise max_line"));
    }
}

TEST_CASE("lines: the loop's memory is safe from input without lines") {
    const auto e =
        error_of<leat::file::line_too_long>([] { (void)lines_of("/dev/zero", {.max_line = 1'000'000}); });
    CHECK(e.line() == 1);
    CHECK(e.offset() == 0u);
}

TEST_CASE("lines: errors of the file come after the lines before") {
    const auto e = error_of([] { (void)lines_of("/proc/self/mem"); });
    CHECK(e.code() == std::errc::io_error);
    CHECK_THROWS_AS(lines_of("/nowhere/at/all"), leat::file::error);
}

TEST_CASE("lines: /proc, and a stage on top") {
    const auto name = leat::run([](leat::executor ex) -> leat::task<std::string> {
        auto values = leat::file::lines(ex, "/proc/self/status") |
                      leat::filter([](std::string_view line) { return line.starts_with("Tgid:"); }) |
                      leat::transform([](std::string_view line) { return std::string(line.substr(6)); });
        auto found = co_await (std::move(values) | leat::first());
        co_return found.value();
    });
    CHECK(name == std::to_string(::getpid()));
}

TEST_CASE("lines: no allocation per line or chunk, and the loop is not held") {
    const directory dir;
    std::string text;
    for (int i = 0; i != 400'000; ++i)
        text += std::string(static_cast<std::size_t>(i % 100), 'x') + '\n';
    const auto small = dir.with("small", std::string_view(text).substr(0, text.size() / 4));
    const auto large = dir.with("large", text);
    for (const auto ahead : all_ways) {
        const lines_options options{.chunk_size = 65536, .ahead = ahead};
        const auto cost = [&](const std::filesystem::path& path) {
            const auto before = allocations();
            const auto n = leat::run([&](leat::executor ex) { return count_lines(ex, path, options); });
            CHECK(n >= 99'000);
            return allocations() - before;
        };
        cost(small);
        const auto for_small = cost(small);
        const auto for_large = cost(large);
        // A hop to a worker and back allocates a handler or two, at most once a chunk, and never a line.
        const std::size_t chunks = 3 * text.size() / 4 / 65536;
        CHECK(for_large <= for_small + (ahead == leat::file::read_ahead::automatic ? 20 : 6 * chunks));
    }

    // The best of three: a busy machine may charge our thread for what others did.
    auto longest = std::chrono::nanoseconds::max();
    for (int i = 0; i != 3 && longest > std::chrono::milliseconds(10); ++i) {
        ticker ticks;
        const auto n = leat::run([&](leat::executor ex) -> leat::task<std::size_t> {
            leat::spawn(ex, ticks.run(ex));
            std::size_t all = 0;
            for (int j = 0; j != 20; ++j)
                all += co_await count_lines(ex, large, {});
            co_return all;
        });
        CHECK(n == 8'000'000);
        CHECK(ticks.ticks() > 5);
        longest = std::min(longest, ticks.longest());
    }
    CHECK(longest < std::chrono::milliseconds(10));
}
