#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/llm/simdjson.hpp>
#include <leat/sse.hpp>

#include <string>

// Counts what a token allocates from the bytes to the wire, against what the JSON library alone does for it.

namespace llm = leat::llm;
namespace sse = leat::sse;

namespace {

leat::async_generator<std::string_view> packets(std::string_view all, std::size_t size) {
    while (!all.empty()) {
        const std::string_view packet = all.substr(0, size);
        all.remove_prefix(packet.size());
        co_yield packet;
    }
}

template <class S> leat::task<std::size_t> count(S& s) {
    std::size_t n = 0;
    while (auto x = co_await s.next())
        ++n;
    co_return n;
}

/// From bytes to wire. What so many events cost more than half as many: the difference leaves the setting up out.
template <class Dialect>
std::size_t allocations_of(const std::string& wire, std::size_t packet, Dialect dialect) {
    auto relay = llm::tokens(packets(wire, packet), dialect) |
                 leat::transform([](std::string_view token) { return token; }) | sse::write();
    const std::size_t before = allocations();
    const std::size_t n = leat::sync_wait(count(relay));
    const std::size_t after = allocations();
    CHECK(n >= 500);
    return after - before;
}

/// The deltas alone.
template <class Dialect>
std::size_t allocations_of_deltas(const std::string& wire, std::size_t packet, Dialect dialect) {
    auto deltas = llm::deltas(packets(wire, packet), dialect);
    const std::size_t before = allocations();
    const std::size_t n = leat::sync_wait(count(deltas));
    const std::size_t after = allocations();
    CHECK(n >= 500);
    return after - before;
}

const std::string document =
    R"({"id":"chatcmpl-A1","object":"chat.completion.chunk","created":1730000000,"model":"some-model-2026-01-01",)"
    R"("choices":[{"index":0,"delta":{"content":" a token that is longer than a short string"},"finish_reason":null}]})";

/// A call of a tool, piece by piece.
const std::string call_piece =
    R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_that_is_longer_than_a_short_string",)"
    R"("function":{"name":"f","arguments":"a piece that is longer than a short string"}}]},"finish_reason":null}],)"
    R"("usage":{"prompt_tokens":1}})";

std::string wire_of(const std::string& payload, int events) {
    std::string out;
    for (int i = 0; i != events; ++i)
        sse::write_data(out, payload);
    sse::write_data(out, "[DONE]");
    return out;
}

std::size_t allocations_of_json(const std::string& payload) {
    llm::openai_chat_t::reader reader;
    reader.keep_calls(100);
    reader.start();
    REQUIRE_FALSE(llm::detail::read_json(payload, reader));
    reader.start();
    const std::size_t before = allocations();
    const bool bad = llm::detail::read_json(payload, reader).has_value();
    const std::size_t after = allocations();
    REQUIRE_FALSE(bad);
    return after - before;
}

// With AddressSanitizer each token is in memory of its own.
constexpr std::size_t of_poison = leat::detail::poisoning ? 2 : 0;

} // namespace

TEST_CASE("from bytes to wire a token allocates nothing but what the JSON library does") {
    const std::size_t of_json = allocations_of_json(document);
    for (const std::size_t packet : {std::size_t{64}, std::size_t{1500}, std::size_t{16384}}) {
        const std::size_t few = allocations_of(wire_of(document, 500), packet, llm::openai_chat);
        const std::size_t many = allocations_of(wire_of(document, 1000), packet, llm::openai_chat);
        INFO("packets of " << packet << ", " << of_json << " allocations by the JSON library for a token");
        CHECK(many - few <= 500 * (of_json + of_poison));
    }
}

TEST_CASE("a delta allocates nothing but what the JSON library does, nor does a piece of a tool call") {
    for (const std::string& payload : {document, call_piece}) {
        const std::size_t of_json = allocations_of_json(payload);
        const std::size_t few = allocations_of_deltas(wire_of(payload, 500), 1500, llm::openai_chat);
        const std::size_t many = allocations_of_deltas(wire_of(payload, 1000), 1500, llm::openai_chat);
        INFO(of_json << " allocations by the JSON library");
        CHECK(many - few <= 500 * (of_json + of_poison));
    }
}

TEST_CASE("by simdjson neither tokens nor deltas allocate at all") {
    const auto dialect = llm::by_simdjson(llm::openai_chat);
    for (const std::string& payload : {document, call_piece}) {
        if (payload == document)
            CHECK(allocations_of(wire_of(payload, 1000), 1500, dialect) -
                      allocations_of(wire_of(payload, 500), 1500, dialect) <=
                  500 * of_poison);
        CHECK(allocations_of_deltas(wire_of(payload, 1000), 1500, dialect) -
                  allocations_of_deltas(wire_of(payload, 500), 1500, dialect) <=
              500 * of_poison);
    }
}
