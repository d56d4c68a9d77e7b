#pragma once

#include "../error.hpp"
#include "secrets.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace leat::llm {

/// How a token stream ended. All but the first two reach the reader as an `llm::error`, after the tokens
/// before it.
enum class end_reason {
    done,             ///< the end mark of the format came
    eof_after_finish, ///< no end mark, but the model said that it had finished
    truncated,        ///< the stream just stopped: the answer is not whole
    error,            ///< the server reported an error in the stream
    bad_json,         ///< an event is not JSON
    http_error,       ///< the status is not a success
    bad_content_type, ///< the body is something else: a login page, a JSON document
    too_large         ///< more tool calls, or more of their arguments, than the limits allow
};

/// The name of a reason, as in the enumeration.
constexpr std::string_view to_string(end_reason r) {
    switch (r) {
    case end_reason::done:
        return "done";
    case end_reason::eof_after_finish:
        return "eof_after_finish";
    case end_reason::truncated:
        return "truncated";
    case end_reason::error:
        return "error";
    case end_reason::bad_json:
        return "bad_json";
    case end_reason::http_error:
        return "http_error";
    case end_reason::bad_content_type:
        return "bad_content_type";
    case end_reason::too_large:
        return "too_large";
    }
    return "unknown";
}

/// What the server said about an error, in its own words.
struct server_error {
    std::string message = {}, type = {}, code = {};
};

/// A token stream that did not end well. `what()` holds nothing of the data; the server's own words are
/// apart, because servers are known to repeat keys in them.
class error : public leat::error {
public:
    error(end_reason why, const std::string& what) : leat::error(what), reason_(why) {}
    error(end_reason why, const std::string& what, server_error server, int http_status = 0,
          std::optional<std::chrono::seconds> retry_after = std::nullopt)
        : leat::error(what), reason_(why), status_(http_status), retry_after_(retry_after),
          server_(std::move(server)) {}

    end_reason reason() const noexcept { return reason_; }

    /// The HTTP status; 0 if the stream had begun.
    int status() const noexcept { return status_; }
    /// How long the server asked to wait before another try.
    std::optional<std::chrono::seconds> retry_after() const noexcept { return retry_after_; }

    /// The server's words, without control characters and at most 4 KiB. Do not trust them, and do not show
    /// them to strangers: they may hold secrets. The key they were sent, and know, reads "[key]" if `chat` sent it,
    /// or if the stream was told to `hide` it.
    const std::string& server_message() const noexcept { return server_.message; }
    const std::string& server_type() const noexcept { return server_.type; }
    const std::string& server_code() const noexcept { return server_.code; }

private:
    end_reason reason_;
    int status_ = 0;
    std::optional<std::chrono::seconds> retry_after_;
    server_error server_;
};

/// A line of a stream of JSON lines is longer than `tokens_options::max_event_bytes`. Holds sizes only.
class line_too_large : public leat::error {
public:
    explicit line_too_large(std::size_t limit_in_bytes)
        : leat::error("leat::llm: a line of the stream is longer than the limit of " +
                      std::to_string(limit_in_bytes) +
                      " bytes. If such lines are expected, raise tokens_options::max_event_bytes; if not, "
                      "the server is "
                      "broken or hostile."),
          limit_(limit_in_bytes) {}

    std::size_t limit() const noexcept { return limit_; }

private:
    std::size_t limit_;
};

namespace detail {

/// Server text made harmless to print: no control characters, not too long.
inline std::string harmless(std::string_view text) {
    constexpr std::size_t most = 4096;
    std::string out;
    for (std::size_t i = 0; i != text.size() && out.size() < most; ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const bool c1 = c == 0xC2 && i + 1 != text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (c1)
            ++i; // U+0080 to U+009F, two bytes
        out.push_back(c < 0x20 || c == 0x7F || c1 ? ' ' : text[i]);
    }
    if (out.size() == most) // not in the middle of a character
        while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0) == 0x80)
            out.pop_back();
    return out;
}

inline server_error harmless(const server_error& e, const secrets& hide) {
    return {.message = harmless(hide.hidden_in(e.message)),
            .type = harmless(hide.hidden_in(e.type)),
            .code = harmless(hide.hidden_in(e.code))};
}

/// " (overloaded_error)", if the type is a name and nothing that could be a secret.
inline std::string in_brackets(std::string_view type) {
    if (type.empty() || type.size() > 40)
        return {};
    for (const char c : type)
        if (!(c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
            return {};
    return " (" + std::string(type) + ")";
}

} // namespace detail

} // namespace leat::llm
