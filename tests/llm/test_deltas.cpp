#include "deltas.hpp"

#include <algorithm>
#include <string>

using namespace llm_test;

TEST_CASE("deltas of openai_chat: the whole story") {
    const auto& d = llm::openai_chat;
    CHECK(
        deltas_of(
            d,
            {chat(R"({"role":"assistant","content":null,"reasoning_content":"hm"})"),
             chat(R"({"content":"Hi"})"), chat(R"({"refusal":"No"})"), chat("{}", "\"stop\""),
             R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12,)"
             R"("prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":2}}})",
             "[DONE]"}) ==
        texts{"reasoning hm", "text Hi", "refusal No", "finish stop", "usage 5/7/12/3/2", "done"});
}

TEST_CASE("deltas of openai_chat: tool calls by index, their pieces by turns") {
    const auto& d = llm::openai_chat;
    CHECK(
        deltas_of(
            d,
            {chat(
                 R"({"content":null,"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]})"),
             chat(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]})"),
             chat(R"({"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}]})"),
             chat(R"({"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]})"),
             chat("{}", "\"tool_calls\""), "[DONE]"}) == texts{"tool_call 0 a f ", "tool_call 0 a f {\"x\"",
                                                               "tool_call 1 b g {}", "tool_call 0 a f :1}",
                                                               "finish tool_calls", "done"});
}

TEST_CASE("deltas of openai_chat: habits of its many speakers") {
    const auto& d = llm::openai_chat;
    SECTION("all calls have the number 0, but ids of their own") {
        CHECK(
            deltas_of(
                d, {chat(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"1"}}]})"),
                    chat(R"({"tool_calls":[{"index":0,"id":"b","function":{"name":"f","arguments":"2"}}]})"),
                    "[DONE]"}) == texts{"tool_call 0 a f 1", "tool_call 1 b f 2", "done"});
    }
    SECTION("a new id with every piece") {
        CHECK(deltas_of(d, {chat(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f"}}]})"),
                            chat(R"({"tool_calls":[{"index":0,"id":"b","function":{"arguments":"{}"}}]})"),
                            "[DONE]"}) == texts{"tool_call 0 a f ", "tool_call 0 a f {}", "done"});
    }
    SECTION("id and name again with every piece") {
        CHECK(
            deltas_of(
                d, {chat(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]})"),
                    chat(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"}"}}]})"),
                    "[DONE]"}) == texts{"tool_call 0 a f {", "tool_call 0 a f }", "done"});
    }
    SECTION("no numbers: the id, or the last one") {
        CHECK(deltas_of(d, {chat(R"({"tool_calls":[{"id":"a","function":{"name":"f","arguments":"1"}}]})"),
                            chat(R"({"tool_calls":[{"id":"b","function":{"name":"g","arguments":"2"}}]})"),
                            chat(R"({"tool_calls":[{"function":{"arguments":"3"}}]})"),
                            chat(R"({"tool_calls":[{"id":"a","function":{"arguments":"4"}}]})"), "[DONE]"}) ==
              texts{"tool_call 0 a f 1", "tool_call 1 b g 2", "tool_call 1 b g 3", "tool_call 0 a f 4",
                    "done"});
    }
    SECTION("arguments as an object, whose text is made anew") {
        CHECK(
            deltas_of(
                d,
                {chat(
                     R"({"tool_calls":[{"index":0,"function":{"name":"f","arguments":{"a" : [1, -2.50, null], "b\n":"\"\u0001", "c":{}}}}]})"),
                 "[DONE]"}) ==
            texts{R"(tool_call 0  f {"a":[1,-2.50,null],"b\n":"\"\u0001","c":{}})", "done"});
    }
    SECTION("the function call that came before tools") {
        CHECK(deltas_of(d, {chat(R"({"function_call":{"name":"f","arguments":""}})"),
                            chat(R"({"function_call":{"arguments":"{}"}})"), "[DONE]"}) ==
              texts{"tool_call 0  f ", "tool_call 0  f {}", "done"});
    }
    SECTION("reasoning by both names is one") {
        CHECK(deltas_of(d, {chat(R"({"reasoning":"hm","reasoning_content":"hm"})"), "[DONE]"}) ==
              texts{"reasoning hm", "done"});
    }
    SECTION("usage in every event, and null in others") {
        CHECK(deltas_of(d, {R"({"choices":[],"usage":null})",
                            R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":1}})",
                            R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":1}})",
                            R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}})",
                            R"({"choices":[],"usage":{"prompt_tokens":-1,"prompt_cache_hit_tokens":4}})",
                            "[DONE]"}) ==
              texts{"usage 5/1/-/-/-", "usage 5/2/-/-/-", "usage 5/2/-/4/-", "done"});
    }
    SECTION("the calls of another choice are none of this one's") {
        CHECK(
            deltas_of(
                d,
                {R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"x","function":{"name":"x"}}]},"index":1},)"
                 R"({"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f"}}]},"index":0}]})",
                 "[DONE]"}) == texts{"tool_call 0 a f ", "done"});
    }
    SECTION("what is of the wrong type is skipped") {
        CHECK(deltas_of(d, {chat(R"({"tool_calls":null,"reasoning":7,"refusal":[]})"),
                            chat(R"({"tool_calls":{}})"), chat(R"({"tool_calls":["x",[{"id":"x"}],null]})"),
                            chat(R"({"tool_calls":[{"index":"0","id":7,"function":"f"}]})"), "[DONE]"}) ==
              texts{"tool_call 0   ", "done"}); // an object is a call, whatever is in it
    }
    SECTION("the reason is told once") {
        CHECK(deltas_of(d, {chat("{}", "\"stop\""), chat("{}", "\"stop\""), "[DONE]"}) ==
              texts{"finish stop", "done"});
    }
}

