#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

// JSON as a series of calls, without a tree: what the dialects of the language models are read with. This is
// the only place that knows the JSON library.

namespace leat::llm::detail {

/// The member names that some dialect looks at. Where servers have several names for one thing, they are one key: the
/// path around it says what is meant.
enum class key : std::uint64_t {
    other = 1,
    item, // an element of an array
    args,
    arguments,
    block_reason,
    cached_tokens,
    call_id,
    candidates,
    choices,
    code,
    content,
    content_block,
    delta,
    done,
    done_reason,
    error,
    finish_reason, // also finishReason
    function,
    function_call, // also functionCall
    id,
    incomplete_details,
    index,
    input,
    input_details,
    input_tokens, // also prompt_tokens, promptTokenCount, prompt_eval_count
    message,
    name,
    object,
    output_details,
    output_index,
    output_item,   // the member "item"
    output_tokens, // also completion_tokens, candidatesTokenCount, eval_count
    partial_json,
    parts,
    prompt_feedback,
    reason,
    reasoning, // also reasoning_content
    reasoning_tokens,
    refusal,
    response,
    status,
    stop_reason,
    text,
    thinking,
    thought,
    tool_calls,
    total_tokens,
    type,
    usage, // also usageMetadata
    count
};
static_assert(static_cast<std::uint64_t>(key::count) <= 64, "a path has 6 bits for each");

inline key key_named(std::string_view name) noexcept {
    // Names of one length are told apart by a load and a comparison each; `==` would be a call of memcmp.
    const auto is = [at = name.data()]<std::size_t N>(const char(&wanted)[N]) noexcept {
        return std::memcmp(at, wanted, N - 1) == 0;
    };
    switch (name.size()) {
    case 2:
        return is("id") ? key::id : key::other;
    case 4:
        return is("text")   ? key::text
               : is("type") ? key::type
               : is("name") ? key::name
               : is("code") ? key::code
               : is("done") ? key::done
               : is("item") ? key::output_item
               : is("args") ? key::args
                            : key::other;
    case 5:
        return is("delta")   ? key::delta
               : is("index") ? key::index
               : is("usage") ? key::usage
               : is("error") ? key::error
               : is("parts") ? key::parts
               : is("input") ? key::input
                             : key::other;
    case 6:
        return is("object")   ? key::object
               : is("status") ? key::status
               : is("reason") ? key::reason
                              : key::other;
    case 7:
        return is("choices")   ? key::choices
               : is("content") ? key::content
               : is("message") ? key::message
               : is("thought") ? key::thought
               : is("refusal") ? key::refusal
               : is("call_id") ? key::call_id
                               : key::other;
    case 8:
        return is("response")   ? key::response
               : is("thinking") ? key::thinking
               : is("function") ? key::function
                                : key::other;
    case 9:
        return is("arguments") ? key::arguments : is("reasoning") ? key::reasoning : key::other;
    case 10:
        return is("candidates")   ? key::candidates
               : is("tool_calls") ? key::tool_calls
               : is("eval_count") ? key::output_tokens
                                  : key::other;
    case 11:
        return is("stop_reason")   ? key::stop_reason
               : is("done_reason") ? key::done_reason
               : is("blockReason") ? key::block_reason
                                   : key::other;
    case 12:
        return is("finishReason")   ? key::finish_reason
               : is("output_index") ? key::output_index
               : is("partial_json") ? key::partial_json
               : is("input_tokens") ? key::input_tokens
               : is("total_tokens") ? key::total_tokens
               : is("functionCall") ? key::function_call
                                    : key::other;
    case 13:
        return is("finish_reason")   ? key::finish_reason
               : is("content_block") ? key::content_block
               : is("output_tokens") ? key::output_tokens
               : is("prompt_tokens") ? key::input_tokens
               : is("cached_tokens") ? key::cached_tokens
               : is("usageMetadata") ? key::usage
               : is("function_call") ? key::function_call
                                     : key::other;
    case 14:
        return is("promptFeedback") ? key::prompt_feedback : key::other;
    case 15:
        return is("totalTokenCount") ? key::total_tokens : key::other;
    case 16:
        return is("promptTokenCount")   ? key::input_tokens
               : is("reasoning_tokens") ? key::reasoning_tokens
                                        : key::other;
    case 17:
        return is("reasoning_content")   ? key::reasoning
               : is("completion_tokens") ? key::output_tokens
               : is("prompt_eval_count") ? key::input_tokens
                                         : key::other;
    case 18:
        return is("thoughtsTokenCount")   ? key::reasoning_tokens
               : is("incomplete_details") ? key::incomplete_details
                                          : key::other;
    case 20:
        return is("candidatesTokenCount")   ? key::output_tokens
               : is("input_tokens_details") ? key::input_details
                                            : key::other;
    case 21:
        return is("prompt_tokens_details")   ? key::input_details
               : is("output_tokens_details") ? key::output_details
                                             : key::other;
    case 23:
        return is("cache_read_input_tokens") || is("cachedContentTokenCount") || is("prompt_cache_hit_tokens")
                   ? key::cached_tokens
                   : key::other;
    case 25:
        return is("completion_tokens_details") ? key::output_details : key::other;
    default:
        return key::other;
    }
}

/// Where in a document something stands, 6 bits a level: `path_of(key::choices, key::item, key::delta)`. 0 is
/// the root.
using path = std::uint64_t;

template <class... K> consteval path path_of(K... keys) {
    path p = 0;
    ((p = p << 6 | static_cast<path>(keys)), ...);
    return p;
}

/// Nothing below this level of a document is told: no dialect goes that deep, and so the nesting of a hostile document
/// costs nothing.
inline constexpr unsigned deepest_level = 9;

/// Writes the text of a JSON value anew, without blanks, from the calls of a parser.
class json_writer {
public:
    void clear() noexcept { text_.clear(); }
    std::string_view text() const noexcept { return text_; }

