#include "clock.hpp"
#include "every_way.hpp"

#include <leat/adaptor/timeout.hpp>
#include <leat/source/retry.hpp>
#include <leat/testing.hpp>

#include <optional>
#include <stop_token>
#include <string>

// timeout and retry, on a virtual clock: no test here sleeps.

using every_way::give_sole;
using fault::ints;
using leat::async_generator;
using leat::retry_jitter;
using leat::task;
using leat::timed_out;
using leat::timeout_limit;
using leat::testing::counting_source;
using leat::testing::marbles;
using leat::testing::record;
using leat::testing::virtual_clock;
using namespace std::chrono_literals;

namespace {

struct lost : leat::error {
    int number;
    explicit lost(int n) : error("the connection was lost"), number(n) {}
};
int number_of(const std::exception_ptr& e) {
    try {
        std::rethrow_exception(e);
    } catch (const lost& l) {
        return l.number;
    } catch (const leat::stopped&) {
        return -1;
    } catch (...) {
        return -2;
    }
}

// What was thrown, then what is attached.
template <class S> task<ints> errors_of(S s) {
    ints all;
    try {
        while (co_await s.next()) {
        }
    } catch (...) {
        all.push_back(number_of(std::current_exception()));
    }
    for (const std::exception_ptr& e : s.closing_errors())
        all.push_back(number_of(e));
    co_return all;
}

template <class S> task<std::optional<timed_out>> timed_out_of(S s) {
    try {
        while (co_await s.next()) {
        }
    } catch (const timed_out& e) {
        co_return e;
    }
    co_return std::nullopt;
}

} // namespace

TEST_CASE("timeout: the limits", "[time]") {
    virtual_clock clock;
    const auto ex = clock.executor();
    CHECK(record(marbles("a--b------c|", clock) | leat::timeout(ex, {.idle = 40ms}), clock) == "a--b---#");
    CHECK(record(marbles("---b------c|", clock) | leat::timeout(ex, {.first = 20ms}), clock) == "--#");
    CHECK(record(marbles("---b------c|", clock) | leat::timeout(ex, {.idle = 20ms}), clock) ==
          "--#"); // the first one too
    CHECK(record(marbles("---b------c|", clock) | leat::timeout(ex, {.first = 40ms}), clock) ==
          "---b------c|");
    CHECK(record(marbles("a--b------c|", clock) | leat::timeout(ex, {.total = 50ms}), clock) == "a--b-#");
    CHECK(record(marbles("---b--c----|", clock) | leat::timeout(ex, {.first = 50ms, .idle = 40ms}), clock) ==
          "---b--c---#"); // the end has to come in time as well
    CHECK(
        record(marbles("---b--c---|", clock) | leat::timeout(ex, {.first = 50ms, .idle = 41ms, .total = 1h}),
               clock) == "---b--c---|");
    CHECK(record(marbles("a--", clock) | leat::timeout(ex, {.first = 1h, .idle = 1ms, .total = 1h}), clock) ==
          "(a#)");
    CHECK(record(marbles("a-#", clock) | leat::timeout(ex, {.total = 1h}), clock) == "a-#");
    CHECK(record(leat::timeout(marbles("a--b", clock), ex, {.idle = 40ms}), clock) == "a--b---#");
    CHECK(clock.waiting() == 0);
    every_way::check(leat::timeout(ex, {.idle = 1h, .total = 2h}), {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5});
    every_way::check(leat::timeout(ex, {.first = 1h}), {}, {});
    every_way::check_first(leat::timeout(ex, {.idle = 1h}), 2, {1, 2, 3}, {1, 2}, 2);
    CHECK(every_way::by_next::read(give_sole({1, 2}) | leat::timeout(ex, {.idle = 1h})) == ints{1, 2});
}

TEST_CASE("timeout: the error says which limit and after how many elements", "[time]") {
    virtual_clock clock;
    const auto error = [&](const char* script, leat::timeout_limits limits) {
        return clock.run(timed_out_of(marbles(script, clock) | leat::timeout(clock.executor(), limits)));
    };
    const auto first = error("-----a", {.first = 20ms, .idle = 30ms});
    REQUIRE(first);
    CHECK(first->which() == timeout_limit::first_element);
    CHECK(first->elements() == 0);
    CHECK(std::string(first->what()) ==
          "leat::timeout: the first element did not come (limit .first) within 20 ms, "
          "after 0 elements; the source was stopped and closed");
    const auto idle = error("a(bcd)----e", {.first = 20ms, .idle = 30ms});
    REQUIRE(idle);
    CHECK(idle->which() == timeout_limit::idle);
    CHECK(idle->elements() == 4);
    const auto total = error("abcdefghi", {.idle = 30ms, .total = 55ms});
    REQUIRE(total);
    CHECK(total->which() == timeout_limit::total);
    CHECK(total->elements() == 6);
    CHECK_FALSE(error("ab|", {.idle = 30ms, .total = 55ms}));
}

