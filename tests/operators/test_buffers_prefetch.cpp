#include "plain.hpp"
#include "support/waiting.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <leat/adaptor/buffer.hpp>
#include <leat/adaptor/conflate.hpp>
#include <leat/adaptor/prefetch.hpp>
#include <leat/leat.hpp>

using namespace std::chrono_literals;
using leat::async_generator;
using leat::sync_wait;
using leat::task;
using plain::ints;
using plain::up_to;

namespace {

async_generator<int> numbers(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
}

// Pages that come one turn of the loop after they were asked for; writes down when that is.
async_generator<counted> pages(manual_loop& loop, int count, int size, std::vector<std::string>& diary) {
    for (int p = 0; p < count; ++p) {
        diary.push_back("asked for page " + std::to_string(p));
        co_await loop.turn();
        std::vector<counted> page;
        page.reserve(static_cast<std::size_t>(size));
        for (int i = 0; i < size; ++i)
            page.emplace_back(p * size + i);
        co_yield leat::batch(page);
    }
    diary.push_back("no more pages");
}

template <class S> task<ints> read_all(S s) {
    ints all;
    while (auto x = co_await s.next())
        all.push_back(static_cast<int>(*x));
    co_return all;
}
template <class S> task<std::vector<std::size_t>> batch_sizes(S s) {
    std::vector<std::size_t> sizes;
    for (;;) {
        auto b = co_await s.next_batch();
        if (b.empty())
            co_return sizes;
        sizes.push_back(b.size());
    }
}

} // namespace

TEST_CASE("prefetch: the same elements, pulled, in batches and pushed") {
    CHECK(sync_wait(read_all(numbers(1000) | leat::prefetch({.elements = 7}))) == up_to(1000));
    CHECK(sync_wait(read_all(numbers(0) | leat::prefetch())).empty());
    CHECK(sync_wait(read_all(numbers(1) | leat::prefetch())) == ints{0});
    CHECK(sync_wait(batch_sizes(numbers(1000) | leat::prefetch({.elements = 400}))) ==
          std::vector<std::size_t>{400, 400, 200});
    CHECK(sync_wait(leat::prefetch(numbers(1000)) | leat::collect<std::vector>()) == up_to(1000));
    leat::any_stream<int> any =
        numbers(1000) | leat::prefetch() | leat::filter([](int i) { return i >= 10; });
    CHECK(sync_wait(std::move(any) | leat::count()) == 990);
}

TEST_CASE("prefetch: the next page is asked for before the reader works on this one") {
    const balance b;
    manual_loop loop;
    std::vector<std::string> diary;
    const auto work = [&](auto s) -> task<> {
        while (auto x = co_await s.next())
            if (x->value % 2 == 0) {
                diary.push_back("works on page " + std::to_string(x->value / 2));
                co_await loop.turn();
            }
    };
    run_on(loop, work(pages(loop, 3, 2, diary) | leat::prefetch({.elements = 2})));
    CHECK(diary == std::vector<std::string>{"asked for page 0", "asked for page 1", "works on page 0",
                                            "asked for page 2", "works on page 1", "no more pages",
                                            "works on page 2"});
    CHECK(b.even());
}

TEST_CASE("prefetch: fetching and working overlap: the longer of both counts, not the sum") {
    // A page takes 5 turns to fetch and 3 (or 8) to work on.
    const auto turns = [](int fetch, int work) {
        manual_loop loop;
        const auto source = [&]() -> async_generator<int> {
            for (int p = 0; p < 20; ++p) {
                for (int i = 0; i < fetch; ++i)
                    co_await loop.turn();
                std::vector<int> page(10, p);
                co_yield leat::batch(page);
            }
        };
        const auto reader = [&](auto s) -> task<> {
            for (;;) {
                auto b = co_await s.next_batch();
                if (b.empty())
                    co_return;
                for (int i = 0; i < work; ++i)
                    co_await loop.turn();
            }
        };
        // In a loop that serves two, a turn of either counts; so it is the number of rounds that counts.
        const auto running = start(reader(source() | leat::prefetch({.elements = 20})));
        std::size_t rounds = 0;
        while (!loop.idle()) {
            loop.run_one();
            if (!loop.idle())
                loop.run_one(); // at most two wait at a time
            ++rounds;
        }
        CHECK(running.done());
        return rounds;
    };
    CHECK(turns(5, 3) <= 20 * 5 + 8); // and not 20 * 8
    CHECK(turns(3, 8) <= 20 * 8 + 8); // and not 20 * 11
}

