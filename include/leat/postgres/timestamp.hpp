#pragma once

#include <leat/postgres/encode.hpp>
#include <leat/postgres/value.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

namespace leat::postgres::detail {

// Postgres counts from 2000-01-01, std::chrono from 1970-01-01.
inline constexpr std::int64_t epoch_days = 10957;
inline constexpr std::int64_t epoch_microseconds = epoch_days * 86'400'000'000;

/// Microseconds since 1970. `infinity` becomes the largest time point and `-infinity` the smallest.
inline std::chrono::microseconds read_timestamp(const value& v) {
    using limits = std::numeric_limits<std::int64_t>;
    const auto since_2000 = read_exactly<std::int64_t>(v);
    if (since_2000 == limits::max())
        return std::chrono::microseconds::max();
    if (since_2000 == limits::min())
        return std::chrono::microseconds::min();
    if (since_2000 > limits::max() - epoch_microseconds)
        throw bad_value("the timestamp is beyond the year 294246, the last one that std::chrono can hold");
    return std::chrono::microseconds(since_2000 + epoch_microseconds);
}

/// Days since 1970. `infinity` becomes sys_days::max() and `-infinity` sys_days::min().
inline std::chrono::sys_days read_date(const value& v) {
    using limits = std::numeric_limits<std::int32_t>;
    const auto since_2000 = read_exactly<std::int32_t>(v);
    if (since_2000 == limits::max())
        return std::chrono::sys_days::max();
    if (since_2000 == limits::min())
        return std::chrono::sys_days::min();
    using rep = std::chrono::days::rep;
    if constexpr (sizeof(rep) == sizeof(std::int32_t)) {
        if (since_2000 > limits::max() - static_cast<std::int32_t>(epoch_days))
            throw bad_value("the date is beyond what std::chrono::sys_days can hold");
    }
    return std::chrono::sys_days(
        std::chrono::days(static_cast<rep>(since_2000 + static_cast<rep>(epoch_days))));
}

inline std::chrono::year_month_day read_calendar_date(const value& v) {
    const auto day = read_date(v);
    // std::chrono::year ends at 32767, Postgres at 5874897.
    constexpr std::chrono::sys_days first = std::chrono::sys_days(std::chrono::year::min() / 1 / 1);
    constexpr std::chrono::sys_days last = std::chrono::sys_days(std::chrono::year::max() / 12 / 31);
    if (day < first || day > last)
        throw bad_value(
            "the date is infinite or outside the years of std::chrono::year: use std::chrono::sys_days");
    return std::chrono::year_month_day(day);
}

/// The opposite of read_timestamp.
inline void append_timestamp(std::string& out, std::chrono::microseconds since_1970) {
    using limits = std::numeric_limits<std::int64_t>;
    if (since_1970 == std::chrono::microseconds::max())
        return append_big_endian(out, limits::max());
    if (since_1970 == std::chrono::microseconds::min())
        return append_big_endian(out, limits::min());
    // Postgres' first timestamp is midnight of 4714-11-24 BC; its last one is later than std::chrono's.
    constexpr std::int64_t first = -211'813'488'000'000'000 + epoch_microseconds;
    if (since_1970.count() < first)
        throw bad_value("the timestamp is before 4714-11-24 BC, the first one that Postgres can hold");
    append_big_endian(out, std::int64_t{since_1970.count()} - epoch_microseconds);
}

/// The opposite of read_date.
inline void append_date(std::string& out, std::chrono::sys_days day) {
    using limits = std::numeric_limits<std::int32_t>;
    if (day == std::chrono::sys_days::max())
        return append_big_endian(out, limits::max());
    if (day == std::chrono::sys_days::min())
        return append_big_endian(out, limits::min());
    constexpr std::int64_t first = -2'451'545, last = 2'145'031'948; // 4714-11-24 BC and 5874897-12-31
    const std::int64_t since_2000 = std::int64_t{day.time_since_epoch().count()} - epoch_days;
    if (since_2000 < first || since_2000 > last)
        throw bad_value("the date is not between 4714-11-24 BC and 5874897-12-31, as Postgres' dates are");
    append_big_endian(out, static_cast<std::int32_t>(since_2000));
}

/// A time of day, from midnight to midnight (24:00:00 is a time in Postgres).
inline std::chrono::microseconds checked_time_of_day(std::chrono::microseconds since_midnight) {
    if (since_midnight < std::chrono::microseconds(0) || since_midnight > std::chrono::hours(24))
        throw bad_value("the time of day is not between 00:00:00 and 24:00:00");
    return since_midnight;
}

} // namespace leat::postgres::detail
