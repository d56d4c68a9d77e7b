#pragma once

#include "../config.hpp"
#include "../error.hpp"
#include "../poison.hpp"
#include "event.hpp"
#include "line_end.hpp"
#include "utf8.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::sse {

/// An event is larger than `parser_options::max_event_bytes`. Holds sizes only, nothing of the data.
class event_too_large : public error {
public:
    explicit event_too_large(std::size_t limit_in_bytes)
        : error("leat::sse: an event of the stream is larger than the limit of " +
                std::to_string(limit_in_bytes) +
                " bytes. If such events are expected, raise parser_options::max_event_bytes; if not, the "
                "server "
                "is broken or hostile."),
          limit_(limit_in_bytes) {}

    std::size_t limit() const noexcept { return limit_; }

private:
    std::size_t limit_;
};

struct parser_options {
    /// The most that one event may hold: its data, type and id and the line being read, together, in bytes.
    /// It is checked while bytes arrive, so that a line without an end cannot fill the memory.
    std::size_t max_event_bytes = std::size_t{16} * 1024 * 1024;
    /// The last event id of the connection before, when this one is a reconnection. Copied by the parser.
    std::string_view last_event_id = {}; // trivial to destroy, as all options: see write_options
};

/// Reads an event stream (`text/event-stream`) exactly as the HTML standard says. It does no input or output:
/// bytes go in by `feed()`, events come out of `next()`.
///
/// Yields: an event the moment its blank line is seen; it never waits for the byte after a CR.
/// Ends: `next()` gives nullptr when the chunk is used up. What is unfinished at the end of the stream is
/// dropped,
///   as the standard says; there is nothing to call for it.
/// Throws: event_too_large, after the events before it; from then on `next()` gives nullptr.
/// Owns/borrows: the chunk is borrowed until `next()` has given nullptr. The views in an event point into the
/// chunk
///   or into the parser; all events of a chunk stay valid until the next `feed()`.
/// Threads: none of its own; use it from one at a time.
/// Cost: linear in the bytes, in chunks of any size. About 20 ns for an event of 293 bytes. No allocation per
/// event
///   once its buffers have grown.
/// Example:
///   leat::sse::parser parser;
///   parser.feed("data: hello\n\n");
///   while (const leat::sse::event* e = parser.next()) use(e->data);
class parser {
public:
    parser() : parser(parser_options{}) {}
    explicit parser(parser_options options)
        : max_event_bytes_(options.max_event_bytes), id_buffer_(options.last_event_id),
          last_id_(options.last_event_id) {}

    parser(parser&&) = default;
    parser& operator=(parser&&) = default;

    /// Takes the next chunk of the stream. Call it when `next()` has given nullptr for the chunk before.
    void feed(std::string_view chunk) {
        LEAT_ASSERT(at_ == end_,
                    "leat::sse::parser: feed() before next() gave nullptr: events would be lost");
        at_ = chunk.data();
        end_ = at_ + chunk.size();
        forget_events();
        id_view_known_ = false;
        if (failed_) {
            at_ = end_;
            return;
        }
        if (chunk.empty())
            return;
        if (after_cr_) {
            after_cr_ = false;
            if (*at_ == '\n')
                ++at_;
        }
        if (bom_seen_ < 3)
            skip_bom();
    }

    void feed(std::span<const std::byte> chunk) {
        feed(std::string_view(reinterpret_cast<const char*>(chunk.data()), chunk.size()));
    }

    /// The next event of the chunk, or nullptr when the chunk is used up and the next one is needed.
    const event* next() {
        while (at_ != end_) {
            if (state_ == state::line_start && (*at_ == '\n' || *at_ == '\r')) {
                pass_line_end();
                if (dispatch())
                    return &event_;
                continue;
            }
            const detail::line_end eol = detail::find_line_end(at_, end_);
            const std::string_view text(at_, static_cast<std::size_t>(eol.at - at_));
            at_ = eol.at;
            if (state_ == state::line_start) {
                if (eol.at == end_) {
                    begin_line(text);
                    break;
                }
                pass_line_end();
                whole_line(text, eol.ascii);
            } else { // the rest of a line that began in an earlier chunk
                continue_line(text);
                if (eol.at == end_)
                    break;
                pass_line_end();
                finish_line();
            }
        }
        keep_views();
        return nullptr;
    }

