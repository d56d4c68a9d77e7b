#pragma once

#include "reading.hpp"

namespace leat::llm {

namespace detail {

/// `{"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP"}]}`. A candidate without an
/// index is number 0; parts that are thoughts are not text; a tool call comes whole; a blocked prompt is an error.
class gemini_reader : public reader {
    static constexpr path candidate = path_of(key::candidates, key::item);
    static constexpr path part = path_of(key::candidates, key::item, key::content, key::parts, key::item);
    static constexpr path call =
        path_of(key::candidates, key::item, key::content, key::parts, key::item, key::function_call);
    static constexpr path call_arguments = path_of(key::candidates, key::item, key::content, key::parts,
                                                   key::item, key::function_call, key::args);

public:
    void begin(path p) {
        reader::begin(p);
        if (p == candidate) {
            index_ = 0;
            first_call_ = out.call_count;
            text_.clear();
            reasoning_.clear();
            finish_.clear();
        } else if (p == part) {
            thought_ = false;
            part_.clear();
        } else if (p == call) {
            call_ = &out.add_call();
            call_->begins = true;
        }
    }
    void end(path p) {
        if (p == part)
            (thought_ ? reasoning_ : text_) += part_;
        else if (p == candidate && index_ != 0)
            drop_calls(first_call_);
        else if (p == candidate) {
            out.text += text_;
            out.reasoning += reasoning_;
            if (!finish_.empty()) {
                out.finished = true;
                out.finish_reason = finish_;
            }
        }
    }
    bool captures(path p) const noexcept { return p == call_arguments; }
    void document(path, std::string_view value) { call_->arguments = value; }
    void text(path p, std::string_view value) {
        switch (p) {
        case path_of(key::candidates, key::item, key::content, key::parts, key::item, key::function_call,
                     key::id):
            call_->id = value;
            break;
        case path_of(key::candidates, key::item, key::content, key::parts, key::item, key::function_call,
                     key::name):
            call_->name = value;
            break;
        case path_of(key::candidates, key::item, key::content, key::parts, key::item, key::text):
            part_ = value;
            break;
        case path_of(key::candidates, key::item, key::finish_reason):
            finish_ = value;
            break;
        case path_of(key::prompt_feedback, key::block_reason):
            out.failed = true;
            out.server.type = value;
            out.server.message = "the prompt was blocked";
            break;
        default:
            reader::text(p, value);
        }
    }
    void number(path p, std::int64_t value) {
        reader::number(p, value);
        if (p == path_of(key::candidates, key::item, key::index))
            index_ = value;
        else
            count(p, path_of(key::usage), value);
    }
    void boolean(path p, bool value) {
        reader::boolean(p, value);
        if (p == path_of(key::candidates, key::item, key::content, key::parts, key::item, key::thought))
            thought_ = value;
    }

private:
    std::int64_t index_ = 0;
    bool thought_ = false;
    call_piece* call_ = nullptr; // being read; its members come only inside of it
    std::size_t first_call_ = 0; // of the candidate
    std::string text_, reasoning_, part_, finish_;
};

} // namespace detail

/// The streaming format of Gemini (`:streamGenerateContent?alt=sse`). It has no end mark: the finish reason
/// ends it.
struct gemini_t {
    static constexpr std::string_view media_type = "text/event-stream";
    static constexpr bool ends_with_done_mark = false;
    using reader = detail::gemini_reader;
};
inline constexpr gemini_t gemini{};

} // namespace leat::llm
