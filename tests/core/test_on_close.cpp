#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/waiting.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <leat/leat.hpp>

// co_await leat::on_close(f): cleanup that is waited for. The tests write down what happened in what order.

namespace {

using leat::async_generator;
using leat::elements_of;
using leat::on_close;
using leat::sync_wait;
using diary = std::vector<std::string>;

// Three elements, two cleanups.
async_generator<int> source(diary& l, std::string name) {
    auto first = [&l, &name]() -> leat::task<> {
        l.push_back(name + ".first");
        co_return;
    };
    auto second = [&l, &name] { l.push_back(name + ".second"); }; // need not be a coroutine
    co_await on_close(first);
    co_await on_close(second);
    for (int i = 0; i < 3; ++i)
        co_yield i;
    l.push_back(name + ".body");
}

async_generator<int> failing(diary& l, std::string what) {
    auto note = [&l] { l.push_back("closed"); };
    co_await on_close(note);
    co_yield 1;
    throw std::runtime_error(what);
}

async_generator<int> with_bad_cleanup(diary& l, bool body_throws) {
    auto last = [&l] { l.push_back("last"); };
    auto bad = [&l]() -> leat::task<> {
        l.push_back("bad");
        throw std::runtime_error("closing");
        co_return;
    };
    auto worse = [&l] {
        l.push_back("worse");
        throw std::runtime_error("closing first");
    };
    co_await on_close(last);
    co_await on_close(bad);
    co_await on_close(worse);
    co_yield 1;
    co_yield 2;
    if (body_throws)
        throw std::runtime_error("body");
}

async_generator<int> around(diary& l, std::string name, async_generator<int> inner) {
    auto note = [&l, &name] { l.push_back(name); };
    co_await on_close(note);
    co_yield elements_of(std::move(inner));
    co_yield 100;
}

} // namespace

TEST_CASE("on_close: runs at the end, last in first out, before the end is reported", "[on_close]") {
    diary l;
    auto s = source(l, "s");
    for (int i = 0; i < 3; ++i)
        CHECK(sync_wait(s.next()));
    CHECK(l.empty());
    CHECK_FALSE(sync_wait(s.next()));
    CHECK(l == diary{"s.body", "s.second", "s.first"});
    CHECK_FALSE(sync_wait(s.next()));
    sync_wait(s.close());
    CHECK(l.size() == 3);
}

TEST_CASE("on_close: runs on close(), wherever the body stands", "[on_close]") {
    for (int steps = 0; steps <= 3; ++steps) {
        diary l;
        auto s = source(l, "s");
        for (int i = 0; i < steps; ++i)
            sync_wait(s.next());
        sync_wait(s.close());
        CHECK(l ==
              (steps == 0 ? diary{} : diary{"s.second", "s.first"})); // an unstarted body registered nothing
        sync_wait(s.close());
        CHECK_FALSE(sync_wait(s.next()));
        CHECK(l.size() == (steps == 0 ? 0 : 2));
    }
}

TEST_CASE("on_close: runs when the body throws, before the reader sees the exception", "[on_close]") {
    diary l;
    auto s = failing(l, "body");
    CHECK(sync_wait(s.next()));
    CHECK_THROWS_WITH(sync_wait(s.next()), "body");
    CHECK(l == diary{"closed"});
    CHECK_FALSE(sync_wait(s.next()));
    CHECK(l.size() == 1);
}

TEST_CASE("on_close: runs for every terminal and every stage that stops early, before the result",
          "[on_close]") {
    diary l;
    auto once = [&] {
        const bool right = l == diary{"s.second", "s.first"};
        l.clear();
        return right;
    };
    CHECK(sync_wait(source(l, "s") | leat::first()) == 0);
    CHECK(once());
    CHECK(sync_wait(source(l, "s") | leat::take(2) | leat::count()) == 2);
    CHECK(once());
    CHECK(sync_wait(source(l, "s") | leat::take_while([](int x) { return x < 1; }) | leat::count()) == 1);
    CHECK(once());
    CHECK(sync_wait(source(l, "s") | leat::take(2) | leat::chunk(5) | leat::collect<std::vector>()).size() ==
          1);
    CHECK(once());
    {
        auto s = source(l, "s") | leat::take(2);
        CHECK(sync_wait(s.next()));
        CHECK(sync_wait(s.next()));
        CHECK(l.empty());
        CHECK_FALSE(sync_wait(s.next())); // the end of take(2)
        CHECK(once());
    }
    {
        auto s = source(l, "s") | leat::filter([](int x) { return x < 2; }) | leat::take(2);
        CHECK(sync_wait(s.next_batch()));
        sync_wait(s.close());
        CHECK(once());
    }
    // At the end the body has run to its end first.
    CHECK(sync_wait(source(l, "s") | leat::count()) == 3);
    CHECK(l == diary{"s.body", "s.second", "s.first"});
}

