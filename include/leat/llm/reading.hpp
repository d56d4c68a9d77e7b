#pragma once

#include "error.hpp"
#include "json.hpp"
#include "usage.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace leat::llm::detail {

/// A part of a tool call, as one event has it.
struct call_piece {
    std::int64_t index = 0; // the server's number of the call ...
    bool indexed = false;   // ... if it has one
    bool begins = false;    // a call of which nothing is known yet may begin with this
    bool whole = false;     // the arguments are all of them: of use only if no piece has come before
    std::string id = {}, name = {}, arguments = {};

    void clear() noexcept {
        index = 0;
        indexed = begins = whole = false;
        id.clear();
        name.clear();
        arguments.clear();
    }
};

/// What one event of a stream says, whatever the dialect: filled by the dialect's reader.
struct reading {
    std::string text = {};              // new text of the answer
    std::string reasoning = {};         // of what the model thinks before it answers
    std::string refusal = {};           // of why it does not
    std::vector<call_piece> calls = {}; // the first call_count count, the others are memory to be used again
    std::size_t call_count = 0;
    std::size_t max_calls = 0;      // of one event; more are not kept
    bool too_many_calls = false;    // there were more
    usage counts = {};              // as far as this event has any
    bool finished = false;          // the model has finished
    bool done = false;              // the end mark
    bool failed = false;            // an error
    std::string finish_reason = {}; // the model's, as the server spells it
    server_error server = {};       // says what failed

    void clear() noexcept { // keeps the memory
        text.clear();
        reasoning.clear();
        refusal.clear();
        call_count = 0;
        too_many_calls = false;
        counts = {};
        finished = done = failed = false;
        finish_reason.clear();
        server.message.clear();
        server.type.clear();
        server.code.clear();
    }

    call_piece& add_call() {
        too_many_calls = too_many_calls || call_count == max_calls;
        if (calls.size() <= call_count)
            calls.emplace_back();
        call_piece& piece = calls[call_count]; // one over the limit is there to be overwritten
        if (call_count != max_calls)
            ++call_count;
        piece.clear();
        return piece;
    }
};

/// The base of the dialects' readers: knows errors, which look alike everywhere:
/// `"error": {"message", "type" or "status", "code"}` and `"error": "message"`; in an array, too. Null is no
/// error.
class reader {
public:
    const reading& result() const noexcept { return out; }

    /// How many tool calls of one event are kept; without this, none.
    void keep_calls(std::size_t most) { out.max_calls = most; }

    void start() { out.clear(); }
    void begin(path p) {
        if (p == path_of(key::error) || p == path_of(key::item, key::error))
            out.failed = true;
    }
    void end(path) {}
    bool captures(path) const noexcept { return false; }
    void document(path, std::string_view) {}
    void text(path p, std::string_view value) {
        switch (p) {
        case path_of(key::error):
            out.failed = !value.empty();
            out.server.message = value;
            break;
        case path_of(key::error, key::message):
        case path_of(key::item, key::error, key::message):
            out.server.message = value;
            break;
        case path_of(key::error, key::type):
        case path_of(key::error, key::status):
        case path_of(key::item, key::error, key::status):
            out.server.type = value;
            break;
        case path_of(key::error, key::code):
            out.server.code = value;
            break;
        default:
            break;
        }
    }
    void number(path p, std::int64_t value) {
        if (p == path_of(key::error, key::code) || p == path_of(key::item, key::error, key::code))
            out.server.code = std::to_string(value);
        if (p == path_of(key::error))
            out.failed = true;
    }
    void boolean(path p, bool value) {
        if (p == path_of(key::error) && value)
            out.failed = true;
    }

protected:
    /// A number that may be a count of tokens in the object at `usage`; all servers name them in one of a few ways.
    void count(path p, path usage, std::int64_t value) {
        if (value < 0 || (p >> 6 != usage && p >> 12 != usage))
            return;
        const auto name = static_cast<key>(p & 63);
        if (p >> 12 == usage && p >> 6 != usage) { // {"prompt_tokens_details":{"cached_tokens":1}}
            const auto within = static_cast<key>(p >> 6 & 63);
            if (within == key::input_details && name == key::cached_tokens)
                out.counts.cached_tokens = value;
            else if (within == key::output_details && name == key::reasoning_tokens)
                out.counts.reasoning_tokens = value;
            return;
        }
        switch (name) {
        case key::input_tokens:
            out.counts.input_tokens = value;
            break;
        case key::output_tokens:
            out.counts.output_tokens = value;
            break;
        case key::total_tokens:
            out.counts.total_tokens = value;
            break;
        case key::cached_tokens:
            out.counts.cached_tokens = value;
            break;
        case key::reasoning_tokens:
            out.counts.reasoning_tokens = value;
            break;
        default:
            break;
        }
    }

    /// Forgets the calls of this event from the `first` on: they belong to another choice.
    void drop_calls(std::size_t first) noexcept {
        if (out.call_count > first)
            out.call_count = first;
    }

    reading out;
};

} // namespace leat::llm::detail
