#include "operators/every_way.hpp"

#include <leat/adaptor/counted_by.hpp>
#include <leat/adaptor/progress.hpp>
#include <leat/adaptor/trace.hpp>
#include <leat/leat.hpp>

#include "support/waiting.hpp"

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// The stages that only look on: counted_by, progress, trace.

using every_way::check;
using every_way::ints;
using every_way::meter;

namespace {

const ints four{1, 2, 3, 4};
const auto same = [](const ints& in) { return in; };

/// A file in memory.
class paper {
public:
    paper() : file_(std::tmpfile()) { REQUIRE(file_ != nullptr); }
    paper(const paper&) = delete;
    ~paper() { std::fclose(file_); }
    std::FILE* file() const { return file_; }
    std::string text() const {
        std::string all;
        std::rewind(file_);
        for (int c; (c = std::fgetc(file_)) != EOF;)
            all += static_cast<char>(c);
        return all;
    }
    /// The last line without the time and the rate, which nobody knows beforehand.
    std::string last() const {
        const std::string all = text();
        const auto begin = all.rfind('\r');
        return begin == std::string::npos ? "" : all.substr(begin + 1, all.rfind(" in ") - begin - 1);
    }

private:
    std::FILE* file_;
};

std::size_t times(const std::string& text, char c) {
    std::size_t n = 0;
    for (const char x : text)
        n += x == c;
    return n;
}

leat::async_generator<int> throwing_after(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
    throw std::runtime_error("out of numbers");
}

leat::async_generator<int> pages(std::vector<std::size_t> sizes) {
    for (const std::size_t size : sizes) {
        std::vector<int> page(size, 7);
        co_yield leat::batch(page);
    }
}

leat::async_generator<int> waiting(manual_loop& loop, int n) {
    for (int i = 0; i < n; ++i) {
        co_await loop.turn();
        co_yield i;
    }
}

const auto keep = leat::filter([](const auto&) { return true; });

struct lines_of {
    std::vector<std::string>* lines;
    explicit lines_of(std::vector<std::string>& l) : lines(&l) {}
    void operator()(std::string_view line) const { lines->emplace_back(line); }
};

} // namespace

TEST_CASE("counted_by: nothing is changed", "[seeing]") {
    for (const ints& in : {ints{}, ints{5}, four}) {
        leat::stage_counters c;
        check(leat::counted_by(c), in, in);
        check(keep | leat::counted_by(c), in, in);
        CHECK(c.elements() == 24 * in.size());
    }
    leat::stage_counters c;
    every_way::check_first(leat::counted_by(c), 2, four, {1, 2}, 2);
    CHECK(every_way::by_next::read(every_way::give_sole(four) | leat::counted_by(c)) == four);
}

TEST_CASE("counted_by: elements, batches and the deepest", "[seeing]") {
    const auto read = [](auto stage, auto reads) {
        leat::stage_counters c;
        CHECK(decltype(reads)::read(pages({3, 1, 10, 2}) | stage | leat::counted_by(c)).size() == 16);
        CHECK(c.elements() == 16);
        CHECK(c.batches() == 4);
        CHECK(c.depth() == 2);
        CHECK(c.deepest() == 10);
        CHECK(c.waits() == 0);
    };
    const auto nothing = leat::closure([]<class S>(S&& s) { return static_cast<S&&>(s); });
    read(nothing, every_way::by_next());
    read(nothing, every_way::by_batch());
    read(nothing, every_way::pushed());
    read(keep, every_way::by_next());
    read(keep, every_way::pushed());

    SECTION("what was not read is not counted") {
        leat::stage_counters direct, behind;
        CHECK(leat::sync_wait(pages({5, 5}) | leat::counted_by(direct) | leat::take(7) | leat::count()) == 7);
        CHECK(direct.elements() == 7);
        CHECK(leat::sync_wait(pages({5, 5}) | keep | leat::counted_by(behind) | leat::take(7) |
                              leat::count()) == 7);
        CHECK(behind.elements() == 7);
        auto closed = pages({5, 5}) | leat::counted_by(direct);
        leat::sync_wait(closed.next());
        leat::sync_wait(closed.close());
        CHECK(direct.elements() == 8);
        CHECK(!leat::sync_wait(closed.next()));
    }
    SECTION("and what came before an exception is") {
        leat::stage_counters c;
        CHECK_THROWS_AS(leat::sync_wait(throwing_after(3) | leat::counted_by(c) | leat::count()),
                        std::runtime_error);
        CHECK(c.elements() == 3);
    }
}