TEST_CASE("prefetch: nothing is read before the first step, and nothing after an early end") {
    int made = 0;
    const auto source = [&]() -> async_generator<int> {
        for (;;) {
            ++made;
            co_yield 1;
        }
    };
    {
        auto s = source() | leat::prefetch({.elements = 10}) | leat::take(3);
        CHECK(made == 0);
        CHECK(sync_wait(std::move(s) | leat::count()) == 3);
    }
    CHECK(made <= 11); // ten ahead, and the one that is under way
}

TEST_CASE("prefetch: elements are moved, never copied; lent ones are copied once; move-only ones work") {
    const balance b;
    manual_loop loop;
    std::vector<std::string> diary;
    counted::forget_copies();
    run_on(loop, [&](auto s) -> task<> {
        int i = 0;
        while (auto x = co_await s.next())
            CHECK(x->value == i++);
        CHECK(i == 40);
    }(pages(loop, 4, 10, diary) | leat::prefetch({.elements = 16})));
    CHECK(counted::copies == 0);
    CHECK(counted::moves == 40);

    const std::vector<counted> kept(10, counted(5));
    counted::forget_copies();
    const auto lends = [&]() -> async_generator<const counted&> { co_yield leat::batch(kept); };
    CHECK(sync_wait(lends() | leat::prefetch() | leat::count()) == 10);
    CHECK(counted::copies == 10);

    const auto unique = []() -> async_generator<std::unique_ptr<int>> {
        for (int i = 0; i < 100; ++i)
            co_yield std::make_unique<int>(i);
    };
    auto sum = unique() | leat::prefetch({.elements = 3}) |
               leat::fold(0, [](int s, const auto& p) { return s + *p; });
    CHECK(sync_wait(sum) == 4950);
    (void)b;
}

TEST_CASE("prefetch: elements and bytes never exceed their limits") {
    static std::size_t held_bytes = 0;
    static std::size_t most_bytes = 0;
    static std::size_t held = 0;
    static std::size_t most = 0;
    held_bytes = most_bytes = held = most = 0;
    struct sized { // counts while it is in the ring or in the reader's hands: from the first move on
        std::size_t bytes;
        bool counts = false;
        explicit sized(std::size_t n) : bytes(n) {}
        sized(sized&& other) noexcept : bytes(other.bytes), counts(true) {
            most_bytes = std::max(most_bytes, held_bytes += bytes);
            most = std::max(most, ++held);
        }
        sized& operator=(sized&&) = delete;
        ~sized() {
            if (counts) {
                held_bytes -= bytes;
                --held;
            }
        }
    };
    manual_loop loop;
    const auto source = [&]() -> async_generator<sized> {
        for (std::size_t i = 0; i < 2000; ++i) {
            if (i % 13 == 0)
                co_await loop.turn();
            sized x(1 + i * 7 % 40);
            co_yield std::move(x);
        }
    };
    std::size_t n = 0;
    const auto reader = [&](auto s) -> task<> {
        while (auto x = co_await s.next())
            if (++n % 9 == 0)
                co_await loop.turn();
    };
    const auto bytes_of = [](const sized& x) { return x.bytes; };
    run_on(loop, reader(source() | leat::prefetch({.elements = 64, .bytes = 100}, bytes_of)));
    CHECK(n == 2000);
    CHECK(most_bytes <= 100);
    CHECK(most_bytes > 80);
    CHECK(held == 0);

    most_bytes = most = n = 0;
    run_on(loop, reader(source() | leat::prefetch({.elements = 10}, bytes_of)));
    CHECK(n == 2000);
    CHECK(most == 10);

    most = n = 0; // larger than all the room: one at a time
    run_on(loop, reader(source() | leat::prefetch({.elements = 10, .bytes = 1}, &sized::bytes)));
    CHECK(n == 2000);
    CHECK(most == 1);
}

