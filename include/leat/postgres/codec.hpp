#pragma once

#include <leat/postgres/numeric.hpp>
#include <leat/postgres/timestamp.hpp>
#include <leat/postgres/type.hpp>
#include <leat/postgres/value.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace leat::postgres {

/// Turns one non-NULL value into a `T`, reusing what `out` already holds (a string's memory, for example).
/// Throws bad_value.
template <class T> using decode_fn = void (*)(const value&, T& out);

/// How a C++ type is read from the server's types. Specialise it for a type of your own:
/// \code
/// template <>
/// struct leat::postgres::codec<money> {
///     static constexpr std::string_view cpp_name = "money";       // for error messages
///     static constexpr std::string_view accepts = "bigint";       // for error messages
///     static decode_fn<money> find(leat::postgres::oid t) noexcept {
///         if (t != leat::postgres::type::int8) return nullptr;    // not this type
///         return [](const value& v, money& out) { out.cents = read_exactly<std::int64_t>(v); };
///     }
/// };
/// \endcode
/// `find` is asked once per column and stream, the function it returns once per value.
template <class T> struct codec;

/// A type that a Row member can have (std::optional of it as well).
template <class T>
concept decodable = requires(oid t) {
    { codec<T>::find(t) } -> std::convertible_to<decode_fn<T>>;
    { codec<T>::cpp_name } -> std::convertible_to<std::string_view>;
    { codec<T>::accepts } -> std::convertible_to<std::string_view>;
};

namespace detail {
/// For the many C++ types that stand for exactly one of the server's.
template <class T> constexpr decode_fn<T> only(oid wanted, oid t, decode_fn<T> decode) noexcept {
    return t == wanted ? decode : nullptr;
}
} // namespace detail

template <> struct codec<bool> {
    static constexpr std::string_view cpp_name = "bool";
    static constexpr std::string_view accepts = "boolean";
    static decode_fn<bool> find(oid t) noexcept {
        return detail::only<bool>(type::boolean, t,
                                  [](const value& v, bool& out) { out = read_exactly<std::int8_t>(v) != 0; });
    }
};

template <> struct codec<char> {
    static constexpr std::string_view cpp_name = "char";
    static constexpr std::string_view accepts = "\"char\"";
    static decode_fn<char> find(oid t) noexcept {
        return detail::only<char>(type::char1, t,
                                  [](const value& v, char& out) { out = read_exactly<char>(v); });
    }
};

namespace detail {

template <class T>
concept signed_number = std::signed_integral<T> && sizeof(T) >= 2 && !std::same_as<T, wchar_t>;

template <class Wire, class T> void decode_integer(const value& v, T& out) { out = read_exactly<Wire>(v); }

template <class Bits, class Wire, class T> void decode_float(const value& v, T& out) {
    static_assert(sizeof(Bits) == sizeof(Wire) && std::numeric_limits<Wire>::is_iec559);
    const auto bits = read_exactly<Bits>(v);
    Wire number;
    std::memcpy(&number, &bits, sizeof number);
    out = number;
}

/// The bytes of a textual type. jsonb has a version byte in front of its text.
inline std::string_view read_text(const value& v) noexcept { return std::string_view(v.data, v.size); }

inline std::string_view read_jsonb(const value& v) {
    if (v.size < 1 || v.data[0] != 1)
        throw bad_value("the server sent jsonb of an unknown version: cast the column to ::text");
    return std::string_view(v.data + 1, v.size - 1);
}

constexpr bool is_text(oid t) noexcept {
    return t == type::text || t == type::varchar || t == type::bpchar || t == type::name ||
           t == type::char1 || t == type::unknown || t == type::json || t == type::xml;
}

inline void write_uuid(const value& v, std::string& out) {
    if (v.size != 16)
        throw bad_value("the server sent a uuid that is not 16 bytes long");
    constexpr char figures[] = "0123456789abcdef";
    out.resize(36);
    std::size_t at = 0;
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        const auto byte = static_cast<unsigned char>(v.data[i]);
        out[at++] = figures[byte >> 4];
        out[at++] = figures[byte & 15];
    }
}

} // namespace detail

