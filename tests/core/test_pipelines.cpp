#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/waiting.hpp"

#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <leat/leat.hpp>

// All stages together: over every kind of producer, read in every way, compared with plain loops. First a few fixed
// pipelines, then random ones.

namespace {

using leat::async_generator;
using leat::sync_wait;
using leat::task;
using ints = std::vector<int>;

// ---- the producer -------------------------------------------------------------------------------------------------

struct places { // where it may wait
    manual_loop loop;
    two_threads elsewhere;
};

// What it does, and what became of it.
struct script {
    ints elements;
    std::vector<std::size_t> batches; // their sizes, over and over again; 1: a single yield
    std::vector<bool> waits;          // whether it waits before a batch, over and over again
    wait_kind kind = wait_kind::never;
    bool throws = false; // at its end
    bool cleans_up = true;

    std::size_t yielded = 0;
    bool finished = false;
    int closed = 0;
};

task<> pause(places& p, wait_kind kind) {
    if (kind == wait_kind::same_thread)
        co_await p.loop.turn();
    else if (kind == wait_kind::other_thread)
        co_await p.elsewhere.hop();
}

async_generator<int> produce(script& s, places& p) {
    auto close = [&s, &p]() -> task<> {
        co_await pause(p, s.kind);
        ++s.closed;
    };
    if (s.cleans_up)
        co_await leat::on_close(close);
    std::size_t step = 0;
    for (std::size_t i = 0; i < s.elements.size(); ++step) {
        if (s.waits[step % s.waits.size()])
            co_await pause(p, s.kind);
        const std::size_t n = std::min(s.batches[step % s.batches.size()], s.elements.size() - i);
        s.yielded += n;
        ints page(s.elements.begin() + static_cast<long>(i), s.elements.begin() + static_cast<long>(i + n));
        i += n;
        if (n != 1)
            co_yield leat::batch(page);
        else if (step % 2 == 0)
            co_yield page.front();
        else
            co_yield std::move(page.front());
    }
    if (s.waits[step % s.waits.size()])
        co_await pause(p, s.kind);
    s.finished = true;
    if (s.throws)
        throw std::runtime_error("producer");
}

// ---- fixed pipelines ----------------------------------------------------------------------------------------------

template <class S> task<> pull_into(S s, ints& out) {
    while (auto x = co_await s.next())
        out.push_back(*x);
}
template <class S> task<> pull_batches_into(S s, ints& out) {
    for (;;) {
        auto b = co_await s.next_batch();
        if (!b)
            break;
        for (const int x : b)
            out.push_back(x);
    }
}
template <class S> task<> push_into(S s, ints& out) {
    auto each = std::move(s) | leat::for_each([&out](int x) { out.push_back(x); });
    co_await each;
}
template <class S> task<> push_awaited_into(S s, ints& out) {
    auto f = [&out](int x) -> task<> {
        out.push_back(x);
        co_return;
    };
    auto each = std::move(s) | leat::for_each(f);
    co_await each;
}
template <class S> task<> collect_into(S s, ints& out) {
    auto all = std::move(s) | leat::collect<std::vector>();
    out = co_await all;
}

void drive(places& p, wait_kind kind, task<> t) {
    if (kind == wait_kind::other_thread)
        sync_wait(std::move(t));
    else
        run_on(p.loop, std::move(t));
}

template <class Closure> void check_everywhere(const Closure& pipeline, const ints& expected) {
    places p;
    for (const wait_kind kind : {wait_kind::never, wait_kind::same_thread, wait_kind::other_thread})
        for (const std::size_t size : {1u, 2u, 3u, 7u, 64u, 1000u})
            for (int shape = 0; shape < 5; ++shape) {
                script s;
                for (int i = 0; i < 200; ++i)
                    s.elements.push_back(i);
                s.batches.assign(1, size);
                s.waits = {true, false, true};
                s.kind = kind;
                ints out;
                auto reading = produce(s, p) | pipeline;
                switch (shape) {
                case 0:
                    drive(p, kind, pull_into(std::move(reading), out));
                    break;
                case 1:
                    drive(p, kind, pull_batches_into(std::move(reading), out));
                    break;
                case 2:
                    drive(p, kind, push_into(std::move(reading), out));
                    break;
                case 3:
                    drive(p, kind, push_awaited_into(std::move(reading), out));
                    break;
                default:
                    drive(p, kind, collect_into(std::move(reading), out));
                    break;
                }
                INFO("wait " << static_cast<int>(kind) << ", batches of " << size << ", shape " << shape);
                CHECK(out == expected);
                CHECK(s.closed == 1);
            }
}

} // namespace

