#include "plain.hpp"
#include "support/waiting.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <leat/adaptor/broadcast.hpp>
#include <leat/adaptor/latest.hpp>
#include <leat/adaptor/replay.hpp>
#include <leat/adaptor/tee.hpp>
#include <leat/leat.hpp>

using leat::async_generator;
using leat::sync_wait;
using leat::task;
using plain::ints;
using plain::read_into;
using plain::up_to;

namespace {

struct made {
    int asked = 0;
    int closed = 0;
};
// `asked` counts the elements that were asked for.
async_generator<counted> source(made& m, int n, manual_loop* loop = nullptr) {
    const auto closes = [&m] { ++m.closed; };
    leat::on_close on(closes);
    co_await std::move(on).quiet();
    for (int i = 0; i < n; ++i) {
        ++m.asked;
        if (loop != nullptr)
            co_await loop->turn();
        co_yield counted(i);
    }
}
// Some elements; then the stream is still there.
template <class S> task<> read_some(S& s, std::size_t n, ints& got) {
    while (n-- != 0) {
        auto x = co_await s.next();
        if (!x)
            co_return;
        got.push_back(x->value);
    }
}

} // namespace

TEST_CASE("tee: every stream gets all elements; the source is read once and closed once") {
    const balance b;
    made m;
    {
        auto [one, two] = leat::tee<2>(source(m, 100), {.capacity = 200});
        CHECK(m.asked == 0);
        ints first, second;
        sync_wait(read_into(std::move(one), first));
        CHECK(m.closed == 1);
        sync_wait(read_into(std::move(two), second));
        CHECK(first == up_to(100));
        CHECK(second == up_to(100));
    }
    CHECK(m.asked == 100);
    CHECK(m.closed == 1);
    CHECK(b.even());
}

TEST_CASE("tee: nothing is read that nobody needs") {
    made m;
    auto [one, two] = leat::tee<2>(source(m, 100), {.capacity = 10});
    ints got;
    sync_wait(read_some(one, 3, got));
    CHECK(m.asked == 3);
    sync_wait(read_some(two, 2, got));
    CHECK(m.asked == 3);
    sync_wait(read_some(two, 2, got));
    CHECK(m.asked == 4);
    CHECK(got == ints{0, 1, 2, 0, 1, 2, 3});
    sync_wait(one.close());
    CHECK(m.closed == 0);
    sync_wait(two.close());
    CHECK(m.closed == 1);
}

TEST_CASE("tee: the fastest waits for the slowest, and memory stays flat") {
    const balance b;
    static long most = 0;
    most = 0;
    made m;
    const long before = counted::live;
    {
        auto [fast, slow] = leat::tee<2>(source(m, 1000), {.capacity = 16});
        ints got;
        const auto reader = [&](auto s) -> task<> {
            while (auto x = co_await s.next()) {
                got.push_back(x->value);
                most = std::max<long>(most, counted::live - before);
            }
        };
        const auto reading = start(reader(std::move(fast)));
        CHECK(!reading.done());
        CHECK(got == up_to(16));
        CHECK(most <= 16 + 1); // and the one in the source
        ints late;
        SECTION("read on") {
            sync_wait(read_into(std::move(slow), late));
            CHECK(late == up_to(1000));
            CHECK(most <= 16 + 1);
        }
        SECTION("closed") { sync_wait(slow.close()); }
        SECTION("destroyed") { auto gone = std::move(slow); }
        CHECK(reading.done());
        CHECK(got == up_to(1000));
    }
    CHECK(b.even());
}

TEST_CASE("tee: closing one frees what it held back") {
    const long before = counted::live;
    made m;
    auto [fast, slow] = leat::tee<2>(source(m, 1000), {.capacity = 50});
    ints got;
    sync_wait(read_some(fast, 40, got));
    CHECK(counted::live - before >= 40);
    sync_wait(slow.close());
    CHECK(counted::live - before <= 2);
    CHECK(m.closed == 0);
    sync_wait(fast.close());
    CHECK(m.closed == 1);
    CHECK(counted::live == before);
}

TEST_CASE("tee: never read, and closed all the same") {
    made m;
    auto begun = source(m, 10);
    ints got;
    sync_wait(read_some(begun, 1, got)); // so its cleanup is registered
    auto [one, two] = leat::tee<2>(std::move(begun));
    sync_wait(one.close());
    CHECK(m.closed == 0);
    sync_wait(two.close());
    CHECK(m.closed == 1);
}

