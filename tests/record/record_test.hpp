#pragma once

#include <leat/leat.hpp>
#include <leat/sync_wait.hpp>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What the tests of records share: chunks of every size, each in memory of exactly its size that is gone before the next one
// comes, so that AddressSanitizer sees a read past it.

using strings = std::vector<std::string>;

inline leat::async_generator<std::string_view> chunks_of(std::vector<std::string> chunks) {
    for (auto& text : chunks) {
        std::vector<char> exact(text.begin(), text.end());
        co_yield std::string_view(exact.data(), exact.size());
        std::fill(exact.begin(), exact.end(), '?');
    }
}

/// `text` in two chunks, the first of `cut` bytes.
inline strings in_two(std::string_view text, std::size_t cut) {
    return {std::string(text.substr(0, cut)), std::string(text.substr(cut))};
}
/// `text` in chunks of `step` bytes.
inline strings in_steps(std::string_view text, std::size_t step) {
    strings out;
    for (std::size_t at = 0; at < text.size(); at += step)
        out.emplace_back(text.substr(at, step));
    return out;
}

/// Every way to cut a short text, and some more: `look(chunks)`.
template <class Look> void every_chunking(std::string_view text, Look look) {
    for (std::size_t cut = 0; cut <= text.size(); ++cut)
        look(in_two(text, cut));
    for (std::size_t step = 1; step <= 130 && step <= text.size() + 1; step += 1 + step / 8)
        look(in_steps(text, step));
}

/// What a stream of records gave: the records, and `what()` of the error that ended it.
template <class T> struct outcome {
    std::vector<T> records;
    std::string error;
    bool operator==(const outcome&) const = default;
};

/// Reads to the end. `keep` makes of a record what is compared.
template <class Keep, class S> leat::task<outcome<Keep>> read_all(S records) {
    outcome<Keep> out;
    try {
        while (auto x = co_await records.next())
            out.records.push_back(Keep(*x));
    } catch (const leat::error& e) {
        out.error = e.what();
    }
    auto more = co_await records.next();
    if (more)
        out.error += " AND MORE CAME";
    co_return out;
}
template <class Keep, class S> outcome<Keep> outcome_of(S records) {
    return leat::sync_wait(read_all<Keep>(std::move(records)));
}
