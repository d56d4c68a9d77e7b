#include "every_way.hpp"
#include "plain.hpp"
#include "support/waiting.hpp"

#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <leat/adaptor/catch.hpp>
#include <leat/adaptor/chain.hpp>
#include <leat/adaptor/finally.hpp>
#include <leat/adaptor/on_error.hpp>
#include <leat/leat.hpp>
#include <leat/source/empty.hpp>
#include <leat/source/fail_with.hpp>
#include <leat/source/iota.hpp>
#include <leat/source/never.hpp>
#include <leat/source/once.hpp>

// catch_, on_error, finally, chain.

namespace {

using every_way::ints;
using leat::async_generator;
using leat::sync_wait;
using leat::task;
using plain::closing_errors_of;
using plain::diary;
using plain::expect_stopped;
using plain::text_of;
using plain::words;

async_generator<int> noted(diary& d, std::string name, int from, int to, bool fails = false) {
    auto close = [&d, name] { d("close " + name); };
    co_await leat::on_close(close);
    for (int i = from; i < to; ++i)
        co_yield i;
    if (fails)
        throw std::runtime_error("broken " + name);
}
auto no_handler = [](const std::exception_ptr& e) -> async_generator<int> { std::rethrow_exception(e); };

} // namespace

TEST_CASE("catch_, on_error, finally: without an error the elements as they are, in every way", "[life]") {
    auto handler = [](std::exception_ptr) { return leat::empty<counted>(); };
    for (const ints& in : {ints{}, ints{4}, ints{1, 2, 3, 4, 5}}) {
        every_way::check(leat::catch_(handler), in, in);
        every_way::check(leat::on_error([](std::exception_ptr) {}), in, in);
        every_way::check(leat::finally([] {}), in, in);
    }
    every_way::check_first(leat::catch_(handler), 2, {1, 2, 3}, {1, 2}, 2);
    every_way::check_first(leat::on_error([](std::exception_ptr) {}), 2, {1, 2, 3}, {1, 2}, 2);
    every_way::check_first(leat::finally([] {}), 2, {1, 2, 3}, {1, 2}, 2);
}

TEST_CASE("catch_, on_error, finally: move-only elements; batches are preserved", "[life]") {
    auto sole = [] { return every_way::give_sole({1, 2}); };
    auto handler = [](std::exception_ptr) { return leat::empty<std::unique_ptr<int>>(); };
    CHECK(every_way::by_next::read(sole() | leat::catch_(handler)) == ints{1, 2});
    CHECK(every_way::pushed::read(sole() | leat::on_error([](std::exception_ptr) {})) == ints{1, 2});
    CHECK(every_way::by_batch::read(sole() | leat::finally([] {})) == ints{1, 2});
    auto batch_size = [](auto s) -> task<std::size_t> {
        auto some = co_await s.next_batch();
        const std::size_t n = some.size();
        co_await s.close();
        co_return n;
    };
    auto no_ints = [](std::exception_ptr) { return leat::empty<int>(); };
    CHECK(sync_wait(batch_size(leat::iota(0, 50) | leat::catch_(no_ints))) == 50);
    CHECK(sync_wait(batch_size(leat::iota(0, 50) | leat::on_error([](std::exception_ptr) {}))) == 50);
    CHECK(sync_wait(batch_size(leat::iota(0, 50) | leat::finally([] {}))) == 50);
    CHECK(sync_wait(batch_size(leat::chain(leat::iota(0, 50), leat::once(1)))) == 50);
}

TEST_CASE("catch_: another stream in the place of the rest, when the failed one is closed", "[catch]") {
    diary d;
    auto handler = [&](std::exception_ptr e) {
        d(text_of(e));
        return noted(d, "other", 10, 12);
    };
    CHECK(sync_wait(noted(d, "one", 0, 2, true) | leat::catch_(handler) | leat::collect<std::vector>()) ==
          ints{0, 1, 10, 11});
    CHECK(d.lines == words{"close one", "broken one", "close other"});
    d.lines.clear();
    CHECK(sync_wait(noted(d, "one", 0, 0, true) | leat::catch_(handler) | leat::first()) == 10);
    CHECK(d.lines == words{"close one", "broken one", "close other"});
}

