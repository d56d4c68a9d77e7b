#include <leat/leat.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/waiting.hpp"

namespace {

leat::async_generator<int> numbers(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
}

leat::async_generator<int> in_batches(int n, std::size_t size, int* batches = nullptr) {
    std::vector<int> page;
    for (int i = 0; i < n;) {
        page.clear();
        while (page.size() < size && i < n)
            page.push_back(i++);
        if (batches != nullptr)
            ++*batches;
        co_yield leat::batch(page);
    }
}

leat::async_generator<const std::string&> lent_words() {
    const std::string words[] = {"one", "two", "three"};
    for (const std::string& w : words)
        co_yield w;
}

leat::async_generator<int> closing(std::vector<std::string>& log, int n) {
    auto cleanup = [&log]() -> leat::task<> {
        log.push_back("closed");
        co_return;
    };
    co_await leat::on_close(cleanup);
    for (int i = 0; i < n; ++i)
        co_yield i;
}

template <class S> std::vector<int> all(S stream) {
    return leat::sync_wait(std::move(stream) | leat::collect<std::vector<int>>());
}

} // namespace

TEST_CASE("any_stream holds a generator, a pipeline and another any_stream") {
    leat::any_stream<int> s = numbers(3);
    CHECK(all(std::move(s)) == std::vector{0, 1, 2});

    s = in_batches(20, 7) | leat::filter([](int x) { return x % 2 != 0; }) |
        leat::transform([](int x) { return x * 10; }) | leat::take(4);
    CHECK(all(std::move(s)) == std::vector{10, 30, 50, 70});

    s = leat::any_stream<int>(numbers(4)) | leat::drop(2);
    CHECK(all(std::move(s)) == std::vector{2, 3});
}

TEST_CASE("any_stream works with every adaptor and sink") {
    auto make = [](int n) { return leat::any_stream<int>(in_batches(n, 3)); };
    CHECK(all(make(5) | leat::transform([](int x) { return -x; })) == std::vector{0, -1, -2, -3, -4});
    CHECK(all(make(9) | leat::filter([](int x) { return x > 6; })) == std::vector{7, 8});
    CHECK(all(make(9) | leat::take(2)) == std::vector{0, 1});
    CHECK(all(make(9) | leat::take_while([](int x) { return x < 4; })) == std::vector{0, 1, 2, 3});
    CHECK(all(make(5) | leat::drop(4)) == std::vector{4});
    CHECK(all(make(3) | leat::flat_map([](int x) {
                  return std::vector<int>(static_cast<std::size_t>(x), x);
              })) == std::vector{1, 2, 2});
    CHECK(all(make(7) | leat::chunk(3) | leat::transform([](const auto& c) {
                  return static_cast<int>(c.size());
              })) == std::vector{3, 3, 1});
    CHECK(leat::sync_wait(make(7) | leat::count()) == 7);
    CHECK(*leat::sync_wait(leat::first(make(7))) == 0);
    CHECK(leat::sync_wait(leat::fold(make(5), 0, [](int a, int b) { return a + b; })) == 10);
    int seen = 0;
    auto each = make(6) | leat::inspect([&](int) { ++seen; }) | leat::for_each([](int) {});
    leat::sync_wait(each);
    CHECK(seen == 6);
}

TEST_CASE("any_stream costs one allocation and passes batches on") {
    int batches = 0;
    auto generator = in_batches(1000, 100, &batches);
    const auto before = allocations();
    leat::any_stream<int> s = std::move(generator);
    const auto taken = allocations() - before;
    CHECK(taken == 1);

    const std::size_t first = leat::sync_wait([](leat::any_stream<int>& stream) -> leat::task<std::size_t> {
        auto batch = co_await stream.next_batch();
        co_return batch.size();
    }(s));
    CHECK(first == 100);
    CHECK(batches == 1);
}

TEST_CASE("any_stream lends and moves elements") {
    const balance b;
    {
        leat::any_stream<const std::string&> lent =
            lent_words() | leat::filter([](const std::string& w) { return w != "two"; });
        auto words = leat::sync_wait(std::move(lent) | leat::collect<std::vector<std::string>>());
        CHECK(words == std::vector<std::string>{"one", "three"});

        auto made = numbers(5) | leat::transform([](int x) { return std::make_unique<counted>(x); });
        leat::any_stream<std::unique_ptr<counted>> owned = std::move(made);
        auto kept = leat::sync_wait(std::move(owned) | leat::collect<std::vector>());
        CHECK(kept.size() == 5);
        CHECK(kept[4]->value == 4);
    }
    CHECK(b.even());
}

TEST_CASE("any_stream: elements first, then the error, then the end for ever") {
    leat::any_stream<int> s = in_batches(20, 8) | leat::transform([](int x) {
                                  if (x == 4)
                                      throw std::runtime_error("four");
                                  return x;
                              });
    leat::sync_wait([](leat::any_stream<int>& stream) -> leat::task<> {
        std::vector<int> got;
        std::string what;
        try {
            while (auto x = co_await stream.next())
                got.push_back(*x);
        } catch (const std::exception& e) {
            what = e.what();
        }
        CHECK(got == std::vector{0, 1, 2, 3});
        CHECK(what == "four");
        const bool more = static_cast<bool>(co_await stream.next());
        CHECK(!more);
    }(s));
}

TEST_CASE("any_stream closes what is in it, once") {
    std::vector<std::string> log;
    leat::any_stream<int> s = closing(log, 10) | leat::filter([](int) { return true; });
    leat::sync_wait([](leat::any_stream<int>& stream) -> leat::task<> {
        const int first = *co_await stream.next();
        CHECK(first == 0);
        co_await stream.close();
        co_await stream.close();
        const bool more = static_cast<bool>(co_await stream.next());
        CHECK(!more);
    }(s));
    CHECK(log == std::vector<std::string>{"closed"});

    s = closing(log, 10);
    CHECK(all(std::move(s) | leat::take(2)) == std::vector{0, 1});
    CHECK(log.size() == 2);
}
