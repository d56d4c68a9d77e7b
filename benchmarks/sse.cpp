// needs: sse
// What it costs to read and to write event streams: processor time of this thread, the best of several runs, beside loops
// without leat that do the same for this one kind of stream.
//
//     sse [runs]

#include <leat/leat.hpp>
#include <leat/sse.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <time.h>

namespace {

namespace sse = leat::sse;

double cpu_ns() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

template <class F> double best(int runs, F f) {
    double least = 1e18;
    for (int i = 0; i != runs; ++i) {
        const double start = cpu_ns();
        f();
        least = std::min(least, cpu_ns() - start);
    }
    return least;
}

/// What every reader does with an event.
struct sum {
    std::uint64_t events = 0, bytes = 0, last = 0;
    void operator()(std::string_view data) {
        ++events;
        bytes += data.size();
        last += data.empty() ? 0u : static_cast<unsigned char>(data.back());
    }
    bool operator==(const sum&) const = default;
};

/// A stream of `count` events of 293 bytes: a token of OpenAI's chat completions.
std::string openai(std::size_t count) {
    std::string event =
        R"(data: {"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012","object":"chat.completion.chunk","created":1735689600,)"
        R"("model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_0123456789","choices":[{"index":0,)"
        R"("delta":{"content":" water"},"logprobs":null,"finish_reason":null}]})";
    event.resize(std::min<std::size_t>(event.size(), 291), ' ');
    while (event.size() < 291)
        event.insert(event.size() - 1, 1, ' ');
    event += "\n\n";
    std::string all;
    for (std::size_t i = 0; i != count; ++i)
        all += event;
    return all;
}

// ---------------------------------------------------------------------------------------------------- without leat

/// A loop for streams with LF, one `data` line per event and nothing else, that lie in memory as a whole; UTF-8 is looked at
/// only as far as to see that it is ASCII.
sum by_hand(std::string_view all) {
    sum s;
    std::string_view data;
    while (!all.empty()) {
        const void* const eol = std::memchr(all.data(), '\n', all.size());
        if (eol == nullptr)
            break;
        const auto size = static_cast<std::size_t>(static_cast<const char*>(eol) - all.data());
        const std::string_view line = all.substr(0, size);
        all.remove_prefix(size + 1);
        if (line.empty()) {
            s(data);
            continue;
        }
        unsigned char seen = 0;
        for (const char c : line)
            seen |= static_cast<unsigned char>(c);
        if ((seen & 0x80) == 0 && line.starts_with("data: "))
            data = line.substr(6);
    }
    return s;
}

/// The usual way: bytes into a string, a blank line is looked for, the event is cut off the front.
sum by_buffer(std::string_view all, std::size_t chunk) {
    sum s;
    std::string buffer;
    while (!all.empty()) {
        const std::size_t n = std::min(chunk, all.size());
        buffer.append(all.substr(0, n));
        all.remove_prefix(n);
        std::size_t end = 0;
        while ((end = buffer.find("\n\n")) != buffer.npos) {
            s(std::string_view(buffer).substr(6, end - 6));
            buffer.erase(0, end + 2);
        }
    }
    return s;
}

// ---------------------------------------------------------------------------------------------------- with leat

sum by_parser(std::string_view all, std::size_t chunk) {
    sum s;
    sse::parser parser({.max_event_bytes = std::size_t{1} << 30});
    while (!all.empty()) {
        const std::size_t n = std::min(chunk, all.size());
        parser.feed(all.substr(0, n));
        while (const sse::event* e = parser.next())
            s(e->data);
        all.remove_prefix(n);
    }
    return s;
}

leat::async_generator<std::string_view> chunks(std::string_view all, std::size_t chunk) {
    while (!all.empty()) {
        const std::string_view piece = all.substr(0, chunk);
        all.remove_prefix(piece.size());
        co_yield piece;
    }
}

leat::task<sum> by_stream(std::string_view all, std::size_t chunk) {
    sum s;
    auto events = sse::events(chunks(all, chunk));
    while (auto e = co_await events.next())
        s(e->data);
    co_return s;
}

leat::task<std::size_t> written(std::size_t count) {
    std::size_t bytes = 0;
    std::vector<std::string_view> texts(1000, " water");
    for (std::size_t i = 0; i < count; i += texts.size()) {
        auto wire = leat::from_range(std::move(texts)) | sse::write();
        while (auto w = co_await wire.next())
            bytes += w->size();
        texts.assign(1000, " water");
    }
    co_return bytes;
}

void show(const char* what, double ns, double per, const char* unit, double goal = 0) {
    std::printf("  %-58s %8.1f ns %s", what, ns / per, unit);
    if (goal != 0)
        std::printf("   goal %.0f%s", goal, ns / per <= goal ? "" : "   MISSED");
    std::printf("\n");
}

} // namespace

int main(int count, char** arguments) {
    const int runs = count > 1 ? std::atoi(arguments[1]) : 15;
    constexpr std::size_t events = 40'000;
    const std::string all = openai(events);
    const sum expected = by_hand(all);
    bool good = expected.events == events;
    const auto check = [&](const sum& s) { good = good && s == expected; };

    std::printf("events of %zu bytes, chunks of 16 KiB\n", all.size() / events);
    const double n = static_cast<double>(events);
    show("by hand: one known shape, all in memory", best(runs, [&] { check(by_hand(all)); }), n, "an event");
    show("by hand: a string, find and erase", best(runs, [&] { check(by_buffer(all, 1024)); }), n,
         "an event");
    show("sse::parser", best(runs, [&] { check(by_parser(all, 16 * 1024)); }), n, "an event", 60);
    show("sse::events", best(runs, [&] { check(leat::sync_wait(by_stream(all, 16 * 1024))); }), n, "an event",
         60);
    show("sse::events, one event a chunk",
         best(runs, [&] { check(leat::sync_wait(by_stream(all, all.size() / events))); }), n, "an event");

    const std::string_view few = std::string_view(all).substr(0, all.size() / 20);
    const double bytes = static_cast<double>(few.size());
    std::printf("one byte a chunk\n");
    show("sse::parser", best(runs, [&] { by_parser(few, 1); }), bytes, "a byte", 10);
    show("sse::events", best(runs, [&] { leat::sync_wait(by_stream(few, 1)); }), bytes, "a byte");

    std::printf("one line, cost a byte (linear: the same at every length)\n");
    for (const std::size_t mib : {std::size_t{1}, std::size_t{4}, std::size_t{16}}) {
        const std::string line = "data: " + std::string(mib << 20, 'x') + "\n\n";
        for (const std::size_t chunk : {std::size_t{1}, std::size_t{4096}, std::size_t{65536}}) {
            char what[80];
            std::snprintf(what, sizeof what, "%zu MiB in chunks of %zu", mib, chunk);
            const double ns =
                best(std::min(runs, 3), [&] { good = good && by_parser(line, chunk).events == 1; });
            std::printf("  %-58s %8.3f ns a byte\n", what, ns / static_cast<double>(line.size()));
        }
    }

    std::printf("writing\n");
    show("texts | sse::write(), JSON", best(runs, [&] { leat::sync_wait(written(events)); }), n, "a text");
    if (!good)
        std::printf("the sums differ: something is broken\n");
    return good ? 0 : 1;
}
