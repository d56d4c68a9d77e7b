#pragma once

#include <leat/postgres/error.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace leat::postgres {

/// The name of a table or a column, quoted: made by `ident()` alone, so whoever takes one need not quote.
class identifier {
public:
    /// As it stands in SQL: "users", or "shop"."users".
    const std::string& sql() const noexcept { return sql_; }
    operator std::string_view() const noexcept { return sql_; }

    friend std::string operator+(std::string before, const identifier& name) {
        return std::move(before) += name.sql_;
    }
    friend std::string operator+(const identifier& name, std::string_view after) {
        return name.sql_ + std::string(after);
    }
    friend bool operator==(const identifier&, const identifier&) = default;

private:
    explicit identifier(std::string sql) : sql_(std::move(sql)) {}
    friend identifier ident(std::string_view name);
    friend identifier ident(std::string_view schema, std::string_view name);

    std::string sql_;
};

namespace detail {
inline std::string quoted_identifier(std::string_view name) {
    const char* wrong = nullptr;
    if (name.empty())
        wrong = "is empty";
    else if (name.size() > 63)
        wrong = "is longer than 63 bytes, where Postgres cuts names off";
    else if (name.find('\0') != name.npos)
        wrong = "holds a zero byte";
    if (wrong != nullptr)
        throw error(error_kind::sql, std::string("leat::postgres::ident: the name ") + wrong +
                                         ": pass the plain name of one table, column or schema");
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"')
            out += '"';
        out += c;
    }
    out += '"';
    return out;
}
} // namespace detail

/// Quotes a name, so that it is a name in SQL and nothing else, whatever it holds. Upper and lower case count: Postgres
/// writes names small that were created without quotes. A dot is a letter like any other; a schema goes in front.
///
/// Throws: postgres::error for a name that is empty, holds a zero byte, or is longer than 63 bytes (Postgres would cut it
/// off, and it might then be another name). Cost: one string.
///
/// A query's text is yours: leat sends it as it is. Only names may have to be put into it, by `ident`; values never: they are
/// parameters, `$1`, `$2` ...
///
///     auto sql = "SELECT id FROM " + leat::postgres::ident("shop", table) + " WHERE price > $1";
inline identifier ident(std::string_view name) { return identifier(detail::quoted_identifier(name)); }
inline identifier ident(std::string_view schema, std::string_view name) {
    return identifier(detail::quoted_identifier(schema) + "." + detail::quoted_identifier(name));
}

} // namespace leat::postgres
