#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdio>
#include <string>

namespace leat::postgres::detail {

/// A number as Postgres reads it; a floating-point one with as many digits as it takes to read the same number again.
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

} // namespace leat::postgres::detail
