// What a token of a language model costs, from the bytes of the body to the text, against a loop that does the same without
// leat: its own framing, the same JSON library, the text. One thread, its CPU time; the best of several runs.
//
//   tokens [EVENTS]      a table: thousands of tokens a second, nanoseconds a token
// needs: llm simdjson
#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/llm/simdjson.hpp>
#include <leat/sse.hpp>

#include <nlohmann/json.hpp>
#include <simdjson.h>

#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

namespace llm = leat::llm;

/// An event as OpenAI sends it, 293 bytes with its frame.
std::string wire_of(int events) {
    const std::string event =
        R"(data: {"id":"chatcmpl-ABCDEFGHIJKLMNOPQRSTUVWXYZ123","object":"chat.completion.chunk","created":1730000000,)"
        R"("model":"some-model-2026-01-01","system_fingerprint":"fp_0123456789",)"
        R"("choices":[{"index":0,"delta":{"content":" water"},"logprobs":null,"finish_reason":null}],)"
        R"("obfuscation":"abcdefgh"})"
        "\n\n";
    std::string wire;
    for (int i = 0; i != events; ++i)
        wire += event;
    return wire + "data: [DONE]\n\n";
}

leat::async_generator<std::string_view> packets(std::string_view all) {
    constexpr std::size_t packet = 16 * 1024;
    while (!all.empty()) {
        const std::string_view piece = all.substr(0, packet);
        all.remove_prefix(piece.size());
        co_yield piece;
    }
}

/// Calls f(payload) for each event of a body that is there as a whole: as little as a loop can do.
template <class F> void each_event(std::string_view wire, F f) {
    while (!wire.empty()) {
        const auto end = static_cast<const char*>(std::memchr(wire.data(), '\n', wire.size()));
        const std::string_view line(wire.data(), static_cast<std::size_t>(end - wire.data()));
        wire.remove_prefix(line.size() + 1);
        if (line.starts_with("data: "))
            f(line.substr(6));
    }
}

/// Finds choices[0].delta.content as quickly as nlohmann_json can: without a tree, and looking at nothing else.
struct content_handler : nlohmann::json::json_sax_t {
    std::string text;
    bool in_delta = false, wanted = false;

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t& value) override {
        if (wanted)
            text = value;
        return true;
    }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override { return true; }
    bool key(string_t& name) override {
        in_delta = in_delta || name == "delta";
        wanted = in_delta && name == "content";
        return true;
    }
    bool end_object() override {
        in_delta = false;
        return true;
    }
    bool start_array(std::size_t) override { return true; }
    bool end_array() override { return true; }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
        return false;
    }
};

std::uint64_t loop_nlohmann(std::string_view wire) {
    std::uint64_t sum = 0;
    each_event(wire, [&](std::string_view payload) {
        if (payload == "[DONE]")
            return;
        content_handler handler;
        nlohmann::json::sax_parse(payload.begin(), payload.end(), &handler);
        sum += handler.text.size();
    });
    return sum;
}

std::uint64_t loop_simdjson(std::string_view wire) {
    std::uint64_t sum = 0;
    simdjson::dom::parser parser;
    std::string padded(4096, '\0');
    each_event(wire, [&](std::string_view payload) {
        if (payload == "[DONE]")
            return;
        payload.copy(padded.data(), payload.size());
        std::string_view text;
        if (parser.parse(padded.data(), payload.size(), false)["choices"].at(0)["delta"]["content"].get(
                text) == simdjson::SUCCESS)
            sum += text.size();
    });
    return sum;
}

template <class S> leat::task<std::uint64_t> pull(S stream) {
    std::uint64_t sum = 0;
    while (auto x = co_await stream.next()) {
        if constexpr (requires { x->text; })
            sum += x->text.size();
        else if constexpr (requires { x->data; })
            sum += x->data.size();
        else
            sum += x->size();
    }
    co_return sum;
}

std::int64_t thread_ns() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

std::uint64_t kept = 0; // so that no work is left out

template <class F> double row(const char* name, int events, double loop, F f, double goal = 0) {
    std::int64_t best = INT64_MAX;
    for (int i = 0; i != 9; ++i) {
        const std::int64_t before = thread_ns();
        kept += f();
        const std::int64_t time = thread_ns() - before;
        best = time < best ? time : best;
    }
    const double ns = static_cast<double>(best) / events;
    std::printf("%-52s %9.0f k/s %8.0f ns", name, 1e6 / ns, ns);
    if (loop != 0)
        std::printf("  %5.2f x the loop", ns / loop);
    if (goal != 0)
        std::printf("   goal %.0f k/s%s", goal, 1e6 / ns >= goal ? "" : "   MISSED");
    std::printf("\n");
    return ns;
}

} // namespace

int main(int count, char** arguments) {
    const int events = count > 1 ? std::atoi(arguments[1]) : 20'000;
    const std::string wire = wire_of(events);
    std::printf("%d events of %zu bytes, packets of 16 KiB, simdjson's \"%s\"\n", events,
                wire.size() / static_cast<std::size_t>(events),
                simdjson::get_active_implementation()->name().c_str());
    const auto by = [&](auto make) {
        return [&wire, make] { return leat::sync_wait(pull(make(packets(wire)))); };
    };

    row("events, no JSON", events, 0, by([](auto body) { return leat::sse::events(std::move(body)); }));
    double loop = row("nlohmann_json: a loop (SAX)", events, 0, [&] { return loop_nlohmann(wire); });
    row("nlohmann_json: tokens", events, loop,
        by([](auto body) { return llm::tokens(std::move(body), llm::openai_chat); }), 350);
    row("nlohmann_json: deltas", events, loop,
        by([](auto body) { return llm::deltas(std::move(body), llm::openai_chat); }));
    loop = row("simdjson: a loop (DOM)", events, 0, [&] { return loop_simdjson(wire); });
    row("simdjson: tokens", events, loop,
        by([](auto body) { return llm::tokens(std::move(body), llm::by_simdjson(llm::openai_chat)); }), 3000);
    row("simdjson: deltas", events, loop,
        by([](auto body) { return llm::deltas(std::move(body), llm::by_simdjson(llm::openai_chat)); }));
    row("simdjson: tokens | transform | write", events, loop, by([](auto body) {
            return llm::tokens(std::move(body), llm::by_simdjson(llm::openai_chat)) |
                   leat::transform([](std::string_view token) { return token; }) | leat::sse::write();
        }));
    return kept == 0 ? 1 : 0;
}