TEST_CASE("pipelines: transform, filter, transform, take", "[pipelines]") {
    ints expected;
    for (int i = 0; i < 200 && expected.size() < 40; ++i)
        if ((i * 3 + 1) % 2 == 0)
            expected.push_back((i * 3 + 1) / 2);
    check_everywhere(leat::transform([](int x) { return x * 3 + 1; }) |
                         leat::filter([](int x) { return x % 2 == 0; }) |
                         leat::transform([](int x) { return x / 2; }) | leat::take(40),
                     expected);
}

TEST_CASE("pipelines: drop, enumerate, chunk, flat_map, take_while, inspect", "[pipelines]") {
    ints expected;
    for (int i = 3; i < 200 && i - 3 + i < 250; ++i)
        expected.push_back(i - 3 + i);
    int inspected = 0;
    check_everywhere(leat::drop(3) | leat::enumerate() |
                         leat::transform([](auto x) { return static_cast<int>(x.index) + x.value; }) |
                         leat::chunk(7) | leat::flat_map([](ints c) { return c; }) |
                         leat::take_while([](int x) { return x < 250; }) |
                         leat::inspect([&](int) { ++inspected; }),
                     expected);
    CHECK(inspected == static_cast<int>(expected.size()) * 3 * 6 * 5);
}

TEST_CASE("pipelines: nothing survives", "[pipelines]") {
    check_everywhere(leat::filter([](int) { return false; }) | leat::transform([](int x) { return x; }),
                     ints{});
}

// ---- random pipelines ---------------------------------------------------------------------------------------------

namespace {

// A stream of any stages, put together at run time. It hands through exactly what stages tell each other, so each stage
// meets each other one.
class any_ints : public leat::stream_interface<any_ints> {
    struct base {
        virtual leat::maybe<int> try_next() = 0;
        virtual bool stopped() const = 0;
        virtual bool ended() const = 0;
        virtual void seal() = 0;
        virtual void abandon() = 0;
        virtual void finish() = 0;
        virtual async_generator<int>& root() = 0;
        virtual ~base() = default;
    };
    template <class S> struct of final : base {
        S s;
        explicit of(S&& t) : s(std::move(t)) {}
        leat::maybe<int> try_next() override {
            auto x = s.try_next();
            if (!x)
                return {};
            return leat::maybe<int>(leat::detail::from_call{}, [&] { return static_cast<int>(*x); });
        }
        bool stopped() const override { return s.stopped(); }
        bool ended() const override { return s.ended(); }
        void seal() override { s.seal(); }
        void abandon() override { s.abandon(); }
        void finish() override { s.finish(); }
        async_generator<int>& root() override { return s.root(); }
    };

public:
    using reference = int;
    template <class S>
        requires(!std::is_same_v<S, any_ints>)
    explicit any_ints(S s) : s_(std::make_unique<of<S>>(std::move(s))) {}

