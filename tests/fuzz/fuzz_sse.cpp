// Arbitrary bytes for the parser of event streams, in chunks of arbitrary sizes, against a reference as simple as the
// standard's own text; and for the writer: what it makes of any text is read back as that text, and as nothing else.
//
// An input: one byte that seeds the chunk sizes, then the stream.
#include <leat/sse/parser.hpp>
#include <leat/sse/write_event.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace sse = leat::sse;
using sse::owned_event;

struct result {
    std::vector<owned_event> events;
    std::string last_event_id;
    std::optional<std::chrono::milliseconds> retry;

    bool operator==(const result&) const = default;
};

[[noreturn]] void failed(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

// ---------------------------------------------------------------------------------------------------- the reference

/// "UTF-8 decode" of the encoding standard, byte by byte, as UTF-8 again: each maximal part of what is broken is a U+FFFD.
std::string decoded(std::string_view bytes) {
    std::string out, pending;
    int needed = 0;
    unsigned char low = 0x80, high = 0xBF;
    for (std::size_t i = 0; i < bytes.size();) {
        const auto b = static_cast<unsigned char>(bytes[i]);
        if (needed == 0) {
            ++i;
            low = 0x80;
            high = 0xBF;
            if (b < 0x80) {
                out += bytes[i - 1];
            } else if (b >= 0xC2 && b <= 0xF4) {
                needed = b < 0xE0 ? 1 : b < 0xF0 ? 2 : 3;
                if (b == 0xE0)
                    low = 0xA0;
                if (b == 0xED)
                    high = 0x9F;
                if (b == 0xF0)
                    low = 0x90;
                if (b == 0xF4)
                    high = 0x8F;
                pending = bytes[i - 1];
            } else {
                out += "\xEF\xBF\xBD";
            }
        } else if (b < low || b > high) { // not read: it begins something else
            needed = 0;
            out += "\xEF\xBF\xBD";
        } else {
            ++i;
            low = 0x80;
            high = 0xBF;
            pending += static_cast<char>(b);
            if (--needed == 0)
                out += pending;
        }
    }
    if (needed != 0)
        out += "\xEF\xBF\xBD";
    return out;
}

/// Text in lines, each with its end; what is behind the last end is none.
std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines(1);
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] == '\n' || text[i] == '\r') {
            if (text[i] == '\r' && i + 1 != text.size() && text[i + 1] == '\n')
                ++i;
            lines.emplace_back();
        } else {
            lines.back() += text[i];
        }
    }
    lines.pop_back();
    return lines;
}

result reference(std::string_view bytes) {
    std::string text = decoded(bytes);
    if (text.starts_with("\xEF\xBB\xBF"))
        text.erase(0, 3);
    result r;
    std::string data, type, id;
    std::optional<std::chrono::milliseconds> event_retry;
    for (const std::string& line : lines_of(text)) {
        if (line.empty()) {
            r.last_event_id = id;
            if (!data.empty()) {
                data.pop_back();
                r.events.push_back(
                    {.type = type.empty() ? "message" : type, .data = data, .id = id, .retry = event_retry});
                event_retry.reset();
            }
            data.clear();
            type.clear();
            continue;
        }
        const auto colon = line.find(':');
        const std::string name = line.substr(0, colon);
        std::string value = colon == line.npos ? "" : line.substr(colon + 1);
        if (value.starts_with(' '))
            value.erase(0, 1);
        if (name == "data") {
            data += value + "\n";
        } else if (name == "event") {
            type = value;
        } else if (name == "id") {
            if (value.find('\0') == value.npos)
                id = value;
        } else if (name == "retry") {
            if (value.empty() || value.find_first_not_of("0123456789") != value.npos)
                continue;
            constexpr std::chrono::milliseconds most = std::chrono::hours(24 * 365 * 100);
            long long n = 0;
            for (const char c : value)
                n = n > most.count() ? n : n * 10 + (c - '0');
            r.retry = event_retry = std::min(std::chrono::milliseconds(n), most);
        }
    }
    return r;
}

// ---------------------------------------------------------------------------------------------------- what is tested

