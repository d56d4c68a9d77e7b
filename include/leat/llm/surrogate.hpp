#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Servers written in JavaScript cut their text at UTF-16 units, so that one token ends with "\ud83d" and the
// next begins with "\ude00". JSON libraries refuse such halves. So a document that has any is rewritten
// before it is parsed, each half as a mark, and the halves are joined after it.

namespace leat::llm::detail {

inline constexpr std::string_view mark = "\xEF\xB7\x90"; // U+FDD0, not a character; 4 hex digits follow

inline int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/// The UTF-16 unit that the escape `\uXXXX` at the start of the text stands for, or -1.
inline int escaped_unit(std::string_view text) noexcept {
    if (text.size() < 6 || text[0] != '\\' || text[1] != 'u')
        return -1;
    int unit = 0;
    for (std::size_t i = 2; i != 6; ++i) {
        const int digit = hex_digit(text[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

constexpr bool is_high(int unit) noexcept { return unit >= 0xD800 && unit <= 0xDBFF; }
constexpr bool is_low(int unit) noexcept { return unit >= 0xDC00 && unit <= 0xDFFF; }

/// Has the document a half of a pair without the other half beside it? The document need not be well-formed.
inline bool has_lone_surrogate(std::string_view document) noexcept {
    for (std::size_t i = document.find('\\'); i != std::string_view::npos; i = document.find('\\', i)) {
        const int unit = escaped_unit(document.substr(i));
        if (is_low(unit))
            return true;
        if (is_high(unit)) {
            if (!is_low(escaped_unit(document.substr(i + 6))))
                return true;
            i += 12;
        } else
            i += 2; // also over `\\` and `\"`
        if (i >= document.size())
            break;
    }
    return false;
}

/// The document with every lone half as `mark` and its four digits. A mark that was there before is marked
/// too.
inline std::string mark_lone_surrogates(std::string_view document) {
    constexpr std::string_view escaped_mark = "\\ufdd0";
    std::string out;
    out.reserve(document.size() + 32);
    std::size_t i = 0;
    while (i < document.size()) {
        const std::string_view rest = document.substr(i);
        if (rest.starts_with(mark)) {
            out.append(escaped_mark).append("fdd0");
            i += mark.size();
        } else if (rest.front() != '\\') {
            out.push_back(rest.front());
            ++i;
        } else {
            const int unit = escaped_unit(rest);
            const bool pair = is_high(unit) && is_low(escaped_unit(rest.substr(6)));
            if (!pair && (is_high(unit) || is_low(unit) || unit == 0xFDD0)) {
                out.append(escaped_mark).append(rest.substr(2, 4));
                i += 6;
            } else {
                const std::size_t length = pair ? 12 : unit < 0 ? 2 : 6;
                out.append(rest.substr(0, length));
                i += length;
            }
        }
    }
    return out;
}

/// Puts the pieces of a text together: joins halves over the borders of pieces, U+FFFD for those that stay
/// alone.
class text_joiner {
public:
    /// Appends the piece, but holds back half a character at its end. `marked`: it may hold marks.
    void put(std::string_view piece, bool marked, std::string& out) {
        while (marked) {
            const std::size_t at = piece.find(mark);
            if (at == std::string_view::npos)
                break;
            plain(piece.substr(0, at), out);
            piece.remove_prefix(at + mark.size());
            int unit = 0;
            for (std::size_t i = 0; i != 4 && i != piece.size(); ++i)
                unit = unit << 4 | hex_digit(piece[i]);
            piece.remove_prefix(piece.size() < 4 ? piece.size() : 4);
            half(unit, out);
        }
        plain(piece, out);
    }

    /// The end of the text: what is held back stays alone.
    void flush(std::string& out) {
        if (high_ != 0)
            out.append("\xEF\xBF\xBD");
        high_ = 0;
    }

private:
    void plain(std::string_view text, std::string& out) {
        if (text.empty())
            return;
        flush(out);
        out.append(text);
    }

    void half(int unit, std::string& out) {
        if (is_low(unit) && high_ != 0) {
            const int c = 0x10000 + ((high_ - 0xD800) << 10) + (unit - 0xDC00);
            high_ = 0;
            for (const int byte :
                 {0xF0 | c >> 18, 0x80 | (c >> 12 & 63), 0x80 | (c >> 6 & 63), 0x80 | (c & 63)})
                out.push_back(static_cast<char>(byte));
            return;
        }
        flush(out);
        if (is_high(unit))
            high_ = unit;
        else
            out.append(unit == 0xFDD0 ? mark : "\xEF\xBF\xBD");
    }

    int high_ = 0;
};

} // namespace leat::llm::detail
