#pragma once

#include <leat/postgres/error.hpp>
#include <leat/postgres/sqlstate.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace leat::postgres::detail {

/// The first word of a query in lower case, or "(", behind white space and comments.
inline std::string first_word(std::string_view sql) {
    const auto at = [&](std::size_t i) { return i < sql.size() ? sql[i] : '\0'; };
    std::size_t i = 0;
    for (;;) {
        if (at(i) == ' ' || (at(i) >= '\t' && at(i) <= '\r')) {
            ++i;
        } else if (at(i) == '-' && at(i + 1) == '-') {
            while (i < sql.size() && at(i) != '\n')
                ++i;
        } else if (at(i) == '/' && at(i + 1) == '*') {
            int depth = 0; // SQL's comments nest
            do {
                if (at(i) == '/' && at(i + 1) == '*') {
                    ++depth;
                    i += 2;
                } else if (at(i) == '*' && at(i + 1) == '/') {
                    --depth;
                    i += 2;
                } else {
                    ++i;
                }
            } while (depth > 0 && i < sql.size());
        } else {
            break;
        }
    }
    if (at(i) == '(')
        return "(";
    std::string word;
    for (char c = at(i); (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); c = at(++i))
        word += static_cast<char>(c | 0x20);
    return word;
}

/// A cursor takes nothing but queries; a connection of leat's own would take BEGIN and COPY as well, and be left in a state
/// that nobody expects. So it refuses what a cursor refuses, with the same error.
inline void check_first_word(std::string_view sql) {
    const std::string word = first_word(sql);
    if (word != "select" && word != "with" && word != "values" && word != "table" && word != "(")
        throw refused(error_kind::sql, "42601", "");
}

} // namespace leat::postgres::detail
