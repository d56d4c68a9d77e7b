#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// JSON as a series of calls, without a tree: what the dialects of the language models are read with. This is
// the only place that knows the JSON library.

namespace leat::llm::detail {

/// The member names that some dialect looks at.
enum class key : std::uint64_t {
    other = 1,
    item, // an element of an array
    block_reason,
    candidates,
    choices,
    code,
    content,
    delta,
    done,
    done_reason,
    error,
    finish_reason, // also finishReason
    index,
    message,
    object,
    parts,
    prompt_feedback,
    response,
    status,
    stop_reason,
    text,
    thought,
    type
};

inline key key_named(std::string_view name) noexcept {
    switch (name.size()) {
    case 4:
        return name == "text"   ? key::text
               : name == "type" ? key::type
               : name == "code" ? key::code
               : name == "done" ? key::done
                                : key::other;
    case 5:
        return name == "delta"   ? key::delta
               : name == "index" ? key::index
               : name == "error" ? key::error
               : name == "parts" ? key::parts
                                 : key::other;
    case 6:
        return name == "object" ? key::object : name == "status" ? key::status : key::other;
    case 7:
        return name == "choices"   ? key::choices
               : name == "content" ? key::content
               : name == "message" ? key::message
               : name == "thought" ? key::thought
                                   : key::other;
    case 8:
        return name == "response" ? key::response : key::other;
    case 10:
        return name == "candidates" ? key::candidates : key::other;
    case 11:
        return name == "stop_reason"   ? key::stop_reason
               : name == "done_reason" ? key::done_reason
               : name == "blockReason" ? key::block_reason
                                       : key::other;
    case 12:
        return name == "finishReason" ? key::finish_reason : key::other;
    case 13:
        return name == "finish_reason" ? key::finish_reason : key::other;
    case 14:
        return name == "promptFeedback" ? key::prompt_feedback : key::other;
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

/// Turns the parser's calls into calls of a dialect's reader, which have the path with them:
/// `begin(path)`, `end(path)` of objects and arrays, `text(path, string_view)`, `number(path, int64)`,
/// `boolean(path, bool)`. Null is no call at all. Nothing below the 9th level is told: no dialect goes that
/// deep, and so the nesting of a hostile document costs nothing.
template <class Reader> class json_handler {
    static constexpr unsigned deepest = 9;
    using json = nlohmann::json;

public:
    explicit json_handler(Reader& reader) : reader_(reader) {}

    bool null() { return true; }
    bool boolean(bool value) {
        if (depth_ <= deepest)
            reader_.boolean(here(), value);
        return true;
    }
    bool number_integer(json::number_integer_t value) {
        if (depth_ <= deepest)
            reader_.number(here(), value);
        return true;
    }
    bool number_unsigned(json::number_unsigned_t value) {
        constexpr auto most = static_cast<json::number_unsigned_t>(INT64_MAX);
        return number_integer(static_cast<json::number_integer_t>(value > most ? most : value));
    }
    bool number_float(json::number_float_t, const json::string_t&) { return true; }
    bool string(json::string_t& value) {
        if (depth_ <= deepest)
            reader_.text(here(), value);
        return true;
    }
    bool binary(json::binary_t&) { return true; }
    bool key(json::string_t& name) {
        if (depth_ <= deepest)
            key_ = key_named(name);
        return true;
    }
    bool start_object(std::size_t) { return start(false); }
    bool start_array(std::size_t) { return start(true); }
    bool end_object() { return end(); }
    bool end_array() { return end(); }
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
        if (depth_ < deepest) {
            at_ = here();
            arrays_ = (arrays_ & ~(1u << (depth_ + 1))) | static_cast<unsigned>(array) << (depth_ + 1);
            reader_.begin(at_);
        }
        ++depth_;
        return true;
    }
    bool end() {
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
};

/// Reads one document. Gives the position of the error if it is not JSON; then the reader has seen only a
/// part of it.
template <class Reader> std::optional<std::size_t> read_json(std::string_view document, Reader& reader) {
    json_handler<Reader> handler(reader);
    if (nlohmann::json::sax_parse(document.data(), document.data() + document.size(), &handler))
        return std::nullopt;
    return handler.error_at;
}

} // namespace leat::llm::detail