TEST_CASE("prefetch: without a function, a string weighs itself and its contents") {
    const auto source = []() -> async_generator<std::string> {
        for (int i = 0; i < 100; ++i)
            co_yield std::string(1000, 'x');
    };
    const std::size_t each = sizeof(std::string) + 1000;
    const auto sizes =
        sync_wait(batch_sizes(source() | leat::prefetch({.elements = 50, .bytes = 10 * each})));
    CHECK(*std::max_element(sizes.begin(), sizes.end()) == 10);
}

TEST_CASE("prefetch: reads on when little is ahead, and until it is full") {
    manual_loop loop;
    std::vector<std::string> diary;
    std::vector<std::size_t> asked; // when the reader is through with the first element of each page
    run_on(loop, [&](auto s) -> task<> {
        while (auto x = co_await s.next()) {
            for (int i = 0; i < 9; ++i)
                co_await loop.turn();
            if (x->value % 10 == 0)
                asked.push_back(diary.size());
        }
    }(pages(loop, 6, 10, diary) | leat::prefetch({.elements = 30, .low_water = 0})));
    // Page 0 in hand and two ahead; those two in hand, and there is room for one ...
    CHECK(asked == std::vector<std::size_t>{3, 4, 4, 6, 7, 7});
}

namespace {

// Ten pages of three, a turn each, through a prefetch that is read in batches; each element takes its reader ten turns.
struct trace {
    std::vector<std::size_t> batches;
    ints asked; // for so many pages, by the time the reader was through with that batch
};
trace read_pages_of_three(leat::prefetch_options o) {
    manual_loop loop;
    trace out;
    int asked = 0;
    const auto source = [&]() -> async_generator<int> {
        while (asked != 10) {
            ++asked;
            co_await loop.turn();
            ints page(3);
            co_yield leat::batch(page);
        }
    };
    const auto reader = [&](auto s) -> task<> {
        for (;;) {
            auto b = co_await s.next_batch();
            if (b.empty())
                co_return;
            for (std::size_t i = 0; i < 10 * b.size(); ++i)
                co_await loop.turn();
            out.batches.push_back(b.size());
            out.asked.push_back(asked);
        }
    };
    run_on(loop, reader(source() | leat::prefetch(o)));
    return out;
}

} // namespace

// There is room for four pages. First the reader has one of them in hand and three are ahead of it, then the other way round.
TEST_CASE("prefetch: the next page is asked for when what is ahead is down to low_water") {
    const trace at_2 = read_pages_of_three({.elements = 12, .low_water = .24});
    CHECK(at_2.batches == std::vector<std::size_t>{3, 9, 3, 9, 3, 3});
    CHECK(at_2.asked == ints{4, 5, 8, 9, 10, 10}); // none for nine elements: three are ahead

    const trace at_3 = read_pages_of_three({.elements = 12, .low_water = .25});
    CHECK(at_3.batches == std::vector<std::size_t>{3, 9, 6, 6, 6});
    CHECK(at_3.asked == ints{4, 6, 8, 10, 10}); // the sixth one is there when the reader comes back

    const trace at_once = read_pages_of_three({.elements = 12, .low_water = 1});
    REQUIRE(at_once.asked.size() > 1);
    CHECK(at_once.asked[0] == 5); // one more than there is room for
    CHECK(at_once.asked[1] == 6);

    // By bytes. That they are used up is seen when a page finds no room, so the fifth one was asked for before.
    leat::prefetch_options o{.elements = 100, .bytes = 12 * sizeof(int), .low_water = .24};
    const trace at_8_bytes = read_pages_of_three(o);
    CHECK(at_8_bytes.batches == std::vector<std::size_t>{3, 9, 3, 9, 3, 3});
    CHECK(at_8_bytes.asked == ints{5, 5, 9, 9, 10, 10});
    o.low_water = .25;
    const trace at_12_bytes = read_pages_of_three(o);
    CHECK(at_12_bytes.batches == std::vector<std::size_t>{3, 9, 6, 6, 6});
    CHECK(at_12_bytes.asked == ints{5, 6, 9, 10, 10});
}

