#include "support/catch.hpp"
#include "support/last_words.hpp"
#include "support/waiting.hpp"

#include <string>
#include <utility>
#include <vector>

#include <leat/leat.hpp>

// What must not be done is met with a sentence, in a debug build. Each mistake is made in a process of its own.

#ifndef NDEBUG

namespace {

using leat::async_generator;
using leat::sync_wait;
using leat::task;

async_generator<int> numbers(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
}
async_generator<int> waits_for_ever() {
    co_await std::suspend_always();
    co_yield 1;
}
task<> read_one(async_generator<int>& s) { static_cast<void>(co_await s.next()); }
task<> close_it(async_generator<int>& s) { co_await s.close(); }
task<> count_all(async_generator<int> s) {
    auto counting = std::move(s) | leat::count();
    static_cast<void>(co_await counting);
}
task<int> answer() { co_return 42; }

} // namespace

TEST_CASE("contract: misuse is met with a sentence: two steps at once", "[misuse]") {
    CHECK_THAT(last_words([] {
                   auto s = waits_for_ever();
                   const auto one = start(read_one(s));
                   const auto two = start(read_one(s));
               }),
               Catch::Contains("next() while another next() of the same stream is still waiting"));
    CHECK_THAT(last_words([] {
                   auto s = waits_for_ever();
                   const auto one = start(read_one(s));
                   const auto two = start(close_it(s));
               }),
               Catch::Contains("close() while a next() of the same stream is still waiting"));
    // A second consumer, which takes the stream away from under the first.
    CHECK_THAT(last_words([] {
                   auto s = waits_for_ever();
                   const auto one = start(read_one(s));
                   const auto two = start(count_all(std::move(s)));
               }),
               Catch::Contains("a terminal on a stream that somebody else is waiting for"));
}

TEST_CASE("contract: misuse is met with a sentence: a stream that was moved from", "[misuse]") {
    CHECK_THAT(last_words([] {
                   auto s = numbers(3);
                   auto pipeline = std::move(s) | leat::take(1);
                   static_cast<void>(sync_wait(s.next())); // NOLINT
               }),
               Catch::Contains("next() on a stream that was moved from"));
    CHECK_THAT(last_words([] {
                   auto s = numbers(3);
                   auto other = std::move(s);
                   sync_wait(s.close()); // NOLINT
               }),
               Catch::Contains("close() on a stream that was moved from"));
    CHECK_THAT(last_words([] {
                   auto s = numbers(3);
                   auto other = std::move(s);
                   static_cast<void>(sync_wait(std::move(s) | leat::count())); // NOLINT
               }),
               Catch::Contains("a terminal on a stream that was moved from"));
}

TEST_CASE("misuse: a task that is empty, or was awaited before", "[misuse]") {
    CHECK_THAT(last_words([] {
                   auto t = answer();
                   auto other = std::move(t);
                   static_cast<void>(sync_wait(t)); // NOLINT
               }),
               Catch::Contains("an empty (moved-from) task was awaited"));
    CHECK_THAT(last_words([] {
                   auto t = answer();
                   static_cast<void>(sync_wait(t));
                   static_cast<void>(sync_wait(t));
               }),
               Catch::Contains("awaited a second time"));
}

TEST_CASE("misuse: stages", "[misuse]") {
    CHECK_THAT(last_words([] { auto s = numbers(3) | leat::chunk(0); }),
               Catch::Contains("chunks of 0 elements"));
    CHECK_THAT(last_words([] {
                   auto s = numbers(3) | leat::flat_map([](int x) { return std::vector<int>(2, x); });
                   static_cast<void>(sync_wait(s.next()));
                   auto moved = std::move(s);
               }),
               Catch::Contains("a pipeline was moved in the middle of an inner range"));
}

#endif
