#pragma once

#include <leat/postgres/codec_interface.hpp>
#include <leat/postgres/encode.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace leat::postgres {

/// Postgres' `interval`. Its three parts are kept apart, because a month is not always so many days, nor a day so many
/// hours; so it is no std::chrono::duration. Postgres 17's `infinity` has the largest number in each part, `-infinity` the
/// smallest.
struct interval {
    std::int32_t months = 0;
    std::int32_t days = 0;
    std::int64_t microseconds = 0;

    /// Part by part: 30 days are not one month here, though the server's `=` says so.
    friend bool operator==(const interval&, const interval&) = default;
};

template <> struct codec<interval> {
    static constexpr std::string_view cpp_name = "leat::postgres::interval";
    static constexpr std::string_view accepts = "interval";

    static decode_fn<interval> find(oid t) noexcept {
        if (t != type::interval)
            return nullptr;
        return [](const value& v, interval& out) {
            if (v.size != 16)
                throw bad_value("the server sent an interval that is not 16 bytes long");
            out.microseconds = detail::read_big_endian<std::int64_t>(v.data);
            out.days = detail::read_big_endian<std::int32_t>(v.data + 8);
            out.months = detail::read_big_endian<std::int32_t>(v.data + 12);
        };
    }

    static encode_fn<interval> find_encoder(oid t) noexcept {
        if (t != type::interval)
            return nullptr;
        return [](const interval& x, std::string& out) {
            append_big_endian(out, x.microseconds);
            append_big_endian(out, x.days);
            append_big_endian(out, x.months);
        };
    }

    /// "3 mons -2 days -01:00:00.000005"
    static std::string to_text(const interval& x) {
        // The magnitude of the smallest number has no positive counterpart of its own type.
        const auto clock = static_cast<std::uint64_t>(x.microseconds);
        const std::uint64_t rest = x.microseconds < 0 ? std::uint64_t{0} - clock : clock;
        const auto padded = [](std::uint64_t n, std::size_t width) {
            std::string digits = std::to_string(n);
            if (digits.size() < width)
                digits.insert(0, width - digits.size(), '0');
            return digits;
        };
        std::string text = std::to_string(x.months) + " mons " + std::to_string(x.days) + " days ";
        text += x.microseconds < 0 ? "-" : "+";
        text += padded(rest / 3'600'000'000, 2) + ":" + padded(rest / 60'000'000 % 60, 2) + ":" +
                padded(rest / 1'000'000 % 60, 2) + "." + padded(rest % 1'000'000, 6);
        return text;
    }
};

} // namespace leat::postgres