    void literal(std::string_view value) {
        separate();
        text_ += value;
    }
    void string(std::string_view value) {
        separate();
        quote(value);
    }
    void key(std::string_view name) {
        separate();
        quote(name);
        text_ += ':';
    }
    void open(char bracket) {
        separate();
        text_ += bracket;
    }
    void close(char bracket) { text_ += bracket; }

private:
    // What was written last says whether there is a comma: inside a string that is never asked.
    void separate() {
        if (text_.empty())
            return;
        const char last = text_.back();
        if (last != '{' && last != '[' && last != ':')
            text_ += ',';
    }
    void quote(std::string_view value) {
        constexpr std::string_view digits = "0123456789abcdef";
        text_ += '"';
        for (const char c : value) {
            if (c == '"' || c == '\\') {
                text_ += '\\';
                text_ += c;
            } else if (static_cast<unsigned char>(c) >= 0x20) {
                text_ += c;
            } else if (c == '\n') {
                text_ += "\\n";
            } else if (c == '\t') {
                text_ += "\\t";
            } else {
                text_ += "\\u00";
                text_ += digits[static_cast<unsigned char>(c) >> 4];
                text_ += digits[static_cast<unsigned char>(c) & 15];
            }
        }
        text_ += '"';
    }

    std::string text_;
};

/// Turns the parser's calls into calls of a dialect's reader, which have the path with them:
/// `begin(path)`, `end(path)` of objects and arrays, `text(path, string_view)`, `number(path, int64)`,
/// `boolean(path, bool)`. Null is no call at all. An object or array where the reader `captures(path)` is one call of
/// `document(path, string_view)` instead, its text. Nothing below `deepest_level` is told.
template <class Reader> class json_handler {
    static constexpr unsigned deepest = deepest_level;
    using json = nlohmann::json;

public:
    explicit json_handler(Reader& reader) : reader_(reader) {}

    bool null() {
        if (capturing_)
            captured_.literal("null");
        return true;
    }
    bool boolean(bool value) {
        if (capturing_)
            captured_.literal(value ? "true" : "false");
        else if (depth_ <= deepest)
            reader_.boolean(here(), value);
        return true;
    }
    bool number_integer(json::number_integer_t value) {
        if (capturing_)
            captured_.literal(std::to_string(value));
        else if (depth_ <= deepest)
            reader_.number(here(), value);
        return true;
    }
    bool number_unsigned(json::number_unsigned_t value) {
        constexpr auto most = static_cast<json::number_unsigned_t>(INT64_MAX);
        if (capturing_)
            captured_.literal(std::to_string(value));
        else if (depth_ <= deepest)
            reader_.number(here(), static_cast<json::number_integer_t>(value > most ? most : value));
        return true;
    }
    bool number_float(json::number_float_t, const json::string_t& literal) {
        if (capturing_)
            captured_.literal(literal);
        return true;
    }
    bool string(json::string_t& value) {
        if (capturing_)
            captured_.string(value);
        else if (depth_ <= deepest)
            reader_.text(here(), value);
        return true;
    }
    bool binary(json::binary_t&) { return true; }
    bool key(json::string_t& name) {
        if (capturing_)
            captured_.key(name);
        else if (depth_ <= deepest)
            key_ = key_named(name);
        return true;
    }
    bool start_object(std::size_t) { return start(false); }
    bool start_array(std::size_t) { return start(true); }
    bool end_object() { return end('}'); }
    bool end_array() { return end(']'); }
    template <class E> bool parse_error(std::size_t position, const std::string&, const E&) {
        error_at = position; // the library's own message quotes the input, so it is not kept
        return false;
    }

    std::size_t error_at = 0;

private:
    path here() const noexcept {
        if (depth_ == 0)
            return 0;
        return at_ << 6 | static_cast<path>((arrays_ >> depth_ & 1) != 0 ? detail::key::item : key_);
    }
    bool start(bool array) {
        if (!capturing_ && depth_ < deepest && reader_.captures(here())) {
            capturing_ = true;
            capture_depth_ = depth_;
            captured_.clear();
        }
        if (capturing_) {
            captured_.open(array ? '[' : '{');
            ++depth_;
            return true;
        }
        if (depth_ < deepest) {
            at_ = here();
            arrays_ = (arrays_ & ~(1u << (depth_ + 1))) | static_cast<unsigned>(array) << (depth_ + 1);
            reader_.begin(at_);
        }
        ++depth_;
        return true;
    }
    bool end(char bracket) {
        if (capturing_) {
            captured_.close(bracket);
            if (--depth_ == capture_depth_) {
                capturing_ = false;
                reader_.document(here(), captured_.text());
            }
            return true;
        }
        if (depth_ <= deepest) {
            reader_.end(at_);
            at_ >>= 6;
        }
        --depth_;
        return true;
    }

    Reader& reader_;
    path at_ = 0; // of the innermost object or array
    detail::key key_ = detail::key::other;
    unsigned depth_ = 0;
    unsigned arrays_ = 0; // which levels are arrays
    bool capturing_ = false;
    unsigned capture_depth_ = 0;
    json_writer captured_;
};

/// Reads one document. Gives the position of the error if it is not JSON; then the reader has seen only a
/// part of it.
template <class Reader> std::optional<std::size_t> read_json(std::string_view document, Reader& reader) {
    json_handler<Reader> handler(reader);
    if (nlohmann::json::sax_parse(document.data(), document.data() + document.size(), &handler))
        return std::nullopt;
    return handler.error_at;
}

/// The JSON library that is used unless another one is asked for.
struct nlohmann_backend {
    template <class Reader> std::optional<std::size_t> read(std::string_view document, Reader& reader) {
        return read_json(document, reader);
    }
};

template <class Dialect> struct backend_of { using type = nlohmann_backend; };
template <class Dialect>
    requires requires { typename Dialect::json_backend; }
struct backend_of<Dialect> {
    using type = typename Dialect::json_backend;
};

} // namespace leat::llm::detail
