#include "deltas.hpp"
#include "run_vectors.hpp"

#include <leat/llm/simdjson.hpp>

#include <random>
#include <string>

using namespace llm_test;

namespace {

/// Both JSON libraries give the same.
template <class Dialect> texts same_by_both(Dialect dialect, const texts& documents) {
    const texts by_nlohmann = deltas_of(dialect, documents);
    const texts by_simdjson = deltas_of(llm::by_simdjson(dialect), documents);
    CHECK(by_simdjson == by_nlohmann);
    return by_nlohmann;
}

} // namespace

TEST_CASE("every dialect passes its vectors by simdjson, however they are cut") {
    llm_vectors::run_all([](auto dialect) { return llm::by_simdjson(dialect); });
}

TEST_CASE("both JSON libraries agree on what is JSON") {
    const auto& d = llm::openai_chat;
    const std::string a = chat(R"({"content":"a"})");
    for (const auto* document :
         {"{\"usage\":{\"prompt_tokens\":1e999}}",
          "{\"usage\":{\"prompt_tokens\":-0}}",
          "{\"usage\":{\"prompt_tokens\":18446744073709551615}}",
          "{\"usage\":{\"prompt_tokens\":9223372036854775808}}",
          "{\"usage\":{\"prompt_tokens\":99999999999999999999999999}}",
          "{\"usage\":{\"prompt_tokens\":1.0}}",
          "{\"usage\":{\"prompt_tokens\":01}}",
          "{\"usage\":{\"prompt_tokens\":+1}}",
          "{\"usage\":{\"prompt_tokens\":1e2}}",
          "{\"usage\":{\"prompt_tokens\":\"1\"}}",
          "\xEF\xBB\xBF{\"error\":\"x\"}",
          "{\"a\":1,}",
          "[1,]",
          "{\"a\" 1}",
          "{\"a\":1}{\"b\":2}",
          "{\"a\":1} x",
          "nul",
          "null",
          "\"x\"",
          "5",
          "[]",
          "\"\\ud8",
          "{\"a\":\"\\x\"}",
          "{\"a\":\"\t\"}",
          "{\"error\":{\"message\":\"\\u0000x\"}}",
          "{\"usage\":1,\"usage\":{\"prompt_tokens\":2}}",
          "{\"err\\u006fr\":\"x\"}",
          "{\"choices\":[{\"delta\":{\"content\":\"x\"},\"a\":{\"b\":[1,2,{\"c\":1}]}}]}",
          "// comment\n{}",
          "{\"a\":NaN}",
          "'x'",
          "{\"error\":{\"code\":5e-324}}"}) {
        INFO(document);
        same_by_both(d, {a, document, "[DONE]"});
    }
    const std::string deep(2000, '['), ends(2000, ']');
    CHECK(same_by_both(d, {a, deep + ends, "[DONE]"}) == texts{"text a", "done"});
    CHECK(same_by_both(d, {a, deep, "[DONE]"}) == texts{"text a", "bad_json: "});
    CHECK(same_by_both(d, {chat(R"({"content":"\ud83d"})"), chat(R"({"content":"\ude00"})"), "[DONE]"}) ==
          texts{"text \xF0\x9F\x98\x80", "done"});
}

TEST_CASE("by simdjson: tools' arguments that are an object, and huge documents") {
    CHECK(
        same_by_both(
            llm::ollama,
            {R"({"message":{"content":"Hi","tool_calls":[{"function":{"name":"f","arguments":{"x": [1, 2.50]}}}]}})",
             R"({"done":true})"}) == texts{"text Hi", "tool_call 0  f {\"x\":[1,2.50]}", "done"});
    const std::string large(300'000, 'x');
    CHECK(same_by_both(llm::openai_chat, {chat(R"({"content":"a"})"), chat(R"({"content":")" + large + "\"}"),
                                          chat(R"({"content":"b"})"), "[DONE]"}) ==
          texts{"text a", "text " + large, "text b", "done"});
}

TEST_CASE("both JSON libraries agree on documents that were damaged") {
    const auto seed = std::random_device{}();
    std::mt19937 random(seed);
    INFO("seed " << seed);
    const std::string good =
        R"({"id":"c","choices":[{"index":0,"delta":{"content":"Hi \u00e4\n","tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]},"finish_reason":null}],"usage":{"prompt_tokens":5},"error":null,"x":[1.5e3,true,false,null,-7]})";
    constexpr std::string_view signs = "{}[]\":,\\u0e-+. tn\x01";
    for (int round = 0; round != 2000; ++round) {
        std::string document = good;
        for (auto n = 1 + random() % 3; n != 0; --n) {
            const std::size_t at = random() % document.size();
            if (random() % 3 == 0)
                document.erase(at, 1);
            else
                document[at] = signs[random() % signs.size()];
        }
        const texts by_nlohmann = deltas_of(llm::openai_chat, {document, "[DONE]"});
        const texts by_simdjson = deltas_of(llm::by_simdjson(llm::openai_chat), {document, "[DONE]"});
        if (by_nlohmann != by_simdjson) {
            INFO(document);
            REQUIRE(by_simdjson == by_nlohmann);
        }
    }
}