/// Signed integers take their own width and every smaller one. A wider column is refused: it would lose
/// values.
template <detail::signed_number T> struct codec<T> {
    static constexpr std::string_view cpp_name = sizeof(T) == 2   ? "a 16-bit integer"
                                                 : sizeof(T) == 4 ? "a 32-bit integer"
                                                                  : "a 64-bit integer";
    static constexpr std::string_view accepts = sizeof(T) == 2   ? "smallint"
                                                : sizeof(T) == 4 ? "smallint or integer"
                                                                 : "smallint, integer, bigint or oid";
    static decode_fn<T> find(oid t) noexcept {
        if (t == type::int2)
            return &detail::decode_integer<std::int16_t, T>;
        if constexpr (sizeof(T) >= 4) {
            if (t == type::int4)
                return &detail::decode_integer<std::int32_t, T>;
        }
        if constexpr (sizeof(T) >= 8) {
            if (t == type::int8)
                return &detail::decode_integer<std::int64_t, T>;
            if (t == type::object_id)
                return &detail::decode_integer<std::uint32_t, T>;
        }
        return nullptr;
    }
};

template <> struct codec<std::uint32_t> {
    static constexpr std::string_view cpp_name = "std::uint32_t";
    static constexpr std::string_view accepts = "oid (Postgres' other integers are signed)";
    static decode_fn<std::uint32_t> find(oid t) noexcept {
        return t == type::object_id ? &detail::decode_integer<std::uint32_t, std::uint32_t> : nullptr;
    }
};

template <> struct codec<float> {
    static constexpr std::string_view cpp_name = "float";
    static constexpr std::string_view accepts = "real";
    static decode_fn<float> find(oid t) noexcept {
        return t == type::float4 ? &detail::decode_float<std::uint32_t, float, float> : nullptr;
    }
};

/// A double takes `numeric` too: the nearest double, so not exact. std::string keeps every digit.
template <> struct codec<double> {
    static constexpr std::string_view cpp_name = "double";
    static constexpr std::string_view accepts = "real, double precision or numeric";
    static decode_fn<double> find(oid t) noexcept {
        switch (t) {
        case type::float4:
            return &detail::decode_float<std::uint32_t, float, double>;
        case type::float8:
            return &detail::decode_float<std::uint64_t, double, double>;
        case type::numeric:
            return +[](const value& v, double& out) { out = detail::numeric_view(v).to_double(); };
        default:
            return nullptr;
        }
    }
};

/// A string takes text, and also numeric (every digit), uuid, json and jsonb.
template <> struct codec<std::string> {
    static constexpr std::string_view cpp_name = "std::string";
    static constexpr std::string_view accepts =
        "text, varchar, char, name, json, jsonb, numeric, uuid or an enum";
    static decode_fn<std::string> find(oid t) noexcept {
        if (detail::is_text(t))
            return +[](const value& v, std::string& out) { out.assign(v.data, v.size); };
        switch (t) {
        case type::jsonb:
            return +[](const value& v, std::string& out) { out = detail::read_jsonb(v); };
        case type::numeric:
            return +[](const value& v, std::string& out) { detail::numeric_view(v).write(out); };
        case type::uuid:
            return &detail::write_uuid;
        default:
            return nullptr;
        }
    }
};

/// Borrows from the page: valid until the reader asks for the next row.
template <> struct codec<std::string_view> {
    static constexpr std::string_view cpp_name = "std::string_view";
    static constexpr std::string_view accepts = "text, varchar, char, name, json, jsonb or an enum";
    static decode_fn<std::string_view> find(oid t) noexcept {
        if (detail::is_text(t))
            return +[](const value& v, std::string_view& out) { out = detail::read_text(v); };
        if (t == type::jsonb)
            return +[](const value& v, std::string_view& out) { out = detail::read_jsonb(v); };
        return nullptr;
    }
};

