#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/once_only.hpp"
#include "support/waiting.hpp"

#include <memory>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <leat/leat.hpp>

// Each adaptor for itself, in both spellings. How they work together, on every kind of producer and reader, is in
// test_pipelines.cpp.

namespace {

using leat::async_generator;
using leat::sync_wait;
using ints = std::vector<int>;

// How far the producer was asked.
struct meter {
    int asked = 0;
    bool ended = false;
    int closed = 0;
};

async_generator<int> numbers(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
}
async_generator<int> metered(int n, meter& m) {
    auto close = [&m] { ++m.closed; };
    co_await leat::on_close(close);
    for (int i = 0; i < n; ++i) {
        ++m.asked;
        co_yield i;
    }
    m.ended = true;
}
async_generator<std::string> words() {
    co_yield "the first word, too long for the small string optimisation";
    co_yield "second";
    co_yield "third";
}
async_generator<const std::string&> lent_words(const std::vector<std::string>& v) { co_yield leat::batch(v); }

template <class S> ints read_all(S& s) {
    ints all;
    while (auto x = sync_wait(s.next()))
        all.push_back(static_cast<int>(*x));
    return all;
}
template <class S> ints all_of(S s) { return read_all(s); }

constexpr auto odd = [](int x) { return x % 2 == 1; };
constexpr auto square = [](int x) { return x * x; };

struct user {
    std::string name;
    int age;
    user(std::string n, int a) : name(std::move(n)), age(a) {}
    bool adult() const { return age >= 18; }
    const std::string& get_name() const { return name; }
};
async_generator<user> users() {
    co_yield user("ann", 20);
    co_yield user("bob", 10);
}

} // namespace

// ---- pipes and closures -------------------------------------------------------------------------------------------

TEST_CASE("pipe: a pipeline is a value: kept, copied, put together, used twice", "[pipe]") {
    const auto clean = leat::filter(odd) | leat::transform(square);
    CHECK(all_of(numbers(6) | clean) == ints{1, 9, 25});
    const auto copy = clean; // NOLINT
    auto more = copy | leat::take(2);
    CHECK(all_of(numbers(6) | more) == ints{1, 9});
    auto total = more | leat::fold(0, [](int a, int x) { return a + x; });
    CHECK(sync_wait(numbers(6) | total) == 10);
    CHECK(sync_wait(numbers(4) | total) == 10);
    CHECK(sync_wait(numbers(2) | std::move(total)) == 1);
}

TEST_CASE("pipe: functions that can only be moved, in closures that are used once", "[pipe]") {
    auto owning = [p = std::make_unique<int>(10)](int x) { return x * *p; };
    auto stage = leat::transform(std::move(owning));
    CHECK(all_of(numbers(3) | std::move(stage)) == ints{0, 10, 20});
    auto owning2 = [p = std::make_unique<int>(10)](int x) { return x * *p; };
    auto both = leat::transform(std::move(owning2)) | leat::take(2);
    CHECK(all_of(numbers(3) | std::move(both)) == ints{0, 10});
    auto owning3 = [p = std::make_unique<int>(10)](int x) { return x * *p; };
    CHECK(all_of(leat::transform(numbers(3), std::move(owning3))) == ints{0, 10, 20});
}

TEST_CASE("pipe: a function's state is its own in each pipeline", "[pipe]") {
    int made = 0;
    auto counting = leat::transform([n = 0](int) mutable { return n++; });
    auto a = numbers(3) | counting;
    auto c = numbers(3) | counting;
    CHECK(read_all(a) == ints{0, 1, 2});
    CHECK(read_all(c) == ints{0, 1, 2});
    CHECK(made == 0);
}

