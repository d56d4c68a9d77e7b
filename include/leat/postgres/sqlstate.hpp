#pragma once

#include <leat/postgres/error.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace leat::postgres::detail {

struct sqlstate_text {
    std::string_view code, name, hint;
};

/// What the codes that a query is likely to meet mean, and what to do. The server's own message would say
/// more, but it quotes data and SQL, so it does not go into what().
inline constexpr sqlstate_text known_sqlstates[] = {
    {"0A000", "feature_not_supported", "a stream takes one query that only reads"},
    {"22003", "numeric_value_out_of_range", "cast to a wider type in the query"},
    {"22012", "division_by_zero", "guard the division in the query, for example with nullif()"},
    {"22P02", "invalid_text_representation", "a parameter or a cast does not have the form of its type"},
    {"25006", "read_only_sql_transaction",
     "a stream reads only: the query or a function in it tried to write"},
    {"40001", "serialization_failure", "run it again"},
    {"40P01", "deadlock_detected", "run it again"},
    {"42501", "insufficient_privilege", "the connection's role may not read this"},
    {"42601", "syntax_error",
     "a stream takes one SELECT, VALUES, TABLE or WITH query, with nothing behind it"},
    {"42703", "undefined_column", "check the column names"},
    {"42804", "datatype_mismatch", "cast in the query"},
    {"42883", "undefined_function", "check the names and cast the arguments, for example $1::bigint"},
    {"42P01", "undefined_table", "check the table's name and the search_path"},
    {"42P02", "undefined_parameter", "the query has more $n than there are parameters"},
    {"42P11", "invalid_cursor_definition", "a stream takes one query that only reads"},
    {"42P18", "indeterminate_datatype", "say what the parameter is, for example $1::text"},
    {"53100", "disk_full", "the server has no space left for its temporary files"},
    {"55P03", "lock_not_available", "another transaction holds the table: run it again"},
    {"57014", "query_canceled", "statement_timeout, or somebody cancelled it"},
    {"08P01", "protocol_violation", "the number of parameters does not fit the query's $n"},
};

inline std::string describe_sqlstate(std::string_view code) {
    for (const sqlstate_text& known : known_sqlstates) {
        if (known.code == code)
            return std::string(known.name) + " (SQLSTATE " + std::string(code) +
                   "): " + std::string(known.hint);
    }
    return "SQLSTATE " + std::string(code);
}

inline error connection_lost(std::string server_message, std::string sqlstate = {}) {
    return error(error_kind::connection_lost,
                 "leat::postgres: the connection to the server was lost" +
                     (sqlstate.empty() ? std::string() : " (SQLSTATE " + sqlstate + ")") +
                     ": open a new one and start the stream again",
                 sqlstate, std::move(server_message));
}

inline error refused(error_kind kind, const std::string& code, const std::string& server_message) {
    return error(kind,
                 "leat::postgres: the server stopped the query: " + describe_sqlstate(code) +
                     ". The server's own words are in server_message(); they may quote data",
                 code, server_message);
}

/// The server says with these that it hangs up.
inline bool server_leaves(std::string_view code) noexcept {
    return code == "57P01" || code == "57P02" || code == "57P03" || code == "57P05" || code == "25P03";
}

inline error_kind kind_of_sqlstate(std::string_view code) noexcept {
    return code == "57014" ? error_kind::canceled : error_kind::sql;
}

inline error already_streaming() {
    return error(error_kind::connection_busy,
                 "leat::postgres: another stream is open on this connection: a connection carries one stream "
                 "at a time, so close() that one first or use another connection");
}

inline error timed_out(std::string_view what) {
    return error(error_kind::timed_out, "leat::postgres: " + std::string(what));
}

} // namespace leat::postgres::detail