TEST_CASE("deltas of openai_responses") {
    const auto& d = llm::openai_responses;
    const texts begin = {
        R"({"type":"response.created","response":{"id":"r"}})",
        R"({"type":"response.reasoning_summary_text.delta","output_index":0,"delta":"hm"})",
        R"({"type":"response.output_text.delta","output_index":1,"delta":"Hi"})",
        R"({"type":"response.refusal.delta","delta":"No"})",
        R"({"type":"response.output_item.added","output_index":2,"item":{"type":"message","id":"m"}})",
        R"({"type":"response.output_item.added","output_index":3,"item":{"type":"function_call","id":"fc","call_id":"a","name":"f","arguments":""}})",
        R"({"type":"response.function_call_arguments.delta","output_index":3,"delta":"{\"x\""})",
        R"({"type":"response.function_call_arguments.delta","output_index":9,"delta":"of nobody"})",
        R"({"type":"response.function_call_arguments.delta","output_index":3,"delta":":1}"})",
        R"({"type":"response.output_item.done","output_index":3,"item":{"type":"function_call","id":"fc","call_id":"a","name":"f","arguments":"{\"x\":1}"}})",
        R"({"type":"response.output_item.done","output_index":4,"item":{"type":"function_call","id":"fd","call_id":"b","name":"g","arguments":"{}"}})"};
    const texts shown_begin = {"reasoning hm",
                               "text Hi",
                               "refusal No",
                               "tool_call 0 a f ",
                               "tool_call 0 a f {\"x\"",
                               "tool_call 0 a f :1}",
                               "tool_call 1 b g {}"};
    auto with = [](texts all, const texts& more) {
        all.insert(all.end(), more.begin(), more.end());
        return all;
    };
    CHECK(
        deltas_of(
            d,
            with(
                begin,
                {R"({"type":"response.completed","response":{"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":3}}})"})) ==
        with(shown_begin, {"finish completed", "usage 1/2/3/0/1", "done"}));
    CHECK(
        deltas_of(
            d,
            with(
                begin,
                {R"({"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}})"})) ==
        with(shown_begin, {"finish max_output_tokens", "done"}));
}

TEST_CASE("deltas of anthropic") {
    CHECK(
        deltas_of(
            llm::anthropic,
            {R"({"type":"message_start","message":{"id":"m","content":[],"usage":{"input_tokens":9,"cache_read_input_tokens":4,"output_tokens":1}}})",
             R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}})",
             R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}})",
             R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"xx"}})",
             R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":"A"}})",
             R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"B"}})",
             R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}})",
             R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}})",
             R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"x\""}})",
             R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":":1}"}})",
             R"({"type":"content_block_stop","index":2})",
             R"({"type":"content_block_start","index":3,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}})",
             R"({"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{}"}})",
             R"({"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"b","name":"g","input":{"y":2}}})",
             R"({"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":20}})",
             R"({"type":"message_stop"})"}) == texts{"usage 9/1/-/4/-", "reasoning hm", "text A", "text B",
                                                     "tool_call 0 a f ", "tool_call 0 a f {\"x\"",
                                                     "tool_call 0 a f :1}", "tool_call 1 b g {\"y\":2}",
                                                     "finish tool_use", "usage 9/20/-/4/-", "done"});
}