TEST_CASE("pipe: a pipeline can be moved while it is read", "[pipe]") {
    auto p = numbers(10) | leat::filter(odd) | leat::enumerate() |
             leat::transform([](auto x) { return x.value; }) | leat::drop(1) | leat::take(3);
    CHECK(*sync_wait(p.next()) == 3);
    auto q = std::move(p);
    CHECK(*sync_wait(q.next()) == 5);
    auto r = std::move(q) | leat::transform(square);
    CHECK(*sync_wait(r.next()) == 49);
    CHECK_FALSE(sync_wait(r.next()));
}

TEST_CASE("pipe: a stage takes no room but its function's and its counter's", "[pipe]") {
    auto p = numbers(3) | leat::filter(odd) | leat::transform(square) | leat::inspect([](int) {});
    STATIC_REQUIRE(sizeof(p) <= 4 * sizeof(void*));
    CHECK(read_all(p) == ints{1});
}

// ---- transform ----------------------------------------------------------------------------------------------------

TEST_CASE("transform: both spellings, from single yields and batches", "[transform]") {
    CHECK(all_of(numbers(4) | leat::transform(square)) == ints{0, 1, 4, 9});
    CHECK(all_of(leat::transform(numbers(4), square)) == ints{0, 1, 4, 9});
    CHECK(all_of(leat::transform(numbers(0), square)).empty());
}

TEST_CASE("transform: the function is called once per element, and only for elements that are asked for",
          "[transform]") {
    int calls = 0;
    auto s = numbers(100) | leat::transform([&](int x) {
                 ++calls;
                 return x;
             });
    CHECK(calls == 0);
    for (int i = 1; i <= 3; ++i) {
        CHECK(sync_wait(s.next()));
        CHECK(calls == i);
    }
}

TEST_CASE("transform: every way to take the element", "[transform]") {
    const std::size_t first =
        std::string("the first word, too long for the small string optimisation").size();
    auto by_value = words() | leat::transform([](std::string s) { return s.size(); });
    CHECK(sync_wait(by_value.next()));
    auto by_rvalue = words() | leat::transform([](std::string&& s) { return s.size(); });
    CHECK(*sync_wait(by_rvalue.next()) == first);
    auto by_const = words() | leat::transform([](const std::string& s) { return s.size(); });
    CHECK(*sync_wait(by_const.next()) == first);
    auto by_lvalue = words() | leat::transform([](std::string& s) { return s.size(); });
    CHECK(*sync_wait(by_lvalue.next()) == first);
    auto by_auto = words() | leat::transform([](auto&& s) { return s.size(); });
    CHECK(*sync_wait(by_auto.next()) == first);
    auto by_view = words() | leat::transform([](std::string_view s) { return s.size(); });
    CHECK(*sync_wait(by_view.next()) == first);
}

TEST_CASE("transform: an element to keep is moved, not copied", "[transform]") {
    const balance b;
    {
        auto body = []() -> async_generator<counted> {
            co_yield counted(1);
            co_yield counted(2);
        };
        auto s = body() | leat::transform([](counted c) { return c; }) |
                 leat::transform([](counted&& c) { return std::move(c); });
        counted::forget_copies();
        CHECK(sync_wait(s.next())->value == 1);
        CHECK(sync_wait(s.next())->value == 2);
        CHECK(counted::copies == 0);
    }
    CHECK(b.even());
}

TEST_CASE("transform: pointers to members and to functions", "[transform]") {
    auto names = users() | leat::transform(&user::name);
    STATIC_REQUIRE(std::is_same_v<leat::stream_value_t<decltype(names)>, std::string>);
    CHECK(*sync_wait(names.next()) == "ann");
    auto same = users() | leat::transform(&user::get_name);
    CHECK(*sync_wait(same.next()) == "ann");
    CHECK(all_of(users() | leat::transform(&user::adult)) == ints{1, 0});
    CHECK(all_of(numbers(3) | leat::transform(+[](int x) { return -x; })) == ints{0, -1, -2});
}

