#pragma once

#include "../error.hpp"
#include "event.hpp"
#include "line_end.hpp"
#include "utf8.hpp"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace leat::sse {

/// A field of an event cannot be written, because the event stream has no way to say it. `field()` names it;
/// what it held is not told.
class bad_field : public error {
public:
    bad_field(const char* field_name, const std::string& what_is_wrong)
        : error("leat::sse::write: the event's " + std::string(field_name) + " " + what_is_wrong),
          field_(field_name) {}

    std::string_view field() const noexcept { return field_; }

private:
    const char* field_;
};

namespace detail {

inline void append_text(std::string& out, std::string_view text, bool ascii = false) {
    if (ascii || utf8_valid_prefix(text) == text.size())
        out.append(text);
    else
        append_repaired(out, text);
}

/// Each line of the text with `name` before it. The name has the colon and its one space: without the space
/// the first space of the text itself would be taken for it.
inline void append_lines(std::string& out, std::string_view name, std::string_view text) {
    const char* p = text.data();
    const char* const end = p + text.size();
    for (;;) {
        const line_end eol = find_line_end(p, end);
        out.append(name);
        append_text(out, std::string_view(p, static_cast<std::size_t>(eol.at - p)), eol.ascii);
        out.push_back('\n');
        if (eol.at == end)
            return;
        p = eol.at + 1;
        if (*eol.at == '\r' && p != end && *p == '\n')
            ++p;
    }
}

inline void append_number(std::string& out, long long n) {
    char digits[24];
    const auto result = std::to_chars(digits, digits + sizeof digits, n);
    out.append(digits, result.ptr);
}

inline void check_one_line(const char* field, std::string_view value) {
    if (value.find_first_of("\r\n") != std::string_view::npos)
        throw bad_field(field,
                        "holds a line break, which would start another field. Remove it, or refuse the input "
                        "that it came from.");
}

/// The text as a JSON string. What is not UTF-8 is replaced.
inline void append_json_string(std::string& out, std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    out.push_back('"');
    const char* p = text.data();
    const char* const end = p + text.size();
    while (p != end) {
        const char* plain = p; // up to here everything goes out as it is
        while (plain != end && static_cast<unsigned char>(*plain) >= 0x20 && *plain != '"' && *plain != '\\')
            ++plain;
        append_text(out, std::string_view(p, static_cast<std::size_t>(plain - p)));
        p = plain;
        if (p == end)
            break;
        const char c = *p++;
        out.push_back('\\');
        switch (c) {
        case '"':
        case '\\':
            out.push_back(c);
            break;
        case '\n':
            out.push_back('n');
            break;
        case '\r':
            out.push_back('r');
            break;
        case '\t':
            out.push_back('t');
            break;
        default:
            out.append("u00");
            out.push_back(hex[static_cast<unsigned char>(c) >> 4]);
            out.push_back(hex[static_cast<unsigned char>(c) & 15]);
        }
    }
    out.push_back('"');
}

inline void append_retry(std::string& out, std::chrono::milliseconds time) {
    if (time.count() < 0)
        throw bad_field("retry", "is negative. It is the time to wait before a reconnection.");
    out.append("retry: ");
    append_number(out, time.count());
    out.push_back('\n');
}

inline void append_type(std::string& out, std::string_view type) {
    if (type.empty() || type == "message") // what a reader takes it for anyway
        return;
    out.append("event: ");
    append_text(out, type);
    out.push_back('\n');
}

inline void append_id(std::string& out, std::string_view id) {
    out.append("id: ");
    append_text(out, id);
    out.push_back('\n');
}

inline void check_fields(const event& e) {
    check_one_line("type", e.type);
    check_one_line("id", e.id);
    if (e.id.find('\0') != std::string_view::npos)
        throw bad_field("id", "holds a zero byte; a reader would ignore it.");
    if (e.retry && e.retry->count() < 0)
        throw bad_field("retry", "is negative. It is the time to wait before a reconnection.");
}

} // namespace detail

/// Appends the event in wire format. Text from anywhere is safe in `data`: its line breaks (LF, CR, CRLF)
/// become `data` lines, so that it cannot forge a field or an event; a reader gets LF for each.
///
/// Throws: bad_field if the type or the id holds a line break, the id a zero byte, or if retry is negative;
/// then `out`
///   is as before.
/// Cost: one copy. Bytes that are not UTF-8 go out as U+FFFD. An empty id writes no id line: use write_id().
/// Example: leat::sse::write(out, {.type = "tick", .data = "1", .id = "7"});
inline void write(std::string& out, const event& e) {
    detail::check_fields(e);
    detail::append_type(out, e.type);
    if (!e.id.empty())
        detail::append_id(out, e.id);
    if (e.retry)
        detail::append_retry(out, *e.retry);
    detail::append_lines(out, "data: ", e.data);
    out.push_back('\n');
}

/// Appends an event that is nothing but data.
inline void write_data(std::string& out, std::string_view data) {
    detail::append_lines(out, "data: ", data);
    out.push_back('\n');
}

/// Appends an event whose data is the text as a JSON string: one line, and the reader gets every character
/// back, CR included. The way to send the tokens of a language model: `JSON.parse(event.data)` in the
/// browser.
inline void write_json(std::string& out, std::string_view text) {
    out.append("data: ");
    detail::append_json_string(out, text);
    out.append("\n\n");
}

/// Appends a comment, which readers ignore. An empty one every 15 seconds keeps a quiet connection open.
inline void write_comment(std::string& out, std::string_view text = {}) {
    detail::append_lines(out, text.empty() ? ":" : ": ", text);
    out.push_back('\n');
}

/// Appends the time a reader shall wait before it connects again. Throws bad_field if it is negative.
inline void write_retry(std::string& out, std::chrono::milliseconds time) {
    detail::append_retry(out, time);
    out.push_back('\n');
}

/// Appends a last event id without an event; an empty one resets it. Throws bad_field as `write` does.
inline void write_id(std::string& out, std::string_view id) {
    detail::check_fields({.id = id});
    detail::append_id(out, id);
    out.push_back('\n');
}

} // namespace leat::sse
