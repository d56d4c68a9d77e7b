#pragma once

#include <chrono>
#include <cstddef>
#include <limits>

#include "line_splitter.hpp"

namespace leat::file {

/// All the lines that a file has already.
inline constexpr std::size_t all_lines = std::numeric_limits<std::size_t>::max();

/// How `tail` reads.
struct tail_options {
    /// Wait for what is appended. Without it the stream ends with the file.
    bool follow = true;
    /// How many of the lines that are there already to begin with: 0 for new ones only, `all_lines` for the whole file.
    std::size_t last_lines = 10;
    /// The file need not be there yet (only if it is followed). All its lines are new then.
    bool wait_for_file = false;
    /// What a line is; see `line_rules`.
    char delimiter = '\n';
    bool strip_cr = true;
    std::size_t max_line = line_rules{}.max_line;
    /// Bytes read at a time.
    std::size_t chunk_size = std::size_t{64} << 10;
    /// Look this often, instead of being told by inotify, which does not know what other machines do to a file on a network
    /// drive. 0: be told.
    std::chrono::milliseconds poll{0};
};

} // namespace leat::file