TEST_CASE("transform: a reference into the element stays one, and is valid until the next step",
          "[transform]") {
    const std::vector<std::string> v{"one", "two"};
    auto s = lent_words(v) | leat::transform([](const std::string& w) -> const std::string& { return w; });
    STATIC_REQUIRE(std::is_same_v<leat::stream_reference_t<decltype(s)>, const std::string&>);
    CHECK(&*sync_wait(s.next()) == &v[0]);
    CHECK(&*sync_wait(s.next()) == &v[1]);

    // A reference into an element that a stage has computed: the element is kept as long.
    auto computed = numbers(3) | leat::transform([](int x) { return user(std::string(40, 'a'), x); }) |
                    leat::transform(&user::name) |
                    leat::transform([](std::string&& n) -> std::string& { return n; });
    auto x = sync_wait(computed.next());
    CHECK(*x == std::string(40, 'a'));
}

TEST_CASE("transform: a view into an element that a stage has computed is valid until the next step",
          "[transform]") {
    auto s = numbers(3) | leat::transform([](int x) { return std::string(40, static_cast<char>('a' + x)); }) |
             leat::transform([](const std::string& w) { return std::string_view(w).substr(1); });
    auto x = sync_wait(s.next());
    CHECK(*x == std::string(39, 'a'));
    CHECK(*sync_wait(s.next()) == std::string(39, 'b'));
}

TEST_CASE("transform: results that can only be moved, and are not even that", "[transform]") {
    auto s = numbers(2) | leat::transform([](int x) { return std::make_unique<int>(x); }) |
             leat::filter([](const std::unique_ptr<int>& p) { return *p == 1; });
    auto x = sync_wait(s.next());
    const std::unique_ptr<int> mine = std::move(*x);
    CHECK(*mine == 1);
    CHECK_FALSE(sync_wait(s.next()));
}

// ---- filter -------------------------------------------------------------------------------------------------------

TEST_CASE("filter: both spellings", "[filter]") {
    CHECK(all_of(numbers(6) | leat::filter(odd)) == ints{1, 3, 5});
    CHECK(all_of(leat::filter(numbers(6), odd)) == ints{1, 3, 5});
    CHECK(all_of(numbers(6) | leat::filter([](int) { return false; })).empty());
    CHECK(all_of(numbers(3) | leat::filter([](int) { return true; })) == ints{0, 1, 2});
    auto adults = users() | leat::filter(&user::adult);
    CHECK(sync_wait(adults.next())->name == "ann");
    CHECK_FALSE(sync_wait(adults.next()));
}

TEST_CASE("filter: only looks at the element", "[filter]") {
    auto s = words() | leat::filter([](std::string copy) { return copy.size() > 5; });
    CHECK(sync_wait(s.next())->size() > 20);
    CHECK(*sync_wait(s.next()) == "second");
    CHECK_FALSE(sync_wait(s.next()));
}

TEST_CASE("filter: anything that converts to bool will do", "[filter]") {
    struct truth {
        bool value;
        explicit operator bool() const { return value; }
    };
    CHECK(all_of(numbers(4) | leat::filter([](int x) { return truth{x == 2}; })) == ints{2});
    CHECK(all_of(numbers(4) | leat::filter([](int x) { return x; })) == ints{1, 2, 3});
}

TEST_CASE("filter: sees each element once", "[filter]") {
    ints seen;
    auto s = numbers(5) | leat::filter([&](int x) {
                 seen.push_back(x);
                 return odd(x);
             });
    CHECK(read_all(s) == ints{1, 3});
    CHECK(seen == ints{0, 1, 2, 3, 4});
    CHECK_FALSE(sync_wait(s.next()));
    CHECK(seen.size() == 5);
}

// ---- take ---------------------------------------------------------------------------------------------------------

TEST_CASE("take: both spellings, more and fewer than there are", "[take]") {
    CHECK(all_of(numbers(6) | leat::take(2)) == ints{0, 1});
    CHECK(all_of(leat::take(numbers(6), 2)) == ints{0, 1});
    CHECK(all_of(numbers(2) | leat::take(6)) == ints{0, 1});
    CHECK(all_of(numbers(2) | leat::take(2)) == ints{0, 1});
    CHECK(all_of(numbers(2) | leat::take(0)).empty());
}

