#pragma once

#include "support/catch.hpp"

#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/sse.hpp>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What tests of deltas share: the deltas of documents as one line of text each.

namespace llm_test {

namespace llm = leat::llm;
using texts = std::vector<std::string>;

inline leat::async_generator<std::string_view> body_of(std::vector<std::string> chunks) {
    for (auto& c : chunks)
        co_yield std::string_view(c);
}

/// The documents on the wire, as the dialect frames them.
template <class Dialect> std::string wire_of(Dialect, const texts& documents) {
    std::string wire;
    for (const auto& d : documents)
        if (Dialect::media_type == "text/event-stream")
            leat::sse::write_data(wire, d);
        else
            wire += d + "\n";
    return wire;
}

inline std::string shown(const llm::usage& u) {
    const auto count = [](const std::optional<std::int64_t>& n) { return n ? std::to_string(*n) : "-"; };
    return count(u.input_tokens) + "/" + count(u.output_tokens) + "/" + count(u.total_tokens) + "/" +
           count(u.cached_tokens) + "/" + count(u.reasoning_tokens);
}

/// "text Hi", "tool_call 0 call_1 f {\"a\":", "finish stop", "usage 1/2/3/-/-".
inline std::string shown(const llm::delta& d) {
    std::string line(to_string(d.kind));
    if (d.kind == llm::delta_kind::tool_call)
        line += " " + std::to_string(d.call) + " " + std::string(d.id) + " " + std::string(d.name);
    if (d.kind == llm::delta_kind::usage)
        return line + " " + shown(d.usage);
    return line + " " + std::string(d.text);
}

template <class Deltas> leat::task<> show_all(Deltas& deltas, texts& out) {
    while (auto d = co_await deltas.next())
        out.push_back(shown(*d));
    auto after = co_await deltas.next();
    if (after)
        throw std::logic_error("a delta after the end");
}

/// The deltas of a stream, and how it ended: "done", or "error: the server's words".
template <class Deltas> texts read(Deltas deltas) {
    texts out;
    try {
        leat::sync_wait(show_all(deltas, out));
        out.emplace_back(to_string(deltas.reason().value()));
    } catch (const llm::error& e) {
        CHECK(deltas.reason() == e.reason());
        out.push_back(std::string(to_string(e.reason())) + ": " + e.server_message());
    }
    return out;
}

template <class Dialect>
texts deltas_of(Dialect dialect, const texts& documents, llm::deltas_options options = {}) {
    return read(llm::deltas(body_of({wire_of(dialect, documents)}), dialect, options));
}

/// An event of openai_chat with that delta.
inline std::string chat(const std::string& delta, const std::string& finish = "null") {
    return R"({"choices":[{"index":0,"delta":)" + delta + R"(,"finish_reason":)" + finish + "}]}";
}

} // namespace llm_test
