#pragma once

#include <leat/postgres/identifier.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::postgres {

/// A table to write to: "users", or "shop.users" with its schema. Each part is quoted, so it is a name and
/// nothing else, and upper and lower case count. A name with a dot in it is given as an `ident`:
/// `ident("shop", "users.old")`.
///
/// Throws: postgres::error for a name that cannot be one; see `ident`.
class table_name {
public:
    table_name(const char* name) : table_name(std::string_view(name)) {}
    table_name(const std::string& name) : table_name(std::string_view(name)) {}
    table_name(std::string_view name) : sql_(quoted(name).sql()), last_(name.substr(name.find('.') + 1)) {}
    table_name(const identifier& name) : sql_(name.sql()), last_(last_part(sql_)) {}

    /// As it stands in SQL: "shop"."users".
    const std::string& sql() const noexcept { return sql_; }
    /// The table's own name, plain: users.
    const std::string& last() const noexcept { return last_; }

private:
    static identifier quoted(std::string_view name) {
        const auto dot = name.find('.');
        return dot == name.npos ? ident(name) : ident(name.substr(0, dot), name.substr(dot + 1));
    }
    static std::string last_part(std::string_view sql) {
        std::string out;
        bool inside = false;
        for (std::size_t i = 0; i != sql.size(); ++i) {
            if (sql[i] != '"')
                out += inside ? std::string_view(&sql[i], 1) : std::string_view();
            else if (inside && i + 1 != sql.size() && sql[i + 1] == '"')
                out += sql[++i];
            else if (inside = !inside; inside)
                out.clear();
        }
        return out;
    }

    std::string sql_;
    std::string last_;
};

/// The names of columns: `{"id", "name"}`, or a vector made at run time.
class name_list {
public:
    // Not a std::initializer_list, which g++ 12 does not compile inside a co_await.
    template <std::convertible_to<std::string_view>... Name>
        requires(sizeof...(Name) > 0)
    name_list(const Name&... names) {
        names_.reserve(sizeof...(Name));
        (names_.emplace_back(std::string_view(names)), ...);
    }
    name_list(std::vector<std::string> names) : names_(std::move(names)) {}

    const std::vector<std::string>& names() const noexcept { return names_; }

private:
    std::vector<std::string> names_;
};

} // namespace leat::postgres
