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
        for (std::string* const s :
             {&type_, &part_type_, &text_, &thinking_, &input_, &id_, &name_, &stop_reason_})
            s->clear();
        index_ = 0;
    }
    void end(path p) {
        if (p != 0)
            return;
        if (type_ == "content_block_delta") {
            if (part_type_ == "text_delta")
                out.text = text_;
            else if (part_type_ == "thinking_delta")
                out.reasoning = thinking_;
            else if (part_type_ == "input_json_delta")
                add_call(false); // not of a tool that the server itself runs: its call did not begin
        } else if (type_ == "content_block_start") {
            if (part_type_ == "text")
                out.text = text_;
            else if (part_type_ == "thinking")
                out.reasoning = thinking_;
            else if (part_type_ == "tool_use")
                add_call(true);
        } else if (type_ == "message_delta" && !stop_reason_.empty()) {
            out.finished = true;
            out.finish_reason = stop_reason_;
        } else if (type_ == "message_stop")
            out.finished = out.done = true;
        else if (type_ == "error")
            out.failed = true;
    }
    bool captures(path p) const noexcept { return p == path_of(key::content_block, key::input); }
    void document(path, std::string_view value) {
        if (value != "{}") // the beginning of nearly every call
            input_ = value;
    }
    void text(path p, std::string_view value) {
        switch (p) {
        case path_of(key::type):
            type_ = value;
            break;
        case path_of(key::delta, key::type):
        case path_of(key::content_block, key::type):
            part_type_ = value;
            break;
        case path_of(key::delta, key::text):
        case path_of(key::content_block, key::text):
            text_ = value;
            break;
        case path_of(key::delta, key::thinking):
        case path_of(key::content_block, key::thinking):
            thinking_ = value;
            break;
        case path_of(key::delta, key::partial_json):
            input_ = value;
            break;
        case path_of(key::content_block, key::id):
            id_ = value;
            break;
        case path_of(key::content_block, key::name):
            name_ = value;
            break;
        case path_of(key::delta, key::stop_reason):
            stop_reason_ = value;
            break;
        default:
            reader::text(p, value);
        }
    }
    void number(path p, std::int64_t value) {
        reader::number(p, value);
        if (p == path_of(key::index))
            index_ = value;
        else {
            count(p, path_of(key::usage), value);
            count(p, path_of(key::message, key::usage), value);
        }
    }

private:
    void add_call(bool begins) {
        call_piece& piece = out.add_call();
        piece.index = index_;
        piece.indexed = true;
        piece.begins = begins;
        piece.id = id_;
        piece.name = name_;
        piece.arguments = input_;
    }

    std::int64_t index_ = 0;
    std::string type_, part_type_, text_, thinking_, input_, id_, name_, stop_reason_;
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
