#pragma once

#include "../pipe.hpp"
#include "bytes.hpp"
#include "write_event.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace leat::sse {

/// How a text becomes the data of an event.
enum class text_as {
    json, ///< as a JSON string: the reader gets every character back (`JSON.parse(event.data)`)
    lines ///< as it is: line breaks become several `data` lines; the reader gets LF for CR and CRLF
};

struct write_options {
    text_as text = text_as::json;
    /// The event name of each text, copied by the stage. Empty: none, so that browsers call it "message".
    std::string_view type =
        {}; // trivial to destroy: g++ 12 destroys such a default argument twice in a co_await
};

/// What `write(stream)` gives.
template <class Up> class write_stage : public stage<write_stage<Up>, Up> {
    using in = stream_reference_t<Up>;
    static constexpr bool takes_events = std::is_convertible_v<in, const event&>;

public:
    using reference = std::string_view;

    write_stage(Up&& up, write_options options)
        : write_stage::stage(static_cast<Up&&>(up)), text_(options.text), type_(options.type) {
        if constexpr (!takes_events)
            detail::check_one_line("type", type_);
    }

    maybe<reference> try_next() {
        while (!over_) {
            maybe<in> x = this->up_.try_next();
            wire_.clear();
            if (x) {
                if constexpr (takes_events)
                    put_event(*x);
                else
                    put_text(text_of(*x));
            } else {
                if (!this->up_.stopped() && !this->up_.ended())
                    return {};
                over_ = true;
                flush();
            }
            if (!wire_.empty())
                return maybe<reference>(leat::detail::from_call{},
                                        [this] { return std::string_view(wire_); });
        }
        return {};
    }
    bool stopped() const noexcept { return tail_.empty() && this->up_.stopped(); }
    bool ended() const noexcept { return tail_.empty() && this->up_.ended(); }
    void abandon() noexcept {
        tail_.clear();
        over_ = true;
        this->up_.abandon();
    }

private:
    void put_event(const event& e) {
        // A reader keeps the id, so it is written when it changes; going back to none needs saying, too.
        event same = e;
        if (e.id == id_)
            same.id = {};
        else if (e.id.empty())
            detail::append_id(wire_, {});
        write(wire_, same);
        id_ = e.id;
    }

    void put_text(std::string_view text) {
        const bool was_empty = text.empty();
        if (!tail_.empty()) {
            tail_.append(text);
            joined_.swap(tail_);
            tail_.clear();
            text = joined_;
        }
        // A character may be cut in two by a tokenizer: its first half waits for the other.
        const std::size_t unfinished = detail::utf8_unfinished_tail(text);
        tail_.assign(text.substr(text.size() - unfinished));
        text.remove_suffix(unfinished);
        if (!text.empty() || (was_empty && tail_.empty()))
            put(text);
    }

    void flush() {
        if (tail_.empty())
            return;
        tail_.clear();
        put(detail::replacement_character);
    }

    void put(std::string_view text) {
        detail::append_type(wire_, type_);
        if (text_ == text_as::json)
            write_json(wire_, text);
        else
            write_data(wire_, text);
    }

    text_as text_;
    std::string type_;
    std::string wire_, tail_, joined_, id_;
    bool over_ = false;
};

namespace detail {
struct write_fn : leat::detail::operation<write_fn> {
    template <class S> static auto make(S&& s, write_options options) {
        using in = stream_reference_t<S>;
        if constexpr (std::is_convertible_v<in, const event&> || byte_chunk<in>) {
            return write_stage<S>(static_cast<S&&>(s), options);
        } else {
            static_assert(
                leat::detail::always_false<S>,
                "leat::sse::write: the stream's elements must be texts or leat::sse::event; make them so "
                "with leat::transform");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `write()`: a stream of texts (the tokens of a language model) or of events in wire format, ready to be
/// sent as `text/event-stream`.
///
/// Yields: one `std::string_view` per event, with its blank line: send it and flush. A text becomes a JSON
/// string
///   unless `write_options::text` says otherwise, and a character cut in two by its tokens is held back until
///   it is whole. Nothing in a text can forge a field or an event.
/// Ends: with its source. There is no end mark in the format: a browser connects again, so send an event of
/// your own
///   that says it is over.
/// Throws: what its source throws; bad_field for an event that cannot be written.
/// Owns/borrows: the view is valid until the next step. Batches: preserved. Threads: the reader's.
/// Cost: no frame; no allocation per event once its buffer has grown.
/// Example:
///   auto wire = std::move(tokens) | leat::sse::write();
///   while (auto bytes = co_await wire.next()) co_await send(socket, *bytes);
template <leat::stream S> auto write(S&& s, write_options options = {}) {
    return detail::write_fn{}(static_cast<S&&>(s), options);
}
inline auto write(write_options options = {}) { return detail::write_fn{}(options); }

} // namespace leat::sse
