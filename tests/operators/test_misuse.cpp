#include "support/last_words.hpp"

#include <chrono>
#include <exception>
#include <memory>
#include <utility>

#include <leat/leat.hpp>
#include <leat/testing.hpp>

// A number with which an operator makes no sense is met with a sentence, in a debug build, where the pipeline is made.

#ifndef NDEBUG

namespace {

using leat::async_generator;
using leat::overflow;
using leat::testing::virtual_clock;
using namespace std::chrono_literals;

async_generator<int> numbers() {
    for (int i = 0;; ++i)
        co_yield i;
}
std::size_t weight(int x) { return static_cast<std::size_t>(x); }
async_generator<int> one_more(int x) { co_yield x + 1; }
leat::task<int> later(int x) { co_return x; }
bool is_even(int x) { return x % 2 == 0; }

struct misuse {
    const char* words;
    void (*done)();
};
void check(std::initializer_list<misuse> all) {
    for (const misuse& m : all)
        CHECK_THAT(last_words(m.done), Catch::Contains(m.words));
}

} // namespace

TEST_CASE("misuse: groups and steps of 0 elements", "[misuse]") {
    check({
        {"leat::step: steps of 0 elements", [] { auto s = numbers() | leat::step(0); }},
        {"leat::sliding: windows of 0 elements", [] { auto s = numbers() | leat::sliding(0); }},
        {"leat::ready_chunks: chunks of 0 elements", [] { auto s = numbers() | leat::ready_chunks(0); }},
        {"leat::chunk_by_weight: groups of weight 0",
         [] { auto s = numbers() | leat::chunk_by_weight(0, weight); }},
        {"leat::chunk_within: chunks of 0 elements",
         [] {
             virtual_clock clock;
             auto s = numbers() | leat::chunk_within(clock.executor(), 0, 1s);
         }},
    });
}

TEST_CASE("misuse: room for 0 elements", "[misuse]") {
    check({
        {"leat::prefetch: to read 0 elements ahead",
         [] { auto s = numbers() | leat::prefetch({.elements = 0}); }},
        {"leat::prefetch: low_water is a part",
         [] { auto s = numbers() | leat::prefetch({.low_water = 1.5}); }},
        {"leat::prefetch: low_water is a part",
         [] { auto s = numbers() | leat::prefetch({.low_water = -.5}); }},
        {"leat::buffer: a buffer of 0 elements",
         [] { auto s = numbers() | leat::buffer(0, overflow::block); }},
        {"leat::broadcast: with room for 0 elements",
         [] { auto s = numbers() | leat::broadcast({.capacity = 0}); }},
        {"leat::broadcast: drop_newest would drop for all",
         [] { auto s = leat::tee<2>(numbers(), {.policy = overflow::drop_newest}); }},
        {"leat::broadcast: elements that cannot be copied",
         [] { auto s = leat::empty<std::unique_ptr<int>>() | leat::broadcast({.policy = overflow::fail}); }},
        {"leat::partition: a side without room", [] { auto s = leat::partition(numbers(), is_even, 0); }},
        {"leat::channel: with room for 0 elements", [] { leat::channel<int> c(0); }},
        {"leat::from_callback: with room for 0 elements",
         [] {
             const auto start = [](const leat::callback_push<int>&) {};
             auto s = leat::from_callback<int>({.capacity = 0, .overflow = overflow::fail}, start);
         }},
        {"0 would never work on anything",
         [] { auto s = numbers() | leat::async_transform(later, {.concurrency = 0}); }},
        {"leat::flat_map_merge: with 0 streams at a time",
         [] { auto s = numbers() | leat::flat_map_merge(0, one_more); }},
    });
}

TEST_CASE("misuse: times of 0, and limits that are none", "[misuse]") {
    check({
        {"leat::interval: a period of 0",
         [] {
             virtual_clock clock;
             auto s = leat::interval(clock.executor(), 0s);
         }},
        {"leat::sample: a time of 0",
         [] {
             virtual_clock clock;
             auto s = numbers() | leat::sample(clock.executor(), 0s);
         }},
        {"leat::debounce: a time of 0",
         [] {
             virtual_clock clock;
             auto s = numbers() | leat::debounce(clock.executor(), 0s);
         }},
        {"leat::keep_alive: with a period of 0",
         [] {
             virtual_clock clock;
             auto s = numbers() | leat::keep_alive(clock.executor(), 0s, [] { return 0; });
         }},
        {"leat::timeout: no limit is set",
         [] {
             virtual_clock clock;
             auto s = numbers() | leat::timeout(clock.executor(), {});
         }},
        {"leat::throttle: 0 elements",
         [] {
             virtual_clock clock;
             auto s = numbers() | leat::throttle(clock.executor(), {.elements = 0, .per = 1s});
         }},
        {"leat::throttle: no time is set",
         [] {
             virtual_clock clock;
             auto s = numbers() | leat::throttle(clock.executor(), {.elements = 1});
         }},
        {"leat::retry: 0 attempts",
         [] {
             virtual_clock clock;
             auto s = leat::retry(clock.executor(), numbers, {.attempts = 0});
         }},
        {"leat::retry: with a factor below 1",
         [] {
             virtual_clock clock;
             auto s = leat::retry(clock.executor(), numbers, {.backoff = {.factor = .5}});
         }},
        {"leat::fail_with: there is no exception",
         [] { auto s = leat::fail_with<int>(std::exception_ptr()); }},
    });
}

#endif
