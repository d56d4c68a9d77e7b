#include <leat/file/line_splitter.hpp>

#include "file_test.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <sstream>
#include <string>
#include <vector>

using leat::file::line_rules;
using leat::file::line_splitter;

namespace {

using strings = std::vector<std::string>;

void take_all(line_splitter& splitter, strings& out) {
    for (auto batch = splitter.take(); !batch.empty(); batch = splitter.take())
        out.insert(out.end(), batch.begin(), batch.end());
}

// Each chunk is copied to memory of exactly its size, so that the address sanitizer sees a read past it, and
// is gone before the next one comes.
strings split(const std::vector<std::string_view>& chunks, line_rules rules = {}, std::size_t batch = 1024) {
    line_splitter splitter(rules, batch);
    strings out;
    for (const auto chunk : chunks) {
        std::vector<char> copy(chunk.begin(), chunk.end());
        splitter.feed({copy.data(), copy.size()});
        take_all(splitter, out);
        std::fill(copy.begin(), copy.end(), '?');
    }
    const auto last = splitter.finish();
    out.insert(out.end(), last.begin(), last.end());
    CHECK(splitter.finish().empty());
    return out;
}

strings split(std::string_view text, line_rules rules = {}) { return split(std::vector{text}, rules); }

strings by_getline(const std::string& text, bool strip_cr) {
    strings out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (strip_cr && !in.eof() && !line.empty() && line.back() == '\r')
            line.pop_back();
        out.push_back(line);
    }
    return out;
}

constexpr line_rules exact{.strip_cr = false, .skip_bom = false};

} // namespace

TEST_CASE("line_splitter: what a line is") {
    CHECK(split("").empty());
    CHECK(split("a") == strings{"a"});
    CHECK(split("a\n") == strings{"a"});
    CHECK(split("a\nb") == strings{"a", "b"});
    CHECK(split("\n") == strings{""});
    CHECK(split("\n\n\nx\n\n") == strings{"", "", "", "x", ""});
    const std::string nul("a\0b\n\0\n", 6);
    CHECK(split(nul) == strings{std::string("a\0b", 3), std::string("\0", 1)});
    CHECK(split("\xff\xfe\n\xc3\n") == strings{"\xff\xfe", "\xc3"});
}

TEST_CASE("line_splitter: carriage returns") {
    CHECK(split("a\r\nb\r\n\r\n") == strings{"a", "b", ""});
    CHECK(split("a\rb\r\r\nc\r") == strings{"a\rb\r", "c\r"});
    CHECK(split("a\r\nb", exact) == strings{"a\r", "b"});
    CHECK(split({"a\r", "\nb\r", "\n"}) == strings{"a", "b"});
    CHECK(split({"\r", "\n", "\r", "x\n"}) == strings{"", "\rx"});
}

TEST_CASE("line_splitter: another delimiter") {
    CHECK(split(std::string_view("a\0b\n\0c", 6), {.delimiter = '\0'}) == strings{"a", "b\n", "c"});
    CHECK(split("a\rb\r", {.delimiter = '\r'}) == strings{"a", "b"});
    CHECK(split("a\r;b", {.delimiter = ';'}) == strings{"a\r", "b"});
}

TEST_CASE("line_splitter: a byte order mark is skipped at the very start only") {
    CHECK(split("\xEF\xBB\xBF"
                "a\n\xEF\xBB\xBF"
                "b") == strings{"a", "\xEF\xBB\xBF"
                                     "b"});
    CHECK(split("\xEF\xBB\xBF").empty());
    CHECK(split("\xEF\xBB\xBF\n") == strings{""});
    CHECK(split("\xEF\xBB") == strings{"\xEF\xBB"});
    CHECK(split("\xEF\xBB\nx") == strings{"\xEF\xBB", "x"});
    CHECK(split({"\xEF", "\xBB", "\xBF", "a\n"}) == strings{"a"});
    CHECK(split({"\xEF", "\xBB", "a\n"}) == strings{"\xEF\xBB"
                                                    "a"});
    CHECK(split("\xEF\xBB\xBF"
                "a",
                exact) == strings{"\xEF\xBB\xBF"
                                  "a"});
}

TEST_CASE("line_splitter: chunked at every byte it gives what std::getline gives") {
    std::mt19937 random(7);
    for (int round = 0; round != 60; ++round) {
        std::string text;
        const auto size = random() % 400;
        const unsigned longest = std::array{1u, 4u, 30u, 300u}[random() % 4];
        while (text.size() < size) {
            for (auto n = random() % (longest + 1); n != 0; --n)
                text += "ab\r\0\xEF"[random() % 5];
            if (random() % 3 == 0)
                text += '\r';
            text += '\n';
        }
        if (random() % 2 == 0 && !text.empty())
            text.pop_back();
        const auto view = std::string_view(text);
        for (const bool strip_cr : {false, true}) {
            const line_rules rules{.strip_cr = strip_cr, .skip_bom = false};
            const auto expected = by_getline(text, strip_cr);
            for (std::size_t cut = 0; cut <= text.size(); ++cut)
                REQUIRE(split({view.substr(0, cut), view.substr(cut)}, rules, 1 + cut % 70) == expected);
            for (std::size_t step = 1; step <= 130; step += 1 + step / 8) {
                std::vector<std::string_view> chunks;
                for (std::size_t at = 0; at < view.size(); at += step)
                    chunks.push_back(view.substr(at, step));
                REQUIRE(split(chunks, rules, 1 + step % 5) == expected);
            }
        }
    }
}

