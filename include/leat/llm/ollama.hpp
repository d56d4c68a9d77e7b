#pragma once

#include "reading.hpp"

namespace leat::llm {

namespace detail {

/// `{"message":{"content":"Hi"},"done":false}` (/api/chat) or `{"response":"Hi","done":false}`
/// (/api/generate).
class ollama_reader : public reader {
public:
    void text(path p, std::string_view value) {
        switch (p) {
        case path_of(key::message, key::content):
        case path_of(key::response):
            out.text = value;
            break;
        case path_of(key::done_reason):
            out.finish_reason = value;
            break;
        default:
            reader::text(p, value);
        }
    }
    void boolean(path p, bool value) {
        reader::boolean(p, value);
        if (p == path_of(key::done) && value)
            out.finished = out.done = true;
    }
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
