#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <leat/sse/parser.hpp>

#include <algorithm>
#include <ctime>
#include <string>

// Counts what the parser allocates, and checks that its time is linear.

namespace sse = leat::sse;

namespace {

std::string stream_of(std::string_view block, int count) {
    std::string out;
    for (int i = 0; i != count; ++i)
        out += block;
    return out;
}

std::size_t count_events(sse::parser& parser, std::string_view bytes, std::size_t chunk) {
    std::size_t events = 0;
    while (!bytes.empty()) {
        const std::size_t n = std::min(chunk, bytes.size());
        parser.feed(bytes.substr(0, n));
        while (parser.next() != nullptr)
            ++events;
        bytes.remove_prefix(n);
    }
    return events;
}

double cpu_seconds(std::string_view bytes, std::size_t chunk) {
    double best = 1e9;
    for (int i = 0; i != 3; ++i) {
        sse::parser parser({.max_event_bytes = bytes.size() * 2});
        const std::clock_t start = std::clock();
        count_events(parser, bytes, chunk);
        best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    }
    return best;
}

} // namespace

TEST_CASE("after warm-up the parser allocates nothing, at any chunk size") {
    struct example {
        const char* what;
        std::string block;
    };
    const std::vector<example> examples = {
        {"one line", "data: " + std::string(280, 'x') + "\n\n"},
        {"several lines, an event and an id",
         "id: 1234567890123456789012345\nevent: something with a long name\ndata: " + std::string(100, 'x') +
             "\ndata: y\r\n\r\n"},
        {"comments and unknown fields",
         ": " + std::string(50, 'c') + "\nfoo: " + std::string(50, 'c') + "\n\ndata: x\n\n"},
        {"bytes to replace", "data: " + std::string(20, '\xFF') + "\xE2\x82\n\n"},
    };
    for (const auto& x : examples)
        for (const std::size_t chunk : {1u, 7u, 64u, 1000u, 16384u}) {
            INFO(x.what << ", chunks of " << chunk);
            const std::string bytes = stream_of(x.block, 500);
            sse::parser parser;
            // The buffers change places, so a few rounds pass until the last of them has its size.
            for (int round = 0; round != 10; ++round)
                REQUIRE(count_events(parser, bytes, chunk) == 500);
            const std::size_t before = allocations();
            const std::size_t events = count_events(parser, bytes, chunk);
            const std::size_t after = allocations();
            CHECK(events == 500);
            CHECK(after == before);
        }
}

TEST_CASE("a constructed parser has allocated nothing") {
    const std::size_t before = allocations();
    const sse::parser parser;
    const std::size_t after = allocations();
    CHECK(after == before);
}

TEST_CASE("comments and unknown fields are not stored, however long") {
    sse::parser parser;
    const std::string piece(4096, 'c');
    parser.feed(std::string_view(":"));
    REQUIRE(parser.next() == nullptr);
    const std::size_t before = allocations();
    for (int i = 0; i != 10'000; ++i) {
        parser.feed(piece);
        if (parser.next() != nullptr)
            FAIL("an event out of a comment");
    }
    const std::size_t after = allocations();
    CHECK(after == before);
}

TEST_CASE("a long line costs the same per byte in small and in large chunks") {
    const std::string small = "data: " + std::string(256 * 1024, 'x') + "\n\n";
    const std::string large = "data: " + std::string(4 * 1024 * 1024, 'x') + "\n\n";
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{64}}) {
        const double a = cpu_seconds(small, chunk) / static_cast<double>(small.size());
        const double b = cpu_seconds(large, chunk) / static_cast<double>(large.size());
        INFO("chunks of " << chunk << ": " << a * 1e9 << " and " << b * 1e9 << " ns a byte");
        CHECK(b < a * 4 + 1e-9); // quadratic would be 16 times
    }
}