TEST_CASE("tee: lends, so elements need not be copyable; batches stay") {
    const auto unique = []() -> async_generator<std::unique_ptr<int>> {
        std::vector<std::unique_ptr<int>> page;
        for (int i = 0; i < 5; ++i)
            page.push_back(std::make_unique<int>(i));
        co_yield leat::batch(page);
    };
    auto [one, two] = leat::tee<2>(unique(), {.capacity = 5});
    const auto sum = [](auto s, std::size_t& size) -> task<int> {
        int total = 0;
        for (;;) {
            auto b = co_await s.next_batch();
            if (b.empty())
                co_return total;
            size = b.size();
            for (const auto& p : b)
                total += *p;
        }
    };
    std::size_t a = 0, b = 0;
    CHECK(sync_wait(sum(std::move(one), a)) == 10);
    CHECK(sync_wait(sum(std::move(two), b)) == 10);
    CHECK(a == 5);
    CHECK(b == 5);
}

TEST_CASE("tee: an error reaches every stream, after its elements") {
    const auto fails = []() -> async_generator<counted> {
        co_yield counted(0);
        co_yield counted(1);
        throw std::runtime_error("broken");
    };
    auto all = leat::tee<3>(fails());
    for (auto& s : all) {
        ints got;
        std::string end;
        sync_wait(read_into(std::move(s), got, &end));
        CHECK(got == up_to(2));
        CHECK(end == "broken");
    }
}

TEST_CASE("tee: what closing the source throws is reported by the last one") {
    const auto fails = []() -> async_generator<counted> {
        const auto cleanup = [] { throw std::runtime_error("cannot close"); };
        co_await leat::on_close(cleanup);
        co_yield counted(0);
    };
    auto [one, two] = leat::tee<2>(fails());
    ints got;
    std::string a, b;
    sync_wait(read_into(std::move(one), got, &a));
    sync_wait(read_into(std::move(two), got, &b));
    CHECK((a == "cannot close" || b == "cannot close"));
}

TEST_CASE("tee: a stop of one is its own, that of the last one stops the source") {
    manual_loop loop;
    made m;
    std::stop_source stop_one, stop_two;
    auto [one, two] = leat::tee<2>(source(m, 1000, &loop), {.capacity = 10});
    ints a, b;
    std::string end_a, end_b;
    const auto first = start(read_into(std::move(one) | leat::stop_on(stop_one.get_token()), a, &end_a));
    const auto second = start(read_into(std::move(two) | leat::stop_on(stop_two.get_token()), b, &end_b));
    loop.run_one();
    stop_one.request_stop();
    CHECK(end_a.find("stopped") != std::string::npos);
    CHECK(m.closed == 0);
    for (int i = 0; i < 5; ++i)
        loop.run_one();
    CHECK(b.size() == 6);
    stop_two.request_stop();
    loop.run();
    CHECK(end_b.find("stopped") != std::string::npos);
    CHECK(m.closed == 1);
    CHECK(m.asked <= 8);
    CHECK(first.done());
    CHECK(second.done());
}

TEST_CASE("tee: destroying streams that wait is safe") {
    const balance b;
    manual_loop loop;
    made m;
    {
        auto [one, two] = leat::tee<2>(source(m, 1000, &loop));
        ints x, y;
        std::optional<foreign> first(start(read_into(std::move(one), x)));
        std::optional<foreign> second(start(read_into(std::move(two), y)));
        loop.run_one();
        CHECK(x == ints{0});
        CHECK(y == ints{0});
        first.reset();
        loop.run_one();
        CHECK(y == up_to(2));
        second.reset();
        CHECK(loop.idle()); // the source went with it
    }
    CHECK(b.even());
}

TEST_CASE("broadcast: readers get what comes from now on; the last one closes the source") {
    made m;
    auto shared = source(m, 100) | leat::broadcast({.capacity = 10});
    auto one = shared.subscribe();
    ints a, b, late;
    sync_wait(read_some(one, 3, a));
    auto two = shared.subscribe();
    sync_wait(read_some(two, 2, b));
    CHECK(b == ints{3, 4});
    sync_wait(one.close());
    sync_wait(two.close());
    CHECK(m.closed == 1);
    sync_wait(read_into(shared.subscribe(), late));
    CHECK(late.empty());
}

