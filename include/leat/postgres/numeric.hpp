#pragma once

#include <leat/postgres/encode.hpp>
#include <leat/postgres/value.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>

namespace leat::postgres::detail {

/// A `numeric` on the wire: base-10000 digits, the weight of the first, a sign and how many decimals to show.
class numeric_view {
public:
    enum class kind { finite, nan, infinity };

    explicit numeric_view(const value& v) : digits_(v.data + 8) {
        if (v.size < 8)
            throw bad_value("the server sent a numeric that is too short");
        count_ = read_big_endian<std::uint16_t>(v.data);
        weight_ = read_big_endian<std::int16_t>(v.data + 2);
        const auto sign = read_big_endian<std::uint16_t>(v.data + 4);
        scale_ = read_big_endian<std::uint16_t>(v.data + 6);
        switch (sign) {
        case 0x0000:
            break;
        case 0x4000:
            negative_ = true;
            break;
        case 0xC000:
            kind_ = kind::nan;
            break;
        case 0xD000:
            kind_ = kind::infinity;
            break;
        case 0xF000:
            kind_ = kind::infinity, negative_ = true;
            break;
        default:
            throw bad_value("the server sent a numeric with an unknown sign");
        }
        if (v.size != 8 + 2 * std::size_t{count_})
            throw bad_value("the server sent a numeric whose length does not match its digits");
        if (scale_ > 0x3FFF)
            throw bad_value("the server sent a numeric with an impossible scale");
        for (int i = 0; i < count_; ++i) {
            if (digit(i) > 9999)
                throw bad_value("the server sent a numeric with an impossible digit");
        }
    }

    /// Writes the exact decimal, with the trailing zeros that the column's scale asks for, as psql shows it.
    void write(std::string& out) const {
        out.clear();
        if (kind_ == kind::nan) {
            out = "NaN";
            return;
        }
        if (negative_)
            out += '-';
        if (kind_ == kind::infinity) {
            out += "Infinity";
            return;
        }
        if (weight_ < 0) {
            out += '0';
        } else {
            bool leading = true;
            for (int i = 0; i <= weight_; ++i) {
                write_group(out, digit_or_zero(i), leading && i < weight_ ? 0 : (leading ? 1 : 4), leading);
            }
        }
        if (scale_ > 0) {
            out += '.';
            const std::size_t end = out.size() + scale_;
            bool leading = false;
            for (int i = weight_ + 1; out.size() < end; ++i)
                write_group(out, digit_or_zero(i), 4, leading);
            out.resize(end);
        }
    }

    /// The nearest double. Lossy by nature: a double holds 15 to 17 digits.
    double to_double() const {
        if (kind_ == kind::nan)
            return std::numeric_limits<double>::quiet_NaN();
        if (kind_ == kind::infinity)
            return negative_ ? -std::numeric_limits<double>::infinity()
                             : std::numeric_limits<double>::infinity();
        // Few digits and a small exponent: both parts are exact doubles, so one operation rounds correctly.
        // This is nearly every price and quantity; the rest takes the way over the decimal text.
        if (count_ <= 4) {
            std::uint64_t mantissa = 0;
            for (int i = 0; i < count_; ++i)
                mantissa = mantissa * 10000 + digit(i);
            const int exponent = 4 * (weight_ - count_ + 1);
            if (mantissa < (std::uint64_t{1} << 53) && exponent >= -22 && exponent <= 22) {
                double out = static_cast<double>(mantissa);
                out = exponent < 0 ? out / power_of_ten[static_cast<std::size_t>(-exponent)]
                                   : out * power_of_ten[static_cast<std::size_t>(exponent)];
                return negative_ ? -out : out;
            }
        }
        std::string text;
        write(text);
        return text_to_double(text);
    }

private:
    static constexpr std::array<double, 23> power_of_ten = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                            1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                            1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

    static double text_to_double(const std::string& text) {
#if defined(__cpp_lib_to_chars)
        double out = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
        (void)end;
        if (failed != std::errc{})
            throw bad_value("the numeric is out of the range of double: use std::string");
        return out;
#else
        // libc++ before 20 has no from_chars for doubles. strtod heeds the locale's decimal point; a program
        // that sets LC_NUMERIC should read numeric into std::string there.
        const double out = std::strtod(text.c_str(), nullptr);
        if (out == std::numeric_limits<double>::infinity() || out == -std::numeric_limits<double>::infinity())
            throw bad_value("the numeric is out of the range of double: use std::string");
        return out;
#endif
    }

    std::uint16_t digit(int i) const noexcept {
        return read_big_endian<std::uint16_t>(digits_ + 2 * static_cast<std::ptrdiff_t>(i));
    }
    std::uint16_t digit_or_zero(int i) const noexcept {
        return i >= 0 && i < static_cast<int>(count_) ? digit(i) : std::uint16_t{0};
    }

    /// Writes a base-10000 digit with at least `width` figures; nothing for a leading zero of width 0.
    static void write_group(std::string& out, std::uint16_t group, int width, bool& leading) {
        char figures[4] = {static_cast<char>('0' + group / 1000), static_cast<char>('0' + group / 100 % 10),
                           static_cast<char>('0' + group / 10 % 10), static_cast<char>('0' + group % 10)};
        int skip = 0;
        while (skip < 4 - width && figures[skip] == '0')
            ++skip;
        out.append(figures + skip, static_cast<std::size_t>(4 - skip));
        if (skip < 4)
            leading = false;
    }

