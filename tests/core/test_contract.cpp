#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/small_stack.hpp"
#include "support/waiting.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <leat/leat.hpp>

// The promises of docs/contract.md, one test each, in their words and as small as they can be shown. What every operator
// does at every moment is shown by test_faults_*.cpp; what needs a loop, a file or a database stands in those folders.

namespace {

using leat::async_generator;
using leat::sync_wait;
using leat::task;
using diary = std::vector<std::string>;
using ints = std::vector<int>;

async_generator<int> numbers(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
}

async_generator<int> fails_after(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
    throw std::logic_error("producer");
}

async_generator<int> noting(diary& l, bool bad_cleanup = false) {
    auto note = [&l] { l.push_back("outer"); };
    auto throws = [&l, bad_cleanup] {
        l.push_back("inner");
        if (bad_cleanup)
            throw std::runtime_error("cleanup");
    };
    co_await leat::on_close(note);
    co_await leat::on_close(throws);
    for (int i = 0;; ++i)
        co_yield i;
}

std::string text_of(const std::exception_ptr& e) {
    try {
        std::rethrow_exception(e);
    } catch (const std::exception& x) {
        return x.what();
    }
}

// What was read, and how it ended.
template <class S> std::string outcome(S& s, ints& read) {
    try {
        while (auto x = sync_wait(s.next()))
            read.push_back(static_cast<int>(*x));
        return "end";
    } catch (const leat::stopped&) {
        return "stopped";
    } catch (const std::exception& e) {
        return e.what();
    }
}

} // namespace

// ---- outcomes -------------------------------------------------------------------------------------------------------

TEST_CASE("contract: three outcomes: an element, the end, an exception", "[contract]") {
    ints read;
    auto ends = numbers(3);
    CHECK(outcome(ends, read) == "end");
    auto throws = fails_after(2);
    CHECK(outcome(throws, read) == "producer");
    CHECK(read == ints{0, 1, 2, 0, 1});
}

TEST_CASE("contract: three outcomes: a stop is never a silent end, unless the reader asked for take_until",
          "[contract]") {
    for (const bool as_end : {false, true}) {
        std::stop_source source;
        auto body = [](std::stop_source& stop) -> async_generator<int> {
            for (int i = 0;; ++i) {
                if (i == 3)
                    stop.request_stop();
                co_yield i;
            }
        };
        ints read;
        std::string how;
        if (as_end) {
            auto s = body(source) | leat::take_until(source.get_token());
            how = outcome(s, read);
        } else {
            auto s = body(source) | leat::stop_on(source.get_token());
            how = outcome(s, read);
        }
        CHECK(how == (as_end ? "end" : "stopped"));
        CHECK(read == ints{0, 1, 2, 3}); // the element that was yielded with the request still comes
    }
}

TEST_CASE("contract: three outcomes: after the end or an exception next() stays at the end for ever",
          "[contract]") {
    std::stop_source stopped;
    stopped.request_stop();
    auto check = [](auto s, const char* how) {
        ints read;
        CHECK(outcome(s, read) == how);
        read.clear();
        for (int i = 0; i < 3; ++i) {
            CHECK(outcome(s, read) == "end");
            CHECK_FALSE(sync_wait(s.next_batch()));
            CHECK_NOTHROW(sync_wait(s.close()));
        }
        CHECK(read.empty());
    };
    check(numbers(2), "end");
    check(fails_after(2), "producer");
    check(numbers(2) | leat::transform([](int) -> int { throw std::logic_error("stage"); }), "stage");
    check(numbers(2) | leat::stop_on(stopped.get_token()), "stopped");
    check(leat::any_stream<int>(fails_after(1)), "producer");
}

// ---- ownership ------------------------------------------------------------------------------------------------------
// An lvalue on the left of |, next() of a temporary and keeping what is borrowed do not compile: tests/compile_fail.

