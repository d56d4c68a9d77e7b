#pragma once

#include "../pipe.hpp"
#include "../poison.hpp"
#include "../sse/events.hpp"
#include "json_lines.hpp"
#include "reading.hpp"
#include "secrets.hpp"
#include "surrogate.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace leat::llm::detail {

/// What `tokens` and `deltas` share: reads events one after the other, and knows how the stream ended. `Self` makes
/// elements of what an event says:
///
///  - `absorb(reading, marked)`: an event that is good (`marked`: see surrogate.hpp);
///  - `flush()`: the end of the text: halves of characters that were held back stay alone;
///  - `forget()`: the elements of the event before are over;
///  - `holds()`: there are elements to give, and `give()` gives the next.
template <class Self, class Up, class Dialect, class Reference> class answer_stage : public stage<Self, Up> {
    using in = stream_reference_t<Up>;

public:
    using reference = Reference;

    maybe<reference> try_next() {
        for (;;) {
            if (self().holds())
                return self().give();
            if (state_ == state::failing) {
                state_ = state::over;
                throw_error();
            }
            if (state_ != state::running)
                return {};
            self().forget();
            if (maybe<in> x = this->up_.try_next())
                take(*x);
            else if (this->up_.stopped() || this->up_.ended())
                end_of_input();
            else
                return {};
        }
    }
    bool stopped() const noexcept {
        return !self().holds() && (state_ == state::over || (state_ == state::at_end && this->up_.stopped()));
    }
    bool ended() const noexcept {
        return !self().holds() && (state_ == state::over || state_ == state::at_end);
    }
    void abandon() noexcept {
        state_ = state::over;
        error_.reset();
        self().forget();
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

    /// The key that was sent: `llm::error` does not have it, should the server repeat it. `chat` says so itself.
    void hide(std::string_view secret) { secrets_.add(secret); }
    void hide(detail::secrets all) { secrets_ = std::move(all); }

protected:
    explicit answer_stage(Up&& up) : answer_stage::stage(static_cast<Up&&>(up)) {}

    void keep_calls(std::size_t most) { reader_.keep_calls(most); }

    void fail(end_reason why, const std::string& what, server_error server = {}) {
        self().flush();
        reason_ = why;
        error_.emplace(why, what, std::move(server));
        state_ = state::failing; // thrown after the elements, if there are any
    }

private:
    enum class state : unsigned char {
        running,
        failing, // error_ is thrown by the next step
        at_end,  // of the input; error_, if there is one, is thrown by finish()
        over
    };

    Self& self() noexcept { return *static_cast<Self*>(this); }
    const Self& self() const noexcept { return *static_cast<const Self*>(this); }

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
        const auto bad = json_.read(marked ? std::string_view(marked_) : payload, reader_);
        if (bad && !named_error) {
            fail(end_reason::bad_json,
                 "leat::llm: an event of the stream is not JSON (at byte " + std::to_string(*bad) + " of " +
                     std::to_string(payload.size()) +
                     "). The tokens before it are good; the server, or a proxy on the way, is at fault.");
            return;
        }
        const detail::reading& said = reader_.result();
        if (!bad) {
            if (said.finished) {
                finished_ = true;
                if (!said.finish_reason.empty())
                    finish_reason_ = said.finish_reason;
            }
            self().absorb(said, marked);
            if (state_ == state::failing)
                return; // over a limit
        }
        if (bad || said.failed || named_error) {
            server_error words = said.server;
            if (bad || (words.message.empty() && named_error))
                words = {.message = std::string(payload)};
            const server_error server = detail::harmless(words, secrets_);
            fail(end_reason::error,
                 "leat::llm: the server reported an error in the stream" + detail::in_brackets(server.type) +
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
        self().flush();
        reason_ = why;
        state_ = state::over;
    }

    [[noreturn]] void throw_error() {
        const error e = std::move(*error_);
        error_.reset();
        throw e;
    }

    typename Dialect::reader reader_;
    typename backend_of<Dialect>::type json_;
    std::string marked_, finish_reason_;
    std::optional<error> error_;
    std::optional<end_reason> reason_;
    detail::secrets secrets_;
    bool finished_ = false;
    state state_ = state::running;
};

/// Can an answer be read from such a stream? Chunks of bytes, or the events made of them.
template <class S>
inline constexpr bool reads =
    sse::byte_chunk<stream_reference_t<S>> || std::is_convertible_v<stream_reference_t<S>, const sse::event&>;

/// The stream of what the JSON lies in: the events, or lines, of the bytes.
template <class Dialect, class S> auto payloads_of(S&& s, std::size_t max_event_bytes) {
    if constexpr (!sse::byte_chunk<stream_reference_t<S>>)
        return static_cast<S&&>(s);
    else if constexpr (Dialect::media_type == "text/event-stream")
        return sse::events(static_cast<S&&>(s), sse::parser_options{.max_event_bytes = max_event_bytes});
    else
        return json_lines_stage<S>(static_cast<S&&>(s), max_event_bytes);
}

} // namespace leat::llm::detail
