#pragma once

#include "reading.hpp"

namespace leat::llm {

namespace detail {

/// `{"type":"response.output_text.delta","delta":"Hi"}`. The `type` member decides, wherever it stands.
class openai_responses_reader : public reader {
public:
    void start() {
        reader::start();
        for (std::string* const s :
             {&type_, &delta_, &reason_, &item_type_, &item_id_, &item_name_, &item_input_})
            s->clear();
        index_ = 0;
        plain_ = {};
        nested_ = {};
    }
    void end(path p) {
        if (p != 0)
            return;
        if (type_ == "response.output_text.delta")
            out.text = delta_;
        else if (type_ == "response.reasoning_text.delta" || type_ == "response.reasoning_summary_text.delta")
            out.reasoning = delta_;
        else if (type_ == "response.refusal.delta")
            out.refusal = delta_;
        else if (type_ == "response.output_item.added" || type_ == "response.output_item.done") {
            if (item_type_ == "function_call" || item_type_ == "custom_tool_call")
                add_item(type_ == "response.output_item.done");
        } else if (type_ == "response.function_call_arguments.delta" ||
                   type_ == "response.custom_tool_call_input.delta") {
            call_piece& piece = out.add_call();
            piece.index = index_;
            piece.indexed = true;
            piece.arguments = delta_;
        } else if (type_ == "response.completed" || type_ == "response.incomplete") {
            out.finished = out.done = true;
            out.finish_reason = reason_.empty() ? type_.substr(type_.find('.') + 1) : reason_;
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
        case path_of(key::output_item, key::type):
            item_type_ = value;
            break;
        case path_of(key::output_item, key::call_id):
            item_id_ = value;
            break;
        case path_of(key::output_item, key::name):
            item_name_ = value;
            break;
        case path_of(key::output_item, key::arguments):
        case path_of(key::output_item, key::input):
            item_input_ = value;
            break;
        case path_of(key::response, key::incomplete_details, key::reason):
            reason_ = value;
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
    void number(path p, std::int64_t value) {
        reader::number(p, value);
        if (p == path_of(key::output_index))
            index_ = value;
        else
            count(p, path_of(key::response, key::usage), value);
    }

private:
    void add_item(bool whole) {
        call_piece& piece = out.add_call();
        piece.index = index_;
        piece.indexed = piece.begins = true;
        piece.whole = whole;
        piece.id = item_id_;
        piece.name = item_name_;
        piece.arguments = item_input_;
    }

    std::int64_t index_ = 0;
    std::string type_, delta_, reason_, item_type_, item_id_, item_name_, item_input_;
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