TEST_CASE("prefetch: with max_lag nothing is read ahead of a reader that is too slow") {
    manual_loop loop;
    std::vector<std::string> diary;
    std::size_t asked = 0;
    run_on(loop, [&](auto s) -> task<> {
        auto b = co_await s.next_batch();
        for (int i = 0; i < 50; ++i)
            co_await loop.turn();
        asked = diary.size();
        (void)b;
        b = co_await s.next_batch();
        std::size_t more = b.size();
        while (more < 50) {
            auto next = co_await s.next_batch();
            more += next.size();
        }
        CHECK(more == 50); // and goes on when the reader has caught up
    }(pages(loop, 6, 10, diary) | leat::prefetch({.elements = 60, .low_water = 1, .max_lag = 1ns})));
    CHECK(asked <= 3);
}

TEST_CASE("prefetch: two in a row are one, as the second says") {
    auto two = numbers(100) | leat::prefetch({.elements = 50}) |
               leat::prefetch({.elements = 10, .bytes = 20}, [](int) { return 4; });
    static_assert(std::is_same_v<decltype(two), decltype(numbers(1) | leat::prefetch())>);
    const auto sizes = sync_wait(batch_sizes(std::move(two)));
    CHECK(*std::max_element(sizes.begin(), sizes.end()) == 5);
}

TEST_CASE("prefetch: elements come before the error, and before a stop") {
    const auto fails = []() -> async_generator<int> {
        co_yield 1;
        co_yield 2;
        throw std::runtime_error("broken");
    };
    const auto reader = [&](auto s, std::string& end) -> task<ints> {
        ints all;
        try {
            while (auto x = co_await s.next())
                all.push_back(*x);
            end = "end";
        } catch (const leat::stopped&) {
            end = "stopped";
        } catch (const std::runtime_error& e) {
            end = e.what();
        }
        co_return all;
    };
    std::string end;
    CHECK(sync_wait(reader(fails() | leat::prefetch(), end)) == ints{1, 2});
    CHECK(end == "broken");

    std::stop_source stop;
    const auto endless = [&]() -> async_generator<int> { // always ready
        for (int i = 0;; ++i) {
            if (i == 100)
                stop.request_stop();
            co_yield i;
        }
    };
    const ints got =
        sync_wait(reader(endless() | leat::prefetch({.elements = 8}) | leat::stop_on(stop.get_token()), end));
    CHECK(end == "stopped");
    CHECK(got.size() >= 100);
    CHECK(got.size() <= 120);
    CHECK(got == up_to(static_cast<int>(got.size())));
}

TEST_CASE("prefetch: a source and a reader on threads of their own") {
    const balance b;
    two_threads threads;
    other_thread mine;
    const auto source = [&]() -> async_generator<counted> {
        for (int i = 0; i < 3000;) {
            co_await threads.hop(static_cast<unsigned>(i % 200));
            std::vector<counted> page;
            for (int k = 0; k < 1 + i % 17; ++k)
                page.emplace_back(i++);
            co_yield leat::batch(page);
        }
    };
    const auto reader = [&](auto s) -> task<int> {
        int n = 0;
        bool right = true;
        while (auto x = co_await s.next()) {
            right = right && x->value == n++;
            if (n % 50 == 0)
                co_await mine.hop(300);
        }
        CHECK(right);
        co_return n;
    };
    CHECK(sync_wait(reader(source() | leat::prefetch({.elements = 40}))) >= 3000);
    CHECK(b.even());
}

// ---- buffer and conflate ----