TEST_CASE("timeout: the source is stopped and closed first, and waited for", "[time]") {
    virtual_clock clock;
    bool stopped = false;
    bool closed = false;
    auto slow = [](virtual_clock& c, bool& stopped_, bool& closed_) -> async_generator<int> {
        auto cleanup = [&]() -> task<> {
            co_await c.sleep_for(100ms);
            closed_ = true;
        };
        co_await leat::on_close(cleanup);
        co_yield 1;
        try {
            co_await c.sleep_for(1h);
        } catch (const leat::stopped&) {
            stopped_ = true;
            throw;
        }
    };
    auto s = slow(clock, stopped, closed) | leat::timeout(clock.executor(), {.idle = 50ms});
    const auto error = clock.run(timed_out_of(std::move(s)));
    REQUIRE(error);
    CHECK(error->elements() == 1);
    CHECK(stopped);
    CHECK(closed);
    CHECK(since_0(clock) == 150ms);
}

TEST_CASE("timeout: a slow reader runs into no .idle, but into .total; what came before still comes",
          "[time]") {
    virtual_clock clock;
    auto read = [](auto s, virtual_clock& c) -> task<std::string> {
        std::string seen;
        try {
            while (auto x = co_await s.next()) {
                seen += *x;
                co_await c.sleep_for(100ms);
            }
            seen += '|';
        } catch (const timed_out& e) {
            seen += e.which() == timeout_limit::total ? "total" : "other";
        }
        co_return seen;
    };
    const auto ex = clock.executor();
    CHECK(clock.run(read(marbles("a-b-c|", clock) | leat::timeout(ex, {.idle = 30ms}), clock)) == "abc|");
    CHECK(clock.run(read(marbles("a-(bc)-d|", clock) | leat::timeout(ex, {.total = 150ms}), clock)) ==
          "abctotal");
    // A source that is always ready: the clock is looked at with each batch.
    auto letters = []() -> async_generator<char> {
        for (;;)
            co_yield 'x';
    };
    CHECK(clock.run(read(letters() | leat::timeout(ex, {.total = 250ms}), clock)) == "xxxtotal");
}

TEST_CASE("timeout: a stop is a stop", "[time]") {
    virtual_clock clock;
    std::stop_source stop;
    auto s = marbles("ab--c|", clock) | leat::inspect([&](char c) {
                 if (c == 'b')
                     stop.request_stop();
             }) |
             leat::timeout(clock.executor(), {.idle = 1h}) | leat::stop_on(stop.get_token());
    CHECK(record(std::move(s), clock) == "a(b^)");
    CHECK(clock.waiting() == 0);
}

TEST_CASE("timeout: everything may end inside of request_stop()", "[time]") {
    virtual_clock clock;
    const auto read = [](virtual_clock& c, std::stop_token inner, std::stop_token outer) -> task<bool> {
        auto s = marbles("a", c) | leat::stop_on(inner) | leat::timeout(c.executor(), {.idle = 1h}) |
                 leat::stop_on(outer);
        try {
            while (co_await s.next()) {
            }
        } catch (const leat::stopped&) {
            co_return true;
        }
        co_return false;
    }; // where s is destroyed
    const auto requested = [](virtual_clock& c, std::stop_source stop) -> task<> {
        co_await c.sleep_for(10ms);
        stop.request_stop();
    };
    for (const bool inner : {true, false}) {
        std::stop_source stops[2];
        const auto stopping = start(requested(clock, stops[inner ? 0 : 1]));
        CHECK(clock.run(read(clock, stops[0].get_token(), stops[1].get_token())));
        CHECK(clock.waiting() == 0);
    }
}

TEST_CASE("timeout: may be destroyed while it waits", "[time]") {
    const balance b;
    virtual_clock clock;
    {
        auto s =
            marbles("a", clock) | leat::timeout(clock.executor(), {.first = 1h, .idle = 1h, .total = 2h});
        auto read = [](auto& stream) -> task<> {
            while (co_await stream.next()) {
            }
        };
        const auto reading = start(read(s));
        clock.advance(1ms);
        CHECK(clock.waiting() == 1); // nobody waits for .total before .idle has passed
    }
    CHECK(clock.waiting() == 0);
    CHECK(b.even());
}

// ---- retry ----