    /// Nothing is left of the chunk: `next()` would give nullptr.
    bool drained() const noexcept { return at_ == end_; }

    /// Forgets the rest of the chunk and what is pending of an event. The last event id stays.
    void clear() noexcept {
        at_ = end_;
        state_ = state::line_start;
        data_in_ = type_in_ = where::nowhere;
    }

    /// The last event id as of the event that `next()` gave last: what a reconnection sends as Last-Event-ID.
    /// A block without data sets it too.
    std::string_view last_event_id() const noexcept { return last_id_; }

    /// The reconnection time, once the server has sent one. It is capped at 100 years, so that adding it to a
    /// clock's now() cannot overflow; a client wants a tighter cap and a floor.
    std::optional<std::chrono::milliseconds> reconnection_time() const noexcept { return reconnection_time_; }

private:
    enum class state : unsigned char {
        line_start,
        name,  // inside the name of a field that began in an earlier chunk
        value, // inside the value of such a field
        skip   // inside a line that means nothing: a comment or an unknown field
    };
    enum class field : unsigned char { unknown, data, type, id, retry };
    enum class where : unsigned char { nowhere, chunk, owned };

    static field field_named(std::string_view name) noexcept {
        switch (name.size()) {
        case 2:
            return name == "id" ? field::id : field::unknown;
        case 4:
            return name == "data" ? field::data : field::unknown;
        case 5:
            return name == "event" ? field::type : name == "retry" ? field::retry : field::unknown;
        default:
            return field::unknown;
        }
    }

    void skip_bom() {
        constexpr std::string_view bom = "\xEF\xBB\xBF";
        while (at_ != end_ && bom_seen_ < 3) {
            if (*at_ != bom[bom_seen_]) {
                // Not one after all. If bytes of it were eaten, they began a field whose name nobody knows.
                if (bom_seen_ != 0)
                    state_ = state::skip;
                bom_seen_ = 3;
                return;
            }
            ++at_;
            ++bom_seen_;
        }
    }

    /// Steps over the CR, LF or CRLF at at_. If the LF of a CRLF is still to come, the next chunk swallows
    /// it.
    void pass_line_end() noexcept {
        if (*at_++ != '\r')
            return;
        if (at_ == end_)
            after_cr_ = true;
        else if (*at_ == '\n')
            ++at_;
    }

    /// A line that lies in the chunk as a whole: the usual case, nothing is copied.
    void whole_line(std::string_view line, bool ascii) {
        // The names have 2 to 5 characters: a short loop beats a library call.
        std::size_t colon = 0;
        const std::size_t longest = line.size() < 6 ? line.size() : 6;
        while (colon != longest && line[colon] != ':')
            ++colon;
        if (colon == 6)
            return;
        const field f = field_named(line.substr(0, colon));
        if (f == field::unknown)
            return;
        std::string_view value;
        if (colon != line.size()) {
            value = line.substr(colon + 1);
            check_size(value.size());
            if (!value.empty() && value.front() == ' ')
                value.remove_prefix(1);
        }
        if (f == field::data)
            add_data(value, ascii);
        else
            set(f, value, ascii);
    }

    void add_data(std::string_view value, bool ascii) {
        const bool clean = ascii || detail::utf8_valid_prefix(value) == value.size();
        if (data_in_ == where::nowhere && clean) {
            data_view_ = value;
            data_in_ = where::chunk;
        } else {
            own_data();
            if (clean)
                data_.append(value);
            else
                detail::append_repaired(data_, value);
            data_.push_back('\n');
        }
        check_size(0);
    }

    /// From here on the data is in data_, each line with its LF.
    void own_data() {
        if (data_in_ == where::chunk) {
            data_.assign(data_view_);
            data_.push_back('\n');
        } else if (data_in_ == where::nowhere)
            data_.clear();
        data_in_ = where::owned;
    }

