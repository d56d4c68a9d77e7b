#include "file_test.hpp"
#include "support/catch.hpp"

#include <sys/stat.h>

using namespace file_test;
using leat::file::part;

namespace {

std::vector<part> split(const std::filesystem::path& path, std::size_t n, char delimiter = '\n') {
    return leat::run([&](leat::executor ex) { return leat::file::split(ex, path, n, delimiter); });
}

strings lines_of_part(const part& some, leat::file::lines_options options = {}) {
    return leat::run([&](leat::executor ex) -> leat::task<strings> {
        strings out;
        auto lines = leat::file::lines(ex, some, options);
        while (auto line = co_await lines.next())
            out.emplace_back(*line);
        co_return out;
    });
}

} // namespace

TEST_CASE("split: together the parts have every line once, in order, whatever their number") {
    const directory dir;
    std::string text;
    for (int i = 0; i != 500; ++i)
        text += std::to_string(i) + std::string(static_cast<std::size_t>(i * 31 % 70), 'x') + "\r\n";
    for (const bool end : {false, true}) {
        if (!end)
            text.resize(text.size() - 2);
        const auto path = dir.with("a", text);
        const auto expected = lines_of(path);
        for (std::size_t n : {0u, 1u, 2u, 3u, 7u, 64u, 499u, 500u, 2000u, 100'000u}) {
            const auto parts = split(path, n);
            REQUIRE(parts.front().begin == 0);
            REQUIRE(parts.back().end == leat::file::to_the_end);
            REQUIRE(parts.size() <= std::max<std::size_t>(n, 1));
            REQUIRE(parts.size() <= 500);
            strings got;
            for (std::size_t i = 0; i != parts.size(); ++i) {
                if (i != 0)
                    REQUIRE(parts[i].begin == parts[i - 1].end);
                const auto some = lines_of_part(parts[i], {.chunk_size = 50});
                REQUIRE(!some.empty());
                got.insert(got.end(), some.begin(), some.end());
            }
            REQUIRE(got == expected);
            if (n > 1 && n < 10) { // about the same size
                REQUIRE(parts.size() == n);
                for (std::size_t i = 0; i + 1 != n; ++i)
                    REQUIRE(parts[i].end - parts[i].begin < 2 * text.size() / n);
            }
        }
    }
}

TEST_CASE("split: lines longer than a part, and than what is read at a time") {
    const directory dir;
    const std::string line(200'000, 'x');
    const auto path = dir.with("a", line + '\n' + line + '\n' + line);
    const auto parts = split(path, 10);
    REQUIRE(parts.size() == 3);
    CHECK(parts[1].begin == 200'001);
    for (const part& some : parts)
        CHECK(lines_of_part(some) == strings{line});
    CHECK(split(dir.with("b", line), 4).size() == 1);
    CHECK(split(dir.with("c", "a;b;c;d"), 2, ';').at(1).begin == 4);
}

TEST_CASE("split: empty files, and those that do not know their size") {
    const directory dir;
    const auto parts = split(dir.with("a", ""), 4);
    REQUIRE(parts.size() == 1);
    CHECK(lines_of_part(parts[0]).empty());
    const auto proc = split("/proc/self/status", 4);
    REQUIRE(proc.size() == 1);
    CHECK(lines_of_part(proc[0]).size() > 10);
}

TEST_CASE("split: over 4 GiB") {
    const directory dir;
    const auto path = dir.with("sparse", "");
    std::filesystem::resize_file(path, std::uint64_t{5} << 30);
    std::ofstream(path, std::ios::app) << "\none\ntwo\n";
    const part some{path, (std::uint64_t{5} << 30) - 3, (std::uint64_t{5} << 30) + 5};
    CHECK(lines_of_part(some) == strings{std::string(3, '\0'), "one"});
}

TEST_CASE("split: what is appended later belongs to the last part") {
    const directory dir;
    const auto path = dir.with("a", "1\n2\n3\n4\nhal");
    const auto parts = split(path, 2);
    std::ofstream(path, std::ios::app) << "f\nmore\n";
    REQUIRE(parts.size() == 2);
    CHECK(lines_of_part(parts[1]).back() == "more");
    CHECK(lines_of_part(parts[0]).size() + lines_of_part(parts[1]).size() == 6);
}

TEST_CASE("split: chunks and blocks of a part") {
    const directory dir;
    const auto parts = split(dir.with("a", "one\ntwo\nthree\nfour\n"), 2);
    REQUIRE(parts.size() == 2);
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto chunks = leat::file::chunks(ex, parts[0]);
        const auto chunk = co_await chunks.next();
        CHECK(chunk->text() == "one\ntwo\nthree\n");
        auto blocks = leat::file::blocks(ex, parts[1]);
        const auto block = co_await blocks.next();
        CHECK(block->text() == "four\n");
    });
}

TEST_CASE("split: what cannot be split") {
    const directory dir;
    const open_descriptors descriptors;
    const auto check = [](const std::filesystem::path& path, std::errc code) {
        const auto e = error_of([&] { (void)split(path, 2); });
        CHECK(e.operation() == "split");
        CHECK(e.code() == code);
        CHECK(e.path() == path);
    };
    check(dir / "missing", std::errc::no_such_file_or_directory);
    check(dir.path(), std::errc::is_a_directory);
    check("/dev/zero", std::errc::invalid_seek);
    const auto fifo = dir / "fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    check(fifo, std::errc::invalid_seek);
    CHECK(descriptors.closed());
}
