#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <leat/leat.hpp>
#include <leat/llm.hpp>
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

/// What so many events cost more than half as many: the difference leaves the setting up out.
std::size_t allocations_of(const std::string& wire, std::size_t packet) {
    auto relay = llm::tokens(packets(wire, packet), llm::openai_chat) |
                 leat::transform([](std::string_view token) { return token; }) | sse::write();
    const std::size_t before = allocations();
    const std::size_t n = leat::sync_wait(count(relay));
    const std::size_t after = allocations();
    CHECK(n >= 500);
    return after - before;
}

} // namespace

TEST_CASE("from bytes to wire a token allocates nothing but what the JSON library does") {
    const std::string document =
        R"({"id":"chatcmpl-A1","object":"chat.completion.chunk","created":1730000000,"model":"some-model-2026-01-01",)"
        R"("choices":[{"index":0,"delta":{"content":" a token that is longer than a short string"},"finish_reason":null}]})";
    const auto wire = [&](int count) {
        std::string out;
        for (int i = 0; i != count; ++i)
            sse::write_data(out, document);
        sse::write_data(out, "[DONE]");
        return out;
    };
    llm::openai_chat_t::reader reader;
    reader.start();
    REQUIRE_FALSE(llm::detail::read_json(document, reader));
    reader.start();
    std::size_t before = allocations();
    const bool bad = llm::detail::read_json(document, reader).has_value();
    const std::size_t of_json = allocations() - before;
    REQUIRE_FALSE(bad);
    for (const std::size_t packet : {std::size_t{64}, std::size_t{1500}, std::size_t{16384}}) {
        const std::size_t few = allocations_of(wire(500), packet);
        const std::size_t many = allocations_of(wire(1000), packet);
        INFO("packets of " << packet << ", " << of_json << " allocations by the JSON library for a token");
        // With AddressSanitizer each token is in memory of its own.
        const std::size_t of_token = leat::detail::poisoning ? 1 : 0;
        CHECK(many - few <= 500 * (of_json + of_token));
    }
}