    void set(field f, std::string_view value, bool ascii) {
        if (f == field::retry) {
            set_retry(value);
            return;
        }
        if (f == field::id && value.find('\0') != std::string_view::npos)
            return;
        const bool clean = ascii || detail::utf8_valid_prefix(value) == value.size();
        if (f == field::type && clean) {
            type_view_ = value;
            type_in_ = where::chunk;
        } else {
            std::string& target = f == field::type ? type_ : id_buffer_;
            target.clear();
            if (clean)
                target.append(value);
            else
                detail::append_repaired(target, value);
            if (f == field::type)
                type_in_ = where::owned;
            else
                id_changed_ = true;
        }
        check_size(0);
    }

    void set_retry(std::string_view value) {
        using std::chrono::milliseconds;
        constexpr std::int64_t cap = milliseconds(std::chrono::hours(24 * 365 * 100)).count();
        if (value.empty())
            return;
        std::int64_t n = 0;
        for (const char c : value) {
            if (c < '0' || c > '9')
                return;
            n = n * 10 + (c - '0');
            if (n > cap)
                n = cap; // goes on: a letter may still follow
        }
        reconnection_time_ = milliseconds(n);
        event_retry_ = reconnection_time_;
    }

    /// The beginning of a line whose end is in a later chunk.
    void begin_line(std::string_view text) {
        keep_views();
        state_ = state::name;
        name_size_ = 0;
        continue_line(text);
    }

    void continue_line(std::string_view text) {
        at_ = text.data() + text.size();
        if (state_ == state::name) {
            while (!text.empty() && text.front() != ':') {
                if (name_size_ == sizeof name_) { // longer than every name we know
                    state_ = state::skip;
                    return;
                }
                name_[name_size_++] = text.front();
                text.remove_prefix(1);
            }
            if (text.empty())
                return;
            text.remove_prefix(1);
            begin_value();
        }
        if (state_ != state::value || text.empty())
            return;
        check_size(line_size_ + text.size());
        line_size_ += text.size();
        if (leading_space_) {
            leading_space_ = false;
            if (text.front() == ' ')
                text.remove_prefix(1);
        }
        (field_ == field::data ? data_ : value_).append(text);
    }

    void begin_value() {
        field_ = field_named(std::string_view(name_, name_size_));
        state_ = field_ == field::unknown ? state::skip : state::value;
        line_size_ = 0;
        leading_space_ = true;
        value_.clear();
        if (field_ == field::data && data_in_ == where::nowhere)
            data_.clear();
        data_line_ = data_.size();
    }

    /// The end of a line that began in an earlier chunk.
    void finish_line() {
        if (state_ == state::name)
            begin_value();
        const bool known = state_ == state::value;
        state_ = state::line_start;
        line_size_ = 0;
        if (!known)
            return;
        if (field_ != field::data) {
            // value_ is used again by the next line, so the type must not be a view into it.
            set(field_, value_, false);
            keep_type();
            return;
        }
        const std::string_view value = std::string_view(data_).substr(data_line_);
        if (detail::utf8_valid_prefix(value) != value.size()) {
            value_.clear();
            detail::append_repaired(value_, value);
            data_.replace(data_line_, std::string::npos, value_);
        }
        data_.push_back('\n');
        data_in_ = where::owned;
        check_size(0);
    }

    /// The chunk goes away: what is pending and lies in it is copied.
    void keep_views() {
        if (data_in_ == where::chunk)
            own_data();
        keep_type();
    }

    void keep_type() {
        if (type_in_ == where::chunk) {
            type_.assign(type_view_);
            type_in_ = where::owned;
        }
    }

