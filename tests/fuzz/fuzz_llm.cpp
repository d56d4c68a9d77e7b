// The body of an answer in every dialect, cut anywhere: `tokens` and `deltas` give the same as from the whole, with both JSON
// libraries, and end in one of the ways that there are.
//
// An input: one byte for the dialect, one that the cuts are drawn from, then the body. The body is taken as it is, and as
// the JSON of one event, in the dialect's frame.
#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/llm/simdjson.hpp>
#include <leat/sse.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace llm = leat::llm;

/// Where a body is cut: 0 leaves it whole; each other number is another series of cuts.
leat::async_generator<std::string> cut(std::string_view body, std::uint32_t seed) {
    while (!body.empty()) {
        std::size_t size = body.size();
        if (seed != 0) {
            seed = seed * 1664525 + 1013904223;
            size = 1 + (seed >> 24) % (seed & 1 ? 3 : 61);
            if (size > body.size())
                size = body.size();
        }
        // A copy with no byte to spare, so that AddressSanitizer sees a read past its end.
        co_yield std::string(body.substr(0, size));
        body.remove_prefix(size);
    }
}

struct outcome {
    std::string tokens, deltas, end;
    std::vector<std::string> texts; // one a delta

    bool operator==(const outcome&) const = default;
};

template <class Tokens> leat::task<> read_tokens(Tokens& tokens, outcome& out) {
    while (auto token = co_await tokens.next()) {
        if (token->empty())
            std::abort();
        out.tokens += *token;
        out.tokens += '\x1f';
    }
}

template <class Deltas> leat::task<> read_deltas(Deltas& deltas, outcome& out, llm::answer_builder& whole) {
    while (auto d = co_await deltas.next()) {
        whole.add(*d);
        out.texts.push_back(std::string(to_string(d->kind)) + '\x1f' + std::to_string(d->call) + '\x1f' +
                            std::string(d->id) + '\x1f' + std::string(d->name) + '\x1f' +
                            std::string(d->text));
        if (d->call >= 8)
            std::abort(); // over the limit
        if (d->kind == llm::delta_kind::text) {
            if (d->text.empty())
                std::abort();
            out.deltas += d->text;
            out.deltas += '\x1f';
        }
    }
}

/// Runs f, and says how that ended.
template <class F> std::string end_of(F f) {
    try {
        f();
        return "end";
    } catch (const llm::error& e) {
        return std::string(to_string(e.reason())) + ": " + e.what() + e.server_message() + e.server_type();
    } catch (const leat::error& e) { // an event or a line that is too long
        return e.what();
    }
}

template <class Dialect> outcome outcome_of(std::string_view body, std::uint32_t seed, Dialect dialect) {
    outcome out;
    llm::tokens_options most;
    most.max_event_bytes = 4096;
    auto tokens = llm::tokens(cut(body, seed), dialect, most);
    out.end = end_of([&] { leat::sync_wait(read_tokens(tokens, out)); });
    out.end += std::string(tokens.finish_reason()) +
               (tokens.reason() ? std::string(to_string(*tokens.reason())) : "-");

    llm::deltas_options limits;
    limits.max_event_bytes = 4096;
    limits.max_tool_calls = 8;
    limits.max_arguments_bytes = 256;
    auto deltas = llm::deltas(cut(body, seed), dialect, limits);
    llm::answer_builder whole(std::size_t{1} << 20);
    std::string end = end_of([&] { leat::sync_wait(read_deltas(deltas, out, whole)); });
    // Both see the same text, unless the calls that only deltas looks at were too many.
    if (deltas.reason() != llm::end_reason::too_large && out.tokens != out.deltas)
        std::abort();
    out.end += end;
    return out;
}

template <class Dialect> void try_dialect(std::string_view body, std::uint32_t seed, Dialect dialect) {
    const outcome whole = outcome_of(body, 0, dialect);
    if (outcome_of(body, seed, dialect) != whole) {
        std::fprintf(stderr, "cut up it is something else\n");
        std::abort();
    }
    if (outcome_of(body, 0, llm::by_simdjson(dialect)) != whole) {
        std::fprintf(stderr, "simdjson says something else\n");
        std::abort();
    }
}

template <class Dialect> void try_all(std::string_view data, std::uint32_t seed, Dialect dialect) {
    try_dialect(data, seed, dialect);
    std::string framed;
    if (Dialect::media_type == "text/event-stream")
        leat::sse::write_data(framed, data);
    else
        framed = std::string(data) + "\n";
    try_dialect(framed, seed, dialect);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2)
        return 0;
    const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::uint32_t seed = 1u + data[1];
    switch (data[0] % 5) {
    case 0:
        try_all(body, seed, llm::openai_chat);
        break;
    case 1:
        try_all(body, seed, llm::openai_responses);
        break;
    case 2:
        try_all(body, seed, llm::anthropic);
        break;
    case 3:
        try_all(body, seed, llm::gemini);
        break;
    default:
        try_all(body, seed, llm::ollama);
        break;
    }
    return 0;
}
