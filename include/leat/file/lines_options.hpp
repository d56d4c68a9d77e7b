#pragma once

#include <cstddef>
#include <cstdint>

#include "line_splitter.hpp"
#include "options.hpp"

namespace leat::file {

/// How `lines` and `blocks` read, and what a line is: the members of `line_rules` and `read_options`, where each is
/// explained.
struct lines_options {
    char delimiter = '\n';
    bool strip_cr = true;
    bool skip_bom = true;
    std::size_t max_line = line_rules{}.max_line;
    std::size_t chunk_size = read_options{}.chunk_size;
    unsigned buffers = read_options{}.buffers;
    read_ahead ahead = read_options{}.ahead;
    fairness fair = read_options{}.fair;
    /// A line is taken to begin here, whatever the byte before is.
    std::uint64_t offset = 0;
    /// A line is taken to end here at the latest.
    std::uint64_t end = to_the_end;

    read_options reading() const noexcept { return {chunk_size, buffers, ahead, offset, end, fair}; }
    /// A byte order mark is at the start of a file, not at that of a part.
    line_rules rules() const noexcept { return {delimiter, strip_cr, skip_bom && offset == 0, max_line}; }
};

} // namespace leat::file
