#pragma once

#include "reading.hpp"

namespace leat::llm {

namespace detail {

/// `{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}`. The choice whose *index* is 0
/// counts, and it may be anywhere in the list, or not there; every member may be missing, null or of another
/// type.
class openai_chat_reader : public reader {
    static constexpr path choice = path_of(key::choices, key::item);

public:
    void start() {
        reader::start();
        position_ = -1;
        error_object_ = false;
        message_.clear();
    }
    void begin(path p) {
        reader::begin(p);
        if (p == choice) {
            ++position_;
            index_ = position_;
            content_.clear();
            finish_.clear();
        }
    }
    void end(path p) {
        if (p == choice && index_ == 0) {
            out.text += content_;
            if (!finish_.empty()) {
                out.finished = true;
                out.finish_reason = finish_;
            }
        }
        if (p == 0 && error_object_) { // {"object":"error","message":...}: older vLLM
            out.failed = true;
            out.server.message = message_;
        }
    }
    void text(path p, std::string_view value) {
        switch (p) {
        case path_of(key::choices, key::item, key::delta, key::content):
            content_ = value;
            break;
        case path_of(key::choices, key::item, key::finish_reason):
            finish_ = value;
            break;
        case path_of(key::object):
            error_object_ = value == "error";
            break;
        case path_of(key::message):
            message_ = value;
            break;
        default:
            reader::text(p, value);
        }
    }
    void number(path p, std::int64_t value) {
        reader::number(p, value);
        if (p == path_of(key::choices, key::item, key::index))
            index_ = value;
    }

private:
    std::int64_t position_ = -1, index_ = -1;
    bool error_object_ = false;
    std::string content_, finish_, message_;
};

} // namespace detail

/// The streaming format of OpenAI's chat completions, and of all who speak it: Azure, vLLM, llama.cpp,
/// OpenRouter, DeepSeek, Ollama's /v1 ... Text is the `content` of the choice with index 0; reasoning and
/// tool calls are not text.
struct openai_chat_t {
    static constexpr std::string_view media_type = "text/event-stream";
    static constexpr bool ends_with_done_mark = true; // data: [DONE]
    using reader = detail::openai_chat_reader;
};
inline constexpr openai_chat_t openai_chat{};

} // namespace leat::llm