    const char* digits_;
    std::uint16_t count_ = 0;
    std::int16_t weight_ = 0;
    std::uint16_t scale_ = 0;
    bool negative_ = false;
    kind kind_ = kind::finite;
};

/// What a `numeric` is made of: the figures of its number without zeros in front and behind, how many of them stand before
/// the decimal point (fewer than none: zeros behind the point come first), its sign, and how many decimals it shows.
struct decimal {
    std::string figures;
    std::int64_t before_point = 0;
    std::int64_t scale = 0;
    bool negative = false;
};

inline void append_numeric_header(std::string& out, std::uint16_t count, std::int16_t weight,
                                  std::uint16_t sign, std::uint16_t scale) {
    append_big_endian(out, count);
    append_big_endian(out, weight);
    append_big_endian(out, sign);
    append_big_endian(out, scale);
}

inline void append_decimal(std::string& out, const decimal& d) {
    if (d.scale > 0x3FFF)
        throw bad_value("the number has more decimals than a numeric can hold (16383)");
    const auto scale = static_cast<std::uint16_t>(d.scale < 0 ? 0 : d.scale);
    if (d.figures.empty())
        return append_numeric_header(out, 0, 0, 0, scale);
    // The figures fall into groups of four, counted from the decimal point. `weight` is the first group's place.
    const std::int64_t last = d.before_point - 1;
    const std::int64_t weight = last >= 0 ? last / 4 : -((3 - last) / 4);
    if (weight > std::numeric_limits<std::int16_t>::max() ||
        weight < std::numeric_limits<std::int16_t>::min())
        throw bad_value("the number is too large for a numeric");
    const auto filler = static_cast<std::size_t>(4 * (weight + 1) - d.before_point); // zeros in front, 0 to 3
    const std::size_t count = (filler + d.figures.size() + 3) / 4;
    if (count > std::numeric_limits<std::uint16_t>::max())
        throw bad_value("the number has more digits than a numeric can hold");
    append_numeric_header(out, static_cast<std::uint16_t>(count), static_cast<std::int16_t>(weight),
                          d.negative ? 0x4000 : 0, scale);
    for (std::size_t group = 0; group != count; ++group) {
        unsigned digit = 0;
        for (std::size_t i = 4 * group; i != 4 * group + 4; ++i) {
            const bool figure = i >= filler && i - filler < d.figures.size();
            digit = 10 * digit + (figure ? static_cast<unsigned>(d.figures[i - filler] - '0') : 0);
        }
        append_big_endian(out, static_cast<std::uint16_t>(digit));
    }
}

/// Appends the number that `text` spells, every digit of it: "-12.340", "1e-7", "NaN", "Infinity". Spaces are not taken.
inline void append_numeric(std::string& out, std::string_view text) {
    constexpr const char* malformed = "the text is not a number, which a numeric column needs";
    if (text == "NaN")
        return append_numeric_header(out, 0, 0, 0xC000, 0);
    decimal d;
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
        d.negative = text.front() == '-';
        text.remove_prefix(1);
    }
    if (text == "Infinity")
        return append_numeric_header(out, 0, 0, d.negative ? 0xF000 : 0xD000, 0);
    std::int64_t exponent = 0;
    if (const auto e = text.find_first_of("eE"); e != text.npos) {
        std::string_view power = text.substr(e + 1);
        if (!power.empty() && power.front() == '+') {
            power.remove_prefix(1);
            if (!power.empty() && power.front() == '-')
                throw bad_value(malformed);
        }
        const auto [end, failed] = std::from_chars(power.data(), power.data() + power.size(), exponent);
        if (failed == std::errc::result_out_of_range || exponent > 1'000'000 || exponent < -1'000'000)
            throw bad_value("the number is too large, or too small, for a numeric");
        if (failed != std::errc{} || end != power.data() + power.size())
            throw bad_value(malformed);
        text = text.substr(0, e);
    }
    const auto point = text.find('.');
    const std::string_view before = text.substr(0, point);
    const std::string_view behind = point == text.npos ? std::string_view() : text.substr(point + 1);
    if (before.empty() && behind.empty())
        throw bad_value(malformed);
    for (const std::string_view part : {before, behind}) {
        if (part.find_first_not_of("0123456789") != part.npos)
            throw bad_value(malformed);
    }
    d.figures.reserve(before.size() + behind.size());
    d.figures += before;
    d.figures += behind;
    d.before_point = static_cast<std::int64_t>(before.size()) + exponent;
    d.scale = static_cast<std::int64_t>(behind.size()) - exponent;
    const std::size_t zeros = d.figures.find_first_not_of('0');
    d.figures.erase(0, zeros); // all of them, if there is nothing else
    d.before_point -= static_cast<std::int64_t>(zeros == std::string::npos ? 0 : zeros);
    d.figures.erase(d.figures.find_last_not_of('0') + 1);
    append_decimal(out, d);
}

} // namespace leat::postgres::detail