TEST_CASE("take: never asks for one more than it gives, and closes its source", "[take]") {
    for (int n : {0, 1, 3}) {
        const auto size = static_cast<std::size_t>(n);
        {
            meter m;
            auto s = metered(10, m) | leat::take(size);
            CHECK(read_all(s).size() == size);
            CHECK(m.asked == n);
            CHECK(m.closed == (n != 0)); // an unstarted body has registered nothing
            CHECK_FALSE(sync_wait(s.next()));
            CHECK(m.asked == n);
        }
        {
            meter m;
            CHECK(sync_wait(metered(10, m) | leat::take(size) | leat::count()) == size);
            CHECK(m.asked == n);
            CHECK(m.closed == (n != 0));
        }
        {
            meter m;
            auto s = metered(10, m) | leat::take(size);
            std::size_t seen = 0;
            for (;;) {
                auto b = sync_wait(s.next_batch());
                if (!b)
                    break;
                for (const int x : b)
                    seen += x >= 0 ? 1u : 0u;
            }
            CHECK(seen == size);
            CHECK(m.asked == n);
            CHECK(m.closed == (n != 0));
        }
    }
}

TEST_CASE("take: exact through other stages, on either side", "[take]") {
    auto asked_for = [](auto pipeline) {
        meter m;
        auto s = metered(100, m) | std::move(pipeline);
        read_all(s);
        CHECK(m.closed == 1);
        CHECK_FALSE(m.ended);
        return m.asked;
    };
    CHECK(asked_for(leat::filter(odd) | leat::take(2)) == 4); // 0 1 2 3
    CHECK(asked_for(leat::take(4) | leat::filter(odd)) == 4);
    CHECK(asked_for(leat::take(4) | leat::transform(square) | leat::take(2)) == 2);
    CHECK(asked_for(leat::drop(3) | leat::take(2)) == 5);
    CHECK(asked_for(leat::take(5) | leat::drop(3)) == 5);
    CHECK(asked_for(leat::chunk(3) | leat::take(2) | leat::flat_map([](const ints& c) { return c; })) == 6);
    CHECK(asked_for(leat::take(7) | leat::chunk(3) | leat::flat_map([](const ints& c) { return c; })) == 7);
    CHECK(asked_for(leat::flat_map([](int x) { return ints(3, x); }) | leat::take(4)) == 2);
    CHECK(asked_for(leat::enumerate() | leat::transform([](auto x) { return x.value; }) | leat::take(1)) ==
          1);
}

// ---- take_while ---------------------------------------------------------------------------------------------------

TEST_CASE("take_while: both spellings; the first one that fails is the last one asked for", "[take_while]") {
    auto small = [](int x) { return x < 3; };
    CHECK(all_of(numbers(6) | leat::take_while(small)) == ints{0, 1, 2});
    CHECK(all_of(leat::take_while(numbers(6), small)) == ints{0, 1, 2});
    CHECK(all_of(numbers(2) | leat::take_while(small)) == ints{0, 1});
    meter m;
    auto s = metered(10, m) | leat::take_while(small);
    CHECK(read_all(s) == ints{0, 1, 2});
    CHECK(m.asked == 4);
    CHECK(m.closed == 1);
    CHECK_FALSE(sync_wait(s.next()));
    CHECK(m.asked == 4);
    meter pushed;
    CHECK(sync_wait(metered(10, pushed) | leat::take_while(small) | leat::count()) == 3);
    CHECK(pushed.asked == 4);
}

TEST_CASE("take_while: stays at its end although a later element would do", "[take_while]") {
    auto s = numbers(6) | leat::take_while([](int x) { return x != 1; });
    CHECK(read_all(s) == ints{0});
    CHECK_FALSE(sync_wait(s.next()));
}

