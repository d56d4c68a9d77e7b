#pragma once

#include "../borrowed.hpp"
#include "usage.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace leat::llm {

/// What a delta adds to the answer.
enum class delta_kind {
    text,      ///< text of the answer
    reasoning, ///< what the model thinks before it answers, where the server tells
    refusal,   ///< why it does not answer (OpenAI)
    tool_call, ///< a piece of a call of one of your tools
    finish,    ///< the model has finished, and why
    usage      ///< what the answer has cost so far
};

/// The name of a kind, as in the enumeration.
constexpr std::string_view to_string(delta_kind k) {
    switch (k) {
    case delta_kind::text:
        return "text";
    case delta_kind::reasoning:
        return "reasoning";
    case delta_kind::refusal:
        return "refusal";
    case delta_kind::tool_call:
        return "tool_call";
    case delta_kind::finish:
        return "finish";
    case delta_kind::usage:
        return "usage";
    }
    return "unknown";
}

/// One step of a language model's answer: what `llm::deltas` gives.
///
/// The views are borrowed until the next step. They are well-formed UTF-8, in `tool_call` put together from piece to piece:
/// one call's pieces are JSON only together.
struct delta {
    delta_kind kind = delta_kind::text;
    /// New text of that kind; of a tool call the next piece of its arguments, which may be empty; of a finish the reason, as
    /// the server spells it.
    std::string_view text = {};
    /// Tool calls: which one, counted from 0 as they began. Pieces of several calls may come by turns.
    std::size_t call = 0;
    /// Tool calls: what is known of this one, in each of its pieces. Gemini and Ollama may send no id.
    std::string_view id = {}, name = {};
    /// Of a `usage`: all that is known so far, not the difference.
    llm::usage usage = {};
};

/// A delta to keep: what `leat::materialize()` makes of one.
struct owned_delta {
    delta_kind kind = delta_kind::text;
    std::string text = {};
    std::size_t call = 0;
    std::string id = {}, name = {};
    llm::usage usage = {};

    operator delta() const noexcept {
        return {.kind = kind, .text = text, .call = call, .id = id, .name = name, .usage = usage};
    }
    bool operator==(const owned_delta&) const = default;
};

} // namespace leat::llm

template <> inline constexpr bool leat::is_borrowed<leat::llm::delta> = true;
template <> struct leat::owned<leat::llm::delta> {
    using type = leat::llm::owned_delta;
    static type make(const leat::llm::delta& d) {
        return {.kind = d.kind,
                .text = std::string(d.text),
                .call = d.call,
                .id = std::string(d.id),
                .name = std::string(d.name),
                .usage = d.usage};
    }
};