TEST_CASE("broadcast: a reader that is too slow loses the oldest, or fails") {
    const balance balanced;
    made m;
    {
        auto shared =
            source(m, 100) | leat::broadcast({.capacity = 10, .policy = leat::overflow::drop_oldest});
        auto fast = shared.subscribe();
        auto slow = shared.subscribe();
        ints a, b;
        sync_wait(read_some(fast, 50, a));
        CHECK(a == up_to(50));
        CHECK(slow.dropped() == 40);
        sync_wait(read_some(slow, 5, b));
        CHECK(b == up_to(45, 40));
        sync_wait(fast.close());
        sync_wait(slow.close());
    }
    {
        auto shared = source(m, 100) | leat::broadcast({.capacity = 10, .policy = leat::overflow::fail});
        auto fast = shared.subscribe();
        auto slow = shared.subscribe();
        ints a, b;
        std::string end;
        sync_wait(read_into(std::move(fast), a));
        CHECK(a == up_to(100));
        sync_wait(read_into(std::move(slow), b, &end));
        CHECK(end.find("too slow") != std::string::npos);
        CHECK(b.empty());
    }
    CHECK(balanced.even());
}

TEST_CASE("replay: new readers first get the last ones, also after the end") {
    const balance b;
    made m;
    {
        auto shared = source(m, 20) | leat::replay(5);
        ints all, middle, late;
        auto one = shared.subscribe();
        sync_wait(read_some(one, 10, all));
        auto two = shared.subscribe();
        sync_wait(read_some(two, 7, middle));
        CHECK(middle == up_to(12, 5));
        sync_wait(read_into(std::move(two), middle));
        sync_wait(read_into(std::move(one), all));
        CHECK(all == up_to(20));
        sync_wait(read_into(shared.subscribe(), late));
        CHECK(late == up_to(20, 15));
    }
    CHECK(b.even());
}

TEST_CASE("broadcast: readers on threads of their own") {
    const balance b;
    two_threads threads;
    const auto waits = [&]() -> async_generator<counted> {
        for (int i = 0; i < 3000; ++i) {
            if (i % 3 == 0)
                co_await threads.hop(static_cast<unsigned>(i % 100));
            co_yield counted(i);
        }
    };
    {
        for (const leat::overflow policy : {leat::overflow::block, leat::overflow::drop_oldest}) {
            auto shared = waits() | leat::broadcast({.capacity = 7, .policy = policy});
            std::vector<ints> got(3);
            std::vector<leat::dropping_stream<const counted&>>
                streams; // all there before the first one begins
            for (int i = 0; i < 3; ++i)
                streams.push_back(shared.subscribe());
            std::vector<std::thread> readers;
            for (std::size_t i = 0; i < 3; ++i)
                readers.emplace_back([&, i] { sync_wait(read_into(std::move(streams[i]), got[i])); });
            for (std::thread& t : readers)
                t.join();
            for (const ints& g : got) {
                const bool all = g == up_to(3000);
                CHECK((all || policy != leat::overflow::block));
                CHECK(std::is_sorted(g.begin(), g.end()));
                CHECK(g.back() == 2999);
            }
        }
    }
    CHECK(b.even());
}

TEST_CASE("latest: the newest element, the end and the error") {
    const balance b;
    manual_loop loop;
    made m;
    {
        auto now = leat::latest(source(m, 3, &loop));
        CHECK(m.asked == 1);
        CHECK(!now.value());
        loop.run_one();
        CHECK(now.value()->value == 0);
        loop.run_one();
        CHECK(now.value()->value == 1);
        CHECK(!now.ended());
        loop.run();
        CHECK(now.ended());
        CHECK(now.value()->value == 2);
        CHECK(m.closed == 1);
    }
    {
        auto closed = source(m, 3, &loop) | leat::latest();
        loop.run_one();
        const auto closing = start(closed.close());
        loop.run();
        CHECK(closing.done());
        CHECK(m.closed == 2);
    }
    { auto destroyed = source(m, 3, &loop) | leat::latest(); }
    CHECK(loop.idle());
    const auto fails = []() -> async_generator<int> {
        co_yield 1;
        throw std::runtime_error("broken");
    };
    auto broken = leat::latest(fails());
    CHECK_THROWS_WITH(broken.value(), "broken");
    CHECK(b.even());
}
