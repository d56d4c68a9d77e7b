#include "record_test.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <leat/record/ndjson.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <random>
#include <stdexcept>
#include <tuple>

namespace ndjson = leat::ndjson;
namespace record = leat::record;
using nlohmann::json;

namespace people {

struct person {
    std::string name;
    int age = 0;
    bool operator==(const person&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(person, name, age)

} // namespace people

namespace {

using people::person;

outcome<json> read(strings chunks, std::size_t max = ndjson::default_max_line) {
    return outcome_of<json>(chunks_of(std::move(chunks)) | ndjson::values(max));
}
outcome<person> read_people(strings chunks) {
    return outcome_of<person>(chunks_of(std::move(chunks)) | ndjson::rows<person>());
}

} // namespace

TEST_CASE("ndjson: a document a line, and blank lines are none") {
    CHECK(read({""}).records.empty());
    CHECK(read({"\n \n\t\r\n"}).records.empty());
    CHECK(read({"{\"a\":1}\n[2]\r\n\n3\n \"x\" \nnull"}).records ==
          std::vector<json>{{{"a", 1}}, json::array({2}), 3, "x", nullptr});
    CHECK(read({"\xEF\xBB\xBF{}\n{}"}).records.size() == 2);
    CHECK(read({"\xEF\xBB\xBF"}).records.empty());
    CHECK(read({"\xEF\xBB\xBF\n1"}).records.size() == 1);
}

TEST_CASE("ndjson: chunked at every byte it gives the same") {
    std::mt19937 random(1);
    for (int round = 0; round != 40; ++round) {
        std::string text = round % 5 == 0 ? "\xEF\xBB\xBF" : "";
        std::vector<json> expected;
        for (auto n = random() % 6; n != 0; --n) {
            if (random() % 4 == 0)
                text += std::array{"", " ", "\r", "\t "}[random() % 4];
            else
                text +=
                    expected
                        .emplace_back(json{{"n", random() % 1000}, {"text", std::string(random() % 20, '"')}})
                        .dump();
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

TEST_CASE("ndjson: lines longer than the part that is looked at once") {
    std::string text;
    std::vector<json> expected;
    for (const std::size_t size : {3u, 8'000u, 8'192u, 50'000u, 1u}) {
        expected.emplace_back(std::string(size, 'x'));
        text += expected.back().dump() + "\n";
    }
    for (const std::size_t step : {100u, 8'192u, 20'000u, 1'000'000u})
        CHECK(read(in_steps(text, step)).records == expected);
}

TEST_CASE("ndjson: a line that is no JSON is named, not shown") {
    every_chunking("{\"a\":1}\n\n{\"secret\" 1}\n", [](const strings& chunks) {
        const auto all = read(chunks);
        CHECK(all.records.size() == 1);
        CHECK(all.error == "leat::ndjson: line 3 is no JSON document: the fault is at byte 11 of the line. "
                           "Each line must be "
                           "one whole document.");
    });
    const auto error_of = [](const std::string& line) {
        const auto all = read({line});
        CHECK(all.records.empty());
        CHECK(all.error.starts_with("leat::ndjson: line 1 is no JSON document"));
        return all.error;
    };
    CHECK(error_of("{\"secret\":").find("ends too soon") != std::string::npos);
    CHECK(error_of("{} {}").find("at byte 4") != std::string::npos);
    error_of("1e999");
    error_of("\"\xFF\"");
    error_of(std::string("\0", 1));
    error_of("\"a\tb\"");

    const auto where = []() -> leat::task<> {
        auto values = chunks_of({"1\n2\nn", "o\n"}) | ndjson::values();
        bool caught = false;
        try {
            while (co_await values.next())
                ;
        } catch (const record::error& e) {
            caught = true;
            CHECK(e.kind() == record::error_kind::syntax);
            CHECK(e.line() == 3);
            CHECK(e.record_number() == 3);
            CHECK(e.column() == 2);
            CHECK(e.offset() == 5);
        }
        CHECK(caught);
    };
    leat::sync_wait(where());
}

TEST_CASE("ndjson: a line over the limit") {
    const std::string text = "[1,2]\n[1,23]\n4\n";
    for (std::size_t step = 1; step != 20; ++step) {
        const auto all = read(in_steps(text, step), 5);
        CHECK(all.records.size() == 1);
        CHECK(
            all.error.starts_with("leat::ndjson: record 2, which starts at byte 6, has more than 5 bytes."));
    }
}

TEST_CASE("ndjson: rows of a type") {
    CHECK(read_people({"{\"name\":\"Ann\",\"age\":3}\n{\"age\":4,\"name\":\"Bob\",\"x\":[]}"}).records ==
          std::vector<person>{{"Ann", 3}, {"Bob", 4}});
    CHECK(read_people({"{\"name\":\"Ann\"}"}).error ==
          "leat::ndjson: the document on line 1 does not fit the type: a member is missing (nlohmann::json "
          "error 403). "
          "Check the from_json of the type.");
    CHECK(read_people({"\n{\"name\":1,\"age\":3}"})
              .error.find("line 2 does not fit the type: a value has another type") != std::string::npos);
    CHECK(outcome_of<int>(chunks_of({"1\n2\n"}) | ndjson::rows<int>()).records == std::vector<int>{1, 2});
}

TEST_CASE("ndjson: a source's error comes through, and no half value before it") {
    const auto failing = [](std::string text) -> leat::async_generator<std::string_view> {
        co_yield std::string_view(text);
        throw std::runtime_error("the disk");
    };
    const auto look = [&]() -> leat::task<> {
        auto values = failing("1\n23") | ndjson::values();
        std::size_t count = 0;
        std::string error;
        try {
            while (co_await values.next())
                ++count;
        } catch (const std::runtime_error& e) {
            error = e.what();
        }
        CHECK(count == 1);
        CHECK(error == "the disk");
    };
    leat::sync_wait(look());
}

TEST_CASE("ndjson: written as lines") {
    const auto values = []() -> leat::async_generator<json> {
        json object = json::parse(R"({"a":"x\ny"})");
        json text = "\xFF";
        co_yield std::move(object);
        co_yield std::move(text);
    };
    CHECK(leat::sync_wait(values() | ndjson::lines() | leat::materialize() | leat::collect<std::string>()) ==
          "{\"a\":\"x\\ny\"}\n\"\xEF\xBF\xBD\"\n");
    const auto people = []() -> leat::async_generator<person> {
        person ann{"Ann", 3};
        co_yield std::move(ann);
    };
    CHECK(leat::sync_wait(people() | ndjson::lines() | leat::materialize() | leat::collect<std::string>()) ==
          "{\"age\":3,\"name\":\"Ann\"}\n");
}

TEST_CASE("ndjson: nothing is allocated but the values") {
    std::string text;
    for (int i = 0; i != 20'000; ++i)
        text += std::to_string(i) + "\n";
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
    // nlohmann's parser needs some of its own, and as many for each number.
    const auto one = [] {
        const auto before = allocations();
        for (int i = 5'000; i != 20'000; ++i) {
            const std::string number = std::to_string(i);
            const json value = json::parse(number.data(), number.data() + number.size());
        }
        return allocations() - before;
    }();
    const auto all = leat::sync_wait(look(chunks(text) | ndjson::values()));
    CHECK(all == one);
}