TEST_CASE("retry: until it works, with waits that grow", "[time]") {
    virtual_clock clock;
    int made = 0;
    const auto third_time = [&] { return marbles(++made < 3 ? "-#" : "abc|", clock); };
    const leat::retry_options slowly{.backoff = {.initial = 20ms}, .jitter = retry_jitter::off};
    // Fails at 10, again at 40, begins at 80.
    CHECK(record(leat::retry(clock.executor(), third_time, slowly), clock) == "--------abc|");
    CHECK(made == 3);
    made = 100;
    CHECK(record(leat::retry(clock.executor(), third_time), clock) == "abc|");
    made = 100;
    every_way::check(leat::closure([&]<class S>(S&& s) {
                         return leat::retry(clock.executor(),
                                            [t = std::move(s)]() mutable { return std::move(t); });
                     }),
                     {1, 2, 3}, {1, 2, 3});
}

TEST_CASE("retry: the waits", "[time]") {
    const auto waits = [](leat::retry_options options) {
        virtual_clock clock;
        std::vector<virtual_clock::time_point> begun;
        auto fails = [&]() -> async_generator<int> {
            begun.push_back(clock.now());
            throw lost(0);
            co_yield 1;
        };
        CHECK_THROWS_AS(clock.run(leat::retry(clock.executor(), fails, options) | leat::count()), lost);
        std::vector<int> all;
        for (std::size_t i = 1; i < begun.size(); ++i)
            all.push_back(static_cast<int>((begun[i] - begun[i - 1]) / 1ms));
        return all;
    };
    CHECK(waits({.attempts = 1}).empty());
    CHECK(waits({.attempts = 7, .backoff = {100ms, 2, 1s}, .jitter = retry_jitter::off}) ==
          std::vector<int>{100, 200, 400, 800, 1000, 1000});
    CHECK(waits({.attempts = 4, .backoff = {100ms, 1, 1s}, .jitter = retry_jitter::off}) ==
          std::vector<int>{100, 100, 100});
    CHECK(waits({.attempts = 4, .backoff = {5s, 3, 1s}, .jitter = retry_jitter::off}) ==
          std::vector<int>{1000, 1000, 1000});
    // With jitter: anything up to that, and the same for the same seed.
    const auto some = waits({.attempts = 200, .backoff = {100ms, 1, 1s}, .seed = 7});
    CHECK(some == waits({.attempts = 200, .backoff = {100ms, 1, 1s}, .seed = 7}));
    CHECK(some != waits({.attempts = 200, .backoff = {100ms, 1, 1s}, .seed = 8}));
    CHECK(*std::max_element(some.begin(), some.end()) <= 100);
    CHECK(*std::max_element(some.begin(), some.end()) >= 90);
    CHECK(*std::min_element(some.begin(), some.end()) <= 10);
}

TEST_CASE("retry: the last error surfaces unchanged, those before it can be read", "[time]") {
    virtual_clock clock;
    int made = 0;
    // The second one fails in its cleanup too.
    auto fails = [&]() -> async_generator<int> {
        const int n = ++made;
        auto cleanup = [n] {
            if (n == 2)
                throw lost(20);
        };
        co_await leat::on_close(cleanup);
        throw lost(n);
        co_yield 1;
    };
    CHECK(clock.run(errors_of(leat::retry(clock.executor(), fails, {.attempts = 3}))) == ints{3, 1, 2, 20});
}

TEST_CASE("retry: what is not tried again", "[time]") {
    virtual_clock clock;
    const auto ex = clock.executor();
    int made = 0;
    SECTION("what .when says") {
        auto fails = [&]() -> async_generator<int> {
            throw lost(++made);
            co_yield 1;
        };
        const auto once = [](const std::exception_ptr& e) { return number_of(e) < 2; };
        CHECK(clock.run(errors_of(leat::retry(ex, fails, {.when = once}))) == ints{2, 1});
        CHECK(made == 2);
    }
    SECTION("an error after elements, where nobody knows where to go on") {
        auto some = [&] {
            ++made;
            return marbles("a-#", clock);
        };
        CHECK(record(leat::retry(ex, some), clock) == "a-#");
        CHECK(made == 1);
    }
    SECTION("the reader's error") {
        counting_source source(5);
        auto s = leat::retry(ex, [&] {
            ++made;
            return source.stream();
        });
        auto fail = [](const counting_source::element& x) {
            if (x == 2)
                throw lost(2);
        };
        CHECK_THROWS_AS(clock.run(std::move(s) | leat::for_each(fail)), lost);
        CHECK(made == 1);
        CHECK(source.closed() == 1);
        CHECK(source.asked() == 3);
    }
    SECTION("a stage's error behind it, and token_of's") {
        auto s = leat::retry(
            ex,
            [&](const std::optional<int>&) {
                ++made;
                return marbles("ab|", clock);
            },
            [](char c) -> int { throw lost(c); });
        CHECK(clock.run(errors_of(std::move(s))) == ints{'a'});
        CHECK(made == 1);
    }
    SECTION("a stop") {
        std::stop_source stop;
        auto some = [&] {
            ++made;
            return marbles("---", clock);
        };
        auto s = leat::retry(ex, some) | leat::stop_on(stop.get_token());
        const auto stopping = start([](virtual_clock& c, std::stop_source& st) -> task<> {
            co_await c.sleep_for(20ms);
            st.request_stop();
        }(clock, stop));
        CHECK(record(std::move(s), clock) == "--^");
        CHECK(made == 1);
    }
    SECTION("a stop that comes in the wait") {
        std::stop_source stop;
        auto fails = [&]() -> async_generator<int> {
            throw lost(++made);
            co_yield 1;
        };
        auto s = leat::retry(ex, fails, {.backoff = {.initial = 1h}, .jitter = retry_jitter::off}) |
                 leat::stop_on(stop.get_token());
        const auto stopping = start([](virtual_clock& c, std::stop_source& st) -> task<> {
            co_await c.sleep_for(20ms);
            st.request_stop();
        }(clock, stop));
        CHECK(clock.run(errors_of(std::move(s))) == ints{-1, 1});
        CHECK(since_0(clock) == 20ms);
    }
}

