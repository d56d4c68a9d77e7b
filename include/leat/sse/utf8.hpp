#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// What the parser and the writer of event streams know about UTF-8: is it well-formed, and if not, replace it
// as the WHATWG "UTF-8 decode" does: one U+FFFD for every maximal subpart of a broken sequence.

namespace leat::sse::detail {

inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

/// What stands at the start of a text: a whole character, a broken one, or the beginning of one.
struct utf8_step {
    std::size_t length; // bytes of the character, or of the maximal subpart to be replaced
    bool valid;
    bool unfinished; // not valid, but more bytes could have made it so (the text ended too early)
};

/// Precondition: p != end.
inline utf8_step utf8_at(const char* p, const char* end) noexcept {
    const auto byte = [p](std::size_t i) { return static_cast<unsigned char>(p[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80)
        return {1, true, false};
    std::size_t length = 0;
    unsigned char low = 0x80,
                  high = 0xBF; // of the second byte; this is where overlong forms and surrogates fall
    if (lead >= 0xC2 && lead <= 0xDF)
        length = 2;
    else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        if (lead == 0xE0)
            low = 0xA0;
        if (lead == 0xED)
            high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        if (lead == 0xF0)
            low = 0x90;
        if (lead == 0xF4)
            high = 0x8F;
    } else
        return {1, false, false};
    const auto available = static_cast<std::size_t>(end - p);
    for (std::size_t i = 1; i != length; ++i) {
        if (i == available)
            return {i, false, true};
        if (byte(i) < low || byte(i) > high)
            return {i, false, false};
        low = 0x80;
        high = 0xBF;
    }
    return {length, true, false};
}

/// The first byte in [p, end) that is not ASCII.
inline const char* skip_ascii(const char* p, const char* end) noexcept {
    while (end - p >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, p, sizeof word);
        if ((word & 0x8080808080808080u) != 0)
            break;
        p += 8;
    }
    while (p != end && static_cast<unsigned char>(*p) < 0x80)
        ++p;
    return p;
}

/// The length of the longest well-formed beginning.
inline std::size_t utf8_valid_prefix(std::string_view text) noexcept {
    const char* p = text.data();
    const char* const end = p + text.size();
    while (p != end) {
        if (static_cast<unsigned char>(*p) < 0x80) {
            p = skip_ascii(p, end);
            continue;
        }
        const utf8_step step = utf8_at(p, end);
        if (!step.valid)
            break;
        p += step.length;
    }
    return static_cast<std::size_t>(p - text.data());
}

/// Appends the text with every broken sequence replaced. Costs one copy; the text may be at most 3 times
/// longer.
inline void append_repaired(std::string& out, std::string_view text) {
    while (!text.empty()) {
        const std::size_t valid = utf8_valid_prefix(text);
        out.append(text.substr(0, valid));
        text.remove_prefix(valid);
        if (text.empty())
            return;
        out.append(replacement_character);
        text.remove_prefix(utf8_at(text.data(), text.data() + text.size()).length);
    }
}

/// How many bytes at the end are the beginning of a character whose rest may still come (0 to 3).
inline std::size_t utf8_unfinished_tail(std::string_view text) noexcept {
    const std::size_t most = text.size() < 3 ? text.size() : 3;
    for (std::size_t n = 1; n <= most; ++n) {
        const auto c = static_cast<unsigned char>(text[text.size() - n]);
        if ((c & 0xC0) == 0x80)
            continue; // a continuation byte: its lead is further left
        const char* const p = text.data() + (text.size() - n);
        const utf8_step step = utf8_at(p, text.data() + text.size());
        return step.unfinished && step.length == n ? n : 0;
    }
    return 0;
}

} // namespace leat::sse::detail
