// Arbitrary bytes, cut into arbitrary chunks, under arbitrary rules: line_splitter and block_splitter give what a loop over
// the bytes gives, and never look past a chunk.
//
// An input: the delimiter's byte, the flags' byte (1: strip_cr, 2: skip_bom, 4: a limit), the limit's byte, one byte for the
// size of the splitter's batches, eight bytes for sizes of chunks that are used in turn, and the text.
#include <leat/file/block_splitter.hpp>
#include <leat/file/line_splitter.hpp>

#include "../support/lines_of.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using leat::file::block_splitter;
using leat::file::line_rules;
using leat::file::line_splitter;

void check(bool right, const char* what) {
    if (right)
        return;
    std::fprintf(stderr, "wrong: %s\n", what);
    std::abort();
}

/// Each chunk in memory of exactly its size, so that AddressSanitizer sees a read past it, or after it.
template <class F> void in_chunks(std::string_view text, const std::uint8_t* sizes, F feed) {
    for (std::size_t i = 0; !text.empty(); ++i) {
        std::size_t size = sizes[i % 8];
        if (size >= 128)
            size = (size - 127) * 16; // past the blocks of the vector scan
        const auto piece = text.substr(0, size);
        const auto copy = std::make_unique<char[]>(piece.size());
        std::copy(piece.begin(), piece.end(), copy.get());
        feed(std::string_view(copy.get(), piece.size()));
        text.remove_prefix(piece.size());
        if (i % 8 == 7 && std::all_of(sizes, sizes + 8, [](std::uint8_t n) { return n == 0; }))
            sizes = reinterpret_cast<const std::uint8_t*>("\1\1\1\1\1\1\1\1");
    }
}

void try_lines(std::string_view text, const line_rules& rules, std::size_t batch, const std::uint8_t* sizes) {
    line_splitter splitter(rules, batch);
    std::vector<std::string> lines;
    in_chunks(text, sizes, [&](std::string_view chunk) {
        splitter.feed(chunk);
        for (auto some = splitter.take(); !some.empty(); some = splitter.take())
            lines.insert(lines.end(), some.begin(), some.end());
    });
    const bool unfinished = splitter.unfinished();
    const auto last = splitter.finish();
    check(unfinished == (!last.empty() || (unfinished && splitter.stopped())), "unfinished()");
    lines.insert(lines.end(), last.begin(), last.end());

    const lines_of_text expected(text, rules);
    check(lines == expected.lines, "the lines");
    check(splitter.stopped() == expected.too_long.has_value(), "stopped()");
    check(splitter.line_number() == lines.size() + 1, "line_number()");
    check(splitter.line_offset() == expected.offset, "line_offset()");
}

void try_blocks(std::string_view text, const line_rules& rules, const std::uint8_t* sizes) {
    block_splitter splitter(rules);
    std::string all;
    in_chunks(text, sizes, [&](std::string_view chunk) {
        splitter.feed(chunk);
        for (auto block = splitter.take(); !block.empty(); block = splitter.take()) {
            check(block.back() == rules.delimiter, "a block's end");
            all += block;
        }
    });
    all += splitter.finish();
    if (rules.looks_for_bom() && text.starts_with("\xEF\xBB\xBF"))
        text.remove_prefix(3);
    check(splitter.stopped() ? text.starts_with(all) : all == text, "the blocks");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t head = 12;
    if (size < head)
        return 0;
    line_rules rules;
    rules.delimiter = static_cast<char>(data[0]);
    rules.strip_cr = (data[1] & 1) != 0;
    rules.skip_bom = (data[1] & 2) != 0;
    if ((data[1] & 4) != 0)
        rules.max_line = data[2];
    const std::string_view text(reinterpret_cast<const char*>(data + head), size - head);
    try_lines(text, rules, data[3], data + 4);
    try_blocks(text, rules, data + 4);
    return 0;
}
