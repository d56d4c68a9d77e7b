#pragma once

#include "reading.hpp"

namespace leat::llm {

namespace detail {

/// `{"message":{"content":"Hi"},"done":false}` (/api/chat) or `{"response":"Hi","done":false}`
/// (/api/generate).
class ollama_reader : public reader {
    static constexpr path call = path_of(key::message, key::tool_calls, key::item);
    static constexpr path call_arguments =
        path_of(key::message, key::tool_calls, key::item, key::function, key::arguments);

public:
    void begin(path p) {
        reader::begin(p);
        if (p == call) {
            call_ = &out.add_call();
            call_->begins = true; // a call comes whole
        }
    }
    bool captures(path p) const noexcept { return p == call_arguments; }
    void document(path, std::string_view value) { call_->arguments = value; }
    void text(path p, std::string_view value) {
        switch (p) {
        case path_of(key::message, key::content):
        case path_of(key::response):
            out.text = value;
            break;
        case path_of(key::message, key::thinking):
        case path_of(key::thinking):
            out.reasoning = value;
            break;
        case path_of(key::message, key::tool_calls, key::item, key::id):
            call_->id = value;
            break;
        case path_of(key::message, key::tool_calls, key::item, key::function, key::name):
            call_->name = value;
            break;
        case path_of(key::done_reason):
            out.finish_reason = value;
            break;
        default:
            reader::text(p, value);
        }
    }
    void number(path p, std::int64_t value) {
        reader::number(p, value);
        count(p, 0, value);
    }
    void boolean(path p, bool value) {
        reader::boolean(p, value);
        if (p == path_of(key::done) && value)
            out.finished = out.done = true;
    }

private:
    call_piece* call_ = nullptr; // being read; its members come only inside of it
};

} // namespace detail

/// Ollama's own streaming format: not an event stream but JSON lines. (Its /v1 speaks openai_chat.)
struct ollama_t {
    static constexpr std::string_view media_type = "application/x-ndjson";
    static constexpr bool ends_with_done_mark = false;
    using reader = detail::ollama_reader;
};
inline constexpr ollama_t ollama{};

} // namespace leat::llm