// ---- drop ---------------------------------------------------------------------------------------------------------

TEST_CASE("drop: both spellings, more and fewer than there are", "[drop]") {
    CHECK(all_of(numbers(4) | leat::drop(2)) == ints{2, 3});
    CHECK(all_of(leat::drop(numbers(4), 2)) == ints{2, 3});
    CHECK(all_of(numbers(4) | leat::drop(0)) == ints{0, 1, 2, 3});
    CHECK(all_of(numbers(4) | leat::drop(4)).empty());
    CHECK(all_of(numbers(4) | leat::drop(5)).empty());
    int dropped = 0;
    CHECK(all_of(numbers(4) | leat::transform([&](int x) {
                     ++dropped;
                     return x;
                 }) |
                 leat::drop(3)) == ints{3});
    CHECK(dropped == 4);
}

// ---- enumerate ----------------------------------------------------------------------------------------------------

TEST_CASE("enumerate: both spellings, from any first number", "[enumerate]") {
    auto s = words() | leat::enumerate();
    std::size_t expected = 0;
    while (auto x = sync_wait(s.next())) {
        auto& [i, word] = *x;
        CHECK(i == expected++);
        CHECK(word.size() > 4);
    }
    CHECK(expected == 3);
    auto t = leat::enumerate(words(), 10);
    CHECK(sync_wait(t.next())->index == 10);
    CHECK(sync_wait(t.next())->index == 11);
    auto computed = numbers(2) |
                    leat::transform([](int x) { return std::string(static_cast<std::size_t>(x), 'x'); }) |
                    leat::enumerate(1);
    CHECK(sync_wait(computed.next())->value.empty());
    CHECK(sync_wait(computed.next())->value == "x");
    const std::vector<std::string> v{"a"};
    auto lent = lent_words(v) | leat::enumerate();
    CHECK(&sync_wait(lent.next())->value == &v[0]);
}

TEST_CASE("enumerate: what it numbers can be kept by materialize", "[enumerate]") {
    STATIC_REQUIRE(leat::is_borrowed<leat::indexed<std::string&>>);
    STATIC_REQUIRE(leat::is_borrowed<leat::indexed<std::string_view>>);
    STATIC_REQUIRE_FALSE(leat::is_borrowed<leat::indexed<std::string>>);
    auto all = sync_wait(words() | leat::enumerate() | leat::materialize() | leat::collect<std::vector>());
    STATIC_REQUIRE(std::is_same_v<decltype(all), std::vector<leat::indexed<std::string>>>);
    CHECK(all.size() == 3);
    CHECK(all[2].index == 2);
    CHECK(all[2].value == "third");
    auto computed = numbers(2) | leat::transform([](int x) { return std::to_string(x); }) | leat::enumerate();
    CHECK(sync_wait(std::move(computed) | leat::collect<std::vector>())[1].value == "1");
}

// ---- inspect ------------------------------------------------------------------------------------------------------

TEST_CASE("inspect: both spellings; sees each element on its way and changes nothing", "[inspect]") {
    ints seen;
    auto note = [&](int x) { seen.push_back(x); };
    CHECK(all_of(numbers(4) | leat::inspect(note) | leat::filter(odd)) == ints{1, 3});
    CHECK(seen == ints{0, 1, 2, 3});
    CHECK(all_of(leat::inspect(numbers(2), note)) == ints{0, 1});
    auto s = words() | leat::inspect([](std::string copy) { copy.clear(); });
    CHECK(sync_wait(s.next())->size() > 10);
    int calls = 0;
    auto none = numbers(0) | leat::inspect([&](int) { ++calls; });
    CHECK_FALSE(sync_wait(none.next()));
    CHECK(calls == 0);
}

// ---- chunk --------------------------------------------------------------------------------------------------------

