#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "../asio/fairness.hpp"

namespace leat::file {

/// When a worker thread reads ahead of the reader.
enum class read_ahead {
    /// Bytes in the page cache are read at once, by the reader's own thread, with a call that cannot wait.
    /// From the first time that they are not there, a worker keeps the buffers full. The least processor
    /// time, and the best latency.
    automatic,
    /// A worker keeps the buffers full from the start. The shortest time for one big file if a second core is
    /// free, and the reader does more with a chunk than to look at it.
    always,
    /// A worker reads one chunk when it is asked for.
    never,
};

/// "Up to the end of the file, wherever that is when it is reached."
inline constexpr std::uint64_t to_the_end = std::numeric_limits<std::uint64_t>::max();

/// How a file is read.
struct read_options {
    /// Bytes asked for at a time; 0: 256 KiB, or 512 KiB where a worker reads ahead from the start, because two threads that
    /// meet more often get in each other's way. A chunk may be shorter at any time, not only at the end.
    std::size_t chunk_size = 0;
    /// Chunks in memory: the one in use and those read ahead of it. At least 2; they are allocated when first
    /// needed.
    unsigned buffers = 3;
    read_ahead ahead = read_ahead::automatic;
    /// The byte to start at. Only what has offsets (files, block devices) takes another than 0.
    std::uint64_t offset = 0;
    /// The byte before which reading ends, if the file does not end earlier.
    std::uint64_t end = to_the_end;
    /// How often a file that never has to be waited for, because it is cached, lets the others on the loop run. An
    /// element is a chunk, or a line.
    fairness fair = {.time = std::chrono::milliseconds(1)};
};

} // namespace leat::file
