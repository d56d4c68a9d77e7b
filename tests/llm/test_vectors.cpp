#include "support/catch.hpp"
#include "vectors/vectors.hpp"

#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/sse.hpp>

#include <random>

namespace llm = leat::llm;

namespace {

struct outcome {
    std::vector<std::string> tokens;
    std::string end;
    std::string message, type;
    std::optional<std::chrono::seconds> retry_after;

    bool operator==(const outcome&) const = default;
};

leat::async_generator<std::string_view> body_of(std::vector<std::string> chunks) {
    for (auto& c : chunks)
        co_yield std::string_view(c);
}

template <class Tokens> leat::task<> drain(Tokens& tokens, outcome& out) {
    while (auto token = co_await tokens.next())
        out.tokens.emplace_back(*token);
}

template <class Dialect>
outcome run(const nlohmann::json& vector, const std::vector<std::string>& chunks, Dialect dialect) {
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
    return out;
}

outcome run(const nlohmann::json& vector, const std::vector<std::string>& chunks) {
    const std::string dialect = vector.at("dialect");
    if (dialect == "openai-chat")
        return run(vector, chunks, llm::openai_chat);
    if (dialect == "openai-responses")
        return run(vector, chunks, llm::openai_responses);
    if (dialect == "anthropic")
        return run(vector, chunks, llm::anthropic);
    if (dialect == "gemini")
        return run(vector, chunks, llm::gemini);
    if (dialect == "ollama")
        return run(vector, chunks, llm::ollama);
    FAIL("unknown dialect " << dialect);
    return {};
}

} // namespace

TEST_CASE("every dialect passes its vectors, however they are cut") {
    const auto all = vectors::load("llm.json");
    REQUIRE(all.size() == 39);
    for (const auto& vector : all) {
        INFO("vector " << vector.at("name").get<std::string>());
        const auto chunks = vectors::chunks_of(vector);
        const auto bytes = vectors::join(chunks);
        const outcome got = run(vector, chunks);
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

        CHECK(run(vector, {bytes}) == got);
        CHECK(run(vector, vectors::bytes_of(bytes)) == got);
        CHECK(run(vector, vectors::with_empty_chunks(vectors::bytes_of(bytes))) == got);
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
            const outcome two = run(vector, {bytes.substr(0, cut), bytes.substr(cut)});
            if (two != got) {
                INFO("cut at " << cut);
                CHECK(two.tokens == got.tokens);
                CHECK(two.end == got.end);
                break;
            }
        }
    }
}
