#include "record_test.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <leat/record/ndjson_simdjson.hpp>

#include <array>
#include <cstdint>
#include <random>

namespace ndjson = leat::ndjson;
namespace record = leat::record;
using simdjson::ondemand::document;

namespace {

struct item {
    std::int64_t id;
    std::string name;
    bool operator==(const item&) const = default;
};
item read_item(document& d) { return {std::int64_t(d["id"]), std::string(std::string_view(d["name"]))}; }
outcome<item> read(strings chunks, std::size_t max = 1000) {
    return outcome_of<item>(chunks_of(std::move(chunks)) | ndjson::documents(read_item, max));
}

} // namespace

TEST_CASE("simdjson: chunked at every byte it gives the same") {
    std::mt19937 random(1);
    for (int round = 0; round != 40; ++round) {
        std::string text = round % 5 == 0 ? "\xEF\xBB\xBF" : "";
        std::vector<item> expected;
        for (auto n = random() % 6; n != 0; --n) {
            if (random() % 4 == 0) {
                text += std::array{"", " ", "\r", "\t "}[random() % 4];
            } else {
                expected.push_back({static_cast<std::int64_t>(random()), std::string(random() % 90, 'n')});
                text += "{\"id\":" + std::to_string(expected.back().id) + ",\"name\":\"" +
                        expected.back().name + "\"}";
            }
            text += random() % 2 == 0 ? "\r\n" : "\n";
        }
        if (random() % 2 == 0 && !text.empty())
            text.pop_back();
        every_chunking(text, [&](const strings& chunks) {
            const auto all = read(chunks);
            REQUIRE(all.error.empty());
            REQUIRE(all.records == expected);
        });
    }
}

TEST_CASE("simdjson: a text or a number may be a document, whatever was there before") {
    const auto whole = [](document& d) { return std::string(std::string_view(simdjson::to_json_string(d))); };
    const std::string text = "{\"abc\":1}\n\"text\"\n \n-1\n{\"a\":[:]}\n\"x\"\n:::::::::::\n12";
    const auto expected = outcome_of<std::string>(chunks_of({text}) | ndjson::documents(whole));
    CHECK(expected.records.size() >= 3);
    every_chunking(text, [&](const strings& chunks) {
        REQUIRE(outcome_of<std::string>(chunks_of(chunks) | ndjson::documents(whole)) == expected);
    });
}

TEST_CASE("simdjson: documents are lent") {
    const auto look = []() -> leat::task<> {
        auto documents = chunks_of({"{\"id\":1}\n{\"id", "\":2}\n"}) | ndjson::documents();
        static_assert(std::is_same_v<leat::stream_reference_t<decltype(documents)>, document&>);
        std::int64_t sum = 0;
        while (auto d = co_await documents.next())
            sum += std::int64_t((*d)["id"]);
        CHECK(sum == 3);
    };
    leat::sync_wait(look());
}

TEST_CASE("simdjson: a line that is no JSON, or does not fit, is named, not shown") {
    const std::string good = "{\"id\":1,\"name\":\"a\"}\n\n";
    const auto error_of = [&](const std::string& line) {
        const auto all = read({good + line});
        CHECK(all.records.size() == 1);
        CHECK(all.error.starts_with("leat::ndjson: the document on line 3, which starts at byte 21, "));
        CHECK(all.error.find("secret") == std::string::npos);
        return all.error;
    };
    CHECK(error_of("{\"id\":\"secret\",\"name\":\"a\"}").find("does not fit") != std::string::npos);
    CHECK(error_of("{\"name\":\"secret\"}").find("does not fit") != std::string::npos);
    CHECK(error_of("{\"secret\":\"x").find("is no JSON") != std::string::npos);
    CHECK(error_of("\"secret\xFF\"").find("is no JSON") != std::string::npos);
    CHECK(error_of("{\"id\" 1}").find("is no JSON") != std::string::npos);
    CHECK(read({good, std::string(2000, ' ')}).error.find("has more than 1000 bytes") != std::string::npos);
}

TEST_CASE("simdjson: nothing is allocated for a line or a chunk") {
    std::string text;
    for (int i = 0; i != 20'000; ++i)
        text += "{\"id\":" + std::to_string(i) + "}\n";
    const auto chunks = [](const std::string& all) -> leat::async_generator<std::string_view> {
        for (std::size_t at = 0; at < all.size(); at += 9'999)
            co_yield std::string_view(all).substr(at, 9'999);
    };
    const auto look = [&](auto values) -> leat::task<std::size_t> {
        for (int i = 0; i != 5'000; ++i)
            co_await values.next();
        const auto before = allocations();
        while (co_await values.next())
            ;
        co_return allocations() - before;
    };
    const auto id = [](document& d) { return std::int64_t(d["id"]); };
    const auto all = leat::sync_wait(look(chunks(text) | ndjson::documents(id)));
    CHECK(all == 0);
}
