#pragma once

#include <leat/postgres/value.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

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

} // namespace leat::postgres::detail