TEST_CASE("on_close: runs when a stage or the reader's function throws, before the exception is seen",
          "[on_close]") {
    auto bad = [](int x) {
        if (x == 1)
            throw std::runtime_error("stage");
        return x;
    };
    diary l;
    const diary closed{"s.second", "s.first"};
    SECTION("pulled") {
        auto s = source(l, "s") | leat::transform(bad);
        CHECK(sync_wait(s.next()));
        CHECK_THROWS_WITH(sync_wait(s.next()), "stage");
        CHECK(l == closed);
        CHECK_FALSE(sync_wait(s.next()));
        CHECK(l == closed);
    }
    SECTION("pushed") {
        auto s = source(l, "s") | leat::transform(bad) | leat::count();
        CHECK_THROWS_WITH(sync_wait(s), "stage");
        CHECK(l == closed);
    }
    SECTION("the terminal's function") {
        auto s = source(l, "s") | leat::for_each(bad);
        CHECK_THROWS_WITH(sync_wait(s), "stage");
        CHECK(l == closed);
    }
    SECTION("the terminal's function, awaited") {
        auto awaited = [](int x) -> leat::task<> {
            if (x == 1)
                throw std::runtime_error("stage");
            co_return;
        };
        auto s = source(l, "s") | leat::for_each(awaited);
        CHECK_THROWS_WITH(sync_wait(s), "stage");
        CHECK(l == closed);
    }
    SECTION("pulled in batches") {
        auto s = source(l, "s") | leat::chunk(2) | leat::flat_map([](std::vector<int> c) { return c; }) |
                 leat::transform(bad);
        auto b = sync_wait(s.next_batch());
        int n = 0;
        for (const int x : b)
            n += x == 0 ? 1 : 100;
        CHECK(n == 1);
        CHECK(l.empty());
        CHECK_THROWS_WITH(sync_wait(s.next_batch()), "stage");
        CHECK(l == closed);
        CHECK(sync_wait(s.next_batch()).empty());
    }
}

TEST_CASE("on_close: is waited for", "[on_close]") {
    manual_loop loop;
    diary l;
    auto slow = [](manual_loop& m, diary& out) -> async_generator<int> {
        auto cleanup = [&m, &out]() -> leat::task<> {
            out.push_back("begin");
            co_await m.turn();
            co_await m.turn();
            out.push_back("end");
        };
        co_await on_close(cleanup);
        co_yield 1;
        co_yield 2;
    };
    auto close_it = [](async_generator<int> s, diary& out) -> leat::task<> {
        auto x = co_await s.next();
        const int first = *x; // the element goes with the generator
        co_await s.close();
        out.push_back("closed " + std::to_string(first));
    };
    auto stop_early = [](async_generator<int> s, diary& out) -> leat::task<> {
        auto first = std::move(s) | leat::first();
        auto x = co_await first;
        out.push_back("closed " + std::to_string(*x));
    };
    auto to_the_end = [](async_generator<int> s, diary& out) -> leat::task<> {
        int n = 0;
        while (auto x = co_await s.next())
            n = *x - 1;
        out.push_back("closed " + std::to_string(n));
    };
    auto throw_in_stage = [](async_generator<int> s, diary& out) -> leat::task<> {
        auto bad = [](int) -> int { throw std::runtime_error("stage"); };
        auto p = std::move(s) | leat::transform(bad);
        int n = 0;
        try {
            n = co_await p.next() ? 0 : 0;
        } catch (const std::runtime_error&) {
            n = 1;
        }
        out.push_back("closed " + std::to_string(n));
    };
    SECTION("by close()") { run_on(loop, close_it(slow(loop, l), l)); }
    SECTION("by a terminal that stops early") { run_on(loop, stop_early(slow(loop, l), l)); }
    SECTION("by next() at the end") { run_on(loop, to_the_end(slow(loop, l), l)); }
    SECTION("by a stage that throws") { run_on(loop, throw_in_stage(slow(loop, l), l)); }
    CHECK(l == diary{"begin", "end", "closed 1"});
}