TEST_CASE("catch_: sees the errors of stages before it, and pipelines may take the place", "[catch]") {
    auto bad = [](int x) -> int {
        if (x == 2)
            throw std::runtime_error("in a stage");
        return x;
    };
    auto handler = [](const std::exception_ptr& e) {
        CHECK(text_of(e) == "in a stage");
        return leat::iota(5, 9) | leat::filter([](int x) { return x % 2 == 0; });
    };
    auto all = leat::iota(0, 4) | leat::transform(bad) | leat::catch_(handler);
    CHECK(sync_wait(std::move(all) | leat::collect<std::vector>()) == ints{0, 1, 6, 8});
}

TEST_CASE("catch_: rethrows; throws something else; the other stream's own error comes through", "[catch]") {
    diary d;
    CHECK_THROWS_WITH(sync_wait(noted(d, "one", 0, 2, true) | leat::catch_(no_handler) | leat::count()),
                      "broken one");
    auto other_error = [](std::exception_ptr) -> async_generator<int> { throw std::domain_error("other"); };
    CHECK_THROWS_WITH(sync_wait(noted(d, "one", 0, 2, true) | leat::catch_(other_error) | leat::count()),
                      "other");
    auto fails_too = [&](std::exception_ptr) { return noted(d, "two", 5, 6, true); };
    ints seen;
    auto all = noted(d, "one", 0, 2, true) | leat::catch_(fails_too) |
               leat::inspect([&](int x) { seen.push_back(x); });
    CHECK_THROWS_WITH(sync_wait(std::move(all) | leat::count()), "broken two");
    CHECK(seen == ints{0, 1, 5});
    auto twice = noted(d, "one", 0, 1, true) | leat::catch_(fails_too) |
                 leat::catch_([](std::exception_ptr) { return leat::once(7); });
    CHECK(sync_wait(std::move(twice) | leat::collect<std::vector>()) == ints{0, 5, 7});
}

TEST_CASE("catch_: never sees what comes from behind it, nor a stop", "[catch]") {
    int handled = 0;
    auto handler = [&](std::exception_ptr) {
        ++handled;
        return leat::empty<int>();
    };
    auto bad = [](int) -> int { throw std::runtime_error("behind"); };
    CHECK_THROWS_WITH(
        sync_wait(leat::iota(0, 4) | leat::catch_(handler) | leat::transform(bad) | leat::count()), "behind");
    CHECK_THROWS_WITH(sync_wait(leat::iota(0, 4) | leat::catch_(handler) | leat::for_each(bad)), "behind");
    std::stop_source stop;
    bool stopped = false;
    const auto waiting = start(expect_stopped(
        leat::never<int>() | leat::catch_(handler) | leat::stop_on(stop.get_token()), stopped));
    stop.request_stop();
    CHECK(waiting.done());
    CHECK(stopped);
    bool stopped_before = false;
    std::stop_source second;
    const auto also_waiting = start(expect_stopped(
        leat::never<int>() | leat::stop_on(second.get_token()) | leat::catch_(handler), stopped_before));
    second.request_stop();
    CHECK(also_waiting.done());
    CHECK(stopped_before);
    CHECK(handled == 0);
}

TEST_CASE("catch_: lent elements; what the failed source's cleanup throws is not lost", "[catch]") {
    static const std::vector<counted> table{1, 2};
    auto lend = [](bool fails) -> async_generator<const counted&> {
        co_yield leat::batch(table);
        if (fails)
            throw std::runtime_error("broken");
    };
    auto handler = [&](std::exception_ptr) { return lend(false); };
    std::vector<const counted*> seen;
    sync_wait(lend(true) | leat::catch_(handler) |
              leat::for_each([&](const counted& x) { seen.push_back(&x); }));
    CHECK(seen == std::vector<const counted*>{&table[0], &table[1], &table[0], &table[1]});

    auto bad_cleanup = []() -> async_generator<int> {
        auto close = [] { throw std::runtime_error("cleanup"); };
        co_await leat::on_close(close);
        co_yield 1;
        throw std::runtime_error("body");
    };
    ints got;
    auto all = bad_cleanup() | leat::catch_([](std::exception_ptr) { return leat::once(2); }) |
               leat::for_each([&](int x) { got.push_back(x); });
    CHECK_THROWS_WITH(sync_wait(all), "cleanup");
    CHECK(got == ints{1, 2});
}

