#include "some_faults.hpp"

#include <leat/adaptor/broadcast.hpp>
#include <leat/adaptor/buffer.hpp>
#include <leat/adaptor/conflate.hpp>
#include <leat/adaptor/latest.hpp>
#include <leat/adaptor/prefetch.hpp>
#include <leat/adaptor/replay.hpp>
#include <leat/adaptor/tee.hpp>
#include <leat/source/channel.hpp>
#include <leat/source/from_callback.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

// Operators that buffer and share, under every fault at every point, on one thread: threads are in the other files.

using fault::check_on_one_thread;
using fault::ints;

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

namespace {

// Through an interface of callbacks and back. To take oneself out of it is one more cleanup, the last one.
struct interface {
    std::optional<leat::callback_push<counted>> push;
    std::optional<counted> first; // came before anybody had registered
};
template <class S, class Back>
leat::async_generator<counted> called_back(std::shared_ptr<interface> i, Back back, S up) {
    co_await leat::on_close(back);
    co_await leat::on_close(up);
    while (auto x = co_await up.next()) {
        if (i->push)
            (*i->push)(std::move(*x));
        else
            i->first = std::move(*x);
        auto y = co_await back.next();
        co_yield std::move(*y);
    }
}

} // namespace

TEST_CASE("faults: from_callback", "[faults]") {
    check_on_one_thread(
        "from_callback",
        [](auto& ctx, auto s) {
            auto i = std::make_shared<interface>();
            const auto start = [&ctx, i](const leat::callback_push<counted>& push) {
                ctx.pass(fault::place::stage);
                i->push = push;
                push(std::move(*i->first));
                return [&ctx, c = ctx.registers(ctx.new_chain())] { return ctx.clean(c, true); };
            };
            auto back =
                leat::from_callback<counted>({.capacity = 2, .overflow = leat::overflow::fail}, start);
            return called_back(std::move(i), std::move(back), std::move(s));
        },
        {.prefix_on_stop = true});
}

TEST_CASE("faults: replay to one", "[faults]") {
    check_on_one_thread("replay to one", [](auto&, auto s) {
        auto all = std::move(s) | leat::replay(2);
        return all.subscribe();
    });
}

namespace {

// Somebody reads three elements, whatever comes of it; then the one that counts begins with these three.
template <class Reader> struct late_one {
    std::shared_ptr<std::optional<Reader>> place = std::make_shared<std::optional<Reader>>();
    leat::task<> close() {
        if (*place)
            co_await (*place)->close();
    }
    const leat::error_list& closing_errors() {
        static const leat::error_list none;
        return *place ? (*place)->closing_errors() : none;
    }
};
template <class Shared, class Reader>
leat::async_generator<counted> read_late(Shared all, Reader early, late_one<Reader> late) {
    co_await leat::on_close(early);
    co_await leat::on_close(late);
    try {
        for (int i = 0; i < 3; ++i)
            static_cast<void>(co_await early.next());
    } catch (...) { // the late one gets it too
    }
    late.place->emplace(all.subscribe());
    while (auto x = co_await (*late.place)->next())
        co_yield *x;
}

} // namespace

TEST_CASE("faults: replay to one who comes late", "[faults]") {
    check_on_one_thread("replay to a late one",
                        [](auto&, auto s) {
                            auto all = std::move(s) | leat::replay(8);
                            auto early = all.subscribe();
                            return read_late(std::move(all), std::move(early), late_one<decltype(early)>());
                        },
                        {.prefix_on_stop = true});
}

namespace {

// Looks at the newest value in every turn. What that does not show is thrown one by one, as if by so many cleanups.
struct looking {
    leat::latest_value<counted> now;
    bool failed = false;

    explicit looking(leat::latest_value<counted> n) : now(std::move(n)) {}
    std::optional<counted> value() {
        const bool before = std::exchange(failed, true);
        auto x = before ? std::nullopt : now.value();
        failed = before;
        return x;
    }
    leat::task<> close_and_throw(std::size_t nth) {
        co_await now.close();
        if (nth == 0)
            value();
        for (const std::exception_ptr& e : now.closing_errors())
            if (--nth == 0)
                std::rethrow_exception(e);
    }
};
leat::async_generator<counted> look_now_and_then(fault::context& ctx, looking at) {
    for (std::size_t n = 8; n-- != 0;) {
        const auto close = [&at, n] { return at.close_and_throw(n); };
        leat::on_close closing(close);
        co_await std::move(closing).quiet();
    }
    for (int seen = -1;;) {
        const bool over = at.now.ended();
        std::optional<counted> x = at.value();
        if (x && std::exchange(seen, x->value) != x->value)
            co_yield std::move(*x);
        if (over)
            break;
        co_await ctx.pause(fault::place::reader_wait);
    }
}

} // namespace

TEST_CASE("faults: latest", "[faults]") {
    fault::options opts{.prefix_only = true, .has_workers = true};
    opts.check = [](const fault::context& c) -> std::string {
        if (!std::includes(c.yielded.begin(), c.yielded.end(), c.got.begin(), c.got.end()))
            return "an element that was not there, or in another order";
        return c.what() == fault::action::none && (c.got.empty() || c.got.back() != 7) ? "not the last one"
                                                                                       : "";
    };
    check_on_one_thread(
        "latest",
        [](auto& ctx, auto s) { return look_now_and_then(ctx, looking(leat::latest(std::move(s)))); }, opts);
}