    leat::maybe<int> try_next() { return s_->try_next(); }
    bool stopped() const noexcept { return s_->stopped(); }
    bool ended() const noexcept { return s_->ended(); }
    void seal() noexcept { s_->seal(); }
    void abandon() noexcept { s_->abandon(); }
    void finish() { s_->finish(); }
    async_generator<int>& root() noexcept { return s_->root(); }

private:
    std::unique_ptr<base> s_;
};

async_generator<int> delegate(any_ints s) { co_yield leat::elements_of(std::move(s)); }
async_generator<int> delegate_erased(leat::any_stream<int> s) { co_yield leat::elements_of(std::move(s)); }

// The same in plain C++: asks for one element at a time, and only when it is asked.
using plain = std::function<std::optional<int>()>;

enum class kind {
    transform,
    filter,
    take,
    take_while,
    drop,
    enumerate,
    flat_map_owned,
    flat_map_borrowed,
    chunk,
    inspect,
    delegate,
    erase,
    materialize,
    stop_on,
    bad_transform,
    last = bad_transform
};

struct stage_choice {
    kind what;
    int n; // its parameter
};

const std::vector<ints> table{{}, {1}, {2, 3}, {}, {4, 5, 6}};
const ints& row(int x) { return table[static_cast<std::size_t>(x % 5 + (x % 5 < 0 ? 5 : 0))]; }
ints copies(int x) { return ints(static_cast<std::size_t>(x % 3 + (x % 3 < 0 ? 3 : 0)), x); }
int sum(const ints& c) {
    int s = static_cast<int>(c.size());
    for (const int x : c)
        s += x;
    return s;
}
int maybe_bad(int x, int n) {
    if ((x + n) % 31 == 17)
        throw std::runtime_error("stage");
    return x;
}

any_ints add_stage(any_ints s, stage_choice c) {
    const int n = c.n;
    const auto size = static_cast<std::size_t>(n);
    switch (c.what) {
    case kind::transform:
        return any_ints(std::move(s) | leat::transform([n](int x) { return x * 3 - n; }));
    case kind::filter:
        return any_ints(std::move(s) | leat::filter([n](int x) { return x % (n + 2) != 0; }));
    case kind::take:
        return any_ints(std::move(s) | leat::take(size * 4));
    case kind::take_while:
        return any_ints(std::move(s) | leat::take_while([n](int x) { return x % 40 != n; }));
    case kind::drop:
        return any_ints(std::move(s) | leat::drop(size));
    case kind::enumerate:
        return any_ints(std::move(s) | leat::enumerate(size) |
                        leat::transform([](auto x) { return static_cast<int>(x.index) - x.value; }));
    case kind::flat_map_owned:
        return any_ints(std::move(s) | leat::flat_map(copies));
    case kind::flat_map_borrowed:
        return any_ints(std::move(s) | leat::flat_map(row));
    case kind::chunk:
        return any_ints(std::move(s) | leat::chunk(size + 1) | leat::transform(sum));
    case kind::inspect:
        return any_ints(std::move(s) | leat::inspect([](int) {}));
    case kind::delegate:
        return any_ints(delegate(std::move(s)));
    case kind::erase:
        return any_ints(delegate_erased(leat::any_stream<int>(std::move(s))));
    case kind::materialize:
        return any_ints(std::move(s) | leat::materialize());
    case kind::stop_on: // nobody stops it
        return any_ints(std::move(s) | leat::stop_on(std::stop_source().get_token()));
    case kind::bad_transform:
        break;
    }
    return any_ints(std::move(s) | leat::transform([n](int x) { return maybe_bad(x, n); }));
}

plain add_plain(plain up, stage_choice c) {
    const int n = c.n;
    switch (c.what) {
    case kind::transform:
        return [=]() -> std::optional<int> {
            auto x = up();
            return x ? std::optional(*x * 3 - n) : x;
        };
    case kind::filter:
        return [=]() -> std::optional<int> {
            for (;;) {
                auto x = up();
                if (!x || *x % (n + 2) != 0)
                    return x;
            }
        };
    case kind::take:
        return [=, left = n * 4]() mutable -> std::optional<int> {
            if (left == 0)
                return std::nullopt;
            auto x = up();
            left -= x ? 1 : 0;
            return x;
        };
    case kind::take_while:
        return [=, over = false]() mutable -> std::optional<int> {
            if (over)
                return std::nullopt;
            auto x = up();
            over = !x || *x % 40 == n;
            return over ? std::nullopt : x;
        };
    case kind::drop:
        return [=, left = n]() mutable -> std::optional<int> {
            for (; left > 0; --left)
                if (!up())
                    return std::nullopt;
            return up();
        };
    case kind::enumerate:
        return [=, i = n]() mutable -> std::optional<int> {
            auto x = up();
            return x ? std::optional(i++ - *x) : x;
        };
    case kind::flat_map_owned:
    case kind::flat_map_borrowed:
        return [=, owned = c.what == kind::flat_map_owned, inner = ints(),
                at = std::size_t(0)]() mutable -> std::optional<int> {
            while (at == inner.size()) {
                auto x = up();
                if (!x)
                    return x;
                inner = owned ? copies(*x) : row(*x);
                at = 0;
            }
            return inner[at++];
        };
    case kind::chunk:
        return [=, error = std::exception_ptr()]() mutable -> std::optional<int> {
            if (error)
                std::rethrow_exception(error);
            ints group;
            try {
                while (static_cast<int>(group.size()) <= n) {
                    auto x = up();
                    if (!x)
                        break;
                    group.push_back(*x);
                }
            } catch (...) {
                if (group.empty())
                    throw;
                error = std::current_exception();
            }
            return group.empty() ? std::nullopt : std::optional(sum(group));
        };
    case kind::inspect:
    case kind::delegate:
    case kind::erase:
    case kind::materialize:
    case kind::stop_on:
        return up;
    case kind::bad_transform:
        break;
    }
    return [=]() -> std::optional<int> {
        auto x = up();
        return x ? std::optional(maybe_bad(*x, n)) : x;
    };
}

// How a case is read.
enum class reading {
    next,
    batches,
    mixed,
    push,
    push_awaited,
    some_then_close,
    some_then_destroy,
    reader_throws,
    last = reader_throws
};

struct outcome {
    ints elements;
    std::string end;
    friend bool operator==(const outcome&, const outcome&) = default;
};
std::ostream& operator<<(std::ostream& out, const outcome& o) {
    out << o.end << ":";
    for (const int x : o.elements)
        out << ' ' << x;
    return out;
}

task<> read_in_turn(any_ints& s, ints& out, std::mt19937& random) {
    for (;;) {
        if (random() % 2 == 0) {
            auto x = co_await s.next();
            if (!x)
                break;
            out.push_back(*x);
        } else {
            auto b = co_await s.next_batch();
            if (!b)
                break;
            unsigned left = random() % 5;
            for (const int x : b) {
                out.push_back(x);
                if (left-- == 0)
                    break; // the rest stays in the stream
            }
        }
    }
}

task<> read_it(any_ints s, reading how, std::size_t count, outcome& out, std::mt19937& random) {
    ints& elements = out.elements;
    try {
        switch (how) {
        case reading::next:
            co_await pull_into(std::move(s), elements);
            break;
        case reading::batches:
            co_await pull_batches_into(std::move(s), elements);
            break;
        case reading::mixed:
            co_await read_in_turn(s, elements, random);
            break;
        case reading::push:
            co_await push_into(std::move(s), elements);
            break;
        case reading::push_awaited:
            co_await push_awaited_into(std::move(s), elements);
            break;
        case reading::some_then_close:
        case reading::some_then_destroy:
            while (elements.size() < count) {
                auto x = co_await s.next();
                if (!x)
                    break;
                elements.push_back(*x);
            }
            if (how == reading::some_then_close)
                co_await s.close();
            break;
        case reading::reader_throws: {
            auto each = std::move(s) | leat::for_each([&elements, count](int x) {
                            elements.push_back(x);
                            if (elements.size() == count)
                                throw std::runtime_error("reader");
                        });
            co_await each;
            break;
        }
        }
        out.end = "end";
    } catch (const std::runtime_error& e) {
        out.end = e.what();
    }
}

outcome read_plain(const plain& next, reading how, std::size_t count) {
    outcome out;
    const bool some = how == reading::some_then_close || how == reading::some_then_destroy;
    try {
        while (!some || out.elements.size() < count) {
            auto x = next();
            if (!x)
                break;
            out.elements.push_back(*x);
            if (how == reading::reader_throws && out.elements.size() == count)
                throw std::runtime_error("reader");
        }
        out.end = "end";
    } catch (const std::runtime_error& e) {
        out.end = e.what();
    }
    return out;
}

// The end of the batch in which element number `n` (counted from 1) lies.
std::size_t end_of_batch(const script& s, std::size_t n) {
    std::size_t end = 0;
    for (std::size_t step = 0; end < n; ++step)
        end += s.batches[step % s.batches.size()];
    return std::min(end, s.elements.size());
}

unsigned choose_seed() {
    if (const char* given = std::getenv("LEAT_TEST_SEED"))
        return static_cast<unsigned>(std::strtoul(given, nullptr, 10));
    return std::random_device()();
}

} // namespace

