#pragma once

#include "support/catch.hpp"
#include "vectors/vectors.hpp"

#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/sse.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// Runs the vectors of vectors/llm.json, cut in many ways, with any JSON library.

namespace llm_vectors {

namespace llm = leat::llm;

struct as_it_is {
    template <class Dialect> Dialect operator()(Dialect d) const { return d; }
};

struct outcome {
    std::vector<std::string> tokens;
    std::string end;
    std::string message, type;
    std::optional<std::chrono::seconds> retry_after;

    bool operator==(const outcome&) const = default;
};

inline leat::async_generator<std::string_view> body_of(std::vector<std::string> chunks) {
    for (auto& c : chunks)
        co_yield std::string_view(c);
}

template <class Tokens> leat::task<> drain(Tokens& tokens, outcome& out) {
    while (auto token = co_await tokens.next())
        out.tokens.emplace_back(*token);
}

template <class Deltas> leat::task<> drain_deltas(Deltas& deltas, std::vector<std::string>& texts) {
    while (auto d = co_await deltas.next())
        if (d->kind == llm::delta_kind::text)
            texts.emplace_back(d->text);
}

/// `deltas` reads what `tokens` reads, and ends as it does.
template <class Dialect>
void check_deltas(const std::vector<std::string>& chunks, Dialect dialect, const outcome& tokens) {
    if (tokens.end == "http_error" || tokens.end == "bad_content_type")
        return;
    std::vector<std::string> texts;
    auto deltas = llm::deltas(body_of(chunks), dialect);
    try {
        leat::sync_wait(drain_deltas(deltas, texts));
    } catch (const llm::error& e) {
        CHECK(e.server_message() == tokens.message);
    }
    REQUIRE(deltas.reason());
    CHECK(to_string(*deltas.reason()) == tokens.end);
    CHECK(texts == tokens.tokens);
}

template <class Dialect>
outcome run_by(const nlohmann::json& vector, const std::vector<std::string>& chunks, Dialect dialect) {
    outcome out;
    try {
        const std::string type = vector.at("content_type");
        const std::string retry_after = vector.at("headers").value("retry-after", "");
        const std::string body = vectors::join(chunks);
        const int status = vector.at("status");
        llm::check_response({.status = status,
                             .content_type = type,
                             .retry_after = retry_after,
                             .body = status == 200 ? "" : body},
                            dialect);
        auto tokens = llm::tokens(body_of(chunks), dialect);
        try {
            leat::sync_wait(drain(tokens, out));
        } catch (...) {
            CHECK(tokens.reason());
            throw;
        }
        REQUIRE(tokens.reason());
        out.end = to_string(*tokens.reason());
    } catch (const llm::error& e) {
        out.end = to_string(e.reason());
        out.message = e.server_message();
        out.type = e.server_type();
        out.retry_after = e.retry_after();
        if (!out.message.empty())
            CHECK_THAT(e.what(), !Catch::Contains(out.message));
    }
    check_deltas(chunks, dialect, out);
    return out;
}

template <class Backend>
outcome run(const nlohmann::json& vector, const std::vector<std::string>& chunks, Backend backend) {
    const std::string dialect = vector.at("dialect");
    if (dialect == "openai-chat")
        return run_by(vector, chunks, backend(llm::openai_chat));
    if (dialect == "openai-responses")
        return run_by(vector, chunks, backend(llm::openai_responses));
    if (dialect == "anthropic")
        return run_by(vector, chunks, backend(llm::anthropic));
    if (dialect == "gemini")
        return run_by(vector, chunks, backend(llm::gemini));
    if (dialect == "ollama")
        return run_by(vector, chunks, backend(llm::ollama));
    FAIL("unknown dialect " << dialect);
    return {};
}

/// Every vector gives what it must, however it is cut.
template <class Backend> void run_all(Backend backend) {
    const auto all = vectors::load("llm.json");
    REQUIRE(all.size() == 39);
    for (const auto& vector : all) {
        INFO("vector " << vector.at("name").get<std::string>());
        const auto chunks = vectors::chunks_of(vector);
        const auto bytes = vectors::join(chunks);
        const outcome got = run(vector, chunks, backend);
        CHECK(got.tokens == vector.at("expect_tokens").get<std::vector<std::string>>());
        CHECK(got.end == vector.at("expect_end").get<std::string>());
        if (vector.contains("error")) {
            const auto& expected = vector.at("error");
            if (expected.contains("message"))
                CHECK(got.message == expected.at("message").get<std::string>());
            if (expected.contains("type"))
                CHECK(got.type == expected.at("type").get<std::string>());
        }
        if (vector.at("headers").contains("retry-after"))
            CHECK(got.retry_after == std::chrono::seconds(2));

        CHECK(run(vector, {bytes}, backend) == got);
        CHECK(run(vector, vectors::bytes_of(bytes), backend) == got);
        CHECK(run(vector, vectors::with_empty_chunks(vectors::bytes_of(bytes)), backend) == got);
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
            const outcome two = run(vector, {bytes.substr(0, cut), bytes.substr(cut)}, backend);
            if (two != got) {
                INFO("cut at " << cut);
                CHECK(two.tokens == got.tokens);
                CHECK(two.end == got.end);
                break;
            }
        }
    }
}

} // namespace llm_vectors
