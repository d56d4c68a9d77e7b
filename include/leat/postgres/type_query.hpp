#pragma once

#include <leat/postgres/type.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace leat::postgres::detail {

/// SQL that asks the server what the types are that are not built in; it has no parameters and fits every version since 9.
/// A row for each: its oid, the built-in type to take it for (its own oid if there is none), its name, and for an array the
/// oid of its elements, else 0. Numbers come as bigint.
///
/// A domain is taken for the type below it, an enum and what else travels as text for text, an array of these for an array of
/// those. (In a result the server itself replaces a domain by the type below it, but not in an array, nor in the catalogue's
/// list of a table's columns.)
inline std::string type_query(const std::vector<oid>& types) {
    std::string list;
    for (const oid t : types) {
        if (!list.empty())
            list += ',';
        list += std::to_string(t);
    }
    if (list.empty())
        list = "0";
    return "WITH RECURSIVE way AS ("
           "SELECT oid AS id, oid AS at, 0::pg_catalog.oid AS element, 0 AS step "
           "FROM pg_catalog.pg_type WHERE oid IN (" +
           list +
           ") UNION ALL "
           "SELECT way.id, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END, "
           "CASE WHEN t.typtype = 'd' THEN way.element ELSE t.typelem END, way.step + 1 "
           "FROM way JOIN pg_catalog.pg_type t ON t.oid = way.at WHERE t.typtype = 'd' "
           "OR (way.element = 0 AND t.typlen = -1 AND t.typelem <> 0 AND t.typsend::pg_catalog.text ~ "
           "'array_send$')"
           "), leaf AS ("
           "SELECT DISTINCT ON (way.id) way.id, way.element, CASE WHEN t.typtype = 'e' OR "
           "t.typsend::pg_catalog.text ~ '(text|varchar|bpchar|citext|name)send$' THEN 25 ELSE t.oid END AS "
           "read_as "
           "FROM way JOIN pg_catalog.pg_type t ON t.oid = way.at ORDER BY way.id, way.step DESC"
           ") SELECT leaf.id::pg_catalog.int8, CASE WHEN leaf.element = 0 THEN leaf.read_as WHEN b.typarray "
           "<> 0 "
           "THEN b.typarray ELSE leaf.id END::pg_catalog.int8, pg_catalog.format_type(leaf.id, NULL), "
           "leaf.element::pg_catalog.int8 FROM leaf JOIN pg_catalog.pg_type b ON b.oid = leaf.read_as";
}

/// Takes over what a row of `type_query` says into each column of that type.
inline void describe_types(std::vector<column>& columns, oid id, oid read_as, std::string_view name,
                           oid element) {
    for (column& c : columns) {
        if (c.type == id && c.type_name.empty()) {
            c.type = read_as;
            c.type_name = std::string(name);
            c.element = element;
        }
    }
}

} // namespace leat::postgres::detail
