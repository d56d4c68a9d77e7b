#pragma once

#include "reading.hpp"

namespace leat::llm {

namespace detail {

/// `{"type":"content_block_delta","delta":{"type":"text_delta","text":"Hi"}}`. The `type` member decides, not
/// the event name; types that nobody knows are ignored, as Anthropic asks.
class anthropic_reader : public reader {
public:
    void start() {
        reader::start();
        type_.clear();
        delta_type_.clear();
        text_.clear();
        stop_reason_.clear();
    }
    void end(path p) {
        if (p != 0)
            return;
        if (type_ == "content_block_delta" && delta_type_ == "text_delta")
            out.text = text_;
        else if (type_ == "message_delta" && !stop_reason_.empty()) {
            out.finished = true;
            out.finish_reason = stop_reason_;
        } else if (type_ == "message_stop")
            out.finished = out.done = true;
        else if (type_ == "error")
            out.failed = true;
    }
    void text(path p, std::string_view value) {
        switch (p) {
        case path_of(key::type):
            type_ = value;
            break;
        case path_of(key::delta, key::type):
            delta_type_ = value;
            break;
        case path_of(key::delta, key::text):
            text_ = value;
            break;
        case path_of(key::delta, key::stop_reason):
            stop_reason_ = value;
            break;
        default:
            reader::text(p, value);
        }
    }

private:
    std::string type_, delta_type_, text_, stop_reason_;
};

} // namespace detail

/// The streaming format of Anthropic's messages. Text is `text_delta`; thinking and tool input are not.
struct anthropic_t {
    static constexpr std::string_view media_type = "text/event-stream";
    static constexpr bool ends_with_done_mark = false;
    using reader = detail::anthropic_reader;
};
inline constexpr anthropic_t anthropic{};

} // namespace leat::llm