    /// The blank line. True if event_ is an event to give out.
    bool dispatch() {
        if (id_changed_) {
            id_changed_ = false;
            if (last_id_ != id_buffer_) {
                last_id_ = id_buffer_;
                id_view_known_ = false;
            }
        }
        if (data_in_ == where::nowhere) {
            type_in_ = where::nowhere;
            return false;
        }
        if (data_in_ == where::chunk)
            event_.data = data_view_;
        else {
            std::string& kept = unused_buffer();
            kept.swap(data_); // no copy, and data_ gets a buffer with capacity back
            event_.data = std::string_view(kept).substr(0, kept.size() - 1);
        }
        if (type_in_ == where::chunk)
            event_.type = type_view_;
        else if (type_in_ == where::owned) {
            std::string& kept = unused_buffer();
            kept.swap(type_);
            event_.type = kept;
        }
        if (type_in_ == where::nowhere || event_.type.empty())
            event_.type = "message";
        if (!id_view_known_) {
            id_view_known_ = true;
            id_view_ = std::string_view();
            if (!last_id_.empty())
                id_view_ = unused_buffer().assign(last_id_);
        }
        event_.id = id_view_;
        event_.retry = event_retry_;
        event_retry_.reset();
        data_in_ = where::nowhere;
        type_in_ = where::nowhere;
        return true;
    }

    /// The events of the chunk before are over: in a build with AddressSanitizer, who still looks at them is found out.
    void forget_events() noexcept {
        if constexpr (leat::detail::poisoning)
            for (std::size_t i = 0; i != used_; ++i)
                poison(buffers_[i]->data(), buffers_[i]->capacity());
        used_ = 0;
    }

    /// A buffer for what an event of this chunk owns. Its address is fixed, so that the views into it survive
    /// a move of the parser; it keeps its capacity for the next chunk, but not after a huge event.
    std::string& unused_buffer() {
        constexpr std::size_t worth_keeping = std::size_t{256} * 1024;
        if (used_ == buffers_.size())
            buffers_.push_back(std::make_unique<std::string>());
        std::string& buffer = *buffers_[used_++];
        unpoison(buffer.data(), buffer.capacity());
        if (buffer.capacity() > worth_keeping)
            std::string().swap(buffer);
        buffer.clear();
        return buffer;
    }

    /// Throws if the event so far, with so many bytes of the line being read, is over the limit.
    void check_size(std::size_t line) {
        std::size_t size = line + id_buffer_.size();
        if (data_in_ == where::chunk)
            size += data_view_.size() + 1;
        else if (data_in_ == where::owned)
            size += state_ == state::value && field_ == field::data ? data_line_ : data_.size();
        if (type_in_ != where::nowhere)
            size += type_in_ == where::chunk ? type_view_.size() : type_.size();
        if (size > max_event_bytes_) [[unlikely]]
            fail();
    }

    [[noreturn]] void fail() {
        failed_ = true;
        clear();
        std::string().swap(data_);
        std::string().swap(value_);
        throw event_too_large(max_event_bytes_);
    }

    const char* at_ = nullptr; // what is left of the chunk
    const char* end_ = nullptr;
    state state_ = state::line_start;
    bool after_cr_ = false; // the chunk before ended with CR: one LF belongs to it
    bool failed_ = false;
    bool id_changed_ = false;
    bool id_view_known_ = false;
    where data_in_ = where::nowhere;
    where type_in_ = where::nowhere;
    unsigned char bom_seen_ = 0; // bytes of a byte order mark; 3: done with it
    std::string_view data_view_, type_view_, id_view_;
    event event_;
    std::optional<std::chrono::milliseconds> event_retry_, reconnection_time_;
    std::size_t max_event_bytes_;
    std::size_t used_ = 0;                              // of buffers_, by the events of this chunk
    std::vector<std::unique_ptr<std::string>> buffers_; // what those events point to, if not to the chunk
    std::string data_, type_, id_buffer_, last_id_;

    // A line that began in an earlier chunk.
    field field_ = field::unknown;
    bool leading_space_ = false;
    unsigned char name_size_ = 0;
    char name_[5] = {};
    std::size_t line_size_ = 0; // bytes of its value so far
    std::size_t data_line_ = 0; // where it starts in data_
    std::string value_;         // of a type, id or retry; for data only to repair it
};

} // namespace leat::sse
