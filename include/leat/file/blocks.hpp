#pragma once

#include <filesystem>
#include <utility>

#include "../async_generator.hpp"
#include "block_splitter.hpp"
#include "byte_view.hpp"
#include "detail/source.hpp"
#include "error.hpp"
#include "lines_options.hpp"
#include "part.hpp"

namespace leat::file {

/// The bytes of a file in blocks of whole lines, for parsers that want many lines at once and take them apart on their
/// own: `lines` without the lines.
///
/// Yields: `byte_view`, never empty. Each ends behind the end of a line, with its end ("\r\n" stays as it is); only the last
/// line may have none. A block is what a chunk holds of whole lines, or the one line that crosses the border of two.
/// Ends, throws: as `chunks`; and `leat::file::line_too_long` where the piece of a line that has to be kept grows over
/// `options.max_line`. It knows no line's number, so `line()` is 0.
/// Borrows: a block is valid until the next step. Owns: as `chunks`, and a copy of the line that crosses a chunk border.
/// Threads, stop, fairness: as `chunks`. `options.strip_cr` is not looked at.
/// Cost: that of `chunks`: a line end is looked for twice a chunk. Every byte is copied at most once.
///
///     auto blocks = leat::file::blocks(ex, "events.ndjson");
///     while (auto block = co_await blocks.next())
///         parser.parse_many(block->text());
inline async_generator<byte_view> blocks(executor ex, std::filesystem::path path,
                                         lines_options options = {}) {
    detail::source source(ex, std::move(path), options.reading());
    block_splitter splitter(options.rules());

    for (bool at_end = false; !at_end;) {
        const auto chunk = source.try_next();
        if (!chunk) {
            co_await source.change();
            continue;
        }
        at_end = chunk->empty();
        splitter.feed(byte_view(*chunk));
        for (;;) {
            byte_view block(at_end ? splitter.finish() : splitter.take());
            if (block.empty())
                break;
            if (source.turns().due())
                co_await source.turns().turn();
            source.turns().most(1);
            co_yield std::move(block);
            if (at_end)
                break;
        }
        if (splitter.stopped())
            throw line_too_long(source.path(), 0, options.offset + splitter.offset(), options.max_line);
    }
}

/// The lines of a part of a file, as `split` gives them, in blocks: `options.offset` and `.end` are those of the part.
inline async_generator<byte_view> blocks(executor ex, part some, lines_options options = {}) {
    options.offset = some.begin;
    options.end = some.end;
    return blocks(std::move(ex), std::move(some.path), options);
}

} // namespace leat::file