TEST_CASE("line_splitter: every scanner finds what the portable one finds") {
    using leat::file::detail::line_scanner;
    std::vector<std::pair<line_scanner, line_scanner>> pairs; // without and with carriage returns stripped
    pairs.emplace_back(leat::file::detail::best_line_scanner<false>(),
                       leat::file::detail::best_line_scanner<true>());
#if defined(LEAT_BYTE_MASK_X86)
    pairs.emplace_back(&leat::file::detail::scan_lines_sse2<false>,
                       &leat::file::detail::scan_lines_sse2<true>);
    if (leat::detail::has_avx2())
        pairs.emplace_back(&leat::file::detail::scan_lines_avx2<false>,
                           &leat::file::detail::scan_lines_avx2<true>);
#endif
    std::mt19937 random(11);
    for (int round = 0; round != 4000; ++round) {
        const auto size = random() % 2000;
        const auto rarity = std::array{2u, 10u, 90u, 700u}[random() % 4];
        const auto returns = std::array{2u, 8u, 100u, 1u << 30}[random() % 4];
        std::vector<char> text(size);
        for (auto& c : text)
            c = random() % rarity == 0 ? '\n' : random() % returns == 0 ? '\r' : static_cast<char>(random());
        const char* const last = text.data() + size;
        for (const auto& [keep, strip] : pairs) {
            for (const bool stripped : {false, true}) {
                const auto scan = stripped ? strip : keep;
                const auto reference = stripped ? &leat::file::detail::scan_lines_portable<true>
                                                : &leat::file::detail::scan_lines_portable<false>;
                std::vector<std::string_view> expected(size + 512), found(size + 512);
                const auto want = reference(text.data(), last, '\n', expected.data(), size + 1);
                expected.resize(want.count);
                const std::size_t room = 1 + random() % std::array{2u, 100u, 1000u}[random() % 3];
                std::size_t count = 0;
                const char* at = text.data();
                for (;;) {
                    const auto got = scan(at, last, '\n', found.data() + count, room);
                    REQUIRE(got.count < room + leat::file::detail::scan_slack);
                    count += got.count;
                    at = got.rest;
                    if (got.count < room)
                        break;
                }
                found.resize(count);
                REQUIRE(at == want.rest);
                REQUIRE(
                    std::equal(found.begin(), found.end(), expected.begin(), expected.end(),
                               [](auto a, auto b) { return a.data() == b.data() && a.size() == b.size(); }));
            }
        }
    }
}

TEST_CASE("line_splitter: a line of several MiB among short ones") {
    for (const bool returns : {false, true}) {
        std::string text;
        strings expected;
        for (const std::size_t size : {3u, 3u << 20, 5u, 0u, 1u << 20, 1000u, (1u << 20) + 300, 7u}) {
            for (int i = 0; i != 100; ++i)
                expected.push_back(std::string(static_cast<std::size_t>(i), 'y'));
            expected.push_back(std::string(size, 'x'));
        }
        for (const std::string& line : expected)
            text += line + (returns ? "\r\n" : "\n");
        CHECK(split({text}, {}, 1024) == expected);
        CHECK(split({text}, {}, 3) == expected);
    }
}

TEST_CASE("line_splitter: a line over the limit stops it, after the lines before, and is named") {
    const line_rules rules{.max_line = 5};
    for (const std::size_t step : {1, 2, 3, 4, 7, 8, 9, 100}) {
        const std::string text = "12345\n12345\r\n\n123456\nx\n";
        line_splitter splitter(rules);
        strings out;
        for (std::size_t at = 0; at < text.size(); at += step) {
            splitter.feed(std::string_view(text).substr(at, step));
            take_all(splitter, out);
        }
        INFO("chunks of " << step);
        CHECK(out == strings{"12345", "12345", ""});
        CHECK(splitter.stopped());
        CHECK(splitter.line_number() == 4);
        CHECK(splitter.line_offset() == 14);
        CHECK(splitter.finish().empty());
        CHECK(splitter.take().empty());
    }
    SECTION("also a last line without an end") {
        line_splitter splitter(rules);
        strings out;
        splitter.feed("1\n12345\r"); // the '\r' is data when nothing follows
        take_all(splitter, out);
        CHECK_FALSE(splitter.stopped());
        CHECK(splitter.finish().empty());
        CHECK(splitter.stopped());
        CHECK(splitter.line_number() == 2);
        CHECK(splitter.line_offset() == 2);
    }
}

TEST_CASE("line_splitter: numbers and offsets") {
    line_splitter splitter;
    CHECK(splitter.line_number() == 1);
    splitter.feed("\xEF\xBB\xBF"
                  "one\r\ntw");
    CHECK(splitter.take().size() == 1);
    CHECK(splitter.line_number() == 2);
    CHECK(splitter.line_offset() == 8);
    CHECK(splitter.take().empty());
    CHECK(splitter.line_offset() == 8);
    splitter.feed("o");
    CHECK(splitter.take().empty());
    splitter.feed("\nthree");
    CHECK(splitter.take().size() == 1);
    CHECK(splitter.line_offset() == 12);
    CHECK(splitter.take().empty());
    CHECK(splitter.finish().size() == 1);
    CHECK(splitter.line_number() == 4);
    CHECK(splitter.line_offset() == 17);
}

TEST_CASE("line_splitter: nothing is allocated once the buffers have their size") {
    std::string text;
    for (int i = 0; i != 5000; ++i)
        text += std::string(static_cast<std::size_t>(i % 150), 'x') + '\n';
    line_splitter splitter;
    std::size_t lines = 0;
    const auto run = [&] {
        for (std::size_t at = 0; at < text.size(); at += 1000) {
            splitter.feed(std::string_view(text).substr(at, 1000));
            for (auto batch = splitter.take(); !batch.empty(); batch = splitter.take())
                lines += batch.size();
        }
    };
    run();
    const auto before = allocations();
    run();
    const auto taken = allocations() - before;
    CHECK(taken == 0);
    CHECK(lines == 10000);
}
