#pragma once

#include <cstddef>
#include <string_view>

namespace leat::csv {

/// What the text looks like, for reading and for writing.
struct options {
    char delimiter = ',';
    /// What fields are put in that hold a delimiter, a line end or a quote (which is doubled then). '\0': nothing is.
    char quote = '"';
    /// The first row has the names of the columns.
    bool header = true;
    /// Reading: blanks (spaces and tabs) around a field, outside of its quotes, are left out.
    bool trim = false;
    /// Reading: the longest row, in bytes. It bounds the memory when a quote is never closed.
    std::size_t max_row = std::size_t{16} << 20;
    /// Writing: what ends a line.
    std::string_view line_end = "\n";
};

} // namespace leat::csv