TEST_CASE("on_error: sees the error, which goes on", "[on_error]") {
    diary d;
    auto see = [&](const std::exception_ptr& e) { d("saw " + text_of(e)); };
    ints seen;
    auto all =
        noted(d, "one", 0, 2, true) | leat::on_error(see) | leat::inspect([&](int x) { seen.push_back(x); });
    CHECK_THROWS_WITH(sync_wait(std::move(all) | leat::count()), "broken one");
    CHECK(seen == ints{0, 1});
    CHECK(d.lines == words{"close one", "saw broken one"});
    d.lines.clear();
    CHECK(sync_wait(noted(d, "one", 0, 2) | leat::on_error(see) | leat::count()) == 2);
    auto bad = [](int) -> int { throw std::runtime_error("behind"); };
    CHECK_THROWS(sync_wait(leat::iota(0, 4) | leat::on_error(see) | leat::transform(bad) | leat::count()));
    std::stop_source stop;
    stop.request_stop();
    CHECK_THROWS_AS(
        sync_wait(leat::never<int>() | leat::stop_on(stop.get_token()) | leat::on_error(see) | leat::count()),
        leat::stopped);
    CHECK(d.lines == words{"close one"});
}

TEST_CASE("on_error: is waited for; what it throws itself comes second", "[on_error]") {
    manual_loop loop;
    diary d;
    auto slow = [&](std::exception_ptr e) -> task<> {
        d("saw " + text_of(e));
        co_await loop.turn();
        d("logged");
    };
    auto read = [&]() -> task<> {
        auto counting = noted(d, "one", 0, 2, true) | leat::on_error(slow) | leat::count();
        bool thrown = false;
        try {
            co_await counting;
        } catch (const std::runtime_error&) {
            thrown = true;
        }
        CHECK(thrown);
        CHECK(d.lines.back() == "logged");
    };
    run_on(loop, read());
    auto bad = [](const std::exception_ptr&) { throw std::domain_error("in the log"); };
    auto counting = noted(d, "one", 0, 2, true) | leat::on_error(bad) | leat::count();
    CHECK_THROWS_WITH(sync_wait(counting), "broken one");
    CHECK(closing_errors_of(counting) == words{"in the log"});
}

TEST_CASE("finally: however the stream is left, after its own cleanup", "[finally]") {
    diary d;
    auto bye = [&] { d("finally"); };
    auto one = [&](bool fails) { return noted(d, "one", 0, 3, fails) | leat::finally(bye); };
    const words right{"close one", "finally"};
    CHECK(sync_wait(one(false) | leat::count()) == 3);
    CHECK(d.lines == right);
    d.lines.clear();
    CHECK_THROWS_WITH(sync_wait(one(true) | leat::count()), "broken one");
    CHECK(d.lines == right);
    d.lines.clear();
    CHECK(sync_wait(one(false) | leat::first()) == 0);
    CHECK(d.lines == right);
    d.lines.clear();
    auto bad = [](int) { throw std::runtime_error("reader"); };
    CHECK_THROWS_WITH(sync_wait(one(false) | leat::for_each(bad)), "reader");
    CHECK(d.lines == right);
    d.lines.clear();
    std::stop_source stop;
    bool stopped = false;
    const auto waiting = start(
        expect_stopped(leat::never<int>() | leat::finally(bye) | leat::stop_on(stop.get_token()), stopped));
    stop.request_stop();
    CHECK(stopped);
    CHECK(d.lines == words{"finally"});
    d.lines.clear();
    auto close_early = [&]() -> task<> {
        auto s = one(false);
        auto x = co_await s.next();
        CHECK(static_cast<bool>(x));
        co_await s.close();
        CHECK(d.lines == right);
    };
    sync_wait(close_early());
}