TEST_CASE("retry: goes on where it was, by a token", "[time]") {
    virtual_clock clock;
    std::string resumed;
    // Gives what comes after the token, and fails after two elements.
    auto connect = [&](const std::optional<char>& resume) {
        resumed += resume ? *resume : '?';
        const std::string all = "abcdefg";
        const auto at = resume ? all.find(*resume) + 1 : 0;
        const std::string rest = all.substr(at);
        return marbles(rest.size() > 2 ? rest.substr(0, 2) + "#" : rest + "|", clock);
    };
    auto same = [](char c) { return c; };
    const leat::retry_options options{.attempts = 2, .backoff = {10ms, 100, 1h}, .jitter = retry_jitter::off};
    // An element begins the count anew: four streams, though there are only two attempts, and no wait is a long one.
    CHECK(record(leat::retry(clock.executor(), connect, same, options), clock) == "ab-cd-ef-g|");
    CHECK(resumed == "?bdf");

    // A batch: the token is that of its last element, and the elements may be moved away.
    std::vector<std::optional<int>> tokens;
    auto pages = [&](const std::optional<int>& resume) -> async_generator<std::unique_ptr<int>> {
        tokens.push_back(resume);
        const int from = resume ? *resume + 1 : 0;
        std::vector<std::unique_ptr<int>> page;
        for (int i = 0; i < 3; ++i)
            page.push_back(std::make_unique<int>(from + i));
        co_yield leat::batch(page);
        if (from < 6)
            throw lost(from);
    };
    auto value = [](const std::unique_ptr<int>& p) { return *p; };
    auto keep = [](ints all, std::unique_ptr<int> p) {
        all.push_back(*p);
        return all;
    };
    auto s = leat::retry(clock.executor(), pages, value) | leat::fold(ints(), keep);
    CHECK(clock.run(std::move(s)) == ints{0, 1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(tokens == std::vector<std::optional<int>>{std::nullopt, 2, 5});
}

TEST_CASE("retry: attempts are counted in a row, and make may throw", "[time]") {
    virtual_clock clock;
    int made = 0;
    auto connect = [&](const std::optional<char>&) {
        if (++made > 1)
            throw lost(made);
        return marbles("a#", clock);
    };
    auto s = leat::retry(clock.executor(), connect, [](char c) { return c; }, {.attempts = 4});
    CHECK(clock.run(errors_of(std::move(s))) == ints{4, -2, 2, 3});
}

TEST_CASE("retry: a stream that failed is closed before the wait, and the current one with it", "[time]") {
    const balance b;
    virtual_clock clock;
    int open = 0;
    int made = 0;
    auto connect = [&]() -> async_generator<counted> {
        ++open;
        const bool works = ++made > 1;
        auto cleanup = [&open]() { --open; };
        leat::on_close on_end(cleanup);
        co_await std::move(on_end).quiet();
        if (!works)
            throw lost(1);
        for (int i = 0;; ++i)
            co_yield i;
    };
    {
        auto s = leat::retry(clock.executor(), connect);
        auto read = [](auto& stream) -> task<> { co_await stream.next(); };
        const auto reading = start(read(s));
        CHECK(made == 1);
        CHECK(open == 0);
        CHECK(clock.waiting() == 1);
    } // destroyed in the wait
    CHECK(clock.waiting() == 0);
    made = 0;
    CHECK(clock.run(leat::retry(clock.executor(), connect) | leat::take(2) | leat::count()) == 2);
    CHECK(made == 2);
    CHECK(open == 0);
    CHECK(b.even());
}