TEST_CASE("chunk: both spellings; the last one may be smaller", "[chunk]") {
    auto sizes = [](auto s) {
        ints out;
        int expected = 0;
        while (auto c = sync_wait(s.next())) {
            out.push_back(static_cast<int>(c->size()));
            for (const int x : *c)
                CHECK(x == expected++);
        }
        return out;
    };
    CHECK(sizes(numbers(7) | leat::chunk(3)) == ints{3, 3, 1});
    CHECK(sizes(leat::chunk(numbers(6), 3)) == ints{3, 3});
    CHECK(sizes(numbers(0) | leat::chunk(3)).empty());
    CHECK(sizes(numbers(2) | leat::chunk(3)) == ints{2});
    CHECK(sizes(numbers(3) | leat::chunk(1)) == ints{1, 1, 1});
    CHECK(sizes(numbers(3) | leat::chunk(static_cast<std::size_t>(-1))) == ints{3});
}

TEST_CASE("chunk: to keep: moved away or left, the next one is right", "[chunk]") {
    auto s = numbers(6) | leat::chunk(2);
    const ints first = std::move(*sync_wait(s.next()));
    CHECK(*sync_wait(s.next()) == ints{2, 3});
    const ints third = std::move(*sync_wait(s.next()));
    CHECK(first == ints{0, 1});
    CHECK(third == ints{4, 5});
    CHECK_FALSE(sync_wait(s.next()));
}

TEST_CASE("chunk: gives what it has before the error, of its source or of a stage", "[chunk]") {
    auto broken = []() -> async_generator<int> {
        for (int i = 0; i < 5; ++i)
            co_yield i;
        throw std::runtime_error("broken");
    };
    auto bad = leat::transform([](int x) {
        if (x == 5)
            throw std::runtime_error("broken");
        return x;
    });
    SECTION("source, pulled") {
        auto s = broken() | leat::chunk(3);
        CHECK(*sync_wait(s.next()) == ints{0, 1, 2});
        CHECK(*sync_wait(s.next()) == ints{3, 4});
        CHECK_THROWS_WITH(sync_wait(s.next()), "broken");
        CHECK_FALSE(sync_wait(s.next()));
    }
    SECTION("stage, pulled") {
        auto s = numbers(10) | bad | leat::chunk(3);
        CHECK(*sync_wait(s.next()) == ints{0, 1, 2});
        CHECK(*sync_wait(s.next()) == ints{3, 4});
        CHECK_THROWS_WITH(sync_wait(s.next()), "broken");
        CHECK_FALSE(sync_wait(s.next()));
    }
    SECTION("stage, pulled in batches") {
        auto s = numbers(10) | bad | leat::chunk(3);
        std::vector<ints> seen;
        auto read = [&] {
            for (;;) {
                auto b = sync_wait(s.next_batch());
                if (!b)
                    break;
                for (const ints& c : b)
                    seen.push_back(c);
            }
        };
        CHECK_THROWS_WITH(read(), "broken");
        CHECK(seen == std::vector<ints>{{0, 1, 2}, {3, 4}});
        CHECK_FALSE(sync_wait(s.next()));
    }
    SECTION("both, pushed") {
        for (const bool in_stage : {false, true}) {
            std::vector<ints> seen;
            auto note = leat::for_each([&](ints c) { seen.push_back(std::move(c)); });
            auto run = [&] {
                if (in_stage)
                    sync_wait(numbers(10) | bad | leat::chunk(3) | note);
                else
                    sync_wait(broken() | leat::chunk(3) | note);
            };
            CHECK_THROWS_WITH(run(), "broken");
            CHECK(seen == std::vector<ints>{{0, 1, 2}, {3, 4}});
        }
    }
    SECTION("the error at a border: no empty chunk") {
        auto s = numbers(10) | bad | leat::chunk(5);
        CHECK(sync_wait(s.next())->size() == 5);
        CHECK_THROWS_WITH(sync_wait(s.next()), "broken");
        CHECK_FALSE(sync_wait(s.next()));
    }
    SECTION("chunks of chunks") {
        auto s = broken() | leat::chunk(2) | leat::chunk(2);
        CHECK(sync_wait(s.next())->size() == 2);
        CHECK(*sync_wait(s.next()) == std::vector<ints>{{4}});
        CHECK_THROWS_WITH(sync_wait(s.next()), "broken");
    }
}

