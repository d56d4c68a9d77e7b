#include "support/fault_time.hpp"

#include <leat/sse.hpp>

#include <algorithm>
#include <charconv>
#include <exception>
#include <string>
#include <string_view>

// Sending to a client, under every fault at every point: the source throws, waits, is stopped; the function that writes
// throws; the client leaves; all of it is destroyed. See support/fault.hpp. On one thread, for the source goes on while
// the client is written to.

using fault::context;
using fault::ints;
using fault::source_kind;
using namespace std::chrono_literals;
namespace sse = leat::sse;

namespace {

/// The elements that a piece of the wire holds. Comments hold none.
struct on_the_wire {
    std::string_view bytes;
    friend void note(ints& out, const on_the_wire& piece) {
        sse::parser read;
        read.feed(piece.bytes);
        while (const sse::event* e = read.next()) {
            int x = -1;
            std::from_chars(e->data.data(), e->data.data() + e->data.size(), x);
            out.push_back(x);
        }
    }
};

std::string text_of(const counted& x) { return std::to_string(x.value); }

sse::send_options every(std::chrono::milliseconds heartbeat) {
    return {.write = {.text = sse::text_as::lines}, .heartbeat = heartbeat, .queue_bytes = 20};
}

template <class S> leat::task<> send_all(context& ctx, S s, sse::send_options o, bool awaits) {
    auto clock = fault::clock_of(ctx).stands_still_on_two_threads();
    auto texts = std::move(s) | leat::transform(ctx.fn(text_of));
    sse::sent how{};
    if (awaits) {
        auto see = ctx.sees_awaited();
        auto write = [see](std::string_view bytes) { return see(on_the_wire{bytes}); };
        auto sending = std::move(texts) | sse::send(clock, write, o);
        how = co_await std::move(sending);
    } else {
        auto see = ctx.sees();
        auto write = [see](std::string_view bytes) { see(on_the_wire{bytes}); };
        auto sending = std::move(texts) | sse::send(clock, write, o);
        how = co_await std::move(sending);
    }
    if (how != sse::sent::all)
        ctx.wrong = "the client has not left";
}

/// As `send_all`, but a stop is that the client leaves.
template <class S> leat::task<> send_until_gone(context& ctx, S s, sse::send_options o) {
    auto see = ctx.sees_awaited();
    auto write = [see](std::string_view bytes) { return see(on_the_wire{bytes}); };
    auto texts = std::move(s) | leat::transform(ctx.fn(text_of));
    auto clock = fault::clock_of(ctx).stands_still_on_two_threads();
    auto sending = std::move(texts) | sse::send(clock, write, o, ctx.token());
    const sse::sent how = co_await std::move(sending);
    if ((how == sse::sent::client_left) != ctx.token().stop_requested())
        ctx.wrong = "sent::client_left, and it is there, or the other way round";
}

/// A task has room for one exception, the first: no other is reported.
leat::task<> await_it(context& ctx, leat::task<> sending) {
    std::exception_ptr error;
    try {
        co_await std::move(sending);
    } catch (...) {
        error = std::current_exception();
    }
    ctx.outcome(error);
    const auto told = ctx.seen.size() == 1 ? std::find(ctx.thrown.begin(), ctx.thrown.end(), ctx.seen[0])
                                           : ctx.thrown.end();
    // The source goes on while a client is written to, so its cleanup may throw before the function that writes does.
    if (told != ctx.thrown.end() && (told == ctx.thrown.begin() || ctx.reader_threw)) {
        ctx.seen = ctx.thrown;
        std::rotate(ctx.seen.begin(), ctx.seen.begin() + (told - ctx.thrown.begin()), ctx.seen.end());
    }
}

/// The stop of a run is one of the source.
template <class Scenario, class Source>
leat::task<> begin(context& ctx, const Scenario& scenario, Source source) {
    switch (ctx.what()) {
    case fault::action::stop:
        return await_it(ctx, scenario(ctx, std::move(source) | leat::stop_on(ctx.token())));
    case fault::action::stop_quietly:
        return await_it(ctx, scenario(ctx, std::move(source) | leat::take_until(ctx.token())));
    default:
        return await_it(ctx, scenario(ctx, std::move(source)));
    }
}

template <class Scenario>
void check_on_one_thread(const char* name, const Scenario& scenario, fault::options opts) {
    fault::examination all(
        name, [](const ints& in) { return in; }, std::move(opts));
    for (const wait_kind waits : {wait_kind::never, wait_kind::same_thread})
        for (const source_kind source : {source_kind::single, source_kind::batches, source_kind::delegated})
            all.look_at(source, waits, fault::reader_kind::sink, true,
                        [&](context& ctx) { return begin(ctx, scenario, fault::make_source(ctx, source)); });
    CHECK(all.finish() == 0);
}

} // namespace

TEST_CASE("faults: send", "[faults]") {
    for (const bool awaits : {false, true})
        check_on_one_thread(
            awaits ? "send, awaited" : "send",
            [awaits](auto& ctx, auto s) { return send_all(ctx, std::move(s), every(0ms), awaits); }, {});
}

TEST_CASE("faults: send, with signs of life", "[faults]") {
    const auto all = [](const ints& got, const ints& yielded) { return got == yielded; };
    fault::options o;
    o.prefix_only = true;
    o.has_workers = true;
    o.check = fault::check_elements([](const ints& got) { return got; }, all);
    check_on_one_thread(
        "send, with signs of life",
        [](auto& ctx, auto s) { return send_all(ctx, std::move(s), every(10ms), true); }, o);
}

TEST_CASE("faults: send, to a client that leaves", "[faults]") {
    fault::options o;
    o.ends_on_stop = true;
    o.prefix_only = true; // what was ready for it is of no use to a client that is gone
    o.has_workers = true;
    fault::examination all(
        "send, to a client that leaves", [](const ints& in) { return in; }, o);
    for (const wait_kind waits : {wait_kind::never, wait_kind::same_thread})
        for (const source_kind source : {source_kind::single, source_kind::batches, source_kind::delegated})
            all.look_at(source, waits, fault::reader_kind::sink, false, [&](context& ctx) {
                return await_it(ctx, send_until_gone(ctx, fault::make_source(ctx, source), every(10ms)));
            });
    CHECK(all.finish() == 0);
}
