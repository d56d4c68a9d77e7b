#include <leat/asio.hpp>
#include <leat/leat.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/counted.hpp"

// A stream that is always ready, and a neighbour on the same loop that counts how often it runs.

namespace {

using namespace std::chrono_literals;

class neighbour {
public:
    explicit neighbour(leat::executor ex) : state_(std::make_shared<state>(ex)) { run(state_); }
    neighbour(const neighbour&) = delete;
    ~neighbour() { state_->stopped = true; }
    std::size_t turns() const { return state_->turns; }

private:
    struct state {
        explicit state(leat::executor e) : ex(std::move(e)) {}
        leat::executor ex;
        std::size_t turns = 0;
        bool stopped = false;
    };
    static void run(std::shared_ptr<state> s) {
        boost::asio::post(s->ex, [s] {
            ++s->turns;
            if (!s->stopped)
                run(s);
        });
    }
    std::shared_ptr<state> state_;
};

/// The longest run of elements between two turns of the neighbour.
class longest_run {
public:
    void element(std::size_t turns) {
        run_ = turns == turns_ ? run_ + 1 : 1;
        turns_ = turns;
        longest_ = std::max(longest_, run_);
    }
    std::size_t get() const { return longest_; }

private:
    std::size_t turns_ = 0;
    std::size_t run_ = 0;
    std::size_t longest_ = 0;
};

leat::async_generator<int> singles(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
}
leat::async_generator<int> batches(int n, int size) {
    std::vector<int> page;
    for (int i = 0; i < n; i += size) {
        page.resize(static_cast<std::size_t>(std::min(size, n - i)));
        std::iota(page.begin(), page.end(), i);
        co_yield leat::batch(page);
    }
}

} // namespace

