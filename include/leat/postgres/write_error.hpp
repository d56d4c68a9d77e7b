#pragma once

#include <leat/postgres/error.hpp>
#include <leat/postgres/sqlstate.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace leat::postgres {

/// Which part of what was written a `write_error` is about.
struct written_place {
    std::uint64_t first_row = 0; ///< from 1, in the order of the stream; 0 where it is not known
    std::uint64_t last_row = 0;  ///< the same one, where a single row is to blame
    std::string column;          ///< empty where it is not known
};

/// A write that failed and what is known of where: thrown by `copy_into` and `execute_batch`.
///
/// `rows_delivered()` is how many rows had been sent (`copy_into`, of which none stay), or taken by the
/// server (`execute_batch`). Values are never in `what()`; the server's own words are in `server_message()`.
class write_error : public error {
public:
    write_error(error_kind kind, const std::string& what, written_place place, std::string sqlstate = {},
                std::string server_message = {}, bool in_doubt = false)
        : error(kind, what, std::move(sqlstate), std::move(server_message)), place_(std::move(place)),
          in_doubt_(in_doubt) {}

    /// The row that failed is one of these. Some constraints are looked at when all rows are in: then both
    /// are 0.
    std::uint64_t first_row() const noexcept { return place_.first_row; }
    std::uint64_t last_row() const noexcept { return place_.last_row; }
    const std::string& column() const noexcept { return place_.column; }

    /// The connection was lost while the server was finishing: the rows may be in the table or not. Look,
    /// before you write them again.
    bool in_doubt() const noexcept { return in_doubt_; }

private:
    written_place place_;
    bool in_doubt_;
};

namespace detail {

/// What the server said when it refused something.
struct server_refusal {
    std::string sqlstate, message, context, column, constraint;
};

/// The codes that writing meets, and what to do; the others are as in reading.
inline constexpr sqlstate_text known_write_sqlstates[] = {
    {"21000", "cardinality_violation",
     "a key is in the page twice, and ON CONFLICT DO UPDATE takes each row once: leave "
     "out the doubles before"},
    {"22001", "string_data_right_truncation", "a text is longer than its column allows"},
    {"22003", "numeric_value_out_of_range", "a number is larger than its column allows"},
    {"22021", "character_not_in_repertoire", "a text is not UTF-8"},
    {"22P02", "invalid_text_representation", "a text does not have the form of its column's type"},
    {"23502", "not_null_violation", "NULL came for a column that does not take it"},
    {"23503", "foreign_key_violation", "a row refers to one that is not there"},
    {"23505", "unique_violation", "a row with this key is there already, or comes twice"},
    {"23514", "check_violation", "a row does not pass a CHECK of its table"},
    {"23P01", "exclusion_violation", "a row overlaps with another one"},
    {"25006", "read_only_sql_transaction",
     "this server or this role only reads (default_transaction_read_only)"},
    {"42501", "insufficient_privilege", "the connection's role may not write this"},
    {"42601", "syntax_error", "check the statement"},
    {"42703", "undefined_column", "check the column names"},
    {"42P10", "invalid_column_reference", "ON CONFLICT names columns that no unique index has"},
    {"428C9", "generated_always", "the server makes this column's values itself: leave it out"},
    {"57014", "query_canceled", "statement_timeout, or somebody cancelled it"},
};

inline std::string describe_write_sqlstate(std::string_view code) {
    for (const sqlstate_text& known : known_write_sqlstates) {
        if (known.code == code)
            return std::string(known.name) + " (SQLSTATE " + std::string(code) +
                   "): " + std::string(known.hint);
    }
    return describe_sqlstate(code);
}

/// "row 7, column "name"", "rows 1001 to 2000", or nothing.
inline std::string place_text(const written_place& p) {
    std::string out;
    if (p.first_row != 0) {
        out = p.first_row == p.last_row
                  ? "row " + std::to_string(p.first_row)
                  : "one of the rows " + std::to_string(p.first_row) + " to " + std::to_string(p.last_row);
    }
    if (!p.column.empty()) {
        if (!out.empty())
            out += ", ";
        out += "column \"" + p.column + '"';
    }
    return out;
}

/// `who` is the name of the operation; `fate` says what has become of the rows.
inline write_error refused_write(std::string_view who, written_place place, const server_refusal& why,
                                 std::string_view fate) {
    std::string what = "leat::postgres::" + std::string(who) + ": the server refused ";
    const std::string where = place_text(place);
    what += where.empty() ? "it" : where;
    what += ": " + describe_write_sqlstate(why.sqlstate);
    if (!why.constraint.empty())
        what += "; the constraint is \"" + why.constraint + '"';
    what += ". ";
    what += fate;
    what += " The server's own words are in server_message(); they may quote data";
    return write_error(kind_of_sqlstate(why.sqlstate), what, std::move(place), why.sqlstate, why.message);
}

} // namespace detail
} // namespace leat::postgres
