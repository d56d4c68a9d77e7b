#pragma once

#include <leat/postgres/codec_interface.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/number_text.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace leat::postgres::detail {

/// A query parameter as it travels: the value's text, or nullopt for NULL. It is never put into the SQL.
using parameter = std::optional<std::string>;

inline std::string two_digits(unsigned n) {
    return {static_cast<char>('0' + n / 10), static_cast<char>('0' + n % 10)};
}

/// "2024-02-29", and " BC" behind it for the years before 1, which is how Postgres writes them.
inline std::string date_text(std::chrono::sys_days day, std::string_view between_date_and_era = {}) {
    const std::chrono::year_month_day calendar(day);
    const int year = static_cast<int>(calendar.year());
    std::string digits = std::to_string(year > 0 ? year : 1 - year);
    if (digits.size() < 4)
        digits.insert(0, 4 - digits.size(), '0');
    digits += '-';
    digits += two_digits(static_cast<unsigned>(calendar.month()));
    digits += '-';
    digits += two_digits(static_cast<unsigned>(calendar.day()));
    digits += between_date_and_era;
    if (year <= 0)
        digits += " BC";
    return digits;
}

/// "23:59:59.000001", and "24:00:00.000000", which is a time in Postgres.
inline std::string clock_text(std::chrono::microseconds since_midnight) {
    const auto rest = static_cast<std::uint64_t>(since_midnight.count());
    std::string clock = two_digits(static_cast<unsigned>(rest / 3'600'000'000)) + ":" +
                        two_digits(static_cast<unsigned>(rest / 60'000'000 % 60)) + ":" +
                        two_digits(static_cast<unsigned>(rest / 1'000'000 % 60)) + ".";
    std::string fraction = std::to_string(rest % 1'000'000);
    fraction.insert(0, 6 - fraction.size(), '0');
    return clock + fraction;
}

inline std::string timestamp_text(std::chrono::microseconds since_1970, std::string_view zone) {
    using namespace std::chrono;
    if (since_1970 == microseconds::max())
        return "infinity";
    if (since_1970 == microseconds::min())
        return "-infinity";
    const auto day = floor<days>(since_1970);
    std::string clock = " " + clock_text(since_1970 - day);
    clock += zone;
    return date_text(sys_days(day), clock);
}

inline std::string bytea_text(std::span<const std::byte> bytes) {
    constexpr char figures[] = "0123456789abcdef";
    std::string text = "\\x";
    text.reserve(2 + 2 * bytes.size());
    for (std::byte b : bytes) {
        text += figures[std::to_integer<unsigned>(b) >> 4];
        text += figures[std::to_integer<unsigned>(b) & 15];
    }
    return text;
}

template <class> inline constexpr bool always_false = false;

template <class T> inline constexpr bool is_optional = false;
template <class T> inline constexpr bool is_optional<std::optional<T>> = true;

template <class T> inline constexpr bool is_list = false;
template <class T> inline constexpr bool is_list<std::vector<T>> = true;
template <> inline constexpr bool is_list<std::vector<std::byte>> = false; // bytea

/// What a codec says of how its type is written as text.
template <class T>
concept has_text = requires(const T& x) {
    { codec<T>::to_text(x) } -> std::convertible_to<std::string>;
};

/// "{\"a\",NULL}": with every element in quotes no element can be taken for anything else.
template <class T> std::string array_text(const std::vector<T>& elements);

/// Copies one argument of `rows(...)`, so that the caller's need not outlive the call.
template <class T> parameter to_parameter(const T& argument) {
    using namespace std::chrono;
    if constexpr (std::same_as<T, std::nullptr_t> || std::same_as<T, std::nullopt_t>) {
        return std::nullopt;
    } else if constexpr (has_text<T>) {
        try {
            return std::string(codec<T>::to_text(argument));
        } catch (const bad_value& why) {
            throw error(error_kind::conversion,
                        std::string("leat::postgres: a parameter cannot be sent: ") + why.what());
        }
    } else if constexpr (is_list<T>) {
        return array_text(argument);
    } else if constexpr (is_optional<T>) {
        if (!argument)
            return std::nullopt;
        return to_parameter(*argument);
    } else if constexpr (std::same_as<T, bool>) {
        return argument ? "t" : "f";
    } else if constexpr (std::same_as<T, char>) {
        return to_parameter(std::string_view(&argument, 1));
    } else if constexpr (std::integral<T> || std::floating_point<T>) {
        return number_text(argument);
    } else if constexpr (std::convertible_to<const T&, const char*>) {
        const char* text = argument;
        if (text == nullptr)
            return std::nullopt;
        return std::string(text);
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        const std::string_view text = argument;
        if (text.find('\0') != text.npos)
            throw error(error_kind::conversion,
                        "leat::postgres: a text parameter holds a zero byte, which Postgres "
                        "text cannot: pass bytes as std::span<const std::byte> (bytea)");
        return std::string(text);
    } else if constexpr (std::same_as<T, std::array<std::byte, 16>>) {
        return bytea_text(argument).substr(2); // a uuid may be written without its dashes
    } else if constexpr (std::convertible_to<const T&, std::span<const std::byte>>) {
        return bytea_text(argument);
    } else if constexpr (std::same_as<T, sys_days>) {
        if (argument == sys_days::max())
            return "infinity";
        if (argument == sys_days::min())
            return "-infinity";
        return date_text(argument);
    } else if constexpr (std::same_as<T, year_month_day>) {
        return date_text(sys_days(argument));
    } else if constexpr (std::convertible_to<const T&, sys_time<microseconds>>) {
        return timestamp_text(sys_time<microseconds>(argument).time_since_epoch(), "+00");
    } else if constexpr (std::convertible_to<const T&, local_time<microseconds>>) {
        return timestamp_text(local_time<microseconds>(argument).time_since_epoch(), "");
    } else if constexpr (std::same_as<T, microseconds>) {
        if (argument < microseconds(0) || argument > hours(24))
            throw error(error_kind::conversion,
                        "leat::postgres: a time of day as a parameter is not between 00:00:00 and "
                        "24:00:00: for a length of time pass a leat::postgres::interval");
        return clock_text(argument);
    } else {
        static_assert(
            always_false<T>,
            "leat::postgres: this parameter type is not known: pass a number, bool, "
            "string, bytes, chrono time, interval, std::optional or std::vector of these, a type whose "
            "leat::postgres::codec has to_text(), or a string of your own making with a cast in the SQL "
            "($1::mytype)");
    }
}

template <class T> std::string array_text(const std::vector<T>& elements) {
    static_assert(!is_list<T>, "leat::postgres: an array of arrays cannot be a parameter");
    std::string out = "{";
    for (std::size_t i = 0; i != elements.size(); ++i) {
        if (i != 0)
            out += ',';
        const parameter text = to_parameter<T>(elements[i]);
        if (!text) {
            out += "NULL";
            continue;
        }
        out += '"';
        for (const char c : *text) {
            if (c == '"' || c == '\\')
                out += '\\';
            out += c;
        }
        out += '"';
    }
    out += '}';
    return out;
}

} // namespace leat::postgres::detail
