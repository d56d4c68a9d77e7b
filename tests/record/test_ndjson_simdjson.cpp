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

// Lines that come together are parsed together, which nobody must notice: a fault in one of them is that line's alone.
TEST_CASE("simdjson: many lines at once give what each line alone gives") {
    // Each member in turn, up to the first fault.
    const auto describe = [](document& d) {
        std::string out;
        const auto known = [&](simdjson::error_code code) {
            out += code == simdjson::SUCCESS          ? ""
                   : code == simdjson::NO_SUCH_FIELD  ? "none;"
                   : code == simdjson::INCORRECT_TYPE ? "type;"
                                                      : "fault;";
            return code == simdjson::SUCCESS || code == simdjson::NO_SUCH_FIELD;
        };
        std::int64_t id = 0;
        if (const auto code = d["id"].get(id); !known(code))
            return out;
        out += std::to_string(id) + ";";
        simdjson::ondemand::array tags;
        if (const auto code = d["tags"].get(tags); !known(code)) {
            return out;
        } else if (code == simdjson::SUCCESS) {
            for (auto tag : tags) {
                std::string_view text;
                if (!known(tag.get(text)))
                    return out;
                out += text;
                out += ';';
            }
        }
        std::string_view name;
        if (known(d["name"].get(name)))
            out += name;
        return out;
    };
    const auto whole = [](document& d) { return std::string(std::string_view(simdjson::to_json_string(d))); };
    const auto raw = [](document& d) { return std::string(std::string_view(d.raw_json())); };
    const auto there_and_back = [](document& d) {
        const auto name = std::string(std::string_view(d["name"]));
        return std::to_string(std::int64_t(d["id"])) + name;
    };
    std::mt19937 random(5);
    std::size_t faults = 0, errors = 0;
    for (int round = 0; round != 6000; ++round) {
        strings lines;
        for (int i = 0; i != 12; ++i) {
            lines.push_back("{\"id\":" + std::to_string(random() % 100) +
                            ",\"user\":{\"x\":[1,{}]},\"tags\":[\"a\",\"b" + std::string(random() % 70, 'c') +
                            "\"],\"name\":\"n\"}" + std::array{"", "\r", " "}[random() % 3] + "\n");
            if (random() % 8 == 0)
                lines.push_back(std::array{" \n", "\n", "17\n", "\"text\"\n", "[1,2]\n", " {\"id\":1}\n",
                                           "{\"id\":2} {\"id\":3}\n"}[random() % 7]);
        }
        for (auto n = random() % 4; n != 0; --n) {
            std::string& line = lines[random() % lines.size()];
            const auto at = random() % line.size();
            if (random() % 2 == 0 && line[at] != '\n')
                line.erase(at, 1);
            else
                line.insert(at, 1, "{}[]\",:x\\\xFF \x01\n"[random() % 14]);
        }
        std::string all;
        for (const std::string& line : lines)
            all += line;
        const auto same = [&](auto read) {
            const auto alone = outcome_of<std::string>(chunks_of(lines) | ndjson::documents(read));
            const auto together = outcome_of<std::string>(chunks_of({all}) | ndjson::documents(read));
            INFO(all);
            REQUIRE(together.error == alone.error);
            REQUIRE(together.records.size() == alone.records.size());
            for (std::size_t i = 0; i != alone.records.size(); ++i) {
                // Of a broken document simdjson may see more or less.
                const bool fault = together.records[i].ends_with("fault;");
                if (!fault)
                    REQUIRE(together.records[i] == alone.records[i]);
                faults += fault;
            }
            errors += !alone.error.empty();
        };
        same(describe);
        same(whole);
        same(raw);
        same(there_and_back);
    }
    CHECK(errors > 100);
    CHECK(faults > 100);
}

TEST_CASE("simdjson: a document that goes on on the next line is a fault there") {
    const auto first = [](document& d) { return std::int64_t(d["id"]); };
    const auto and_back = [](document& d) { return std::int64_t(d["more"]) + std::int64_t(d["id"]); };
    const std::string good = "{\"id\":1,\"list\":[{}]}\n";
    std::string text;
    for (int i = 0; i != 20; ++i)
        text += good;
    const auto all = outcome_of<std::int64_t>(chunks_of({text + "{\"id\":2,\"list\":[{}\n,{}]}\n" + text}) |
                                              ndjson::documents(first));
    auto expected = std::vector<std::int64_t>(20, 1);
    expected.push_back(2); // nobody asked for the list
    CHECK(all.records == expected);
    CHECK(all.error.find("line 22") != std::string::npos);

    std::string more;
    for (int i = 0; i != 40; ++i)
        more += "{\"id\":1,\"more\":2,\"padding\":\"some text\"}\n";
    const auto back = outcome_of<std::int64_t>(
        chunks_of({more + "{\"id\":2,\"list\":{}\n,\"more\":2}\n" + more}) | ndjson::documents(and_back));
    CHECK(back.records == std::vector<std::int64_t>(40, 3));
    CHECK(back.error.find("line 41") != std::string::npos);
}

TEST_CASE("simdjson: nothing is allocated for a line") {
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
#ifdef SIMDJSON_THREADS_ENABLED
    CHECK(all <= text.size() / 9'999 + 1); // its document_stream has a thing for a thread, though none runs
#else
    CHECK(all == 0);
#endif
}
