#pragma once

#include "../pipe.hpp"
#include "../poison.hpp"
#include "../sse/events.hpp"
#include "json_lines.hpp"
#include "openai_chat.hpp"
#include "reading.hpp"
#include "surrogate.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace leat::llm {

struct tokens_options {
    /// The most that one event (or line) may hold, where `tokens` reads bytes. Images come as one event:
    /// servers send many MiB.
    std::size_t max_event_bytes = std::size_t{16} * 1024 * 1024;
};

/// What `tokens(...)` gives: a stream of text that also knows how it ended.
template <class Up, class Dialect> class tokens_stage : public stage<tokens_stage<Up, Dialect>, Up> {
    using in = stream_reference_t<Up>;

public:
    using reference = std::string_view;

    explicit tokens_stage(Up&& up) : tokens_stage::stage(static_cast<Up&&>(up)) {}

    maybe<reference> try_next() {
        while (state_ == state::running || state_ == state::failing) {
            if (state_ == state::failing) {
                state_ = state::over;
                throw_error();
            }
            forget_token();
            if (maybe<in> x = this->up_.try_next())
                take(*x);
            else if (this->up_.stopped() || this->up_.ended())
                end_of_input();
            else
                return {};
            if (!token_.empty())
                return maybe<reference>(leat::detail::from_call{},
                                        [this] { return std::string_view(token_); });
        }
        return {};
    }
    bool stopped() const noexcept {
        return state_ == state::over || (state_ == state::at_end && this->up_.stopped());
    }
    bool ended() const noexcept { return state_ == state::over || state_ == state::at_end; }
    void abandon() noexcept {
        state_ = state::over;
        error_.reset();
        this->up_.abandon();
    }
    void finish() {
        const std::optional<error> truncated = std::exchange(error_, std::nullopt);
        this->up_.finish(); // if the source failed, that is why the stream stopped, and what the reader gets
        if (truncated)
            throw *truncated;
    }

    /// How the stream ended; nothing while it goes on, or when it was closed before its end.
    std::optional<end_reason> reason() const noexcept { return reason_; }

    /// Why the model stopped, as the server spells it: "stop", "length", "content_filter" ... Empty: it did
    /// not say.
    std::string_view finish_reason() const noexcept { return finish_reason_; }

private:
    enum class state : unsigned char {
        running,
        failing, // error_ is thrown by the next step
        at_end,  // of the input; error_, if there is one, is thrown by finish()
        over
    };

    void forget_token() {
        if constexpr (leat::detail::poisoning) {
            // Its memory is not used again, so that who still looks at it is found out; nor is it that in the string.
            if (!token_.empty())
                std::string().swap(token_);
            if (token_.capacity() < 64)
                token_.reserve(64);
        }
        token_.clear();
    }

    void take(const sse::event& e) { take(e.data, e.type == "error"); }
    void take(std::string_view line) { take(line, false); }

    void take(std::string_view payload, bool named_error) {
        constexpr std::string_view blanks = " \t\r\n";
        const std::size_t first = payload.find_first_not_of(blanks);
        if (first == std::string_view::npos)
            return; // keep-alive
        const std::string_view trimmed = payload.substr(first, payload.find_last_not_of(blanks) - first + 1);
        if (trimmed == "[DONE]") {
            if (Dialect::ends_with_done_mark)
                conclude(end_reason::done);
            return; // elsewhere it is the habit of some proxy, and says nothing
        }
        const bool marked = detail::has_lone_surrogate(payload);
        if (marked)
            marked_ = detail::mark_lone_surrogates(payload);
        reader_.start();
        const auto bad = detail::read_json(marked ? std::string_view(marked_) : payload, reader_);
        if (bad && !named_error) {
            fail(end_reason::bad_json,
                 "leat::llm: an event of the stream is not JSON (at byte " + std::to_string(*bad) + " of " +
                     std::to_string(payload.size()) +
                     "). The tokens before it are good; the server, or a proxy on the way, is at fault.");
            return;
        }
        const detail::reading& said = reader_.result();
        if (!bad) {
            joiner_.put(said.text, marked, token_);
            if (said.finished) {
                finished_ = true;
                if (!said.finish_reason.empty())
                    finish_reason_ = said.finish_reason;
            }
        }
        if (bad || said.failed || named_error) {
            server_error server = said.server;
            if (bad || (server.message.empty() && named_error))
                server = {.message = std::string(payload)};
            fail(end_reason::error,
                 "leat::llm: the server reported an error in the stream" +
                     detail::in_brackets(detail::harmless(server.type)) +
                     ". The tokens before it are good. server_message() has what it said.",
                 server);
        } else if (said.done)
            conclude(end_reason::done);
    }

    void end_of_input() {
        if (finished_)
            conclude(end_reason::eof_after_finish);
        else
            fail(end_reason::truncated,
                 "leat::llm: the stream stopped without an end mark or a finish reason, so the answer is not "
                 "whole. The tokens before are good; ask again for the rest.");
        state_ = state::at_end;
    }

    void conclude(end_reason why) {
        joiner_.flush(token_);
        reason_ = why;
        state_ = state::over;
    }

    void fail(end_reason why, const std::string& what, const server_error& server = {}) {
        joiner_.flush(token_);
        reason_ = why;
        error_.emplace(why, what, detail::harmless(server));
        state_ = state::failing; // thrown after the token, if there is one
    }

    [[noreturn]] void throw_error() {
        const error e = std::move(*error_);
        error_.reset();
        throw e;
    }

    typename Dialect::reader reader_;
    detail::text_joiner joiner_;
    std::string token_, marked_, finish_reason_;
    std::optional<error> error_;
    std::optional<end_reason> reason_;
    bool finished_ = false;
    state state_ = state::running;
};

namespace detail {
struct tokens_fn : leat::detail::operation<tokens_fn> {
    template <class S, class Dialect> static auto make(S&& s, Dialect, tokens_options options = {}) {
        using in = stream_reference_t<S>;
        if constexpr (sse::byte_chunk<in> && Dialect::media_type == "text/event-stream") {
            auto events = sse::events(static_cast<S&&>(s),
                                      sse::parser_options{.max_event_bytes = options.max_event_bytes});
            return tokens_stage<decltype(events), Dialect>(std::move(events));
        } else if constexpr (sse::byte_chunk<in>) {
            json_lines_stage<S> lines(static_cast<S&&>(s), options.max_event_bytes);
            return tokens_stage<json_lines_stage<S>, Dialect>(std::move(lines));
        } else if constexpr (std::is_convertible_v<in, const sse::event&>) {
            return tokens_stage<S, Dialect>(static_cast<S&&>(s));
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
/// Cost: no frame. About 2 us a token, nearly all of it in nlohmann_json, which also allocates; `tokens`
/// itself does not. Example:
///   auto tokens = leat::llm::tokens(std::move(body), leat::llm::openai_chat);
///   while (auto token = co_await tokens.next()) std::cout << *token << std::flush;
inline constexpr detail::tokens_fn tokens{};

} // namespace leat::llm