TEST_CASE("finally: is waited for; what it throws; what cannot be copied", "[finally]") {
    manual_loop loop;
    diary d;
    auto slow = [&]() -> task<> {
        co_await loop.turn();
        d("finally");
    };
    auto read = [&]() -> task<> {
        auto first = leat::iota(0, 3) | leat::finally(slow) | leat::first();
        co_await first;
        CHECK(d.lines == words{"finally"});
    };
    run_on(loop, read());
    auto bad = [] { throw std::domain_error("in finally"); };
    CHECK_THROWS_WITH(sync_wait(leat::iota(0, 3) | leat::finally(bad) | leat::count()), "in finally");
    auto counting = noted(d, "one", 0, 2, true) | leat::finally(bad) | leat::count();
    CHECK_THROWS_WITH(sync_wait(counting), "broken one");
    CHECK(closing_errors_of(counting) == words{"in finally"});
    int seen = 0;
    auto owning = [p = std::make_unique<int>(3), &seen] { seen = *p; };
    auto s = leat::finally(leat::iota(0, 3), std::move(owning));
    CHECK(sync_wait(std::move(s) | leat::count()) == 3);
    CHECK(seen == 3);
}

TEST_CASE("chain: one after the other; each is closed before the next begins", "[chain]") {
    diary d;
    auto begun = [&](std::string name, int from, int to) {
        return noted(d, name, from, to) | leat::inspect([&d, name](int) { d(name); });
    };
    CHECK(sync_wait(leat::chain(begun("a", 0, 2), begun("b", 0, 0), begun("c", 5, 6)) |
                    leat::collect<std::vector>()) == ints{0, 1, 5});
    CHECK(d.lines == words{"a", "a", "close a", "close b", "c", "close c"});
    CHECK(sync_wait(leat::chain(leat::iota(0, 3)) | leat::count()) == 3);
    CHECK(sync_wait(leat::chain(leat::empty<int>(), leat::empty<int>()) | leat::count()) == 0);
}

TEST_CASE("chain: in every way; lent, move-only and converted elements", "[chain]") {
    auto both = leat::closure([]<class S>(S&& s) {
        return leat::chain(std::move(s),
                           leat::once(counted(9)) | leat::filter([](const counted&) { return true; }));
    });
    every_way::meter m;
    CHECK(every_way::by_next::read(every_way::give<counted>({1, 2, 3}, 2, m) | both) == ints{1, 2, 3, 9});
    CHECK(every_way::by_batch::read(every_way::give<counted>({1, 2, 3}, 2, m) | both) == ints{1, 2, 3, 9});
    CHECK(every_way::pushed::read(every_way::give<counted>({1, 2, 3}, 2, m) | both) == ints{1, 2, 3, 9});
    CHECK(every_way::erased::read(every_way::give<counted>({}, 2, m) | both) == ints{9});
    CHECK(every_way::by_next::read(leat::chain(every_way::give<const counted&>({1, 2}, 2, m),
                                               every_way::give<const counted&>({3}, 2, m))) == ints{1, 2, 3});
    CHECK(every_way::by_next::read(leat::chain(every_way::give_sole({1}), every_way::give_sole({2}))) ==
          ints{1, 2});
    const std::vector<std::string> texts{"own", "literal"};
    auto literal = []() -> async_generator<const char*> { co_yield "literal"; };
    CHECK(sync_wait(leat::chain(leat::once(std::string("own")), literal()) | leat::collect<std::vector>()) ==
          texts);
    CHECK(m.closed == 6);
}

TEST_CASE("chain: an early end asks for no element more; an error leaves the rest unread", "[chain]") {
    diary d;
    CHECK(sync_wait(leat::chain(noted(d, "a", 0, 2), noted(d, "b", 5, 9)) | leat::take(2) | leat::count()) ==
          2);
    CHECK(d.lines == words{"close a"});
    d.lines.clear();
    CHECK_THROWS_WITH(sync_wait(leat::chain(noted(d, "a", 0, 2, true), noted(d, "b", 5, 9)) | leat::count()),
                      "broken a");
    CHECK(d.lines == words{"close a"});
}

TEST_CASE("chain: a stream that somebody has read from goes on, and is closed though not reached",
          "[chain]") {
    auto read = []() -> task<> {
        diary d;
        auto b = noted(d, "b", 5, 9) | leat::transform([](int x) { return x; });
        auto c = noted(d, "c", 7, 9);
        auto header = co_await b.next();
        CHECK(*header == 5);
        auto other = co_await c.next();
        CHECK(*other == 7);
        auto all = leat::chain(leat::once(-*header), std::move(b), std::move(c));
        auto first = co_await all.next();
        CHECK(*first == -5);
        auto second = co_await all.next();
        CHECK(*second == 6);
        co_await all.close();
        CHECK(d.lines == words{"close b", "close c"});
    };
    sync_wait(read());
}
