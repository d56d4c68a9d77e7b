#pragma once

#include "../borrowed.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace leat::sse {

/// One server-sent event: what the parser gives and what the writer takes.
///
/// The views are borrowed: from the parser until its next chunk (in a stream: until the next step), in the
/// writer from the caller for the length of the call.
struct event {
    /// The event's name; "message" when the server named none.
    std::string_view type = "message";
    /// The payload: the values of the `data` lines, joined by LF. May hold any character, U+0000 included.
    std::string_view data = {};
    /// The last event id at this event. It stays set from event to event until the server changes it.
    std::string_view id = {};
    /// The reconnection time, if the server sent one since the event before.
    std::optional<std::chrono::milliseconds> retry = std::nullopt;
};

/// An event to keep: what `leat::materialize()` makes of one. It can be used wherever an event is read.
struct owned_event {
    std::string type = "message";
    std::string data = {};
    std::string id = {};
    std::optional<std::chrono::milliseconds> retry = std::nullopt;

    operator event() const noexcept { return {.type = type, .data = data, .id = id, .retry = retry}; }
    bool operator==(const owned_event&) const = default;
};

} // namespace leat::sse

template <> inline constexpr bool leat::is_borrowed<leat::sse::event> = true;
template <> struct leat::owned<leat::sse::event> {
    using type = leat::sse::owned_event;
    static type make(const leat::sse::event& e) {
        return {.type = std::string(e.type),
                .data = std::string(e.data),
                .id = std::string(e.id),
                .retry = e.retry};
    }
};
