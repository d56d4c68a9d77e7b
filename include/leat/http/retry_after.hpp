#pragma once

#include "header.hpp"

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>

namespace leat::http {

namespace detail {

/// A date of HTTP ("Sun, 06 Nov 1994 08:49:37 GMT"), in the one form that may be sent (RFC 9110, 5.6.7).
inline std::optional<std::chrono::sys_seconds> http_date(std::string_view text) {
    using namespace std::chrono;
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const auto number = [text](std::size_t at, std::size_t size) -> std::optional<int> {
        int n = 0;
        const char* const end = text.data() + at + size;
        const auto [stop, code] = std::from_chars(text.data() + at, end, n);
        return code == std::errc() && stop == end && n >= 0 ? std::optional(n) : std::nullopt;
    };
    if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" || text[7] != ' ' ||
        text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':')
        return std::nullopt;
    const auto d = number(5, 2), y = number(12, 4), h = number(17, 2), m = number(20, 2), s = number(23, 2);
    const auto month_at = months.find(text.substr(8, 3));
    if (!d || !y || !h || !m || !s || month_at == months.npos || month_at % 3 != 0 || *h > 23 || *m > 59 ||
        *s > 60)
        return std::nullopt;
    const year_month_day date(year(*y), month(static_cast<unsigned>(month_at / 3 + 1)),
                              day(static_cast<unsigned>(*d)));
    if (!date.ok())
        return std::nullopt;
    return sys_days(date) + hours(*h) + minutes(*m) + seconds(*s);
}

} // namespace detail

/// What a `Retry-After` header asks for, as a time from `now` on: never negative, at most `most`, whatever it says. Nothing
/// where there is none, or none that can be read.
///
/// Threads: any. Cost: none to speak of. It is the server's wish: cap it, or it puts you to sleep for a year.
/// Example:
///   if (auto wait = leat::http::retry_after(response.headers(), 5min)) co_await leat::sleep_for(ex, *wait);
inline std::optional<std::chrono::milliseconds>
retry_after(const header_list& headers, std::chrono::milliseconds most,
            std::chrono::system_clock::time_point now = std::chrono::system_clock::now()) {
    using namespace std::chrono;
    const auto value = headers.get("retry-after");
    if (!value || value->empty())
        return std::nullopt;
    if (value->find_first_not_of("0123456789") == value->npos) {
        // More digits than any time has: for ever, so the most.
        if (value->size() > 12)
            return most;
        long long n = 0;
        std::from_chars(value->data(), value->data() + value->size(), n);
        return seconds(n) < most ? milliseconds(seconds(n)) : most;
    }
    const auto date = detail::http_date(*value);
    if (!date)
        return std::nullopt;
    // In seconds throughout: a date far away does not fit into the system clock.
    const auto from_now = *date - floor<seconds>(now);
    return from_now <= seconds(0) ? milliseconds(0) : from_now < most ? milliseconds(from_now) : most;
}

} // namespace leat::http