TEST_CASE("contract: ownership: elements are handed over by reference, valid until the next step",
          "[contract]") {
    counted::forget_copies();
    const balance even;
    {
        auto body = []() -> async_generator<counted> {
            counted a(1);
            co_yield std::move(a);
            co_yield counted(2);
        };
        auto s = body();
        auto first = sync_wait(s.next());
        CHECK(first->value == 1);
        auto second = sync_wait(s.next());
        CHECK(second->value == 2);
        CHECK(counted::copies == 0);
        CHECK(counted::moves == 0);
        const counted mine = std::move(*second); // what is to live longer is moved away
        CHECK(counted::moves == 1);
        CHECK_FALSE(sync_wait(s.next()));
        CHECK(mine.value == 2);
    }
    CHECK(even.even());
}

TEST_CASE("contract: ownership: elements that can only be moved, and references", "[contract]") {
    auto unique = []() -> async_generator<std::unique_ptr<int>> { co_yield std::make_unique<int>(7); };
    auto one = unique() | leat::first();
    CHECK(**sync_wait(one) == 7);

    ints data{1, 2, 3};
    auto refer = [](ints& d) -> async_generator<int&> {
        for (int& x : d)
            co_yield x;
    };
    sync_wait(refer(data) | leat::for_each([](int& x) { x *= 10; }));
    CHECK(data == ints{10, 20, 30});
}

// ---- exceptions -----------------------------------------------------------------------------------------------------

TEST_CASE("contract: exceptions: a producer's reaches the consumer unchanged, after the elements before it",
          "[contract]") {
    struct special {
        int code;
    };
    auto body = []() -> async_generator<int> {
        ints batch{1, 2, 3};
        co_yield leat::batch(batch);
        throw special{42};
    };
    ints read;
    int code = 0;
    auto s = body() | leat::transform([](int x) { return x; }) | leat::chunk(2);
    try {
        while (auto x = sync_wait(s.next()))
            read.insert(read.end(), x->begin(), x->end());
    } catch (const special& e) {
        code = e.code;
    }
    CHECK(code == 42);
    CHECK(read == ints{1, 2, 3});
}

TEST_CASE("contract: exceptions: a stage's or the consumer's never enters the producer", "[contract]") {
    int entered = 0;
    auto body = [](int& caught) -> async_generator<int> {
        for (int i = 0;; ++i) {
            try {
                co_yield i;
            } catch (...) {
                ++caught;
            }
        }
    };
    auto bad = [](int x) -> int { return x < 2 ? x : throw std::runtime_error("mine"); };
    auto s = body(entered) | leat::transform(bad);
    ints read;
    CHECK(outcome(s, read) == "mine");
    auto each = body(entered) | leat::for_each(bad);
    CHECK_THROWS_WITH(sync_wait(each), "mine");
    auto wait_bad = [bad](int x) -> task<> {
        bad(x);
        co_return;
    };
    auto awaited = body(entered) | leat::for_each(wait_bad);
    CHECK_THROWS_WITH(sync_wait(awaited), "mine");
    CHECK(entered == 0);
}

TEST_CASE("contract: exceptions: the first one wins; one from closing is never lost and never masks it",
          "[contract]") {
    auto bad = [](int) -> int { throw std::logic_error("first"); };
    auto check = [](const leat::error_list& errors) {
        REQUIRE_FALSE(errors.empty());
        CHECK(text_of(*errors.begin()) == "cleanup");
        CHECK(std::next(errors.begin()) == errors.end());
    };
    diary l;
    SECTION("of a stage, pulled") {
        auto s = noting(l, true) | leat::transform(bad);
        CHECK_THROWS_WITH(sync_wait(s.next()), "first");
        check(s.closing_errors());
        CHECK_FALSE(sync_wait(s.next())); // and it stays readable
        check(s.closing_errors());
    }
    SECTION("of the consumer, pushed") {
        auto s = noting(l, true) | leat::for_each(bad);
        CHECK_THROWS_WITH(sync_wait(s), "first");
        check(s.closing_errors());
    }
    SECTION("of the consumer, awaited") {
        auto wait_bad = [](int) -> task<> {
            throw std::logic_error("first");
            co_return;
        };
        auto s = noting(l, true) | leat::for_each(wait_bad);
        CHECK_THROWS_WITH(sync_wait(s), "first");
        check(s.closing_errors());
    }
    SECTION("through any_stream") {
        leat::any_stream<int> s = noting(l, true) | leat::transform(bad);
        CHECK_THROWS_WITH(sync_wait(s.next()), "first");
        check(s.closing_errors());
    }
    SECTION("through elements_of a pipeline") {
        auto body = [](diary& d, auto f) -> async_generator<int> {
            auto inner = noting(d, true) | leat::transform(f);
            co_yield leat::elements_of(std::move(inner));
        };
        auto s = body(l, bad);
        CHECK_THROWS_WITH(sync_wait(s.next()), "first");
        check(s.closing_errors());
    }
    SECTION("with nothing before it, it is the one; a second one is kept") {
        auto body = [](diary& d) -> async_generator<int> {
            auto second = [&d] {
                d.push_back("outer");
                throw std::runtime_error("cleanup");
            };
            auto first = [&d] {
                d.push_back("inner");
                throw std::runtime_error("first");
            };
            co_await leat::on_close(second);
            co_await leat::on_close(first);
            co_yield 1;
        };
        auto s = body(l) | leat::first();
        CHECK_THROWS_WITH(sync_wait(s), "first");
        check(s.closing_errors());
    }
    CHECK(l == diary{"inner", "outer"}); // all cleanups ran
}