TEST_CASE("chunk: a reader that stops before its source's error does not meet it", "[chunk]") {
    auto broken = []() -> async_generator<int> {
        for (int i = 0; i < 5; ++i)
            co_yield i;
        throw std::runtime_error("broken");
    };
    // The second chunk is all that was left when the source threw.
    CHECK(sync_wait(broken() | leat::chunk(3) | leat::take(2) | leat::count()) == 2);
    auto pulled = broken() | leat::chunk(3) | leat::take(2);
    CHECK(sync_wait(pulled.next()));
    CHECK(sync_wait(pulled.next()));
    CHECK_FALSE(sync_wait(pulled.next()));
    auto closed = broken() | leat::chunk(3) | leat::drop(1);
    CHECK(sync_wait(closed.next()));
    CHECK_NOTHROW(sync_wait(closed.close()));
    CHECK(sync_wait(broken() | leat::chunk(3) | leat::drop(1) | leat::first()) == ints{3, 4});
    // The reader's own error comes first.
    auto each = broken() | leat::chunk(3) | leat::for_each([](const ints& c) {
                    if (c.size() == 2)
                        throw std::runtime_error("reader");
                });
    CHECK_THROWS_WITH(sync_wait(each), "reader");
}

TEST_CASE("chunk: keeps nothing back when it is closed, and leaks nothing", "[chunk]") {
    const balance b;
    {
        auto body = [](manual_loop& l) -> async_generator<counted> {
            co_yield counted(1);
            co_yield counted(2);
            co_await l.turn();
            co_yield counted(3);
        };
        manual_loop loop;
        auto read = [](auto s) -> leat::task<> { static_cast<void>(co_await s.next()); };
        const auto waiting = start(read(body(loop) | leat::chunk(3))); // two in its hands
        CHECK_FALSE(waiting.done());
    }
    CHECK(b.even());
    meter m;
    auto s = metered(10, m) | leat::chunk(4) | leat::take(1);
    CHECK(sync_wait(s.next()));
    sync_wait(s.close());
    CHECK_FALSE(sync_wait(s.next()));
    CHECK(m.asked == 4);
    CHECK(m.closed == 1);
}

// ---- flat_map -----------------------------------------------------------------------------------------------------

TEST_CASE("flat_map: both spellings; owned, borrowed, viewed and empty ranges", "[flat_map]") {
    auto twice = [](int x) { return ints(2, x); };
    CHECK(all_of(numbers(3) | leat::flat_map(twice)) == ints{0, 0, 1, 1, 2, 2});
    CHECK(all_of(leat::flat_map(numbers(3), twice)) == ints{0, 0, 1, 1, 2, 2});
    auto some = [](int x) { return ints(static_cast<std::size_t>(x % 3), x); }; // none of 0, 3, 6
    CHECK(all_of(numbers(7) | leat::flat_map(some)) == ints{1, 2, 2, 4, 5, 5});
    auto none = [](int) { return ints(); };
    CHECK(all_of(numbers(1000) | leat::flat_map(none)).empty());
    CHECK(all_of(numbers(0) | leat::flat_map(twice)).empty());

    std::vector<ints> table{{1, 2}, {}, {3}};
    auto row = [&](int i) -> ints& { return table[static_cast<std::size_t>(i)]; };
    auto borrowed = numbers(3) | leat::flat_map(row);
    STATIC_REQUIRE(std::is_same_v<leat::stream_reference_t<decltype(borrowed)>, int&>);
    while (auto x = sync_wait(borrowed.next()))
        *x *= 10;
    CHECK(table == std::vector<ints>{{10, 20}, {}, {30}});

    auto view = [&](int i) { return std::span<const int>(table[static_cast<std::size_t>(i)]); };
    auto viewed = numbers(3) | leat::flat_map(view);
    STATIC_REQUIRE(std::is_same_v<leat::stream_reference_t<decltype(viewed)>, const int&>);
    CHECK(read_all(viewed) == ints{10, 20, 30});

    auto up_to = [](int n) { return once_only(0, n); };
    CHECK(all_of(numbers(4) | leat::flat_map(up_to)) == ints{0, 0, 1, 0, 1, 2});

    auto ordered = [](int) { return std::set<int>{3, 1, 2}; };
    auto constants = numbers(2) | leat::flat_map(ordered);
    STATIC_REQUIRE(std::is_same_v<leat::stream_reference_t<decltype(constants)>, const int&>);
    CHECK(read_all(constants) == ints{1, 2, 3, 1, 2, 3});
}

