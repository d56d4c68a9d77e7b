#pragma once

#include <leat/postgres/error.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
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

inline std::string timestamp_text(std::chrono::microseconds since_1970, std::string_view zone) {
    using namespace std::chrono;
    if (since_1970 == microseconds::max())
        return "infinity";
    if (since_1970 == microseconds::min())
        return "-infinity";
    const auto day = floor<days>(since_1970);
    const auto rest = (since_1970 - day).count();
    std::string clock = " " + two_digits(static_cast<unsigned>(rest / 3'600'000'000)) + ":" +
                        two_digits(static_cast<unsigned>(rest / 60'000'000 % 60)) + ":" +
                        two_digits(static_cast<unsigned>(rest / 1'000'000 % 60)) + ".";
    std::string fraction = std::to_string(rest % 1'000'000);
    fraction.insert(0, 6 - fraction.size(), '0');
    clock += fraction;
    clock += zone;
    return date_text(sys_days(day), clock);
}

template <class T> std::string number_text(T number) {
    if constexpr (std::floating_point<T>) {
        if (std::isnan(number))
            return "NaN";
        if (std::isinf(number))
            return number > 0 ? "Infinity" : "-Infinity";
    }
    char text[64];
#if !defined(__cpp_lib_to_chars)
    if constexpr (std::floating_point<T>) {
        std::snprintf(text, sizeof text, sizeof(T) == 4 ? "%.9g" : "%.17g", static_cast<double>(number));
        return text;
    } else
#endif
    {
        const auto [end, failed] = std::to_chars(text, text + sizeof text, number);
        (void)failed; // 64 characters hold every number
        return std::string(text, end);
    }
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

/// Copies one argument of `rows(...)`, so that the caller's need not outlive the call.
template <class T> parameter to_parameter(const T& argument) {
    using namespace std::chrono;
    if constexpr (std::same_as<T, std::nullptr_t> || std::same_as<T, std::nullopt_t>) {
        return std::nullopt;
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
    } else {
        static_assert(always_false<T>,
                      "leat::postgres: this parameter type is not known: pass a number, bool, "
                      "string, bytes, chrono time, std::optional of these, or a string of your own "
                      "making with a cast in the SQL ($1::mytype)");
    }
}

} // namespace leat::postgres::detail
