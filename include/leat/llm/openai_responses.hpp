#pragma once

#include "reading.hpp"

namespace leat::llm {

namespace detail {

/// `{"type":"response.output_text.delta","delta":"Hi"}`. The `type` member decides, wherever it stands.
class openai_responses_reader : public reader {
public:
    void start() {
        reader::start();
        type_.clear();
        delta_.clear();
        plain_ = {};
        nested_ = {};
    }
    void end(path p) {
        if (p != 0)
            return;
        if (type_ == "response.output_text.delta")
            out.text = delta_;
        else if (type_ == "response.completed" || type_ == "response.incomplete") {
            out.finished = out.done = true;
            out.finish_reason = type_.substr(type_.find('.') + 1);
        } else if (type_ == "response.failed") {
            out.failed = true;
            out.server = nested_;
        } else if (type_ == "error") { // its members lie in "error" or beside the type
            out.failed = true;
            if (out.server.message.empty())
                out.server = plain_;
        }
    }
    void text(path p, std::string_view value) {
        switch (p) {
        case path_of(key::type):
            type_ = value;
            break;
        case path_of(key::delta):
            delta_ = value;
            break;
        case path_of(key::message):
            plain_.message = value;
            break;
        case path_of(key::code):
            plain_.code = value;
            break;
        case path_of(key::response, key::error, key::message):
            nested_.message = value;
            break;
        case path_of(key::response, key::error, key::code):
            nested_.code = value;
            break;
        default:
            reader::text(p, value);
        }
    }

private:
    std::string type_, delta_;
    server_error plain_, nested_;
};

} // namespace detail

/// The streaming format of OpenAI's Responses API. Text is `response.output_text.delta`.
struct openai_responses_t {
    static constexpr std::string_view media_type = "text/event-stream";
    static constexpr bool ends_with_done_mark = false;
    using reader = detail::openai_responses_reader;
};
inline constexpr openai_responses_t openai_responses{};

} // namespace leat::llm