TEST_CASE("pipelines: 100,000 random ones do what plain loops do, and ask for no element more",
          "[pipelines][property]") {
    const unsigned seed = choose_seed();
    std::cout << "random pipelines: LEAT_TEST_SEED=" << seed << std::endl;
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return random() % n; };
    places p;
    std::size_t stages = 0;
    std::size_t elements = 0;
    for (int number = 0; number < 100'000; ++number) {
        script s;
        for (unsigned n = below(8) == 0 ? below(300) : below(40); n > 0; --n)
            s.elements.push_back(static_cast<int>(below(100)));
        for (unsigned n = 1 + below(4); n > 0; --n)
            s.batches.push_back(below(2) == 0 ? 1 : 1 + below(20));
        for (unsigned n = 1 + below(4); n > 0; --n)
            s.waits.push_back(below(2) == 0);
        // Another thread costs microseconds an element: that kind is rarer.
        s.kind = below(20) == 0  ? wait_kind::other_thread
                 : below(2) == 0 ? wait_kind::same_thread
                                 : wait_kind::never;
        s.throws = below(4) == 0;
        std::vector<stage_choice> choices(below(6));
        for (auto& c : choices)
            c = {static_cast<kind>(below(static_cast<unsigned>(kind::last) + 1)),
                 static_cast<int>(below(10))};
        const auto how = static_cast<reading>(below(static_cast<unsigned>(reading::last) + 1));
        const std::size_t count = 1 + below(10);
        s.cleans_up =
            how != reading::some_then_destroy; // a debug build complains about cleanup that does not run

        std::size_t asked = 0;
        bool asked_for_end = false;
        plain expected_next = [&]() -> std::optional<int> {
            if (asked < s.elements.size())
                return s.elements[asked++];
            asked_for_end = true;
            if (s.throws)
                throw std::runtime_error("producer");
            return std::nullopt;
        };
        any_ints pipeline(produce(s, p));
        for (const auto c : choices) {
            pipeline = add_stage(std::move(pipeline), c);
            expected_next = add_plain(expected_next, c);
        }
        const outcome expected = read_plain(expected_next, how, count);
        outcome got;
        drive(p, s.kind, read_it(std::move(pipeline), how, count, got, random));

        stages += choices.size();
        elements += got.elements.size();
        const bool started = asked > 0 || asked_for_end;
        const bool right = got == expected && s.yielded == end_of_batch(s, asked) &&
                           s.finished == asked_for_end && s.closed == (started && s.cleans_up ? 1 : 0);
        if (!right) {
            std::string chosen;
            for (const auto c : choices)
                chosen += " " + std::to_string(static_cast<int>(c.what)) + "(" + std::to_string(c.n) + ")";
            INFO("seed " << seed << ", case " << number << ", wait " << static_cast<int>(s.kind)
                         << ", reading " << static_cast<int>(how) << " of " << count << ", stages" << chosen);
            CHECK(got == expected);
            CHECK(s.yielded == end_of_batch(s, asked));
            CHECK(s.finished == asked_for_end);
            CHECK(s.closed == (started && s.cleans_up ? 1 : 0));
            FAIL("stopped at the first case that is wrong");
        }
    }
    CHECK(stages > 100'000);
    CHECK(elements > 100'000);
}
