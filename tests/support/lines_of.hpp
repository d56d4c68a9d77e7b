#pragma once

#include <leat/file/line_splitter.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the lines of a text are, by a loop over its bytes: what a line_splitter is compared with.
struct lines_of_text {
    std::vector<std::string> lines;
    std::optional<std::uint64_t> too_long; // the number of the line that is over the limit
    std::uint64_t offset = 0;              // behind the last line

    lines_of_text() = default;
    lines_of_text(std::string_view text, const leat::file::line_rules& rules) {
        std::size_t at = rules.looks_for_bom() && text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
        while (at != text.size() && !too_long) {
            std::size_t end = at;
            while (end != text.size() && text[end] != rules.delimiter)
                ++end;
            std::size_t size = end - at;
            if (end != text.size() && rules.delimiter == '\n' && rules.strip_cr && size != 0 &&
                text[end - 1] == '\r')
                --size;
            if (size > rules.max_line) {
                too_long = lines.size() + 1;
            } else {
                lines.emplace_back(text.substr(at, size));
                at = end == text.size() ? end : end + 1;
            }
        }
        offset = at;
    }
    bool operator==(const lines_of_text&) const = default;
};
