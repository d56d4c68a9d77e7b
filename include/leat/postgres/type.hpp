#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace leat::postgres {

/// A type's number in the server's catalogue. The built-in types have had the same numbers for ever.
using oid = std::uint32_t;

/// The built-in types that leat decodes. Arrays of them are types of their own: `array_of(int4)`.
namespace type {
inline constexpr oid boolean = 16, bytea = 17, char1 = 18, name = 19, int8 = 20, int2 = 21, int4 = 23,
                     text = 25, object_id = 26, json = 114, xml = 142, float4 = 700, float8 = 701,
                     unknown = 705, bpchar = 1042, varchar = 1043, date = 1082, time = 1083, timestamp = 1114,
                     timestamptz = 1184, interval = 1186, numeric = 1700, uuid = 2950, jsonb = 3802;

/// Numbers from here on are given out by a server, so they differ from one database to the next.
inline constexpr oid first_not_built_in = 10000;

namespace detail {
struct known {
    oid type;
    oid array; ///< of its elements; 0 if there is none
    std::string_view name;
    std::string_view array_name;
};
inline constexpr known all_known[] = {
    {boolean, 1000, "boolean", "boolean[]"},
    {bytea, 1001, "bytea", "bytea[]"},
    {char1, 1002, "\"char\"", "\"char\"[]"},
    {name, 1003, "name", "name[]"},
    {int8, 1016, "bigint", "bigint[]"},
    {int2, 1005, "smallint", "smallint[]"},
    {int4, 1007, "integer", "integer[]"},
    {text, 1009, "text", "text[]"},
    {object_id, 1028, "oid", "oid[]"},
    {json, 199, "json", "json[]"},
    {xml, 143, "xml", "xml[]"},
    {float4, 1021, "real", "real[]"},
    {float8, 1022, "double precision", "double precision[]"},
    {bpchar, 1014, "character", "character[]"},
    {varchar, 1015, "character varying", "character varying[]"},
    {date, 1182, "date", "date[]"},
    {time, 1183, "time without time zone", "time without time zone[]"},
    {timestamp, 1115, "timestamp without time zone", "timestamp without time zone[]"},
    {timestamptz, 1185, "timestamp with time zone", "timestamp with time zone[]"},
    {interval, 1187, "interval", "interval[]"},
    {numeric, 1231, "numeric", "numeric[]"},
    {uuid, 2951, "uuid", "uuid[]"},
    {jsonb, 3807, "jsonb", "jsonb[]"},
    {unknown, 0, "unknown", ""},
};
} // namespace detail

/// The type of an array of `element`s, or 0 for a type that leat does not know.
constexpr oid array_of(oid element) noexcept {
    for (const auto& k : detail::all_known) {
        if (k.type == element)
            return k.array;
    }
    return 0;
}

/// The type of the elements of the array type `t`, or 0 if it is not one that leat knows.
constexpr oid element_of(oid t) noexcept {
    for (const auto& k : detail::all_known) {
        if (k.array == t && t != 0)
            return k.type;
    }
    return 0;
}

/// The name that SQL gives a built-in type, or "" for a type that leat does not know.
constexpr std::string_view name_of(oid t) noexcept {
    for (const auto& k : detail::all_known) {
        if (k.type == t)
            return k.name;
        if (k.array == t && t != 0)
            return k.array_name;
    }
    return "";
}
} // namespace type

/// One column of a query's result.
struct column {
    std::string name;
    oid type = 0;          ///< what the decoders see: an enum or another textual type counts as text
    std::string type_name; ///< as SQL writes it
    oid element = 0;       ///< of an array whose elements are not of a built-in type: their type
};

} // namespace leat::postgres
