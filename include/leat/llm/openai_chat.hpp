#pragma once

#include "reading.hpp"

namespace leat::llm {

namespace detail {

/// `{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}`. The choice whose *index* is 0
/// counts, and it may be anywhere in the list, or not there; every member may be missing, null or of another
/// type.
class openai_chat_reader : public reader {
    static constexpr path choice = path_of(key::choices, key::item);
    static constexpr path call = path_of(key::choices, key::item, key::delta, key::tool_calls, key::item);
    static constexpr path old_call = path_of(key::choices, key::item, key::delta, key::function_call);
    static constexpr path call_arguments = path_of(key::choices, key::item, key::delta, key::tool_calls,
                                                   key::item, key::function, key::arguments);

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
            first_call_ = out.call_count;
            content_.clear();
            reasoning_.clear();
            refusal_.clear();
            finish_.clear();
        } else if (p == call || p == old_call) {
            call_ = &out.add_call();
            call_->begins = true; // nothing announces a call: its first piece is one like the others
            call_->indexed = p == old_call;
            call_->index = p == old_call ? -1 : 0;
        }
    }
    void end(path p) {
        if (p == choice) {
            if (index_ != 0) {
                drop_calls(first_call_);
                return;
            }
            out.text += content_;
            out.reasoning += reasoning_;
            out.refusal += refusal_;
            if (finish_ == "error") // OpenRouter, for whatever went wrong behind it
                out.failed = true;
            else if (!finish_.empty()) {
                out.finished = true;
                out.finish_reason = finish_;
            }
        }
        if (p == 0 && error_object_) { // {"object":"error","message":...}: older vLLM
            out.failed = true;
            out.server.message = message_;
        }
    }
    bool captures(path p) const noexcept {
        return p == call_arguments;
    } // an object where others send its text
    void document(path, std::string_view value) { call_->arguments = value; }
    void text(path p, std::string_view value) {
        switch (p) {
        case path_of(key::choices, key::item, key::delta, key::content):
            content_ = value;
            break;
        case path_of(key::choices, key::item, key::delta, key::reasoning): // some send it by both names
            reasoning_ = value;
            break;
        case path_of(key::choices, key::item, key::delta, key::refusal):
            refusal_ = value;
            break;
        case path_of(key::choices, key::item, key::delta, key::tool_calls, key::item, key::id):
            call_->id = value;
            break;
        case path_of(key::choices, key::item, key::delta, key::tool_calls, key::item, key::function,
                     key::name):
        case path_of(key::choices, key::item, key::delta, key::function_call, key::name):
            call_->name = value;
            break;
        case call_arguments:
        case path_of(key::choices, key::item, key::delta, key::function_call, key::arguments):
            call_->arguments = value;
            break;
        case path_of(key::choices, key::item, key::finish_reason):
            finish_ = value;
            break;
        case path_of(key::choices, key::item, key::error, key::message):
            out.server.message = value;
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
        else if (p == path_of(key::choices, key::item, key::delta, key::tool_calls, key::item, key::index)) {
            call_->index = value;
            call_->indexed = true;
        } else
            count(p, path_of(key::usage), value);
    }

private:
    std::int64_t position_ = -1, index_ = -1;
    bool error_object_ = false;
    call_piece* call_ = nullptr; // being read; its members come only inside of it
    std::size_t first_call_ = 0; // of the choice
    std::string content_, reasoning_, refusal_, finish_, message_;
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