namespace {

// An element every turn, whoever reads.
async_generator<int> every_turn(manual_loop& loop, int n) {
    for (int i = 0; i < n; ++i) {
        co_await loop.turn();
        co_yield i;
    }
}
struct seen {
    ints got;
    std::size_t dropped = 0;
    std::string end;
};
// A reader that is busy for `turns` turns after each batch.
template <class S> task<> read_slowly(manual_loop& loop, S s, int turns, seen& out) {
    try {
        for (;;) {
            auto b = co_await s.next_batch();
            if (b.empty())
                break;
            for (auto& x : b)
                out.got.push_back(x);
            for (int i = 0; i < turns; ++i)
                co_await loop.turn();
        }
        out.end = "end";
    } catch (const leat::overflowed&) {
        out.end = "overflowed";
    }
    out.dropped = s.dropped();
}
template <class Make> seen slowly(int turns, Make make) {
    manual_loop loop;
    seen out;
    run_on(loop, read_slowly(loop, make(loop), turns, out));
    return out;
}

} // namespace

TEST_CASE("buffer: what becomes of elements for which there is no room") {
    const auto with = [](leat::overflow policy) {
        return slowly(10, [=](manual_loop& loop) { return every_turn(loop, 12) | leat::buffer(3, policy); });
    };
    const seen block = with(leat::overflow::block);
    CHECK(block.got == up_to(12));
    CHECK(block.dropped == 0);

    // The reader has 0 and is busy while 1 .. 10 come, and has what was kept of them while the rest comes.
    const seen oldest = with(leat::overflow::drop_oldest);
    CHECK(oldest.got.front() == 0);
    CHECK(oldest.got.back() == 11);
    CHECK(oldest.got.size() + oldest.dropped == 12);
    CHECK(oldest.dropped > 0);
    CHECK(std::is_sorted(oldest.got.begin(), oldest.got.end()));

    const seen newest = with(leat::overflow::drop_newest);
    REQUIRE(newest.got.size() >= 4);
    CHECK(ints(newest.got.begin(), newest.got.begin() + 4) == ints{0, 1, 2, 3});
    CHECK(newest.got.size() + newest.dropped == 12);
    CHECK(newest.dropped > 0);

    const seen fails = with(leat::overflow::fail);
    CHECK(fails.got == ints{0, 1, 2, 3});
    CHECK(fails.end == "overflowed");
}

TEST_CASE("buffer: what is ready while the reader waits is not dropped") {
    auto s = numbers(1000) | leat::buffer(3, leat::overflow::drop_oldest);
    CHECK(sync_wait(read_all(std::move(s))) == up_to(1000));
    auto c = numbers(1000) | leat::conflate();
    CHECK(sync_wait(read_all(std::move(c))) == up_to(1000));
}

TEST_CASE("buffer: a source that is always ready after a wait lets go of the thread") {
    const seen out = slowly(3, [](manual_loop& loop) {
        const auto wild = [](manual_loop& l) -> async_generator<int> {
            for (int i = 0; i < 50'000; ++i) {
                if (i == 1)
                    co_await l.turn();
                co_yield i;
            }
        };
        return wild(loop) | leat::buffer(4, leat::overflow::drop_oldest);
    });
    CHECK(out.got.back() == 49'999);
    CHECK(out.dropped > 0);
    CHECK(out.dropped < 10'000); // then it waited for the reader
}

TEST_CASE("conflate: only the latest, or all of it as one") {
    const seen latest = slowly(10, [](manual_loop& loop) { return every_turn(loop, 30) | leat::conflate(); });
    CHECK(latest.got.front() == 0);
    CHECK(latest.got.back() == 29);
    CHECK(latest.got.size() + latest.dropped == 30);
    CHECK(latest.got.size() < 8);

    const seen sum = slowly(10, [](manual_loop& loop) {
        return every_turn(loop, 30) | leat::conflate([](int a, int b) { return a + b; });
    });
    int total = 0;
    for (const int x : sum.got)
        total += x;
    CHECK(total == 29 * 30 / 2);
    CHECK(sum.got.size() < 8);
    CHECK(sum.dropped == 0);
}
