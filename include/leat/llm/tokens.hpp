#pragma once

#include "answer_stage.hpp"
#include "openai_chat.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace leat::llm {

struct tokens_options {
    /// The most that one event (or line) may hold, where `tokens` reads bytes. Images come as one event:
    /// servers send many MiB.
    std::size_t max_event_bytes = std::size_t{16} * 1024 * 1024;
};

/// What `tokens(...)` gives: a stream of text that also knows how it ended.
template <class Up, class Dialect>
class tokens_stage : public detail::answer_stage<tokens_stage<Up, Dialect>, Up, Dialect, std::string_view> {
    using base = detail::answer_stage<tokens_stage, Up, Dialect, std::string_view>;
    friend base;

public:
    explicit tokens_stage(Up&& up) : base(static_cast<Up&&>(up)) {}

private:
    void absorb(const detail::reading& said, bool marked) {
        if constexpr (leat::detail::poisoning)
            if (token_.capacity() < 64)
                token_.reserve(64); // not in the string itself, whose memory is used again
        joiner_.put(said.text, marked, token_);
        given_ = false;
    }
    void flush() {
        joiner_.flush(token_);
        given_ = false;
    }
    bool holds() const noexcept { return !given_ && !token_.empty(); }
    maybe<std::string_view> give() {
        given_ = true;
        return maybe<std::string_view>(leat::detail::from_call{},
                                       [this] { return std::string_view(token_); });
    }
    void forget() noexcept {
        if constexpr (leat::detail::poisoning)
            std::string().swap(token_); // so that who still looks at it is found out
        token_.clear();
    }

    detail::text_joiner joiner_;
    std::string token_;
    bool given_ = false;
};

namespace detail {
struct tokens_fn : leat::detail::operation<tokens_fn> {
    template <class S, class Dialect> static auto make(S&& s, Dialect, tokens_options options = {}) {
        if constexpr (reads<S>) {
            auto payloads = payloads_of<Dialect>(static_cast<S&&>(s), options.max_event_bytes);
            return tokens_stage<decltype(payloads), Dialect>(std::move(payloads));
        } else {
            static_assert(leat::detail::always_false<S>,
                          "leat::llm::tokens: the stream's elements must be chunks of "
                          "bytes, or the events that leat::sse::events makes of them");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `tokens(stream, dialect)`: the text of a language model's answer, as it comes. The stream is the body of
/// the response (byte chunks) or the events made of it; the dialect is the server's format: `openai_chat`,
/// `openai_responses`, `anthropic`, `gemini`, `ollama`.
///
/// Yields: `std::string_view`, never empty, valid until the next step; always well-formed UTF-8 (halves of
/// characters
///   that the server sent in two tokens are joined).
/// Ends: at the end mark of the format (it asks for nothing after it, and closes its source), or at the end
/// of the input
///   if the model had finished; `reason()` says which, `finish_reason()` why the model stopped.
/// Throws: after the tokens before it: llm::error with `reason()` truncated, error or bad_json; what its
/// source throws.
///   Call `check_response` first: an HTTP error is no token stream.
/// Batches: preserved. Threads: parses where the reader's step runs.
/// Cost: no frame. About 1.5 us a token, nearly all of it in nlohmann_json, which also allocates; `tokens`
/// itself does not. With <leat/llm/simdjson.hpp> a fifth of that. Example:
///   auto tokens = leat::llm::tokens(std::move(body), leat::llm::openai_chat);
///   while (auto token = co_await tokens.next()) std::cout << *token << std::flush;
inline constexpr detail::tokens_fn tokens{};

} // namespace leat::llm
