#pragma once

/// \file The types that leat reads and writes, and the C++ types they go with.

#include <leat/postgres/array.hpp>
#include <leat/postgres/codec_enum.hpp>
#include <leat/postgres/codec_interface.hpp>
#include <leat/postgres/encode.hpp>
#include <leat/postgres/interval.hpp>
#include <leat/postgres/number_text.hpp>
#include <leat/postgres/numeric.hpp>
#include <leat/postgres/timestamp.hpp>
#include <leat/postgres/type.hpp>
#include <leat/postgres/value.hpp>

#include <array>
#include <chrono>
#include <cmath>
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
#include <utility>
#include <vector>

namespace leat::postgres {

namespace detail {
/// For the many C++ types that stand for exactly one of the server's.
template <class T> constexpr decode_fn<T> only(oid wanted, oid t, decode_fn<T> decode) noexcept {
    return t == wanted ? decode : nullptr;
}
template <class T> constexpr encode_fn<T> only_to(oid wanted, oid t, encode_fn<T> encode) noexcept {
    return t == wanted ? encode : nullptr;
}
} // namespace detail

template <> struct codec<bool> {
    static constexpr std::string_view cpp_name = "bool";
    static constexpr std::string_view accepts = "boolean";
    static decode_fn<bool> find(oid t) noexcept {
        return detail::only<bool>(type::boolean, t,
                                  [](const value& v, bool& out) { out = read_exactly<std::int8_t>(v) != 0; });
    }
    static encode_fn<bool> find_encoder(oid t) noexcept {
        return detail::only_to<bool>(type::boolean, t,
                                     [](const bool& x, std::string& out) { out += x ? '\1' : '\0'; });
    }
};

template <> struct codec<char> {
    static constexpr std::string_view cpp_name = "char";
    static constexpr std::string_view accepts = "\"char\"";
    static decode_fn<char> find(oid t) noexcept {
        return detail::only<char>(type::char1, t,
                                  [](const value& v, char& out) { out = read_exactly<char>(v); });
    }
    static encode_fn<char> find_encoder(oid t) noexcept {
        return detail::only_to<char>(type::char1, t, [](const char& x, std::string& out) { out += x; });
    }
};

namespace detail {

template <class T>
concept signed_number = std::signed_integral<T> && sizeof(T) >= 2 && !std::same_as<T, wchar_t>;

/// Without std::uint32_t, which is an oid, and the character types.
template <class T>
concept unsigned_number =
    std::same_as<T, unsigned short> || std::same_as<T, unsigned long> || std::same_as<T, unsigned long long>;

template <class Wire, class T> void decode_integer(const value& v, T& out) { out = read_exactly<Wire>(v); }

template <class Bits, class Wire, class T> void decode_float(const value& v, T& out) {
    static_assert(sizeof(Bits) == sizeof(Wire) && std::numeric_limits<Wire>::is_iec559);
    const auto bits = read_exactly<Bits>(v);
    Wire number;
    std::memcpy(&number, &bits, sizeof number);
    out = number;
}

template <class Wire, class T> void append_integer(const T& x, std::string& out) {
    if (!std::in_range<Wire>(x))
        throw bad_value("the number does not fit the column's type");
    append_big_endian(out, static_cast<Wire>(x));
}

template <class T> void append_integer_as_numeric(const T& x, std::string& out) {
    append_numeric(out, number_text(x));
}

/// Any integer goes into any integer column, and each value is looked at: 70000 does not fit a smallint.
template <class T> encode_fn<T> find_integer_encoder(oid t) noexcept {
    switch (t) {
    case type::int2:
        return &append_integer<std::int16_t, T>;
    case type::int4:
        return &append_integer<std::int32_t, T>;
    case type::int8:
        return &append_integer<std::int64_t, T>;
    case type::object_id:
        return &append_integer<std::uint32_t, T>;
    case type::numeric:
        return &append_integer_as_numeric<T>;
    default:
        return nullptr;
    }
}

/// What a double loses in a real column is digits; a number that would become infinity or zero is refused, as by Postgres.
template <class Bits, class Wire, class T> void append_float(const T& x, std::string& out) {
    // Asked first: the conversion itself is undefined for what is out of range.
    if (std::isfinite(x) && (x > std::numeric_limits<Wire>::max() || x < std::numeric_limits<Wire>::lowest()))
        throw bad_value("the number is too large for the column's type");
    const auto number = static_cast<Wire>(x);
    if (number == 0 && x != 0)
        throw bad_value("the number is too close to zero for the column's type");
    Bits bits;
    std::memcpy(&bits, &number, sizeof bits);
    append_big_endian(out, bits);
}

/// The shortest decimal that reads as the same number again.
template <class T> void append_float_as_numeric(const T& x, std::string& out) {
    append_numeric(out, number_text(x));
}

template <class T> encode_fn<T> find_float_encoder(oid t) noexcept {
    switch (t) {
    case type::float4:
        return &append_float<std::uint32_t, float, T>;
    case type::float8:
        return &append_float<std::uint64_t, double, T>;
    case type::numeric:
        return &append_float_as_numeric<T>;
    default:
        return nullptr;
    }
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

inline void append_text(std::string_view text, std::string& out) {
    if (text.find('\0') != text.npos)
        throw bad_value("the text holds a zero byte, which Postgres text cannot: use bytea");
    out += text;
}

/// 32 figures; dashes may stand between them in the usual places.
inline void append_uuid(std::string_view text, std::string& out) {
    constexpr const char* malformed = "the text is not a uuid";
    const bool dashes = text.size() == 36;
    if (!dashes && text.size() != 32)
        throw bad_value(malformed);
    unsigned byte = 0;
    std::size_t figures = 0;
    for (std::size_t i = 0; i != text.size(); ++i) {
        const char c = text[i];
        if (dashes && (i == 8 || i == 13 || i == 18 || i == 23)) {
            if (c != '-')
                throw bad_value(malformed);
            continue;
        }
        unsigned figure;
        if (c >= '0' && c <= '9')
            figure = static_cast<unsigned>(c - '0');
        else if (c >= 'a' && c <= 'f')
            figure = static_cast<unsigned>(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            figure = static_cast<unsigned>(c - 'A' + 10);
        else
            throw bad_value(malformed);
        byte = byte * 16 + figure;
        if (++figures % 2 == 0) {
            out += static_cast<char>(static_cast<unsigned char>(byte));
            byte = 0;
        }
    }
}

/// Strings of every kind are written the same way. `S` is std::string or std::string_view.
template <class S> encode_fn<S> find_text_encoder(oid t) noexcept {
    switch (t) {
    case type::char1:
        return [](const S& x, std::string& out) {
            if (x.size() != 1)
                throw bad_value("the text is not one byte long, as a \"char\" is");
            out += x[0];
        };
    case type::jsonb:
        return [](const S& x, std::string& out) {
            out += '\1';
            append_text(x, out);
        };
    case type::numeric:
        return [](const S& x, std::string& out) { append_numeric(out, x); };
    case type::uuid:
        return [](const S& x, std::string& out) { append_uuid(x, out); };
    default:
        if (is_text(t))
            return [](const S& x, std::string& out) { append_text(x, out); };
        return nullptr;
    }
}

inline void append_bytes(std::span<const std::byte> bytes, std::string& out) {
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
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
    static encode_fn<T> find_encoder(oid t) noexcept { return detail::find_integer_encoder<T>(t); }
};

/// Postgres has no unsigned integers, so these are only written; each value is looked at.
template <detail::unsigned_number T> struct codec<T> {
    static constexpr std::string_view cpp_name = "an unsigned integer";
    static encode_fn<T> find_encoder(oid t) noexcept { return detail::find_integer_encoder<T>(t); }
};

template <> struct codec<std::uint32_t> {
    static constexpr std::string_view cpp_name = "std::uint32_t";
    static constexpr std::string_view accepts = "oid (Postgres' other integers are signed)";
    static decode_fn<std::uint32_t> find(oid t) noexcept {
        return t == type::object_id ? &detail::decode_integer<std::uint32_t, std::uint32_t> : nullptr;
    }
    static encode_fn<std::uint32_t> find_encoder(oid t) noexcept {
        return detail::find_integer_encoder<std::uint32_t>(t);
    }
};

template <> struct codec<float> {
    static constexpr std::string_view cpp_name = "float";
    static constexpr std::string_view accepts = "real";
    static decode_fn<float> find(oid t) noexcept {
        return t == type::float4 ? &detail::decode_float<std::uint32_t, float, float> : nullptr;
    }
    static encode_fn<float> find_encoder(oid t) noexcept { return detail::find_float_encoder<float>(t); }
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
    static encode_fn<double> find_encoder(oid t) noexcept { return detail::find_float_encoder<double>(t); }
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
    static encode_fn<std::string> find_encoder(oid t) noexcept {
        return detail::find_text_encoder<std::string>(t);
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
    static encode_fn<std::string_view> find_encoder(oid t) noexcept {
        return detail::find_text_encoder<std::string_view>(t);
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
    static encode_fn<std::vector<std::byte>> find_encoder(oid t) noexcept {
        return detail::only_to<std::vector<std::byte>>(
            type::bytea, t,
            [](const std::vector<std::byte>& x, std::string& out) { detail::append_bytes(x, out); });
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
    static encode_fn<std::span<const std::byte>> find_encoder(oid t) noexcept {
        return detail::only_to<std::span<const std::byte>>(
            type::bytea, t,
            [](const std::span<const std::byte>& x, std::string& out) { detail::append_bytes(x, out); });
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
    static encode_fn<std::array<std::byte, 16>> find_encoder(oid t) noexcept {
        return detail::only_to<std::array<std::byte, 16>>(
            type::uuid, t,
            [](const std::array<std::byte, 16>& x, std::string& out) { detail::append_bytes(x, out); });
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
    static encode_fn<time> find_encoder(oid t) noexcept {
        return detail::only_to<time>(type::timestamptz, t, [](const time& x, std::string& out) {
            detail::append_timestamp(out, x.time_since_epoch());
        });
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
    static encode_fn<time> find_encoder(oid t) noexcept {
        return detail::only_to<time>(type::timestamp, t, [](const time& x, std::string& out) {
            detail::append_timestamp(out, x.time_since_epoch());
        });
    }
};

template <> struct codec<std::chrono::sys_days> {
    static constexpr std::string_view cpp_name = "std::chrono::sys_days";
    static constexpr std::string_view accepts = "date";
    static decode_fn<std::chrono::sys_days> find(oid t) noexcept {
        return detail::only<std::chrono::sys_days>(
            type::date, t, [](const value& v, std::chrono::sys_days& out) { out = detail::read_date(v); });
    }
    static encode_fn<std::chrono::sys_days> find_encoder(oid t) noexcept {
        return detail::only_to<std::chrono::sys_days>(
            type::date, t,
            [](const std::chrono::sys_days& x, std::string& out) { detail::append_date(out, x); });
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
    static encode_fn<std::chrono::year_month_day> find_encoder(oid t) noexcept {
        return detail::only_to<std::chrono::year_month_day>(
            type::date, t, [](const std::chrono::year_month_day& x, std::string& out) {
                if (!x.ok())
                    throw bad_value("the date is not in the calendar");
                detail::append_date(out, std::chrono::sys_days(x));
            });
    }
};

/// `time` is the time since midnight, up to 24:00:00. It can be reckoned with, which std::chrono::hh_mm_ss cannot;
/// `std::chrono::hh_mm_ss(t)` takes it apart.
template <> struct codec<std::chrono::microseconds> {
    static constexpr std::string_view cpp_name = "std::chrono::microseconds";
    static constexpr std::string_view accepts = "time without time zone";
    static decode_fn<std::chrono::microseconds> find(oid t) noexcept {
        return detail::only<std::chrono::microseconds>(
            type::time, t, [](const value& v, std::chrono::microseconds& out) {
                const std::chrono::microseconds sent(read_exactly<std::int64_t>(v));
                out = detail::checked_time_of_day(sent);
            });
    }
    static encode_fn<std::chrono::microseconds> find_encoder(oid t) noexcept {
        return detail::only_to<std::chrono::microseconds>(
            type::time, t, [](const std::chrono::microseconds& x, std::string& out) {
                append_big_endian(out, std::int64_t{detail::checked_time_of_day(x).count()});
            });
    }
};

} // namespace leat::postgres
