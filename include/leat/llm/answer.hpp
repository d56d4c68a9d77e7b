#pragma once

#include "../detail/sink.hpp"
#include "../task.hpp"
#include "delta.hpp"
#include "error.hpp"
#include "usage.hpp"

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace leat::llm {

/// A call of one of your tools, whole.
struct tool_call {
    std::string id = {};
    std::string name = {};
    /// JSON, as the model wrote it: it may not be what the tool's schema says, nor JSON at all. Empty: no arguments.
    std::string arguments = {};

    bool operator==(const tool_call&) const = default;
};

/// A language model's answer, whole.
struct answer {
    std::string text = {};
    std::string reasoning = {};
    std::string refusal = {};
    std::vector<tool_call> tool_calls = {};
    /// Why the model stopped, as the server spells it: "stop", "tool_calls", "end_turn" ...
    std::string finish_reason = {};
    llm::usage usage = {};

    bool operator==(const answer&) const = default;
};

/// Puts an answer together from its deltas, without a stream. After an error it has what came before.
///
/// Throws: `add`: llm::error with reason too_large past `max_bytes` (16 MiB) of text, reasoning and arguments together.
/// Example:
///   leat::llm::answer_builder so_far;
///   while (auto d = co_await deltas.next()) so_far.add(*d);
///   leat::llm::answer whole = so_far.take();
class answer_builder {
public:
    explicit answer_builder(std::size_t max_bytes = std::size_t{16} * 1024 * 1024) : max_bytes_(max_bytes) {}

    void add(const delta& d) {
        switch (d.kind) {
        case delta_kind::text:
            append(answer_.text, d.text);
            break;
        case delta_kind::reasoning:
            append(answer_.reasoning, d.text);
            break;
        case delta_kind::refusal:
            append(answer_.refusal, d.text);
            break;
        case delta_kind::tool_call: {
            // Calls are counted as they begin, so a new one is the next one. (Another number is none of `deltas`.)
            if (d.call > answer_.tool_calls.size())
                break;
            if (d.call == answer_.tool_calls.size())
                answer_.tool_calls.emplace_back();
            tool_call& call = answer_.tool_calls[d.call];
            if (call.id.empty())
                append(call.id, d.id);
            if (call.name.empty())
                append(call.name, d.name);
            append(call.arguments, d.text);
            break;
        }
        case delta_kind::finish:
            answer_.finish_reason = d.text;
            break;
        case delta_kind::usage:
            answer_.usage = d.usage;
            break;
        }
    }

    const answer& so_far() const noexcept { return answer_; }
    answer take() { return std::exchange(answer_, answer()); }

private:
    void append(std::string& to, std::string_view piece) {
        if (piece.size() > max_bytes_ - bytes_)
            throw error(end_reason::too_large,
                        "leat::llm: the answer is longer than " + std::to_string(max_bytes_) +
                            " bytes. Read it piece by piece from leat::llm::deltas, or raise "
                            "the limit.");
        bytes_ += piece.size();
        to += piece;
    }

    answer answer_;
    std::size_t max_bytes_;
    std::size_t bytes_ = 0;
};

namespace detail {

template <class S> class answer_sink : public leat::detail::sink<answer_sink<S>, S> {
public:
    answer_sink(S&& s, std::size_t max_bytes) : answer_sink::sink(static_cast<S&&>(s)), builder_(max_bytes) {}
    LEAT_ALWAYS_INLINE bool accept(maybe<stream_reference_t<S>>& x) {
        builder_.add(*x);
        return true;
    }
    answer result() { return builder_.take(); }

private:
    answer_builder builder_;
};

struct collect_answer_fn : leat::detail::operation<collect_answer_fn> {
    template <class S> static auto make(S&& s, std::size_t max_bytes = std::size_t{16} * 1024 * 1024) {
        if constexpr (std::is_convertible_v<stream_reference_t<S>, const delta&>) {
            return answer_sink<S>(static_cast<S&&>(s), max_bytes);
        } else {
            static_assert(
                leat::detail::always_false<S>,
                "leat::llm::collect_answer: the stream's elements must be those of leat::llm::deltas");
            return task<answer>();
        }
    }
};

} // namespace detail

/// `co_await leat::llm::collect_answer(std::move(deltas))`: the whole answer: text, tool calls, finish reason, usage.
///
/// Yields: an `answer`. Ends: with the stream. Throws: what the stream throws, and then what came before is lost (see
/// `answer_builder`); llm::error with reason too_large past `max_bytes` (16 MiB). Owns: the stream and the answer.
/// Cost: no suspension per element.
///
///     leat::llm::answer reply = co_await leat::llm::collect_answer(response.deltas());
inline constexpr detail::collect_answer_fn collect_answer{};

} // namespace leat::llm
