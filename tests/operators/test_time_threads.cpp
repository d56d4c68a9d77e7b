#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/waiting.hpp"

#include <leat/adaptor/chunk_within.hpp>
#include <leat/adaptor/debounce.hpp>
#include <leat/adaptor/keep_alive.hpp>
#include <leat/adaptor/sample.hpp>
#include <leat/adaptor/timeout.hpp>
#include <leat/leat.hpp>
#include <leat/timer.hpp>

#include <atomic>
#include <chrono>

// The source's waits end on some threads, the clock's on another one: nothing is lost, and ThreadSanitizer has something to
// look at.

using namespace std::chrono_literals;

namespace {

struct racing {
    two_threads source;
    other_thread clock;
    std::atomic<std::chrono::steady_clock::rep> now = 0;
};
// Time passes when somebody waits for it.
struct racing_clock {
    racing* r;
    explicit racing_clock(racing& x) : r(&x) {}
};

class racing_wait {
public:
    racing_wait(racing& r, std::chrono::steady_clock::time_point t)
        : race_(r), until_(t.time_since_epoch().count()),
          hop_(r.clock.hop(static_cast<unsigned>(until_ % 200))) {}
    racing_wait(const racing_wait&) = delete;
    void inherit_stop(const leat::detail::stop_ref& stop) noexcept { stop_ = stop; }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) const { hop_.await_suspend(h); }
    void await_resume() const {
        if (race_.now < until_)
            race_.now = until_;
        if (stop_ && stop_.get()->requested())
            stop_.get()->raise();
    }

private:
    racing& race_;
    std::chrono::steady_clock::rep until_;
    other_thread::awaiter hop_;
    leat::detail::stop_ref stop_;
};

leat::async_generator<counted> numbers(int n, racing& r) {
    for (int i = 0; i < n; ++i) {
        if (i % 3 != 0)
            co_await r.source.hop(static_cast<unsigned>(i * 37 % 300));
        co_yield counted(i);
    }
}
constexpr int many = 3000;

} // namespace

template <> struct leat::timer_traits<racing_clock> {
    static std::chrono::steady_clock::time_point now(const racing_clock& c) {
        return std::chrono::steady_clock::time_point(std::chrono::steady_clock::duration(c.r->now.load()));
    }
    static auto sleep_until(const racing_clock& c, std::chrono::steady_clock::time_point t) {
        return racing_wait(*c.r, t);
    }
};

TEST_CASE("time operators: the source on some threads, the clock on another one", "[time]") {
    const balance b;
    {
        racing r;
        const racing_clock ex(r);
        auto chunks = numbers(many, r) | leat::chunk_within(ex, 10, 3ns);
        int next = 0;
        bool in_order = true;
        leat::sync_wait(std::move(chunks) | leat::for_each([&](const std::vector<counted>& group) {
                            for (const counted& x : group)
                                in_order = in_order && x.value == next++;
                        }));
        CHECK(in_order);
        CHECK(next == many);

        int signs = 0;
        next = 0;
        auto alive = numbers(many, r) | leat::keep_alive(ex, 2ns, [] { return counted(-7); });
        leat::sync_wait(std::move(alive) | leat::for_each([&](const counted& x) {
                            if (x.value == -7)
                                ++signs;
                            else
                                in_order = in_order && x.value == next++;
                        }));
        CHECK(in_order);
        CHECK(next == many);

        for (const bool sampled : {true, false}) {
            int last = -1;
            auto look = leat::for_each([&](const counted& x) {
                in_order = in_order && x.value > last;
                last = x.value;
            });
            if (sampled)
                leat::sync_wait(numbers(many, r) | leat::sample(ex, 3ns) | std::move(look));
            else
                leat::sync_wait(numbers(many, r) | leat::debounce(ex, 3ns) | std::move(look));
            CHECK(in_order);
            CHECK(last == many - 1);
        }
    }
    CHECK(b.even());
}

TEST_CASE("time operators: time-outs and stops while the source is on other threads", "[time]") {
    const balance b;
    {
        racing r;
        const racing_clock ex(r);
        int timed_out = 0;
        int stopped = 0;
        for (int i = 0; i < 300; ++i) {
            std::stop_source stop;
            int seen = 0;
            auto s = numbers(50, r) | leat::timeout(ex, {.idle = 5ns, .total = 100ns}) |
                     leat::stop_on(stop.get_token());
            bool in_order = true;
            try {
                leat::sync_wait(std::move(s) | leat::for_each([&](const counted& x) {
                                    in_order = in_order && x.value == seen++;
                                    if (seen == i % 40)
                                        stop.request_stop();
                                }));
            } catch (const leat::timed_out& e) {
                ++timed_out;
                CHECK(e.elements() <= static_cast<std::size_t>(seen));
            } catch (const leat::stopped&) {
                ++stopped;
            }
            CHECK(in_order);
        }
        CHECK(timed_out + stopped > 0);
    }
    CHECK(b.even());
}