/// Chunks of sizes that the seed says; 0: one chunk. Each in memory of its own, that is gone before the next.
result parse(std::string_view bytes, unsigned seed, std::size_t limit = std::size_t{1} << 30,
             bool* over = nullptr) {
    sse::parser parser({.max_event_bytes = limit});
    result r;
    try {
        while (!bytes.empty()) {
            seed = seed * 1664525u + 1013904223u;
            const std::size_t most = std::size_t{1} << ((seed >> 16) % 8);
            const std::size_t n = seed == 1013904223u
                                      ? bytes.size()
                                      : std::min(bytes.size(), (seed >> 24) % most + (most == 1));
            const auto chunk = std::make_unique<char[]>(n == 0 ? 1 : n);
            bytes.copy(chunk.get(), n);
            parser.feed(std::string_view(chunk.get(), n));
            std::vector<sse::event> events; // they stay until the next chunk
            try {
                while (const sse::event* e = parser.next())
                    events.push_back(*e);
            } catch (const sse::event_too_large&) {
                for (const sse::event& e : events)
                    r.events.push_back(leat::owned<sse::event>::make(e));
                throw;
            }
            for (const sse::event& e : events)
                r.events.push_back(leat::owned<sse::event>::make(e));
            bytes.remove_prefix(n);
        }
    } catch (const sse::event_too_large&) {
        if (over == nullptr)
            failed("an event is too large without a limit");
        *over = true;
    }
    r.last_event_id = parser.last_event_id();
    r.retry = parser.reconnection_time();
    return r;
}

/// What a reader gets of a text that was sent as it is: LF for each line end, and no broken characters.
std::string as_lines(std::string_view text) {
    std::string closed = decoded(text) + "\r", out; // not LF: a CR before it would take it for its own
    for (const std::string& line : lines_of(closed))
        out += line + "\n";
    out.pop_back();
    return out;
}

void try_parser(std::string_view bytes, unsigned seed) {
    const result expected = reference(bytes);
    for (const unsigned s : {0u, seed + 1, seed * 77 + 5})
        if (parse(bytes, s) != expected)
            failed("the parser and the reference differ");

    // A limit takes events away from the end, and changes none.
    bool over = false;
    const result less = parse(bytes, seed + 1, 16 + seed, &over);
    if (less.events.size() > expected.events.size() || (!over && less != expected))
        failed("the limit has changed something");
    for (std::size_t i = 0; i != less.events.size(); ++i)
        if (less.events[i] != expected.events[i])
            failed("the limit has changed an event");

    // Written and read again they are the same.
    std::string wire, id;
    for (const owned_event& e : expected.events) {
        if (e.id.empty() && !id.empty())
            sse::write_id(wire, {});
        id = e.id;
        sse::write(wire, e);
    }
    if (parse(wire, seed + 3).events != expected.events)
        failed("read(write(events)) is not events");
}

void try_writer(std::string_view text, unsigned seed) {
    std::string wire;
    sse::write_comment(wire, text);
    sse::write_data(wire, text);
    sse::write_comment(wire, text);
    sse::write_json(wire, text);
    const result got = parse(wire, seed + 1);
    if (got.events.size() != 2 || got.retry || !got.last_event_id.empty())
        failed("a text has forged something");
    if (got.events[0] != owned_event{.data = as_lines(text)})
        failed("a text sent as lines has changed");
    const std::string& json = got.events[1].data;
    if (json.size() < text.size() / 3 || json.front() != '"' || json.back() != '"' ||
        json.find('\n') != json.npos)
        failed("a text sent as JSON is no JSON string");

    // A type or an id is refused, or arrives.
    const std::size_t half = text.size() / 2;
    const sse::event e{.type = text.substr(0, half), .data = "x", .id = text.substr(half)};
    std::string out;
    try {
        sse::write(out, e);
    } catch (const sse::bad_field&) {
        if (!out.empty())
            failed("half an event was written");
        return;
    }
    const result one = parse(out, seed + 2);
    const std::string type = decoded(e.type);
    if (one.events.size() != 1 || one.events[0].type != (type.empty() ? "message" : type) ||
        one.events[0].data != "x" || one.events[0].id != decoded(e.id))
        failed("a type or an id has changed");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (bytes.empty())
        return 0;
    const unsigned seed = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    try_parser(bytes, seed);
    try_writer(bytes, seed);
    return 0;
}
