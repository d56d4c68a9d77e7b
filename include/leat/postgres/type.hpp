#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace leat::postgres {

/// A type's number in the server's catalogue. The built-in types have had the same numbers for ever.
using oid = std::uint32_t;

/// The built-in types that leat decodes.
namespace type {
inline constexpr oid boolean = 16, bytea = 17, char1 = 18, name = 19, int8 = 20, int2 = 21, int4 = 23,
                     text = 25, object_id = 26, json = 114, xml = 142, float4 = 700, float8 = 701,
                     unknown = 705, bpchar = 1042, varchar = 1043, date = 1082, time = 1083, timestamp = 1114,
                     timestamptz = 1184, numeric = 1700, uuid = 2950, jsonb = 3802;

/// The name that SQL gives a built-in type, or "" for a type that leat does not know.
constexpr std::string_view name_of(oid t) noexcept {
    switch (t) {
    case boolean:
        return "boolean";
    case bytea:
        return "bytea";
    case char1:
        return "\"char\"";
    case name:
        return "name";
    case int8:
        return "bigint";
    case int2:
        return "smallint";
    case int4:
        return "integer";
    case text:
        return "text";
    case object_id:
        return "oid";
    case json:
        return "json";
    case xml:
        return "xml";
    case float4:
        return "real";
    case float8:
        return "double precision";
    case unknown:
        return "unknown";
    case bpchar:
        return "character";
    case varchar:
        return "character varying";
    case date:
        return "date";
    case time:
        return "time without time zone";
    case timestamp:
        return "timestamp without time zone";
    case timestamptz:
        return "timestamp with time zone";
    case numeric:
        return "numeric";
    case uuid:
        return "uuid";
    case jsonb:
        return "jsonb";
    default:
        return "";
    }
}
} // namespace type

/// One column of a query's result.
struct column {
    std::string name;
    oid type = 0;          ///< what the decoders see: an enum or another textual type counts as text
    std::string type_name; ///< as SQL writes it
};

} // namespace leat::postgres
