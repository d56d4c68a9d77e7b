#pragma once

#include "../pipe.hpp"
#include "bytes.hpp"
#include "parser.hpp"

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace leat::sse {

/// What `events(bytes)` gives: a stream of events that also knows what a reconnection needs.
template <class Up> class events_stage : public stage<events_stage<Up>, Up> {
    using chunk = stream_reference_t<Up>;

public:
    using reference = const event&;

    events_stage(Up&& up, parser_options options)
        : events_stage::stage(static_cast<Up&&>(up)), parser_(options) {}

    events_stage(events_stage&& other)
        : events_stage::stage(static_cast<Up&&>(other.up_)), chunk_(std::move(other.chunk_)),
          parser_(std::move(other.parser_)) {
        LEAT_ASSERT(borrows_bytes<chunk> || parser_.drained(),
                    "leat::sse::events: the stream was moved in the middle of a chunk that it owns");
    }

    maybe<reference> try_next() {
        for (;;) {
            if (const event* e = parser_.next())
                return maybe<reference>(e);
            chunk_ = this->up_.try_next();
            if (!chunk_)
                return {};
            parser_.feed(text_of(*chunk_));
        }
    }
    bool stopped() const noexcept { return parser_.drained() && this->up_.stopped(); }
    bool ended() const noexcept { return parser_.drained() && this->up_.ended(); }
    void abandon() noexcept {
        parser_.clear();
        this->up_.abandon();
    }

    /// The id to send as Last-Event-ID when connecting again: that of the event given last, or of a block
    /// without data that was read since.
    std::string_view last_event_id() const noexcept { return parser_.last_event_id(); }

    /// The time the server asked to wait before connecting again, if it did.
    std::optional<std::chrono::milliseconds> reconnection_time() const noexcept {
        return parser_.reconnection_time();
    }

private:
    maybe<chunk> chunk_; // what the parser reads from, where the stream gives it by value
    parser parser_;
};

namespace detail {
struct events_fn : leat::detail::operation<events_fn> {
    template <class S> static auto make(S&& s, parser_options options = {}) {
        if constexpr (byte_chunk<stream_reference_t<S>>) {
            return events_stage<S>(static_cast<S&&>(s), options);
        } else {
            static_assert(
                leat::detail::always_false<S>,
                "leat::sse::events: the stream's elements must be chunks of bytes (std::string_view, "
                "std::string, std::span<const std::byte>, std::vector<char> ...)");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `events(bytes)`: the events of an event stream (`text/event-stream`), whose bytes may come in chunks of
/// any size.
///
/// Yields: `const event&` the moment its blank line has come; all events of a chunk are one batch. The stream
/// also has
///   `last_event_id()` and `reconnection_time()`.
/// Ends: with its source. An event without its blank line is dropped then, as the standard says.
/// Throws: what its source throws; event_too_large past `parser_options::max_event_bytes` (16 MiB). Each
/// after the
///   events before it.
/// Owns/borrows: an event's views are valid until the next step. Do not move the pipeline in the middle of a
/// chunk. Batches: preserved. Threads: parses where the reader's step runs. Cost: no frame; no allocation per
/// event once its buffers have grown. See `parser`. Example:
///   auto events = leat::sse::events(std::move(body));
///   while (auto e = co_await events.next()) std::cout << e->data << '\n';
inline constexpr detail::events_fn events{};

} // namespace leat::sse
