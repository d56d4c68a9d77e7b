#include <leat/file/block_splitter.hpp>
#include <leat/file/line_splitter.hpp>

#include "file_test.hpp"
#include "support/catch.hpp"
#include "support/lines_of.hpp"

#include <random>

using namespace file_test;
using leat::file::block_splitter;
using leat::file::line_rules;
using leat::file::line_splitter;

// The same text cut into chunks in every way gives the same lines and blocks: those of a loop over its bytes.

namespace {

// Each chunk in memory of exactly its size, which is gone before the next one comes.
template <class F> void in_chunks(std::string_view text, std::size_t first, std::size_t size, F feed) {
    for (std::size_t at = 0; at < text.size();) {
        const auto piece = text.substr(at, at == 0 && first != 0 ? first : size);
        std::vector<char> copy(piece.begin(), piece.end());
        feed(std::string_view(copy.data(), copy.size()));
        at += piece.size();
    }
}

lines_of_text split(std::string_view text, const line_rules& rules, std::size_t first, std::size_t size) {
    line_splitter splitter(rules, 1 + size % 7);
    lines_of_text out;
    const auto take = [&](auto lines) { out.lines.insert(out.lines.end(), lines.begin(), lines.end()); };
    in_chunks(text, first, size, [&](std::string_view chunk) {
        splitter.feed(chunk);
        for (auto batch = splitter.take(); !batch.empty(); batch = splitter.take())
            take(batch);
    });
    const bool unfinished = splitter.unfinished();
    const auto last = splitter.finish();
    REQUIRE(unfinished == (!last.empty() || (splitter.stopped() && unfinished)));
    take(last);
    if (splitter.stopped())
        out.too_long = splitter.line_number();
    out.offset = splitter.line_offset();
    return out;
}

strings blocks(std::string_view text, const line_rules& rules, std::size_t first, std::size_t size) {
    block_splitter splitter(rules);
    strings out;
    in_chunks(text, first, size, [&](std::string_view chunk) {
        splitter.feed(chunk);
        for (auto block = splitter.take(); !block.empty(); block = splitter.take())
            out.emplace_back(block);
    });
    if (const auto last = splitter.finish(); !last.empty())
        out.emplace_back(last);
    REQUIRE(splitter.finish().empty());
    return out;
}

std::string random_text(std::mt19937& random) {
    std::string text;
    if (random() % 4 == 0)
        text = std::string("\xEF\xBB\xBF").substr(0, 1 + random() % 3);
    const auto longest = std::array{1u, 5u, 40u}[random() % 3];
    for (const auto lines = random() % 12; text.size() < 10 * lines;) {
        for (auto n = random() % (longest + 1); n != 0; --n)
            text += "a\r\0\xEF\xBB;b"[random() % 7];
        text += "\n\n\n\r;"[random() % 5];
        if (text.back() == '\r')
            text += '\n';
    }
    if (random() % 2 == 0 && !text.empty())
        text.pop_back();
    return text;
}

} // namespace

TEST_CASE(
    "re-chunking: with every rule, cut at every byte and in pieces of every size, the lines are the same") {
    std::mt19937 random(17);
    for (int round = 0; round != 150; ++round) {
        const auto text = random_text(random);
        for (const char delimiter : {'\n', '\r', '\0', ';', '\xEF'})
            for (const bool strip_cr : {false, true})
                for (const bool skip_bom : {false, true}) {
                    if (strip_cr && delimiter != '\n')
                        continue;
                    const std::size_t limit = round % 3 == 0 ? random() % 30 : std::size_t{1} << 20;
                    const line_rules rules{delimiter, strip_cr, skip_bom, limit};
                    const auto expected = lines_of_text(text, rules);
                    for (std::size_t size = 1; size <= text.size() + 1; ++size) {
                        INFO(Catch::Detail::stringify(text)
                             << " delimiter " << int(delimiter) << " cr " << strip_cr << " bom " << skip_bom
                             << " limit " << limit << ", pieces of " << size);
                        REQUIRE(split(text, rules, 0, size) == expected);    // pieces of this size
                        REQUIRE(split(text, rules, size, 1000) == expected); // cut once
                    }
                }
    }
}

TEST_CASE("re-chunking: blocks are the text, and end behind the end of a line") {
    std::mt19937 random(19);
    for (int round = 0; round != 150; ++round) {
        const auto text = random_text(random);
        for (const char delimiter : {'\n', ';'})
            for (const bool skip_bom : {false, true}) {
                const line_rules rules{delimiter, true, skip_bom};
                const bool mark = skip_bom && text.starts_with("\xEF\xBB\xBF");
                for (std::size_t size = 1; size <= text.size() + 1; ++size)
                    for (const bool once : {false, true}) {
                        const auto got = blocks(text, rules, once ? size : 0, once ? 1000 : size);
                        std::string all;
                        for (std::size_t i = 0; i != got.size(); ++i) {
                            all += got[i];
                            if (i + 1 != got.size())
                                REQUIRE(got[i].back() == delimiter);
                        }
                        REQUIRE(all == text.substr(mark ? 3 : 0));
                    }
            }
    }
}
