#pragma once

#include <filesystem>
#include <utility>

#include "../async_generator.hpp"
#include "byte_view.hpp"
#include "detail/source.hpp"
#include "options.hpp"
#include "part.hpp"

namespace leat::file {

/// The bytes of a file, one read at a time, without ever blocking the loop.
///
/// Takes everything that can be opened: files, FIFOs, terminals, devices, /proc; standard input is
/// "/dev/stdin".
///
/// Yields: `byte_view`: a `std::span<const std::byte>` that converts to `std::string_view`. It is never
/// empty, and at most of `options.chunk_size`.
/// Ends: at the end of the file, as it is when it is reached: a file that is cut off while it is read ends
/// early, one that grows goes on. A FIFO ends when its last writer closes it.
/// Throws: `leat::file::error` after the chunks that came before it.
/// Borrows: a chunk is valid until the next step. Owns: the descriptor and `options.buffers` buffers, until
/// the end. A stream that is closed or destroyed before gives them back at once, or as soon as a read that is
/// under way returns.
/// Threads: `ex` must run one handler at a time (a loop of one thread, or a strand). From the first step on
/// the elements arrive there. Reads that may block run on a worker thread.
/// A stop (`leat::stop_on`) cuts every wait short, also that for a FIFO or a terminal.
/// Fairness: while nothing has to be waited for, the others of the loop get a turn every millisecond, or as often as
/// `options.fair` says. Cost: a cached file costs one system call a chunk; one that is not, a hop to a worker (5 us) when the
/// reader is faster than the disk. No allocation per chunk.
///
///     auto chunks = leat::file::chunks(ex, "image.iso");
///     while (auto chunk = co_await chunks.next())
///         hash.add(*chunk);
inline async_generator<byte_view> chunks(executor ex, std::filesystem::path path, read_options options = {}) {
    detail::source source(ex, std::move(path), options);
    for (;;) {
        const auto chunk = source.try_next();
        if (!chunk) {
            co_await source.change();
            continue;
        }
        if (chunk->empty())
            co_return;
        if (source.turns().due())
            co_await source.turns().turn();
        source.turns().most(1);
        byte_view bytes(*chunk);
        co_yield std::move(bytes);
    }
}

/// The bytes of a part of a file, as `split` gives them: `options.offset` and `.end` are those of the part.
inline async_generator<byte_view> chunks(executor ex, part some, read_options options = {}) {
    options.offset = some.begin;
    options.end = some.end;
    return chunks(std::move(ex), std::move(some.path), options);
}

} // namespace leat::file
