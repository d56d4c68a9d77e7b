#include "support/fault.hpp"

#include <leat/adaptor/broadcast.hpp>
#include <leat/adaptor/buffer.hpp>
#include <leat/adaptor/conflate.hpp>
#include <leat/adaptor/prefetch.hpp>
#include <leat/adaptor/tee.hpp>
#include <leat/source/channel.hpp>
#include <leat/source/from_callback.hpp>

#include <memory>

// Operators that buffer and share, under every fault at every point. Where the source goes on while the reader is busy, a
// run on two threads is not the same twice, so these runs keep to one: threads are in the other files.

using fault::ints;

namespace {

// While the reader is busy its source may come to its end, where cleanups throw before the reader does. The reader's own
// exception is still the one it sees first.
leat::task<> with_own_exception_first(fault::context& ctx, leat::task<> reading) {
    co_await reading;
    if (ctx.reader_threw && !ctx.seen.empty()) {
        const auto own = std::find(ctx.thrown.begin(), ctx.thrown.end(), ctx.seen.front());
        if (own != ctx.thrown.end())
            std::rotate(ctx.thrown.begin(), own, own + 1);
    }
}

template <class Scenario>
void check_on_one_thread(const char* name, const Scenario& scenario, fault::options opts = {}) {
    fault::examination all(
        name, [](const ints& in) { return in; }, std::move(opts));
    const auto look = [&]<class Reads>(fault::source_kind source, Reads) {
        for (const wait_kind w : {wait_kind::never, wait_kind::same_thread})
            all.look_at(source, w, Reads::kind, Reads::quietly, [&](fault::context& ctx) {
                auto reading = fault::detail::begin<Reads, Reads::quietly>(ctx, scenario,
                                                                           fault::make_source(ctx, source));
                return with_own_exception_first(ctx, std::move(reading));
            });
    };
    look(fault::source_kind::single, fault::reads_next());
    look(fault::source_kind::single, fault::reads_for_each_awaited());
    look(fault::source_kind::batches, fault::reads_next());
    look(fault::source_kind::batches, fault::reads_batches());
    look(fault::source_kind::batches, fault::reads_fold());
    look(fault::source_kind::delegated, fault::reads_batches());
    look(fault::source_kind::delegated, fault::reads_erased());
    look(fault::source_kind::delegated, fault::reads_for_each());
    CHECK(all.finish() == 0);
}

} // namespace

TEST_CASE("faults: prefetch", "[faults]") {
    check_on_one_thread("prefetch",
                        [](auto&, auto s) { return std::move(s) | leat::prefetch({.elements = 4}); });
}
TEST_CASE("faults: prefetch of bytes, behind a stage", "[faults]") {
    check_on_one_thread("prefetch of bytes", [](auto& ctx, auto s) {
        auto same = std::move(s) | leat::transform(ctx.fn([](counted x) { return x; }));
        return std::move(same) |
               leat::prefetch({.elements = 8, .bytes = 3 * sizeof(counted), .low_water = 1});
    });
}
TEST_CASE("faults: buffer", "[faults]") {
    check_on_one_thread("buffer",
                        [](auto&, auto s) { return std::move(s) | leat::buffer(2, leat::overflow::block); });
}
TEST_CASE("faults: conflate", "[faults]") {
    check_on_one_thread("conflate", [](auto&, auto s) { return std::move(s) | leat::conflate(); },
                        {.prefix_only = true});
}
TEST_CASE("faults: broadcast to one", "[faults]") {
    check_on_one_thread("broadcast to one", [](auto&, auto s) {
        auto all = std::move(s) | leat::broadcast({.capacity = 3});
        return all.subscribe();
    });
}
TEST_CASE("faults: broadcast that copies", "[faults]") {
    check_on_one_thread("broadcast that copies", [](auto&, auto s) {
        auto all = std::move(s) | leat::broadcast({.capacity = 3, .policy = leat::overflow::fail});
        return all.subscribe();
    });
}
TEST_CASE("faults: tee, one of them closed", "[faults]") {
    check_on_one_thread("tee", [](auto&, auto s) {
        auto [kept, other] = leat::tee<2>(std::move(s), {.capacity = 2});
        static_cast<void>(other); // destroyed here
        return std::move(kept);
    });
}

namespace {

// Through a channel and back, by one coroutine.
template <class S> leat::async_generator<counted> through_a_channel(S up) {
    co_await leat::on_close(up);
    leat::channel<counted> between(4);
    auto out = between.stream();
    while (auto x = co_await up.next()) {
        if (between.try_send(std::move(*x)) != leat::push_result::accepted)
            throw std::logic_error("the channel is full");
        auto y = co_await out.next();
        co_yield std::move(*y);
    }
}

} // namespace

TEST_CASE("faults: channel", "[faults]") {
    check_on_one_thread("channel", [](auto&, auto s) { return through_a_channel(std::move(s)); },
                        {.prefix_on_stop = true});
}
