#include "support/fault.hpp"

#include <iostream>

// The harness itself: it finds what is wrong with stages that break their promises. See support/fault.hpp.

using fault::check_faults;
using fault::ints;
using leat::async_generator;

namespace {

ints same(const ints& in) { return in; }

template <class Stage> struct broken_fn : leat::detail::operation<broken_fn<Stage>> {
    template <class S> static auto make(S&& s) { return typename Stage::template of<S>(std::move(s)); }
};

// With one reader, for the compiler's sake.
template <class Scenario> std::size_t failures_of(const Scenario& scenario, fault::oracle o = same) {
    return fault::failing_sink_runs(
        "broken", [&](auto& ctx, auto s) { return scenario(ctx, std::move(s)) | leat::for_each(ctx.sees()); },
        std::move(o), {.silent = true});
}
template <class Stage> std::size_t failures_of() {
    return failures_of([](auto&, auto s) { return broken_fn<Stage>::make(std::move(s)); });
}

// Holds one element back, and does not say so: it is lost at the end.
struct loses_the_last {
    template <class Up> class of : public leat::stage<of<Up>, Up> {
    public:
        using reference = leat::stream_value_t<Up>;
        explicit of(Up&& up) : of::stage(std::move(up)) {}
        leat::maybe<reference> try_next() {
            for (;;) {
                auto x = this->up_.try_next();
                if (!x)
                    return {};
                const bool first = !held_;
                reference next = std::exchange(held_, x->value).value_or(0);
                if (!first)
                    return leat::maybe<reference>(leat::detail::from_call{}, [&] { return next; });
            }
        }

    private:
        std::optional<int> held_;
    };
};

// Swallows errors.
struct swallows {
    template <class Up> class of : public leat::stage<of<Up>, Up> {
    public:
        using reference = leat::stream_reference_t<Up>;
        explicit of(Up&& up) : of::stage(std::move(up)) {}
        leat::maybe<reference> try_next() { return this->up_.try_next(); }
        void finish() {
            try {
                this->up_.finish();
            } catch (const fault::injected&) {
            }
        }
    };
};

// Keeps elements for ever: as a leak, but one that is gone before a leak checker looks.
std::vector<counted> kept;
struct keeps {
    template <class Up> class of : public leat::stage<of<Up>, Up> {
    public:
        using reference = leat::stream_reference_t<Up>;
        explicit of(Up&& up) : of::stage(std::move(up)) {}
        leat::maybe<reference> try_next() {
            auto x = this->up_.try_next();
            if (x && x->value == 3)
                kept.push_back(*x);
            return x;
        }
    };
};

// Gives up too early.
struct stops_early {
    template <class Up> class of : public leat::stage<of<Up>, Up> {
    public:
        using reference = leat::stream_reference_t<Up>;
        explicit of(Up&& up) : of::stage(std::move(up)) {}
        leat::maybe<reference> try_next() {
            if (left_ == 0)
                return {};
            auto x = this->up_.try_next();
            left_ -= x ? 1 : 0;
            return x;
        }
        bool stopped() const noexcept { return left_ == 0 || this->up_.stopped(); }

    private:
        int left_ = 4;
    };
};

// Does not close the stream that it reads.
template <class S> async_generator<counted> leaves_open(S s) {
    int n = 0;
    while (auto x = co_await s.next()) {
        const counted mine(x->value);
        if (++n == 5)
            co_return;
        co_yield mine;
    }
}

// Not broken: reads two streams in turn.
template <class S> async_generator<counted> in_turn(S a, async_generator<counted> b) {
    co_await leat::on_close(a);
    co_await leat::on_close(b);
    for (bool more = true; more;) {
        more = false;
        if (auto x = co_await a.next()) {
            more = true;
            co_yield counted(x->value);
        }
        if (auto x = co_await b.next()) {
            more = true;
            co_yield counted(x->value);
        }
    }
}

} // namespace

TEST_CASE("faults: the harness finds broken stages", "[faults]") {
    SECTION("one that loses an element") { CHECK(failures_of<loses_the_last>() > 0); }
    SECTION("one that swallows errors") { CHECK(failures_of<swallows>() > 0); }
    SECTION("one that keeps elements alive") {
        CHECK(failures_of<keeps>() > 0);
        kept.clear();
    }
    SECTION("one that stops early") { CHECK(failures_of<stops_early>() > 0); }
    SECTION("one that leaves its source open") {
        const auto first_four = [](const ints& in) {
            return ints(in.begin(), in.begin() + std::min<long>(4, std::ssize(in)));
        };
        CHECK(failures_of([](auto&, auto s) { return leaves_open(std::move(s)); }, first_four) > 0);
    }
    SECTION("one that makes an end of a stop") {
        CHECK(failures_of([](auto& ctx, auto s) { return std::move(s) | leat::take_until(ctx.token()); }) >
              0);
    }
    SECTION("and nothing wrong with one that is not") {
        CHECK(failures_of([](auto&, auto s) { return std::move(s) | leat::materialize(); }) == 0);
    }
}

TEST_CASE("faults: a second source", "[faults]") {
    check_faults("two sources", [](auto& ctx, auto s) { return in_turn(std::move(s), ctx.source(100, 103)); },
                 same, {.any_order = true});
}
