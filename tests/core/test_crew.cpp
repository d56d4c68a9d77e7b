#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <leat/leat.hpp>

#include <deque>
#include <stop_token>
#include <vector>

// What operators that wait for several things at once rely on; the operators' own tests look at the rest.

namespace {

using ints = std::vector<int>;

struct queue : leat::detail::crew {
    std::deque<int> elements;

    bool take(int& x) {
        const auto guard = lock();
        if (elements.empty())
            return false;
        x = elements.front();
        elements.pop_front();
        return true;
    }
};

leat::detail::worker count(queue& c, manual_loop& loop, int n) {
    for (int i = 0; i != n; ++i) {
        co_await loop.turn();
        const auto guard = c.lock();
        c.elements.push_back(i);
        c.changed_locked();
    }
}

/// After `between`, each time when it has found nothing, the worker goes on before it looks for the end: as it does on
/// another thread.
leat::async_generator<int> counted_by_a_worker(manual_loop& loop, int n, bool between) {
    auto c = leat::detail::make_crew<queue>();
    co_await leat::on_close(c);
    c->start(count(*c, loop, n));
    for (;;) {
        const leat::detail::stop_ref& stop = co_await leat::detail::this_stop();
        int x = 0;
        if (c->take(x)) {
            co_yield x;
            continue;
        }
        if (between)
            loop.run_one();
        if (c->over(stop))
            co_return;
        co_await c->change();
    }
}

} // namespace

TEST_CASE(
    "crew: what a worker puts down last, between the look for it and the one for the end, is not lost") {
    for (const bool between : {false, true})
        for (const int n : {0, 1, 2, 7}) {
            manual_loop loop;
            ints got, expected;
            for (int i = 0; i != n; ++i)
                expected.push_back(i);
            const auto reader = [&](auto s) -> leat::task<> {
                while (auto x = co_await s.next())
                    got.push_back(*x);
            };
            run_on(loop, reader(counted_by_a_worker(loop, n, between)));
            CHECK(got == expected);
        }
}

TEST_CASE("crew: the same when it is stopped meanwhile") {
    for (const bool between : {false, true}) {
        manual_loop loop;
        ints got;
        bool stopped = false;
        std::stop_source stop;
        const auto reader = [&](auto s) -> leat::task<> {
            try {
                while (auto x = co_await s.next()) {
                    got.push_back(*x);
                    stop.request_stop(); // the wait of the worker does not obey it: one more comes
                }
            } catch (const leat::stopped&) {
                stopped = true;
            }
        };
        run_on(loop, reader(counted_by_a_worker(loop, 2, between) | leat::stop_on(stop.get_token())));
        CHECK(got == ints{0, 1});
        CHECK(stopped);
    }
}
