#pragma once

#include <cstdint>
#include <optional>

namespace leat::llm {

/// What an answer cost, as far as the server has said: what it did not say is empty. Counts of tokens; the servers count
/// each in their own way.
struct usage {
    std::optional<std::int64_t> input_tokens = {};     ///< of the request
    std::optional<std::int64_t> output_tokens = {};    ///< of the answer
    std::optional<std::int64_t> total_tokens = {};     ///< of both, where the server adds them
    std::optional<std::int64_t> cached_tokens = {};    ///< of the request, those that were read from a cache
    std::optional<std::int64_t> reasoning_tokens = {}; ///< spent on thinking

    /// What `later` says replaces what was known: servers repeat their counts as they grow.
    void update(const usage& later) noexcept {
        const auto take = [](auto& mine, const auto& theirs) {
            if (theirs)
                mine = theirs;
        };
        take(input_tokens, later.input_tokens);
        take(output_tokens, later.output_tokens);
        take(total_tokens, later.total_tokens);
        take(cached_tokens, later.cached_tokens);
        take(reasoning_tokens, later.reasoning_tokens);
    }

    bool operator==(const usage&) const = default;
};

} // namespace leat::llm
