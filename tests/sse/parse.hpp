#pragma once

#include <leat/sse/parser.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// An event that owns its text, to compare with.
struct owned_event {
    std::string type, data, id;
    std::optional<std::chrono::milliseconds> retry;

    owned_event() = default;
    owned_event(std::string t, std::string d, std::string i = {})
        : type(std::move(t)), data(std::move(d)), id(std::move(i)) {}
    explicit owned_event(const leat::sse::event& e) : type(e.type), data(e.data), id(e.id), retry(e.retry) {}

    bool operator==(const owned_event&) const = default;

    friend std::ostream& operator<<(std::ostream& out, const owned_event& e) {
        out << "{" << e.type << " | " << e.data << " | " << e.id;
        if (e.retry)
            out << " | retry " << e.retry->count();
        return out << "}";
    }
};

struct parsed {
    std::vector<owned_event> events;
    std::string last_event_id;
    std::optional<std::chrono::milliseconds> retry;

    bool operator==(const parsed&) const = default;
};

/// Parses the chunks. Each lies in a heap block of its own, gone before the next: the sanitizer sees a view
/// kept too long. The events of a chunk are read when all of it is parsed, to prove that they stay valid
/// until then.
inline parsed parse(const std::vector<std::string>& chunks, leat::sse::parser_options options = {}) {
    leat::sse::parser parser(std::move(options));
    parsed out;
    for (const std::string& c : chunks) {
        const auto copy = std::make_unique<char[]>(c.size() + 1);
        c.copy(copy.get(), c.size());
        parser.feed(std::string_view(copy.get(), c.size()));
        std::vector<leat::sse::event> batch;
        while (const leat::sse::event* e = parser.next())
            batch.push_back(*e);
        for (const auto& e : batch)
            out.events.emplace_back(e);
    }
    out.last_event_id = parser.last_event_id();
    out.retry = parser.reconnection_time();
    return out;
}

inline parsed parse(std::string_view bytes) { return parse(std::vector<std::string>{std::string(bytes)}); }