TEST_CASE("deltas of gemini") {
    CHECK(
        deltas_of(
            llm::gemini,
            {R"({"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"A"},{"functionCall":{"name":"f","args":{"x":[1,"\u00e4"]}},"thoughtSignature":"s"},{"text":"B"},{"functionCall":{"id":"b","name":"f","args":{}}},{"functionCall":{"name":"g"}}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}})",
             R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":"x"}}]},"index":1}]})",
             R"({"candidates":[{"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":5,"thoughtsTokenCount":6,"cachedContentTokenCount":1,"totalTokenCount":15}})"}) ==
        texts{"reasoning hm", "text AB", "tool_call 0  f {\"x\":[1,\"\xC3\xA4\"]}", "tool_call 1 b f {}",
              "tool_call 2  g ", "usage 4/-/4/-/-", "finish STOP", "usage 4/5/15/1/6", "eof_after_finish"});
}

TEST_CASE("deltas of ollama") {
    CHECK(
        deltas_of(
            llm::ollama,
            {R"({"message":{"role":"assistant","content":"","thinking":"hm"},"done":false})",
             R"({"message":{"content":"Hi"},"done":false})",
             R"({"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"x":1}}},{"id":"b","function":{"index":1,"name":"f","arguments":{"x":2}}}]},"done":false})",
             R"({"message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":4,"total_duration":5})"}) ==
        texts{"reasoning hm", "text Hi", "tool_call 0  f {\"x\":1}", "tool_call 1 b f {\"x\":2}",
              "finish stop", "usage 3/4/-/-/-", "done"});
    CHECK(deltas_of(llm::ollama, {R"({"thinking":"hm","response":"a","done":false})", R"({"done":true})"}) ==
          texts{"reasoning hm", "text a", "done"}); // /api/generate
}

TEST_CASE("halves of characters are joined in each kind of text and in each call") {
    CHECK(
        deltas_of(
            llm::openai_chat,
            {chat(R"({"content":"a\ud83d","reasoning_content":"r\ud83d"})"),
             chat(
                 R"({"tool_calls":[{"index":0,"id":"i\ud83d","function":{"name":"f","arguments":"0\ud83d"}},{"index":1,"function":{"arguments":"1\ud83d"}}]})"),
             chat(R"({"content":"\ude00"})"),
             chat(R"({"tool_calls":[{"index":1,"function":{"arguments":"\ude00"}}]})"),
             chat(R"({"reasoning_content":"\ude00"})"), "[DONE]"}) ==
        texts{"reasoning r", "text a", "tool_call 0 i\xEF\xBF\xBD f 0", "tool_call 1   1",
              "text \xF0\x9F\x98\x80", "tool_call 1   \xF0\x9F\x98\x80", "reasoning \xF0\x9F\x98\x80",
              "tool_call 0 i\xEF\xBF\xBD f \xEF\xBF\xBD", "done"});
}

TEST_CASE("an error comes after the deltas before it") {
    const auto& d = llm::openai_chat;
    CHECK(deltas_of(d, {chat(R"({"content":"a\ud83d"})"), R"({"error":{"message":"boom"}})"}) ==
          texts{"text a", "text \xEF\xBF\xBD", "error: boom"});
    CHECK(deltas_of(d, {chat(R"({"content":"a"})"), "{"}) == texts{"text a", "bad_json: "});
    CHECK(deltas_of(d, {chat(R"({"content":"a"})")}) == texts{"text a", "truncated: "});
}