TEST_CASE("contract: fairness: another task runs at least every N elements of a stream that is always ready",
          "[yield_every]") {
    for (const int size : {0, 1, 7, 100, 1000}) {
        INFO("batches of " << size);
        leat::run([&](leat::executor ex) -> leat::task<> {
            const neighbour other(ex);
            longest_run unfair, fair;
            {
                auto all = size == 0 ? singles(10'000) : batches(10'000, size);
                while (auto x = co_await all.next())
                    unfair.element(other.turns());
            }
            CHECK(unfair.get() == 10'000); // that is the trouble

            auto source = size == 0 ? singles(10'000) : batches(10'000, size);
            auto all = std::move(source) | leat::yield_every(ex, {.elements = 100});
            int expected = 0;
            while (auto x = co_await all.next()) {
                if (*x != expected++)
                    FAIL("an element is missing");
                fair.element(other.turns());
            }
            CHECK(expected == 10'000);
            CHECK(fair.get() == 100); // not less often either
        });
    }
}

TEST_CASE("yield_every: a terminal drains it, and batches stay batches", "[yield_every]") {
    leat::run([](leat::executor ex) -> leat::task<> {
        const neighbour other(ex);
        longest_run fair;
        auto each = [&](int) { fair.element(other.turns()); };
        auto draining =
            batches(10'000, 1000) | leat::yield_every(ex, {.elements = 100}) | leat::for_each(each);
        co_await draining;
        CHECK(fair.get() == 100);

        std::vector<std::size_t> sizes;
        auto sliced = leat::yield_every(batches(250, 250), ex, {.elements = 100});
        while (auto b = co_await sliced.next_batch())
            sizes.push_back(b.size());
        CHECK(sizes == std::vector<std::size_t>{100, 100, 50});

        sizes.clear();
        auto counted_over_batches = leat::yield_every(batches(250, 70), ex, {.elements = 100});
        while (auto b = co_await counted_over_batches.next_batch())
            sizes.push_back(b.size());
        CHECK(sizes == std::vector<std::size_t>{70, 30, 40, 60, 10, 40});
    });
}

TEST_CASE("yield_every: by time", "[yield_every]") {
    leat::run([](leat::executor ex) -> leat::task<> {
        for (const int size : {1, 100'000}) {
            const neighbour other(ex);
            const auto begin = std::chrono::steady_clock::now();
            auto all = batches(100'000'000, size) | leat::yield_every(ex, {.time = 200us});
            while (auto x = co_await all.next())
                if (std::chrono::steady_clock::now() - begin > 100ms)
                    break;
            co_await all.close();
            CHECK(other.turns() > 20); // of 500
            CHECK(other.turns() < 600);
        }
    });
}

TEST_CASE("yield_every: no element is copied or moved, lent ones stay lent", "[yield_every]") {
    const balance elements;
    leat::run([](leat::executor ex) -> leat::task<> {
        std::vector<counted> page(10);
        auto kept = [](std::vector<counted>& from) -> leat::async_generator<counted> {
            co_yield leat::batch(from);
        };
        auto lent = [](const std::vector<counted>& from) -> leat::async_generator<const counted&> {
            co_yield leat::batch(from);
        };
        auto mutable_ones = [](std::vector<counted>& from) -> leat::async_generator<counted&> {
            for (counted& x : from)
                co_yield x;
        };
        counted::forget_copies();
        auto a = leat::yield_every(kept(page), ex, {.elements = 3});
        static_assert(std::is_same_v<decltype(a)::reference, counted&&>);
        std::size_t i = 0;
        while (auto x = co_await a.next()) {
            const bool same = &*x == &page[i++];
            CHECK(same);
        }
        auto b = leat::yield_every(lent(page), ex, {.elements = 3});
        static_assert(std::is_same_v<decltype(b)::reference, const counted&>);
        i = 0;
        while (auto x = co_await b.next()) {
            const bool same = &*x == &page[i++];
            CHECK(same);
        }
        auto c = leat::yield_every(mutable_ones(page), ex, {.elements = 3});
        static_assert(std::is_same_v<decltype(c)::reference, counted&>);
        i = 0;
        while (auto x = co_await c.next()) {
            const bool same = &*x == &page[i++];
            CHECK(same);
        }
        CHECK(counted::copies == 0);
        CHECK(counted::moves == 0);

        // Behind a stage they come one by one, computed ones are moved along.
        auto computed = kept(page) |
                        leat::transform([](counted&& x) { return std::make_unique<counted>(x.value); }) |
                        leat::yield_every(ex, {.elements = 3});
        int n = 0;
        while (auto x = co_await computed.next())
            n += (*x)->value == 0;
        CHECK(n == 10);
        leat::any_stream<int> any = singles(10);
        auto erased = std::move(any) | leat::yield_every(ex, {.elements = 3}) | leat::count();
        const auto ten = co_await erased;
        CHECK(ten == 10);
    });
    CHECK(elements.even());
}

TEST_CASE("yield_every: closing it closes its source, and waits for that", "[yield_every]") {
    std::vector<std::string> log;
    const auto source = [&log](leat::executor ex) -> leat::async_generator<int> {
        auto cleanup = [ex, &log]() -> leat::task<> {
            auto& l = log;
            co_await leat::sleep_for(ex, 1ms);
            l.push_back("closed");
        };
        co_await leat::on_close(cleanup);
        for (int i = 0; i < 1000; ++i)
            co_yield i;
        throw std::runtime_error("the source's own");
    };
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto left = source(ex) | leat::yield_every(ex, {.elements = 2}) | leat::take(3) | leat::count();
        const auto three = co_await left;
        log.push_back(std::to_string(three));

        auto closed = source(ex) | leat::yield_every(ex, {.elements = 2});
        co_await closed.next();
        co_await closed.close();
        log.push_back("after close");

        auto thrown = source(ex) | leat::yield_every(ex, {.elements = 2}) | leat::count();
        try {
            co_await thrown;
        } catch (const std::runtime_error& e) {
            log.push_back(e.what());
        }
    });
    CHECK(log ==
          std::vector<std::string>{"closed", "3", "closed", "after close", "closed", "the source's own"});
}

TEST_CASE("yield_every: a stop, above or below it, loses no element that was pulled", "[yield_every]") {
    leat::run([](leat::executor ex) -> leat::task<> {
        std::stop_source source;
        std::size_t seen = 0;
        auto stop_at_5 = [&](int) {
            if (++seen == 5)
                source.request_stop();
        };
        auto above = batches(1000, 100) | leat::stop_on(source.get_token()) |
                     leat::yield_every(ex, {.elements = 10}) | leat::for_each(stop_at_5);
        bool stopped = false;
        try {
            co_await above;
        } catch (const leat::stopped&) {
            stopped = true;
        }
        CHECK(stopped);
        CHECK(seen == 100); // the batch that was there

        source = std::stop_source();
        seen = 0;
        stopped = false;
        auto below = batches(1000, 100) | leat::yield_every(ex, {.elements = 10}) |
                     leat::stop_on(source.get_token()) | leat::for_each(stop_at_5);
        try {
            co_await below;
        } catch (const leat::stopped&) {
            stopped = true;
        }
        CHECK(stopped);
        CHECK(seen == 100); // too, for the batch was pulled

        source = std::stop_source();
        source.request_stop();
        auto never = batches(10, 5) | leat::yield_every(ex, {.elements = 1}) |
                     leat::take_until(source.get_token()) | leat::count();
        const std::size_t none = co_await never;
        CHECK(none == 0);
    });
}

TEST_CASE("yield_every: destroyed while it waits for its turn", "[yield_every]") {
    const balance elements;
    boost::asio::io_context loop(1);
    for (const bool loop_first : {false, true}) {
        auto reading = [](leat::executor ex) -> leat::task<> {
            auto source = []() -> leat::async_generator<counted> {
                for (int i = 0;; ++i)
                    co_yield counted(i);
            };
            auto all = source() | leat::yield_every(ex, {.elements = 1}) | leat::count();
            co_await all;
        };
        if (loop_first) {
            boost::asio::io_context other(1);
            leat::spawn(other.get_executor(), reading(other.get_executor()));
            other.run_one();
            other.run_one();
        } else {
            std::optional<leat::task<>> t(reading(loop.get_executor()));
            {
                auto awaiter = t->operator co_await();
                CHECK_FALSE(awaiter.await_ready());
            }
            t.reset();
            loop.run();
        }
    }
    CHECK(elements.even());
}

TEST_CASE("yield_every: without a limit it is refused", "[yield_every]") {
    leat::run([](leat::executor ex) -> leat::task<> {
        std::string said;
        try {
            auto all = singles(1) | leat::yield_every(ex, {});
        } catch (const leat::error& e) {
            said = e.what();
        }
        CHECK_THAT(said, Catch::Contains("leat::yield_every: neither elements nor a time is set"));
        co_return;
    });
}