template <> struct codec<std::vector<std::byte>> {
    static constexpr std::string_view cpp_name = "std::vector<std::byte>";
    static constexpr std::string_view accepts = "bytea";
    static decode_fn<std::vector<std::byte>> find(oid t) noexcept {
        return detail::only<std::vector<std::byte>>(
            type::bytea, t, [](const value& v, std::vector<std::byte>& out) {
                const auto* bytes = reinterpret_cast<const std::byte*>(v.data);
                out.assign(bytes, bytes + v.size);
            });
    }
};

/// Borrows from the page: valid until the reader asks for the next row.
template <> struct codec<std::span<const std::byte>> {
    static constexpr std::string_view cpp_name = "std::span<const std::byte>";
    static constexpr std::string_view accepts = "bytea";
    static decode_fn<std::span<const std::byte>> find(oid t) noexcept {
        return detail::only<std::span<const std::byte>>(
            type::bytea, t, [](const value& v, std::span<const std::byte>& out) {
                out = std::span(reinterpret_cast<const std::byte*>(v.data), v.size);
            });
    }
};

template <> struct codec<std::array<std::byte, 16>> {
    static constexpr std::string_view cpp_name = "std::array<std::byte, 16>";
    static constexpr std::string_view accepts = "uuid";
    static decode_fn<std::array<std::byte, 16>> find(oid t) noexcept {
        return detail::only<std::array<std::byte, 16>>(
            type::uuid, t, [](const value& v, std::array<std::byte, 16>& out) {
                if (v.size != out.size())
                    throw bad_value("the server sent a uuid that is not 16 bytes long");
                std::memcpy(out.data(), v.data, out.size());
            });
    }
};

/// `timestamp with time zone` is a point in time. ±infinity becomes the type's max() and min().
template <> struct codec<std::chrono::sys_time<std::chrono::microseconds>> {
    using time = std::chrono::sys_time<std::chrono::microseconds>;
    static constexpr std::string_view cpp_name = "std::chrono::sys_time<microseconds>";
    static constexpr std::string_view accepts = "timestamp with time zone";
    static decode_fn<time> find(oid t) noexcept {
        return detail::only<time>(type::timestamptz, t,
                                  [](const value& v, time& out) { out = time(detail::read_timestamp(v)); });
    }
};

/// `timestamp without time zone` is a wall clock's reading. ±infinity becomes the type's max() and min().
template <> struct codec<std::chrono::local_time<std::chrono::microseconds>> {
    using time = std::chrono::local_time<std::chrono::microseconds>;
    static constexpr std::string_view cpp_name = "std::chrono::local_time<microseconds>";
    static constexpr std::string_view accepts = "timestamp without time zone";
    static decode_fn<time> find(oid t) noexcept {
        return detail::only<time>(type::timestamp, t,
                                  [](const value& v, time& out) { out = time(detail::read_timestamp(v)); });
    }
};

template <> struct codec<std::chrono::sys_days> {
    static constexpr std::string_view cpp_name = "std::chrono::sys_days";
    static constexpr std::string_view accepts = "date";
    static decode_fn<std::chrono::sys_days> find(oid t) noexcept {
        return detail::only<std::chrono::sys_days>(
            type::date, t, [](const value& v, std::chrono::sys_days& out) { out = detail::read_date(v); });
    }
};

template <> struct codec<std::chrono::year_month_day> {
    static constexpr std::string_view cpp_name = "std::chrono::year_month_day";
    static constexpr std::string_view accepts = "date";
    static decode_fn<std::chrono::year_month_day> find(oid t) noexcept {
        return detail::only<std::chrono::year_month_day>(
            type::date, t,
            [](const value& v, std::chrono::year_month_day& out) { out = detail::read_calendar_date(v); });
    }
};

/// `time` is the time since midnight.
template <> struct codec<std::chrono::microseconds> {
    static constexpr std::string_view cpp_name = "std::chrono::microseconds";
    static constexpr std::string_view accepts = "time without time zone";
    static decode_fn<std::chrono::microseconds> find(oid t) noexcept {
        return detail::only<std::chrono::microseconds>(
            type::time, t, [](const value& v, std::chrono::microseconds& out) {
                out = std::chrono::microseconds(read_exactly<std::int64_t>(v));
            });
    }
};

} // namespace leat::postgres
