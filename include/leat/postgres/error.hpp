#pragma once

#include <leat/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace leat::postgres {

/// What went wrong, so that a program can choose without reading the message.
enum class error_kind {
    connect_failed,  ///< no connection could be made
    connection_lost, ///< the connection is gone: open a new one
    connection_busy, ///< another stream or transaction holds the connection
    canceled,        ///< the server stopped the query: a cancel request or statement_timeout
    sql,             ///< the server refused the query; `sqlstate()` says why
    columns,         ///< the query's columns do not fit Row: their number or a type
    null_value,      ///< NULL came for a member that is not a std::optional
    conversion,      ///< a value does not fit its C++ type, or the server's bytes make no sense
    timed_out,       ///< `deadline`, `stall` or the time to connect is over
    row_too_large    ///< a row is larger than `max_row_bytes`
};

/// Every failure of a Postgres stream, thrown from `next()` after the rows that came before it.
///
/// `what()` names the column, the row or the SQLSTATE and the fix. It never holds a value, the query or the
/// connection string. The server's own words can hold values, so they are kept apart, in `server_message()`.
class error : public leat::error {
public:
    error(error_kind kind, const std::string& what, std::string sqlstate = {},
          std::string server_message = {})
        : leat::error(what), kind_(kind), sqlstate_(std::move(sqlstate)),
          server_message_(std::move(server_message)) {}

    error_kind kind() const noexcept { return kind_; }

    /// The server's five-character code, such as "42P01"; empty if the server sent none.
    const std::string& sqlstate() const noexcept { return sqlstate_; }

    /// The server's own message. It may quote data and SQL: do not log it where secrets must not go.
    const std::string& server_message() const noexcept { return server_message_; }

    /// How many rows the reader got before this error.
    std::uint64_t rows_delivered() const noexcept { return rows_delivered_; }

    /// Whether the connection can be used again. The stream's transaction is rolled back either way.
    bool connection_usable() const noexcept { return connection_usable_; }

    /// Used by the stream: completes an error with what only the stream knows.
    void complete(std::uint64_t rows_delivered, bool connection_usable) noexcept {
        rows_delivered_ = rows_delivered;
        connection_usable_ = connection_usable;
    }

private:
    error_kind kind_;
    std::string sqlstate_;
    std::string server_message_;
    std::uint64_t rows_delivered_ = 0;
    bool connection_usable_ = false;
};

} // namespace leat::postgres
