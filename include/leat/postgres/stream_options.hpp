#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace leat::postgres {

/// Where a warning goes: a line on the standard error stream. Give another function, or nullptr for silence.
inline void warn_on_stderr(std::string_view line) noexcept {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

/// How a stream reads. The defaults suit a server that is near.
struct stream_options {
    /// Cursor only: the rows of the first page, few, so that the first row is quick.
    std::uint32_t first_rows = 64;
    /// The rows of a page at most: bounds the time that decoding one page takes.
    std::uint32_t max_rows = 4096;
    /// The bytes of a page. A bound with `engine::libpq` (the row that crosses it is the last one), which hands on
    /// what is there and does not wait for a full page. A target for a cursor, whose FETCH counts rows.
    std::size_t target_bytes = 256 * 1024;
    /// Cursor only: how far the target may grow where the round trip dominates.
    std::size_t max_bytes = 1024 * 1024;
    /// The whole stream, from the first step to the end, the reader's own work included; 0 for none. Then
    /// error_kind::timed_out, and the query is cancelled. A server's statement_timeout is no such thing: with a cursor it
    /// counts for each page.
    std::chrono::milliseconds deadline{0};
    /// How long the reader waits without one byte from the server; 0 for ever. A query that sorts for an hour before
    /// its first row is silent for that hour.
    std::chrono::milliseconds stall{0};
    /// A larger row is refused with error_kind::row_too_large; 0 for none. The bound is for what leat keeps of a row:
    /// libpq has read the whole row by then.
    std::size_t max_row_bytes = 0;
    /// Columns are matched with the members of a struct by name: see `column_names`. Otherwise in order.
    bool match_names = false;
    /// A reader that rests so long over a page gets one warning; 0 for none. All that time a cursor's transaction is
    /// idle, which keeps the server from vacuuming, and which idle_in_transaction_session_timeout ends; with
    /// `engine::libpq` the server waits in the middle of the query, and statement_timeout counts.
    std::chrono::milliseconds idle_warning{0};
    void (*warn)(std::string_view line) = &warn_on_stderr;
};

/// The name before there were two engines.
using page_options = stream_options;

} // namespace leat::postgres