TEST_CASE("on_close: may finish on another thread", "[on_close]") {
    other_thread elsewhere;
    diary l;
    auto slow = [](other_thread& t, diary& out) -> async_generator<int> {
        auto cleanup = [&t, &out]() -> leat::task<> {
            co_await t.hop();
            out.push_back("cleaned");
        };
        co_await on_close(cleanup);
        co_await on_close(cleanup);
        for (int i = 0;; ++i) {
            co_await t.hop();
            co_yield i;
        }
    };
    CHECK(sync_wait(slow(elsewhere, l) | leat::take(3) | leat::count()) == 3);
    CHECK(l == diary{"cleaned", "cleaned"});
    CHECK(sync_wait(slow(elsewhere, l) | leat::first()) == 0);
    CHECK(l.size() == 4);
}

TEST_CASE("on_close: what it throws reaches the reader, if nothing came before; the others still run",
          "[on_close]") {
    const diary all{"worse", "bad", "last"};
    SECTION("at the end") {
        diary l;
        auto s = with_bad_cleanup(l, false);
        CHECK(sync_wait(s.next()));
        CHECK(sync_wait(s.next()));
        CHECK_THROWS_WITH(sync_wait(s.next()), "closing first");
        CHECK(l == all);
        CHECK_FALSE(sync_wait(s.next()));
    }
    SECTION("by close()") {
        diary l;
        auto s = with_bad_cleanup(l, false);
        CHECK(sync_wait(s.next()));
        CHECK_THROWS_WITH(sync_wait(s.close()), "closing first");
        CHECK(l == all);
        CHECK_FALSE(sync_wait(s.next()));
        CHECK_NOTHROW(sync_wait(s.close()));
    }
    SECTION("by a terminal that stops early") {
        diary l;
        auto s = with_bad_cleanup(l, false) | leat::first();
        CHECK_THROWS_WITH(sync_wait(s), "closing first");
        CHECK(l == all);
    }
    SECTION("the body's exception wins") {
        diary l;
        auto s = with_bad_cleanup(l, true) | leat::count();
        CHECK_THROWS_WITH(sync_wait(s), "body");
        CHECK(l == all);
    }
    SECTION("a stage's exception wins") {
        diary l;
        auto bad = [](int) -> int { throw std::runtime_error("stage"); };
        auto s = with_bad_cleanup(l, true) | leat::transform(bad);
        CHECK_THROWS_WITH(sync_wait(s.next()), "stage");
        CHECK(l == all);
    }
    SECTION("an awaited function's exception wins") {
        diary l;
        auto bad = [](int) -> leat::task<> {
            throw std::runtime_error("reader");
            co_return;
        };
        auto s = with_bad_cleanup(l, true) | leat::for_each(bad);
        CHECK_THROWS_WITH(sync_wait(s), "reader");
        CHECK(l == all);
    }
}

TEST_CASE("on_close: of generators in each other, inner to outer", "[on_close]") {
    SECTION("stopped early") {
        diary l;
        auto s = around(l, "outer", around(l, "middle", source(l, "inner")));
        CHECK(sync_wait(s.next()));
        sync_wait(s.close());
        CHECK(l == diary{"inner.second", "inner.first", "middle", "outer"});
    }
    SECTION("at the end each one closes when it ends") {
        diary l;
        auto s = around(l, "outer", around(l, "middle", source(l, "inner")));
        std::vector<int> all;
        while (auto x = sync_wait(s.next())) {
            l.push_back(std::to_string(*x));
        }
        CHECK(l == diary{"0", "1", "2", "inner.body", "inner.second", "inner.first", "100", "middle", "100",
                         "outer"});
    }
    SECTION("when the inner one throws") {
        diary l;
        auto s = around(l, "outer", failing(l, "body"));
        CHECK(sync_wait(s.next()));
        CHECK_THROWS_WITH(sync_wait(s.next()), "body");
        CHECK(l == diary{"closed", "outer"});
    }
    SECTION("when the reader's function throws") {
        diary l;
        auto bad = [](int x) {
            if (x == 1)
                throw std::runtime_error("reader");
        };
        auto s = around(l, "outer", source(l, "inner")) | leat::for_each(bad);
        CHECK_THROWS_WITH(sync_wait(s), "reader");
        CHECK(l == diary{"inner.second", "inner.first", "outer"});
    }
    SECTION("generators without cleanup in between") {
        diary l;
        auto pass = [](async_generator<int> in) -> async_generator<int> {
            co_yield elements_of(std::move(in));
        };
        auto s = pass(around(l, "outer", pass(pass(source(l, "inner")))));
        CHECK(sync_wait(s.next()));
        sync_wait(s.close());
        CHECK(l == diary{"inner.second", "inner.first", "outer"});
    }
    SECTION("what the inner one's cleanup throws at its end is not lost") {
        diary l;
        auto s = around(l, "outer", with_bad_cleanup(l, false));
        std::vector<int> all;
        auto read = [&] {
            while (auto x = sync_wait(s.next()))
                all.push_back(*x);
        };
        CHECK_THROWS_WITH(read(), "closing first");
        CHECK(l == diary{"worse", "bad", "last", "outer"});
    }
}

