#pragma once

#include "answer_stage.hpp"
#include "delta.hpp"
#include "openai_chat.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace leat::llm {

struct deltas_options {
    /// The most that one event (or line) may hold, where `deltas` reads bytes.
    std::size_t max_event_bytes = std::size_t{16} * 1024 * 1024;
    /// Calls of tools in one answer. Their numbers come from the server; nothing is made as large as they are.
    std::size_t max_tool_calls = 128;
    /// Arguments, names and ids of all calls of an answer together.
    std::size_t max_arguments_bytes = std::size_t{4} * 1024 * 1024;
};

/// What `deltas(...)` gives: a stream of `delta` that also knows how it ended.
template <class Up, class Dialect>
class deltas_stage : public detail::answer_stage<deltas_stage<Up, Dialect>, Up, Dialect, const delta&> {
    using base = detail::answer_stage<deltas_stage, Up, Dialect, const delta&>;
    friend base;

public:
    deltas_stage(Up&& up, deltas_options options) : base(static_cast<Up&&>(up)), options_(options) {
        // One more than may be, so that it is noticed.
        this->keep_calls(options.max_tool_calls == SIZE_MAX ? SIZE_MAX : options.max_tool_calls + 1);
    }

    /// What the answer has cost so far.
    const usage& usage_so_far() const noexcept { return usage_; }

private:
    struct tool_call {
        std::int64_t index = 0;
        bool indexed = false, has_arguments = false;
        std::string id = {}, name = {};
        detail::text_joiner joiner = {};
    };
    /// A delta to come; its text is a part of texts_.
    struct planned {
        delta_kind kind;
        std::size_t from, size, call;
    };

    void absorb(const detail::reading& said, bool marked) {
        if constexpr (leat::detail::poisoning)
            texts_.reserve(64); // not in the string itself, whose memory is used again
        add_text(delta_kind::reasoning, said.reasoning, marked, reasoning_);
        add_text(delta_kind::text, said.text, marked, text_);
        add_text(delta_kind::refusal, said.refusal, marked, refusal_);
        for (std::size_t i = 0; i != said.call_count; ++i)
            if (!add_call(said.calls[i], marked))
                return;
        if (said.too_many_calls) {
            too_many_calls();
            return;
        }
        if (said.finished && !said.finish_reason.empty() && !finish_told_) {
            finish_told_ = true;
            const std::size_t from = texts_.size();
            texts_ += said.finish_reason;
            plan(delta_kind::finish, from);
        }
        const usage before = usage_;
        usage_.update(said.counts);
        if (usage_ != before)
            plan(delta_kind::usage, texts_.size());
    }

    void add_text(delta_kind kind, std::string_view piece, bool marked, detail::text_joiner& joiner) {
        const std::size_t from = texts_.size();
        joiner.put(piece, marked, texts_);
        if (texts_.size() != from)
            plan(kind, from);
    }

    /// False: the answer is over a limit.
    bool add_call(const detail::call_piece& piece, bool marked) {
        tool_call* call = known(piece);
        const bool begins = call == nullptr;
        if (begins) {
            if (!piece.begins)
                return true;
            if (calls_.size() == options_.max_tool_calls) {
                too_many_calls();
                return false;
            }
            call = &calls_.emplace_back();
            call->index = piece.index;
            call->indexed = piece.indexed;
        }
        const bool new_id = call->id.empty() && !piece.id.empty();
        const bool new_name = call->name.empty() && !piece.name.empty();
        const std::string_view more =
            piece.whole && call->has_arguments ? std::string_view() : std::string_view(piece.arguments);
        const std::size_t size =
            more.size() + (new_id ? piece.id.size() : 0) + (new_name ? piece.name.size() : 0);
        if (size > options_.max_arguments_bytes - call_bytes_) {
            this->fail(end_reason::too_large,
                       "leat::llm: the tool calls of the answer have more than " +
                           std::to_string(options_.max_arguments_bytes) +
                           " bytes. The deltas before it are good. If such calls are expected, raise "
                           "deltas_options::max_arguments_bytes; if not, the model or the server is broken.");
            return false;
        }
        call_bytes_ += size;
        if (new_id)
            repaired(piece.id, marked, call->id);
        if (new_name)
            repaired(piece.name, marked, call->name);
        call->has_arguments = call->has_arguments || !more.empty();
        const std::size_t from = texts_.size();
        call->joiner.put(more, marked, texts_);
        if (begins || new_id || new_name || texts_.size() != from)
            plan(delta_kind::tool_call, from, static_cast<std::size_t>(call - calls_.data()));
        return true;
    }