// ---- closing --------------------------------------------------------------------------------------------------------

TEST_CASE("contract: closing is awaited: last in, first out, by every way that a stream can be left",
          "[contract]") {
    manual_loop loop;
    diary l;
    auto slow = [](manual_loop& m, diary& d, int n) -> async_generator<int> {
        auto roll_back = [&m, &d]() -> task<> {
            co_await m.turn();
            d.push_back("rolled back");
        };
        auto release = [&m, &d]() -> task<> {
            co_await m.turn();
            d.push_back("released");
        };
        co_await leat::on_close(release);
        co_await leat::on_close(roll_back);
        for (int i = 0; i < n; ++i)
            co_yield i;
        if (n == 3)
            throw std::runtime_error("three");
    };
    auto leave = [&](task<> t) {
        l.clear();
        run_on(loop, std::move(t));
        return l == diary{"rolled back", "released", "next statement"};
    };
    auto by_close = [](auto s, diary& d) -> task<> {
        static_cast<void>(co_await s.next());
        co_await s.close();
        d.push_back("next statement");
    };
    auto by_next = [](auto s, diary& d) -> task<> {
        try {
            while (auto x = co_await s.next())
                static_cast<void>(*x);
        } catch (const std::runtime_error&) {
            static_cast<void>(d);
        }
        d.push_back("next statement");
    };
    auto by_terminal = [](auto sink, diary& d) -> task<> {
        try {
            static_cast<void>(co_await sink);
        } catch (const std::runtime_error&) {
            static_cast<void>(d);
        }
        d.push_back("next statement");
    };
    auto by_awaited = [](auto sink, diary& d) -> task<> {
        try {
            co_await sink;
        } catch (const std::runtime_error&) {
            static_cast<void>(d);
        }
        d.push_back("next statement");
    };
    auto bad = [](int x) -> int { return x < 1 ? x : throw std::runtime_error("bad"); };
    auto bad_later = [](int x) -> task<> {
        if (x == 1)
            throw std::runtime_error("bad");
        co_return;
    };
    CHECK(leave(by_close(slow(loop, l, 9), l)));
    CHECK(leave(by_next(slow(loop, l, 2), l)));                          // at the end
    CHECK(leave(by_next(slow(loop, l, 3), l)));                          // by its exception
    CHECK(leave(by_next(slow(loop, l, 9) | leat::take(1), l)));          // by a stage that stops early
    CHECK(leave(by_next(slow(loop, l, 9) | leat::transform(bad), l)));   // by a stage that throws
    CHECK(leave(by_terminal(slow(loop, l, 9) | leat::first(), l)));      // by a terminal that stops early
    CHECK(leave(by_terminal(slow(loop, l, 9) | leat::count(), l)));      // by one that does not
    CHECK(leave(by_awaited(slow(loop, l, 9) | leat::for_each(bad), l))); // by the consumer's exception
    CHECK(leave(by_awaited(slow(loop, l, 9) | leat::for_each(bad_later), l)));
    CHECK(leave(by_next(leat::any_stream<int>(slow(loop, l, 9)) | leat::take(2), l))); // type-erased
}

