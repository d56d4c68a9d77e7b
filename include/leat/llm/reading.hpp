#pragma once

#include "error.hpp"
#include "json.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace leat::llm::detail {

/// What one event of a stream says, whatever the dialect: filled by the dialect's reader.
struct reading {
    std::string text = {};          // new text of the answer
    bool finished = false;          // the model has finished
    bool done = false;              // the end mark
    bool failed = false;            // an error
    std::string finish_reason = {}; // the model's, as the server spells it
    server_error server = {};       // says what failed

    void clear() noexcept { // keeps the memory
        text.clear();
        finished = done = failed = false;
        finish_reason.clear();
        server.message.clear();
        server.type.clear();
        server.code.clear();
    }
};

/// The base of the dialects' readers: knows errors, which look alike everywhere:
/// `"error": {"message", "type" or "status", "code"}` and `"error": "message"`; in an array, too. Null is no
/// error.
class reader {
public:
    const reading& result() const noexcept { return out; }

    void start() { out.clear(); }
    void begin(path p) {
        if (p == path_of(key::error) || p == path_of(key::item, key::error))
            out.failed = true;
    }
    void end(path) {}
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
    reading out;
};

} // namespace leat::llm::detail