TEST_CASE("on_close: through a pipeline that is delegated to", "[on_close]") {
    diary l;
    auto body = [](diary& out, async_generator<int> in) -> async_generator<int> {
        auto note = [&out] { out.push_back("outer"); };
        co_await on_close(note);
        auto plus_one = leat::transform([](int x) { return x + 1; });
        auto pipeline = std::move(in) | plus_one;
        co_yield elements_of(std::move(pipeline));
    };
    auto s = body(l, source(l, "inner"));
    CHECK(*sync_wait(s.next()) == 1);
    SECTION("stopped early") {
        sync_wait(s.close());
        CHECK(l == diary{"inner.second", "inner.first", "outer"});
    }
    SECTION("to the end") {
        while (sync_wait(s.next())) {
        }
        CHECK(l == diary{"inner.body", "inner.second", "inner.first", "outer"});
    }
}

TEST_CASE("on_close: through a generator of other elements that is delegated to", "[on_close]") {
    diary l;
    auto body = [](async_generator<int> in) -> async_generator<long> { co_yield elements_of(std::move(in)); };
    CHECK(sync_wait(body(source(l, "inner")) | leat::first()) == 0);
    CHECK(l == diary{"inner.second", "inner.first"});
}

TEST_CASE("on_close: registered while closing, and by a function that can only be moved", "[on_close]") {
    const balance b;
    {
        // A class with a constructor: g++ 12 destroys a lambda that is handed over as a temporary twice.
        class owning {
        public:
            explicit owning(diary& out) : out_(&out), mine_(std::make_unique<counted>(1)) {}
            leat::task<> operator()() {
                out_->push_back(std::to_string(mine_->value));
                co_return;
            }

        private:
            diary* out_;
            std::unique_ptr<counted> mine_;
        };
        diary l;
        auto body = [](diary& out) -> async_generator<int> {
            co_await on_close(owning(out));
            co_yield 1;
        };
        auto s = body(l);
        CHECK(sync_wait(s.next()));
        sync_wait(s.close());
        CHECK(l == diary{"1"});
    }
    CHECK(b.even());
}

TEST_CASE("on_close: a cleanup is destroyed before the next one runs", "[on_close]") {
    struct noting {
        diary* out;
        std::string name;
        noting(diary& o, std::string n) : out(&o), name(std::move(n)) {}
        noting(noting&& other) noexcept
            : out(std::exchange(other.out, nullptr)), name(std::move(other.name)) {}
        ~noting() {
            if (out != nullptr)
                out->push_back("~" + name);
        }
        void operator()() const { out->push_back(name); }
    };
    diary l;
    auto body = [](diary& out) -> async_generator<int> {
        noting a(out, "a");
        noting c(out, "c");
        co_await on_close(std::move(a));
        co_await on_close(std::move(c));
        co_yield 1;
    };
    sync_wait(body(l) | leat::count());
    CHECK(l == diary{"c", "~c", "a", "~a"});
}

TEST_CASE("on_close: destroying an open stream does not run it, and leaks nothing", "[on_close]") {
    const balance b;
    diary l;
    {
        auto body = [](diary& out) -> async_generator<int> {
            auto owning = [&out, mine = counted(1)] { out.push_back("never"); };
            co_await on_close(owning);
            co_yield 1;
        };
        auto s = body(l);
        CHECK(sync_wait(s.next()));
    }
    CHECK(l.empty());
    CHECK(b.even());
}

TEST_CASE("on_close: a stream destroyed in the middle of its cleanup", "[on_close]") {
    const balance b;
    manual_loop loop;
    diary l;
    auto slow = [](manual_loop& m, diary& out) -> async_generator<counted> {
        auto last = [&out] { out.push_back("never"); };
        auto cleanup = [&m, &out]() -> leat::task<> {
            const counted local(1);
            out.push_back("begin");
            co_await m.turn();
            out.push_back("never");
        };
        co_await on_close(last);
        co_await on_close(cleanup);
        co_yield counted(1);
    };
    auto close_it = [](async_generator<counted> s) -> leat::task<> {
        static_cast<void>(co_await s.next());
        co_await s.close();
    };
    {
        const auto closing = start(close_it(slow(loop, l)));
        CHECK_FALSE(closing.done());
    }
    CHECK(loop.idle());
    CHECK(l == diary{"begin"});
    CHECK(b.even());
}