    /// The call that the piece belongs to. Servers differ: most number their calls; some give all of them the number 0,
    /// but each its own id and name; some make a new id for every piece; some have no numbers.
    tool_call* known(const detail::call_piece& piece) {
        for (std::size_t i = calls_.size(); i != 0; --i) {
            tool_call& c = calls_[i - 1];
            if (piece.indexed) {
                if (!c.indexed || c.index != piece.index)
                    continue;
                const bool another =
                    !piece.id.empty() && !piece.name.empty() && !c.id.empty() && piece.id != c.id;
                return another && !piece.whole ? nullptr : &c;
            }
            if (piece.id.empty() ? piece.name.empty() : piece.id == c.id)
                return &c;
        }
        return nullptr;
    }

    void too_many_calls() {
        this->fail(end_reason::too_large,
                   "leat::llm: the answer calls tools more than " + std::to_string(options_.max_tool_calls) +
                       " times. The deltas before it are good. If so many are expected, raise "
                       "deltas_options::max_tool_calls; if not, the model or the server is broken.");
    }

    static void repaired(std::string_view text, bool marked, std::string& out) {
        detail::text_joiner joiner;
        joiner.put(text, marked, out);
        joiner.flush(out);
    }

    void flush() {
        const auto rest = [this](delta_kind kind, detail::text_joiner& joiner, std::size_t call) {
            const std::size_t from = texts_.size();
            joiner.flush(texts_);
            if (texts_.size() != from)
                plan(kind, from, call);
        };
        rest(delta_kind::reasoning, reasoning_, 0);
        rest(delta_kind::text, text_, 0);
        rest(delta_kind::refusal, refusal_, 0);
        for (std::size_t i = 0; i != calls_.size(); ++i)
            rest(delta_kind::tool_call, calls_[i].joiner, i);
    }

    void plan(delta_kind kind, std::size_t from, std::size_t call = 0) {
        planned_.push_back({.kind = kind, .from = from, .size = texts_.size() - from, .call = call});
    }

    bool holds() const noexcept { return next_ != planned_.size(); }
    maybe<const delta&> give() {
        const planned& p = planned_[next_++];
        delta_.kind = p.kind;
        delta_.text = std::string_view(texts_).substr(p.from, p.size);
        delta_.call = p.call;
        delta_.id = delta_.name = {};
        if (p.kind == delta_kind::tool_call) {
            delta_.id = calls_[p.call].id;
            delta_.name = calls_[p.call].name;
        }
        delta_.usage = p.kind == delta_kind::usage ? usage_ : usage();
        return maybe<const delta&>(&delta_);
    }
    void forget() noexcept {
        if constexpr (leat::detail::poisoning)
            std::string().swap(texts_); // so that who still looks at them is found out
        texts_.clear();
        planned_.clear();
        next_ = 0;
    }

    deltas_options options_;
    detail::text_joiner reasoning_, text_, refusal_;
    std::vector<tool_call> calls_;
    std::size_t call_bytes_ = 0;
    usage usage_;
    bool finish_told_ = false;

    std::string texts_; // of the event that was read last
    std::vector<planned> planned_;
    std::size_t next_ = 0;
    delta delta_;
};

namespace detail {
struct deltas_fn : leat::detail::operation<deltas_fn> {
    template <class S, class Dialect> static auto make(S&& s, Dialect, deltas_options options = {}) {
        if constexpr (reads<S>) {
            auto payloads = payloads_of<Dialect>(static_cast<S&&>(s), options.max_event_bytes);
            return deltas_stage<decltype(payloads), Dialect>(std::move(payloads), options);
        } else {
            static_assert(leat::detail::always_false<S>,
                          "leat::llm::deltas: the stream's elements must be chunks of "
                          "bytes, or the events that leat::sse::events makes of them");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `deltas(stream, dialect)`: a language model's answer with all that belongs to it, as it comes: text, reasoning, refusal,
/// calls of tools, the finish and the usage. The stream and the dialect are those of `tokens`, which gives the text alone.
///
/// Yields: `const delta&`, valid until the next step. Within one event of the server: reasoning, text, refusal, tool calls,
///   finish, usage. Of several choices (`n`) it is the first. A usage comes whenever it has grown.
/// Ends: as `tokens`: at the end mark of the format, or at the end of the input if the model had finished; `reason()`,
///   `finish_reason()` and `usage_so_far()` say more.
/// Throws: after the deltas before it: llm::error with `reason()` truncated, error, bad_json, or too_large (see
///   `deltas_options`); what its source throws. Call `check_response` first: an HTTP error is no answer.
/// Borrows: the views of a delta are valid until the next step. Threads: parses where the reader's step runs.
/// Batches: preserved. Cost: no frame; no allocation per event once its buffers have grown, besides the JSON library's.
/// Example:
///   auto deltas = leat::llm::deltas(std::move(body), leat::llm::openai_chat);
///   while (auto d = co_await deltas.next())
///       if (d->kind == leat::llm::delta_kind::text) std::cout << d->text << std::flush;
inline constexpr detail::deltas_fn deltas{};

} // namespace leat::llm