TEST_CASE("counted_by: batches are handed on where they lie", "[seeing]") {
    leat::stage_counters c;
    auto s = pages({100}) | leat::counted_by(c);
    static_cast<void>(leat::sync_wait(s.next()));
    CHECK(leat::sync_wait(s.next_batch()).size() == 99);
    CHECK(leat::sync_wait(s.next_batch()).empty());
    CHECK(c.elements() == 100);
    CHECK(c.batches() == 1);
}

TEST_CASE("counted_by: waits", "[seeing]") {
    manual_loop loop;
    leat::stage_counters pulled, pushed;
    const auto pull = [](auto s) -> leat::task<> {
        while (auto x = co_await s.next()) {
        }
    };
    run_on(loop, pull(waiting(loop, 4) | leat::counted_by(pulled)));
    CHECK(pulled.elements() == 4);
    CHECK(pulled.waits() == 4);
    const auto push = [](auto s) -> leat::task<> {
        auto all = std::move(s) | leat::count();
        static_cast<void>(co_await all);
    };
    run_on(loop, push(waiting(loop, 4) | leat::counted_by(pushed)));
    CHECK(pushed.elements() == 4);
    CHECK(pushed.waits() == 1);
}

TEST_CASE("progress: nothing is changed, and the last line stays", "[seeing]") {
    for (const ints& in : {ints{}, ints{5}, four}) {
        const paper p;
        check(leat::progress("rows", 0, {.to = p.file()}), in, in);
        check(keep | leat::progress("rows", 100, {.to = p.file()}), in, in);
        check(leat::progress("rows"), in, in);
        CHECK(p.last() == "rows: " + std::to_string(in.size()));
        CHECK(times(p.text(), '\n') == 24); // one for each time that it was read
    }
    const paper p;
    every_way::check_first(leat::progress("rows", 4, {.to = p.file()}), 3, four, {1, 2, 3}, 3);
    CHECK(p.last() == "rows: 3");
    leat::sync_wait(leat::progress(pages({1'000'000, 234'567}), "rows", 9, {.to = p.file()}) | leat::count());
    CHECK(p.last() == "rows: 1,234,567");
}

TEST_CASE("progress: after an exception, after close(), and for a stream that is destroyed", "[seeing]") {
    const paper p;
    CHECK_THROWS_AS(
        leat::sync_wait(throwing_after(3) | leat::progress("rows", 0, {.to = p.file()}) | leat::count()),
        std::runtime_error);
    CHECK(p.last() == "rows: 3");
    {
        auto s = pages({3, 3}) | leat::progress("closed", 0, {.to = p.file()});
        leat::sync_wait(s.next());
        leat::sync_wait(s.close());
        CHECK(p.last() == "closed: 1");
    }
    CHECK(times(p.text(), '\n') == 2);
    {
        auto s = pages({3, 3}) | leat::progress("open", 0, {.to = p.file(), .every = {}});
        for (int i = 0; i < 3; ++i)
            leat::sync_wait(s.next());
        auto elsewhere = std::move(s);
    }
    CHECK(p.text().back() == '\n');
    CHECK(times(p.text(), '\n') == 3);
}

TEST_CASE("progress: ten lines a second at most, with a total its share of it", "[seeing]") {
    const auto begin = std::chrono::steady_clock::now();
    const paper p;
    const auto read = [&](auto stage) {
        leat::sync_wait(pages(std::vector<std::size_t>(2000, 500)) | stage |
                        leat::progress("rows", 1'000'000, {.to = p.file()}) | leat::count());
    };
    read(leat::take(1'000'000));
    read(leat::filter([](int) { return true; }));
    const auto tenths = (std::chrono::steady_clock::now() - begin) / std::chrono::milliseconds(100);
    CHECK(times(p.text(), '\r') <= static_cast<std::size_t>(tenths) + 4);

    const paper q;
    leat::sync_wait(pages({1, 1, 1, 1, 1, 1}) | leat::progress("rows", 4, {.to = q.file(), .every = {}}) |
                    leat::count());
    CHECK(q.text().find("rows: 2 of 4 (50 %), ") != std::string::npos);
    CHECK(q.text().find(" s left, ") != std::string::npos);
    CHECK(q.last() == "rows: 6");
}

TEST_CASE("progress: a file that cannot be written to is no trouble", "[seeing]") {
    std::FILE* const full = std::fopen("/dev/full", "w");
    if (full == nullptr)
        return;
    CHECK(leat::sync_wait(pages({3, 3}) | leat::progress("rows", 0, {.to = full, .every = {}}) |
                          leat::count()) == 6);
    std::fclose(full);
}

TEST_CASE("trace: every event, in order", "[seeing]") {
    std::vector<std::string> seen;
    const auto trace = [&] { return leat::trace("n", lines_of(seen)); };
    using lines = std::vector<std::string>;

    SECTION("elements and the end") {
        CHECK(every_way::by_next::read(pages({1, 2}) | trace()).size() == 3);
        CHECK(seen == lines{"n: 7", "n: 7", "n: 7", "n: ends"});
    }
    SECTION("pushed") {
        CHECK(every_way::pushed::read(pages({1, 2}) | trace()).size() == 3);
        CHECK(seen == lines{"n: 7", "n: 7", "n: 7", "n: ends"});
    }
    SECTION("an exception") {
        CHECK_THROWS_AS(leat::sync_wait(throwing_after(1) | trace() | leat::count()), std::runtime_error);
        CHECK(seen == lines{"n: 0", "n: throws: out of numbers"});
    }
    SECTION("a reader that has enough") {
        CHECK(leat::sync_wait(pages({5}) | trace() | leat::take(1) | leat::count()) == 1);
        CHECK(seen == lines{"n: 7", "n: is closed"});
        seen.clear();
        auto s = pages({5}) | trace();
        leat::sync_wait(s.close());
        CHECK(!leat::sync_wait(s.next()));
        CHECK(seen == lines{"n: is closed"});
    }
    SECTION("waits") {
        manual_loop loop;
        const auto pull = [](auto s) -> leat::task<> {
            while (auto x = co_await s.next()) {
            }
        };
        run_on(loop, pull(waiting(loop, 2) | trace()));
        CHECK(seen == lines{"n: waits", "n: 0", "n: waits", "n: 1", "n: ends"});
    }
    SECTION("groups, and what cannot be printed") {
        leat::sync_wait(pages({3}) | leat::chunk(2) | trace() | leat::count());
        leat::sync_wait(every_way::give_sole(four) | leat::take(1) |
                        leat::transform([](auto&&) { return manual_event(); }) | trace() | leat::count());
        CHECK(seen == lines{"n: [7, 7]", "n: [7]", "n: ends", "n: (not printable)", "n: ends"});
    }
}

TEST_CASE("trace: what its function throws is dropped", "[seeing]") {
    const auto failing = [](std::string_view) { throw std::runtime_error("no paper"); };
    CHECK(leat::sync_wait(pages({3}) | leat::trace("n", failing) | leat::count()) == 3);
    const auto quiet = [](std::string_view) {};
    for (const ints& in : {ints{}, ints{5}, four})
        check(leat::trace("n", quiet), in, in);
}

TEST_CASE("faults: counted_by, progress, trace", "[faults]") {
    leat::stage_counters c;
    fault::check_faults(
        "counted_by", [&](auto&, auto s) { return std::move(s) | leat::counted_by(c); }, same);
    fault::check_faults(
        "filter, counted_by, progress",
        [&](auto& ctx, auto s) {
            return std::move(s) | leat::filter(ctx.fn([](const auto&) { return true; })) |
                   leat::counted_by(c) | leat::progress("rows");
        },
        same);
    const paper p;
    fault::check_faults(
        "progress, trace",
        [&](auto&, auto s) {
            return std::move(s) |
                   leat::progress("rows", 8, {.to = p.file(), .every = std::chrono::hours(1)}) |
                   leat::trace("rows", [](std::string_view) {});
        },
        same);
}