TEST_CASE("flat_map: what the range owns may be moved away; the range may refer to the element",
          "[flat_map]") {
    auto split = [](const std::string& s) {
        std::vector<std::string_view> out;
        for (std::size_t at = 0; at < s.size(); at += 4)
            out.push_back(std::string_view(s).substr(at, 4));
        return out;
    };
    auto parts = words() | leat::flat_map(split) | leat::collect<std::vector<std::string>>();
    const auto all = sync_wait(std::move(parts));
    CHECK(all.size() == 15 + 2 + 2);
    CHECK(all.front() == "the ");
    CHECK(all.back() == "d");

    auto make = [](int x) {
        std::vector<std::unique_ptr<int>> v;
        v.push_back(std::make_unique<int>(x));
        return v;
    };
    auto owned = numbers(3) | leat::flat_map(make);
    int sum = 0;
    while (auto x = sync_wait(owned.next())) {
        const std::unique_ptr<int> mine = std::move(*x);
        sum += *mine;
    }
    CHECK(sum == 3);
}

TEST_CASE("flat_map: of the element itself", "[flat_map]") {
    auto same = [](ints& c) -> ints& { return c; };
    CHECK(all_of(numbers(7) | leat::chunk(3) | leat::flat_map(same)) == ints{0, 1, 2, 3, 4, 5, 6});
    auto moved = [](ints c) { return c; };
    CHECK(all_of(numbers(7) | leat::chunk(3) | leat::flat_map(moved)) == ints{0, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("flat_map: is lazy, and closed in the middle of a range leaks nothing", "[flat_map]") {
    const balance b;
    {
        meter m;
        auto s = metered(10, m) | leat::flat_map([](int x) { return std::vector<counted>(3, counted(x)); });
        for (int i = 0; i < 4; ++i)
            CHECK(sync_wait(s.next()));
        CHECK(m.asked == 2);
        SECTION("closed") {
            sync_wait(s.close());
            CHECK(m.closed == 1);
            CHECK_FALSE(sync_wait(s.next()));
        }
        SECTION("destroyed") {}
        SECTION("read on") { CHECK(sync_wait(s.next())->value == 1); }
    }
    CHECK(b.even());
}

TEST_CASE("flat_map: exceptions of the function and of the range", "[flat_map]") {
    auto bad = [](int x) {
        if (x == 1)
            throw std::runtime_error("function");
        return ints(2, x);
    };
    auto s = numbers(3) | leat::flat_map(bad);
    CHECK(sync_wait(s.next()));
    CHECK(sync_wait(s.next()));
    CHECK_THROWS_WITH(sync_wait(s.next()), "function");
    CHECK_FALSE(sync_wait(s.next()));

    auto bad_range = [](int x) { return once_only(0, 3, x == 1 ? 1 : -1); };
    auto t = numbers(3) | leat::flat_map(bad_range);
    for (int i = 0; i < 4; ++i)
        CHECK(sync_wait(t.next()));
    CHECK_THROWS_WITH(sync_wait(t.next()), "in the range");
    CHECK_FALSE(sync_wait(t.next()));
}