TEST_CASE("contract: closing is awaited: a stop ends the body, but cuts no cleanup short", "[contract]") {
    // An operation that obeys a stop, as leat::use_await does.
    struct obeying {
        leat::detail::stop_ref stop;
        obeying() noexcept {}
        void inherit_stop(const leat::detail::stop_ref& s) noexcept { stop = s; }
        bool await_ready() const noexcept { return true; }
        void await_suspend(std::coroutine_handle<>) const noexcept {}
        void await_resume() const {
            if (stop && leat::detail::token_of(stop).stop_requested())
                throw leat::stopped();
        }
    };
    diary l;
    std::stop_source source;
    auto body = [](diary& d) -> async_generator<int> {
        auto roll_back = [&d]() -> task<> {
            obeying wait;
            co_await wait;
            d.push_back("rolled back");
        };
        co_await leat::on_close(roll_back);
        for (int i = 0;; ++i) {
            obeying wait;
            co_await wait;
            co_yield i;
        }
    };
    auto s = body(l) | leat::stop_on(source.get_token());
    CHECK(*sync_wait(s.next()) == 0);
    source.request_stop();
    CHECK_THROWS_AS(sync_wait(s.next()), leat::stopped);
    CHECK(l == diary{"rolled back"});
    CHECK(s.closing_errors().empty());
}

TEST_CASE("contract: closing is awaited: destroying an open stream is safe and prompt", "[contract]") {
    const balance even;
    manual_loop loop;
    bool resumed = false;
    auto body = [](manual_loop& m, bool& r) -> async_generator<counted> {
        counted local(1);
        auto cleanup = [&m]() -> task<> { co_await m.turn(); };
        co_await leat::on_close(cleanup).quiet();
        co_yield local;
        co_await m.turn();
        r = true;
        co_yield local;
    };
    auto read_two = [](async_generator<counted> s) -> task<> {
        for (int i = 0; i < 2; ++i)
            static_cast<void>(co_await s.next());
    };
    {
        const foreign waits = start(read_two(body(loop, resumed)));
        CHECK_FALSE(waits.done());
        CHECK_FALSE(loop.idle());
    } // destroyed in the middle of a wait, together with its reader
    loop.run();
    CHECK_FALSE(resumed);
    {
        auto s = body(loop, resumed);
        static_cast<void>(sync_wait(s.next()));
    } // destroyed between two steps
    CHECK(even.even());
}

// The classic case: a cursor in a transaction, behind three stages and an any_stream.
namespace {

struct fake_database {
    manual_loop& loop;
    int open = 0; // transactions
    int finished = 0;
};

async_generator<int> cursor(fake_database& db) {
    ++db.open;
    auto end_transaction = [&db]() -> task<> {
        co_await db.loop.turn();
        co_await db.loop.turn();
        --db.open;
        ++db.finished;
    };
    co_await leat::on_close(end_transaction);
    ints page(10);
    for (int i = 0;; ++i) {
        co_await db.loop.turn();
        std::fill(page.begin(), page.end(), i);
        co_yield leat::batch(page);
    }
}

leat::any_stream<ints> wrapped(fake_database& db, const std::stop_token& stop) {
    return leat::any_stream<int>(cursor(db)) | leat::filter([](int x) { return x % 2 == 0; }) |
           leat::transform([](int x) { return x + 1; }) | leat::chunk(3) | leat::stop_on(stop);
}

} // namespace

TEST_CASE("contract: closing is awaited: the transaction is over before the consumer's next statement",
          "[contract]") {
    manual_loop loop;
    fake_database db{loop};
    std::stop_source stop;
    int open_after = -1;
    auto leave = [](auto sink, fake_database& d, int& after) -> task<> {
        try {
            co_await sink;
        } catch (const leat::stopped&) {
            after = -2;
        } catch (const std::runtime_error&) {
            after = -3;
        }
        after = d.open;
    };
    SECTION("break, through a terminal") {
        run_on(loop, leave(wrapped(db, stop.get_token()) | leat::take(4) | leat::for_each([](const ints&) {}),
                           db, open_after));
    }
    SECTION("an exception in the consumer") {
        run_on(loop, leave(wrapped(db, stop.get_token()) |
                               leat::for_each([](const ints&) { throw std::runtime_error("consumer"); }),
                           db, open_after));
    }
    SECTION("an exception in a consumer that waits") {
        auto f = [&loop](const ints&) -> task<> {
            co_await loop.turn();
            throw std::runtime_error("consumer");
        };
        run_on(loop, leave(wrapped(db, stop.get_token()) | leat::for_each(f), db, open_after));
    }
    SECTION("a stop") {
        int n = 0;
        auto f = [&n, &stop](const ints&) {
            if (++n == 3)
                stop.request_stop();
        };
        run_on(loop, leave(wrapped(db, stop.get_token()) | leat::for_each(f), db, open_after));
    }
    CHECK(open_after == 0);
    CHECK(db.finished == 1);
}