TEST_CASE("tool calls over the limits are refused, whatever their numbers are") {
    const auto& d = llm::openai_chat;
    const auto call = [](const std::string& index, const std::string& arguments) {
        return R"({"index":)" + index + R"(,"function":{"arguments":")" + arguments + R"("}})";
    };
    SECTION("10,000 calls, one an event") {
        texts events;
        for (int i = 0; i != 10'000; ++i)
            events.push_back(chat(R"({"tool_calls":[)" + call(std::to_string(i + 1) + "000000", "x") + "]}"));
        const texts got = deltas_of(d, events);
        REQUIRE(got.size() == 129);
        CHECK(got[127] == "tool_call 127   x");
        CHECK(got.back() == "too_large: ");
    }
    SECTION("10,000 calls in one event") {
        std::string all;
        for (int i = 0; i != 10'000; ++i)
            all += (i == 0 ? "" : ",") + call(std::to_string(i), "x");
        const texts got = deltas_of(d, {chat("{\"tool_calls\":[" + all + "]}")});
        REQUIRE(got.size() == 129);
        CHECK(got.back() == "too_large: ");
    }
    SECTION("numbers that are none, or out of range") {
        CHECK(deltas_of(d, {chat(R"({"tool_calls":[)" + call("-9223372036854775808", "a") + "," +
                                 call("18446744073709551615", "b") + "," + call("-9223372036854775808", "c") +
                                 "," + call("1.5", "d") + "]}"),
                            "[DONE]"}) ==
              texts{"tool_call 0   a", "tool_call 1   b", "tool_call 0   c", "tool_call 1   d", "done"});
        CHECK(deltas_of(d, {chat(R"({"tool_calls":[)" + call("1e999", "a") + "]}")}) == texts{"bad_json: "});
    }
    SECTION("exactly as many as may be") {
        CHECK(deltas_of(d,
                        {chat("{\"tool_calls\":[" + call("0", "a") + "," + call("1", "b") + "]}"), "[DONE]"},
                        {.max_tool_calls = 2}) == texts{"tool_call 0   a", "tool_call 1   b", "done"});
        CHECK(deltas_of(d,
                        {chat("{\"tool_calls\":[" + call("0", "a") + "," + call("1", "b") + "]}"), "[DONE]"},
                        {.max_tool_calls = 1}) == texts{"tool_call 0   a", "too_large: "});
        CHECK(deltas_of(d, {chat("{\"tool_calls\":[" + call("0", "a") + "]}"), "[DONE]"},
                        {.max_tool_calls = 0}) == texts{"too_large: "});
    }
    SECTION("arguments without end") {
        const std::string event = chat("{\"tool_calls\":[" + call("0", std::string(1000, 'x')) + "]}");
        const texts got = deltas_of(d, texts(100, event), {.max_arguments_bytes = 10'000});
        REQUIRE(got.size() == 11);
        CHECK(got.back() == "too_large: ");
    }
    SECTION("ids and names count too") {
        const std::string name(6000, 'n');
        CHECK(deltas_of(d,
                        {chat(R"({"tool_calls":[{"id":")" + name + R"(","function":{"name":")" + name +
                              R"("}}]})")},
                        {.max_arguments_bytes = 10'000}) == texts{"too_large: "});
    }
    SECTION("the error says how large, and nothing of the data") {
        auto deltas =
            llm::deltas(body_of({wire_of(d, {chat("{\"tool_calls\":[" + call("0", "secret") + "]}")})}), d,
                        llm::deltas_options{.max_arguments_bytes = 3});
        texts out;
        try {
            leat::sync_wait(show_all(deltas, out));
            FAIL("no error");
        } catch (const llm::error& e) {
            CHECK(e.reason() == llm::end_reason::too_large);
            CHECK_THAT(e.what(), Catch::Contains("max_arguments_bytes"));
            CHECK_THAT(e.what(), !Catch::Contains("secret"));
        }
    }
    SECTION("tokens do not look at calls") {
        std::string all;
        for (int i = 0; i != 10'000; ++i)
            all += (i == 0 ? "" : ",") + call(std::to_string(i), "x");
        auto tokens = llm::tokens(
            body_of({wire_of(d, {chat("{\"content\":\"a\",\"tool_calls\":[" + all + "]}"), "[DONE]"})}), d);
        std::string text;
        auto all_of = [](auto& from, std::string& to) -> leat::task<> {
            while (auto t = co_await from.next())
                to += *t;
        };
        leat::sync_wait(all_of(tokens, text));
        CHECK(text == "a");
    }
}

TEST_CASE("arguments that are nested without end are one text") {
    const std::string deep = std::string(50'000, '[') + std::string(50'000, ']');
    CHECK(deltas_of(llm::ollama,
                    {R"({"message":{"tool_calls":[{"function":{"name":"f","arguments":)" + deep + "}}]}}",
                     R"({"done":true})"}) == texts{"tool_call 0  f " + deep, "done"});
}

TEST_CASE("a whole answer") {
    const texts events = {
        chat(R"({"reasoning_content":"hm"})"),
        chat(R"({"content":"Hi"})"),
        chat(R"({"content":"!"})"),
        chat(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}]})"),
        chat(R"({"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":""}}]})"),
        chat(R"({"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]})"),
        chat("{}", "\"tool_calls\""),
        R"({"choices":[],"usage":{"prompt_tokens":5}})",
        "[DONE]"};
    const std::string wire = wire_of(llm::openai_chat, events);
    const llm::answer expected = {.text = "Hi!",
                                  .reasoning = "hm",
                                  .refusal = "",
                                  .tool_calls = {{"a", "f", "{\"x\":1}"}, {"b", "g", ""}},
                                  .finish_reason = "tool_calls",
                                  .usage = {.input_tokens = 5}};
    auto both = [](std::string w) -> leat::task<std::pair<llm::answer, llm::answer>> {
        const std::vector<std::string> chunks(1, w);
        llm::answer one = co_await llm::collect_answer(llm::deltas(body_of(chunks), llm::openai_chat));
        llm::answer two = co_await (body_of(chunks) | llm::deltas(llm::openai_chat) | llm::collect_answer());
        co_return std::pair(std::move(one), std::move(two));
    };
    const auto [one, two] = leat::sync_wait(both(wire));
    CHECK(one == expected);
    CHECK(two == expected);

    auto limited = [](std::string w, std::size_t limit) -> leat::task<> {
        const std::vector<std::string> chunks(1, w);
        llm::answer a = co_await llm::collect_answer(llm::deltas(body_of(chunks), llm::openai_chat), limit);
        CHECK(a.text == "Hi!");
    };
    CHECK_NOTHROW(leat::sync_wait(limited(wire, 16)));
    CHECK_THROWS_AS(leat::sync_wait(limited(wire, 15)), llm::error);

    // What came before an error is kept by who asks for it.
    llm::answer_builder so_far;
    auto broken = llm::deltas(body_of({wire.substr(0, wire.size() / 2)}), llm::openai_chat);
    auto read_all = [](auto& from, llm::answer_builder& to) -> leat::task<> {
        while (auto d = co_await from.next())
            to.add(*d);
    };
    CHECK_THROWS_AS(leat::sync_wait(read_all(broken, so_far)), llm::error);
    CHECK(so_far.so_far().text == "Hi!");
    // A number that no stream of ours gives makes nothing large.
    so_far.add({.kind = llm::delta_kind::tool_call, .call = 1'000'000'000});
    CHECK(so_far.take().tool_calls.size() <= 2);
    CHECK(so_far.take() == llm::answer());
}

TEST_CASE("deltas are kept by materialize, and fit into pipelines") {
    const std::string wire = wire_of(llm::openai_chat, {chat(R"({"content":"Hi"})"), "[DONE]"});
    auto all = [](std::string w) -> leat::task<std::vector<llm::owned_delta>> {
        auto kept = body_of({w}) | llm::deltas(llm::openai_chat) | leat::materialize();
        std::vector<llm::owned_delta> out = co_await (std::move(kept) | leat::collect<std::vector>());
        co_return out;
    };
    const auto kept = leat::sync_wait(all(wire));
    REQUIRE(kept.size() == 1);
    CHECK(shown(kept[0]) == "text Hi");
}

TEST_CASE("every name that a dialect looks at is known") {
    for (const auto* name : {"args",
                             "arguments",
                             "blockReason",
                             "cached_tokens",
                             "cachedContentTokenCount",
                             "cache_read_input_tokens",
                             "prompt_cache_hit_tokens",
                             "call_id",
                             "candidates",
                             "candidatesTokenCount",
                             "choices",
                             "code",
                             "completion_tokens",
                             "completion_tokens_details",
                             "content",
                             "content_block",
                             "delta",
                             "done",
                             "done_reason",
                             "error",
                             "eval_count",
                             "finishReason",
                             "finish_reason",
                             "function",
                             "functionCall",
                             "function_call",
                             "id",
                             "incomplete_details",
                             "index",
                             "input",
                             "input_tokens",
                             "input_tokens_details",
                             "item",
                             "message",
                             "name",
                             "object",
                             "output_index",
                             "output_tokens",
                             "output_tokens_details",
                             "partial_json",
                             "parts",
                             "promptFeedback",
                             "promptTokenCount",
                             "prompt_eval_count",
                             "prompt_tokens",
                             "prompt_tokens_details",
                             "reason",
                             "reasoning",
                             "reasoning_content",
                             "reasoning_tokens",
                             "refusal",
                             "response",
                             "status",
                             "stop_reason",
                             "text",
                             "thinking",
                             "thought",
                             "thoughtsTokenCount",
                             "tool_calls",
                             "totalTokenCount",
                             "total_tokens",
                             "type",
                             "usage",
                             "usageMetadata"}) {
        INFO(name);
        CHECK(llm::detail::key_named(name) != llm::detail::key::other);
    }
}