// ---- early stop -----------------------------------------------------------------------------------------------------

TEST_CASE("contract: early stop is exact: take(3) never asks for the fourth element", "[contract]") {
    int asked = 0;
    auto body = [](int& n) -> async_generator<int> {
        for (;;)
            co_yield ++n;
    };
    SECTION("pulled") {
        auto s = body(asked) | leat::take(3);
        ints read;
        CHECK(outcome(s, read) == "end");
        CHECK(read.size() == 3);
    }
    SECTION("pushed") { CHECK(sync_wait(body(asked) | leat::take(3) | leat::count()) == 3); }
    SECTION("type-erased") {
        leat::any_stream<int> s = body(asked) | leat::take(3);
        CHECK(sync_wait(std::move(s) | leat::count()) == 3);
    }
    CHECK(asked == 3);
}

TEST_CASE("contract: early stop is exact: a stage that holds elements never loses one", "[contract]") {
    std::stop_source stop;
    auto body = [](std::stop_source& source) -> async_generator<int> {
        for (int i = 0;; ++i) {
            if (i == 36)
                source.request_stop();
            co_yield i;
        }
    };
    std::size_t got = 0;
    auto count_all = [&got](auto s) {
        try {
            while (auto c = sync_wait(s.next()))
                got += c->size();
        } catch (const leat::stopped&) {
            return true;
        }
        return false;
    };
    CHECK(count_all(body(stop) | leat::chunk(100) | leat::stop_on(stop.get_token())));
    CHECK(got == 37);
    got = 0;
    stop = std::stop_source();
    CHECK(count_all(body(stop) | leat::stop_on(stop.get_token()) | leat::chunk(100)));
    CHECK(got == 37);
    got = 0;
    stop = std::stop_source();
    auto erased = leat::any_stream<int>(body(stop)) | leat::chunk(100) | leat::take_until(stop.get_token());
    CHECK_FALSE(count_all(std::move(erased)));
    CHECK(got == 37);
}

// ---- threads, stack, misuse -----------------------------------------------------------------------------------------
// Threads of I/O sources and fairness need a loop: tests/asio.

TEST_CASE("contract: threads: without a wait everything happens on the reader's thread", "[contract]") {
    const auto here = std::this_thread::get_id();
    bool elsewhere = false;
    auto body = [](std::thread::id expected, bool& other) -> async_generator<int> {
        for (int i = 0; i < 10; ++i) {
            other = other || std::this_thread::get_id() != expected;
            co_yield i;
        }
    };
    auto stage = [&](int x) {
        elsewhere = elsewhere || std::this_thread::get_id() != here;
        return x;
    };
    sync_wait(body(here, elsewhere) | leat::transform(stage) | leat::for_each(stage));
    CHECK_FALSE(elsewhere);
}

TEST_CASE("contract: no stack growth in 10^8 ready elements on a stack of 64 KiB", "[contract]") {
    // Single yields; batches and every way of reading: test_stack.cpp. The sanitizers' own calls need more stack, and ten
    // times the time.
    constexpr long many = sanitized ? 1'000'000 : 100'000'000;
    auto body = [](long n) -> async_generator<long> {
        for (long i = 0; i < n; ++i)
            co_yield i;
    };
    long sum = 0;
    on_small_stack([&] { sum = sync_wait(body(many) | leat::fold(0L, std::plus<>())); },
                   sanitized ? 256 * 1024 : 64 * 1024);
    CHECK(sum == many * (many - 1) / 2);
}
