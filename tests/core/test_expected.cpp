#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/waiting.hpp"

#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>
#if __has_include(<version>)
#include <version>
#endif
#if defined(__cpp_lib_expected)
#include <expected>
#endif

#include <leat/leat.hpp>

// Results as elements: expected itself, then every stage and sink of the error track, over every kind of producer, read in
// every way, and with the results of others than leat.

namespace {

using leat::any_stream;
using leat::async_generator;
using leat::sync_wait;
using leat::task;
using leat::unexpected;
using ints = std::vector<int>;
template <class T> using result = leat::expected<T, std::string>;
template <class T> using owner = std::unique_ptr<T>;

// Copies and moves of it may throw, and some do.
struct fragile {
    int value;
    inline static bool breaks = false;
    explicit fragile(int v) : value(v) {}
    fragile(const fragile& other) : value(other.value) {
        if (breaks)
            throw std::runtime_error("copy");
    }
    fragile& operator=(const fragile&) = default;
};

template <class T>
concept copy_assignable = std::is_copy_assignable_v<T>;

} // namespace

// ---- expected -----------------------------------------------------------------------------------------------------

TEST_CASE("expected: a value or an error", "[expected]") {
    result<int> good = 7;
    CHECK(good);
    CHECK(good.has_value());
    CHECK(*good == 7);
    CHECK(good.value() == 7);
    CHECK(good.value_or(1) == 7);
    result<int> bad = unexpected("no digits");
    CHECK_FALSE(bad);
    CHECK(bad.error() == "no digits");
    CHECK(bad.value_or(1) == 1);
    CHECK(result<int>() == 0);
    CHECK(result<std::string>("ab")->size() == 2);
    CHECK(*result<std::string>(std::in_place, 3u, 'x') == "xxx");
    CHECK(result<int>(leat::unexpect, 3u, 'x').error() == "xxx");
}

TEST_CASE("expected: value() of an error throws it, typed", "[expected]") {
    result<int> bad = unexpected("secret");
    try {
        static_cast<void>(bad.value());
        FAIL("nothing was thrown");
    } catch (const leat::error& e) {
        CHECK(std::string(e.what()).find("secret") == std::string::npos);
        const auto* typed = dynamic_cast<const leat::unexpected_error<std::string>*>(&e);
        REQUIRE(typed != nullptr);
        CHECK(typed->error() == "secret");
    }
    leat::expected<void, int> none = unexpected(3);
    CHECK_THROWS_AS(none.value(), leat::unexpected_error<int>);
    CHECK_THROWS_AS(std::move(none).value(), leat::unexpected_error<int>);
    using only_moved = leat::expected<owner<int>, owner<int>>;
    STATIC_REQUIRE(std::is_same_v<decltype(std::declval<only_moved>().value()), owner<int>&&>);
}

TEST_CASE("expected: void, move-only and bool values", "[expected]") {
    leat::expected<void, int> done;
    CHECK(done);
    *done;
    done.value();
    done = unexpected(4);
    CHECK(done.error() == 4);
    CHECK(done == leat::expected<void, int>(unexpected(4)));
    CHECK_FALSE(done == leat::expected<void, int>());

    leat::expected<owner<int>, owner<std::string>> p = std::make_unique<int>(5);
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<decltype(p)>);
    STATIC_REQUIRE_FALSE(copy_assignable<decltype(p)>);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<decltype(p)>);
    STATIC_REQUIRE(std::is_nothrow_move_assignable_v<decltype(p)>);
    auto q = std::move(p);
    CHECK(**q == 5);
    p = unexpected(std::make_unique<std::string>("e"));
    CHECK(*p.error() == "e");
    std::swap(p, q);
    CHECK(**p == 5);
    CHECK(*std::move(q).error() == "e");
    owner<int> taken = *std::move(p);
    CHECK(*taken == 5);

    // A result is never converted to bool on the way into another result.
    STATIC_REQUIRE_FALSE(std::is_constructible_v<leat::expected<bool, int>, leat::expected<owner<int>, int>>);
    leat::expected<bool, int> no = false;
    CHECK(no);
    CHECK_FALSE(*no);
}

TEST_CASE("expected: conversions and comparisons", "[expected]") {
    leat::expected<int, const char*> narrow = 3;
    leat::expected<long, std::string> wide = narrow;
    CHECK(*wide == 3);
    narrow = unexpected("bad");
    wide = narrow;
    CHECK(wide.error() == "bad");
    CHECK(wide == unexpected(std::string("bad")));
    CHECK(wide != unexpected(std::string("good")));
    wide = 8;
    CHECK(wide == 8L);
    CHECK(wide != 9L);
    CHECK(8L == wide);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<leat::expected<long, int>, leat::expected<owner<int>, int>>);
    STATIC_REQUIRE_FALSE(std::is_constructible_v<result<int>, std::string>);
    STATIC_REQUIRE(std::is_trivially_copyable_v<leat::expected<int, int>>);
    STATIC_REQUIRE(std::is_trivially_copyable_v<leat::expected<void, int>>);
    STATIC_REQUIRE(sizeof(leat::expected<int, int>) == 2 * sizeof(int));
    using nested = leat::expected<leat::expected<int, int>, int>;
    nested inner = leat::expected<int, int>(unexpected(1));
    CHECK(inner);
    CHECK(inner->error() == 1);
}

TEST_CASE("expected: every assignment, with counted elements", "[expected]") {
    const balance b;
    {
        using counts = leat::expected<counted, std::pair<counted, int>>;
        const counts values[] = {counts(1), counts(2), counts(leat::unexpect, counted(3), 0),
                                 counts(leat::unexpect, counted(4), 0)};
        for (const counts& from : values)
            for (const counts& to : values) {
                counts copy = to;
                copy = from;
                CHECK(copy == from);
                counts moved = to;
                moved = std::move(copy);
                CHECK(moved == from);
                const counts& same = moved;
                moved = same;
                CHECK(moved == from);
            }
    }
    CHECK(b.even());
}

TEST_CASE("expected: an assignment that throws leaves all as it was", "[expected]") {
    leat::expected<fragile, std::string> x =
        unexpected("a long error that does not fit into the string itself");
    const leat::expected<fragile, std::string> y(std::in_place, 3);
    fragile::breaks = true;
    CHECK_THROWS_WITH(x = y, "copy");
    fragile::breaks = false;
    REQUIRE_FALSE(x);
    CHECK(x.error() == "a long error that does not fit into the string itself");
    x = y;
    CHECK(x->value == 3);
    // Where neither can be moved for certain, there is no way back, so there is no assignment.
    STATIC_REQUIRE_FALSE(copy_assignable<leat::expected<fragile, fragile>>);
}

// ---- results of others ----------------------------------------------------------------------------------------------

namespace {

// Somebody else's, in the manner of tl::expected: void has no operator*.
template <class E> struct other_unexpected {
    E e;
    explicit other_unexpected(E x) : e(std::move(x)) {}
};
template <class T, class E> class other_expected {
public:
    using value_type = T;
    using error_type = E;
    using unexpected_type = other_unexpected<E>;
    other_expected(T v) : value_(std::move(v)) {}
    other_expected(other_unexpected<E> e) : error_(std::move(e.e)) {}
    explicit operator bool() const { return value_.has_value(); }
    T& operator*() & { return *value_; }
    const T& operator*() const& { return *value_; }
    T&& operator*() && { return *std::move(value_); }
    E& error() & { return *error_; }
    const E& error() const& { return *error_; }
    E&& error() && { return *std::move(error_); }

private:
    std::optional<T> value_;
    std::optional<E> error_;
};
template <class E> class other_expected<void, E> {
public:
    using value_type = void;
    using error_type = E;
    using unexpected_type = other_unexpected<E>;
    other_expected() = default;
    other_expected(other_unexpected<E> e) : error_(std::move(e.e)) {}
    explicit operator bool() const { return !error_; }
    const E& error() const { return *error_; }

private:
    std::optional<E> error_;
};

// Like boost::system::result: nothing is known of how one is made.
class outcome {
public:
    using value_type = int;
    using error_type = std::string;
    static outcome good(int v) { return outcome(v, {}); }
    static outcome bad(std::string e) { return outcome(0, std::move(e)); }
    explicit operator bool() const { return error_.empty(); }
    const int& operator*() const { return value_; }
    const std::string& error() const { return error_; }

private:
    outcome(int v, std::string e) : value_(v), error_(std::move(e)) {}
    int value_;
    std::string error_;
};

} // namespace

TEST_CASE("expected_like: what counts as a result", "[expected]") {
    STATIC_REQUIRE(leat::expected_like<result<int>>);
    STATIC_REQUIRE(leat::expected_like<const result<void>&>);
    STATIC_REQUIRE(leat::expected_like<result<owner<int>>&&>);
    STATIC_REQUIRE(leat::expected_like<other_expected<int, int>>);
    STATIC_REQUIRE(leat::expected_like<other_expected<void, int>>);
    STATIC_REQUIRE(leat::expected_like<outcome>);
    STATIC_REQUIRE_FALSE(leat::expected_like<std::optional<int>>);
    STATIC_REQUIRE_FALSE(leat::expected_like<int>);
    STATIC_REQUIRE_FALSE(leat::expected_like<owner<int>>);
    STATIC_REQUIRE_FALSE(leat::expected_like<std::string>);
#if defined(__cpp_lib_expected)
    STATIC_REQUIRE(leat::expected_like<std::expected<int, int>>);
    STATIC_REQUIRE(leat::expected_like<std::expected<void, int>>);
#endif
    STATIC_REQUIRE(leat::is_borrowed<result<std::string_view>>);
    STATIC_REQUIRE(leat::is_borrowed<leat::expected<int, std::string_view>>);
    STATIC_REQUIRE_FALSE(leat::is_borrowed<result<void>>);
    STATIC_REQUIRE_FALSE(leat::is_borrowed<result<int>>);
}

// ---- the streams ----------------------------------------------------------------------------------------------------

namespace {

struct meter {
    int asked = 0;
    int closed = 0;
};

// A digit is a value, anything else an error.
template <template <class, class> class X> struct kind {
    template <class T> using result = X<T, std::string>;
    static result<int> parse(char c) {
        if (c >= '0' && c <= '9')
            return result<int>(c - '0');
        return result<int>(typename result<int>::unexpected_type(std::string(1, c)));
    }
    static result<int> half(int x) {
        if (x % 2 == 0)
            return result<int>(x / 2);
        return result<int>(typename result<int>::unexpected_type("odd"));
    }
    static result<void> below_five(int x) {
        if (x < 5)
            return result<void>();
        return result<void>(typename result<void>::unexpected_type("five"));
    }

    static async_generator<result<int>> parsed(std::string text, meter* m = nullptr) {
        auto close = [m] { ++m->closed; };
        if (m != nullptr)
            co_await leat::on_close(close);
        for (char c : text) {
            if (m != nullptr)
                ++m->asked;
            result<int> r = parse(c);
            co_yield std::move(r);
        }
    }
    static async_generator<result<int>> parsed_in_batches(std::string text, std::size_t size) {
        std::vector<result<int>> page;
        for (char c : text) {
            page.push_back(parse(c));
            if (page.size() == size) {
                co_yield leat::batch(page);
                page.clear();
            }
        }
        if (!page.empty())
            co_yield leat::batch(page);
    }
    static async_generator<const result<int>&> parsed_lent(std::string text) {
        for (char c : text) {
            const result<int> r = parse(c);
            co_yield r;
        }
    }
    static async_generator<result<int>> parsed_waiting(std::string text, manual_loop& loop) {
        for (char c : text) {
            co_await loop.turn();
            result<int> r = parse(c);
            co_yield std::move(r);
        }
    }
    static async_generator<result<int>> parsed_elsewhere(std::string text, two_threads& threads) {
        for (char c : text) {
            co_await threads.hop();
            result<int> r = parse(c);
            co_yield std::move(r);
        }
    }
};
using ours = kind<leat::expected>;

// "3" or "!e": a result as text.
template <class R> std::string shown(const R& r) { return r ? std::to_string(*r) : "!" + r.error(); }

template <class S> task<> pull_into(S s, std::string& out) {
    while (auto x = co_await s.next())
        out += shown(*x) + " ";
}
template <class S> task<> pull_batches_into(S s, std::string& out) {
    for (;;) {
        auto some = co_await s.next_batch();
        if (!some)
            break;
        for (auto&& x : some)
            out += shown(x) + " ";
    }
}
template <class S> task<> push_into(S s, std::string& out) {
    auto each = std::move(s) | leat::for_each([&out](const auto& x) { out += shown(x) + " "; });
    co_await each;
}
template <class S> task<> pull_erased_into(S s, std::string& out) {
    using value = leat::stream_value_t<S>;
    constexpr bool lent = std::is_lvalue_reference_v<leat::stream_reference_t<S>>;
    any_stream<std::conditional_t<lent, const value&, value>> any = std::move(s);
    co_await pull_into(std::move(any), out);
}

// A pipeline on every source and in every way of reading, by one kind of results.
template <class Kind, class Closure>
void check_everywhere(const Closure& pipeline, const std::string& text, const std::string& expected) {
    manual_loop loop;
    two_threads threads;
    auto read = [&](auto source) {
        for (int shape = 0; shape < 4; ++shape) {
            std::string out;
            auto s = source() | pipeline;
            if (shape == 0)
                run_on(loop, pull_into(std::move(s), out));
            else if (shape == 1)
                run_on(loop, pull_batches_into(std::move(s), out));
            else if (shape == 2)
                run_on(loop, push_into(std::move(s), out));
            else
                run_on(loop, pull_erased_into(std::move(s), out));
            CHECK(out == expected);
        }
    };
    read([&] { return Kind::parsed(text); });
    read([&] { return Kind::parsed_in_batches(text, 1); });
    read([&] { return Kind::parsed_in_batches(text, 3); });
    read([&] { return Kind::parsed_in_batches(text, 100); });
    read([&] { return Kind::parsed_lent(text); });
    read([&] { return Kind::parsed_waiting(text, loop); });
    read([&] { return any_stream<leat::stream_value_t<decltype(Kind::parsed(text))>>(Kind::parsed(text)); });
    std::string out;
    sync_wait(pull_into(Kind::parsed_elsewhere(text, threads) | pipeline, out));
    CHECK(out == expected);
    out.clear();
    sync_wait(push_into(Kind::parsed_elsewhere(text, threads) | pipeline, out));
    CHECK(out == expected);
}

template <class Kind> void check_stages() {
    auto square = [](int x) { return x * x; };
    auto doubled = [](std::string e) { return e + e; };
    auto odd = [](const int& x) { return x % 2 == 1; };
    for (const char* text : {"", "1", "x", "x12", "12x", "1xy2", "xyz", "123456789"}) {
        std::string mapped, errors, halves, odds;
        for (const char* c = text; *c != '\0'; ++c) {
            const auto r = Kind::parse(*c);
            mapped += r ? std::to_string(*r * *r) + " " : "!" + r.error() + " ";
            errors += r ? shown(r) + " " : "!" + r.error() + r.error() + " ";
            halves += r ? shown(Kind::half(*r)) + " " : shown(r) + " ";
            odds += r && *r % 2 == 0 ? std::string() : shown(r) + " ";
        }
        check_everywhere<Kind>(leat::map_ok(square), text, mapped);
        check_everywhere<Kind>(leat::map_err(doubled), text, errors);
        check_everywhere<Kind>(leat::and_then(Kind::half), text, halves);
        check_everywhere<Kind>(leat::filter_ok(odd), text, odds);
    }
    auto all =
        leat::map_ok(square) | leat::filter_ok(odd) | leat::and_then(Kind::half) | leat::map_err(doubled);
    check_everywhere<Kind>(all, "1x23", "!oddodd !xx !oddodd ");
    // The kind of result stays.
    auto s = Kind::parsed("1") | leat::map_ok([](int) { return 'c'; });
    STATIC_REQUIRE(
        std::is_same_v<leat::stream_reference_t<decltype(s)>, typename Kind::template result<char>>);
    auto t = Kind::parsed("1") | leat::map_ok([](int) {});
    STATIC_REQUIRE(
        std::is_same_v<leat::stream_reference_t<decltype(t)>, typename Kind::template result<void>>);
    CHECK(*sync_wait(t.next()));
}

template <class Kind> void check_sinks() {
    // try_for_each: an error of the stream, of the function, none at all.
    for (auto [text, message, calls] :
         {std::tuple("1x2", "x", 1), std::tuple("x", "x", 0), std::tuple("127x", "five", 3),
          std::tuple("123", "", 3), std::tuple("", "", 0)}) {
        meter m;
        int called = 0;
        auto check = [&](int x) {
            ++called;
            return Kind::below_five(x);
        };
        auto each = Kind::parsed(text, &m) | leat::try_for_each(check);
        auto done = sync_wait(each);
        STATIC_REQUIRE(std::is_same_v<decltype(done), typename Kind::template result<void>>);
        CHECK((done ? std::string() : done.error()) == message);
        CHECK(called == calls);
        CHECK(m.closed == 1);
        if (!done)
            CHECK(m.asked == (done.error() == "x" ? calls + 1 : calls));
        CHECK(each.closing_errors().empty());

        // The same, waiting for each.
        manual_loop loop;
        called = 0;
        m = meter();
        auto slow = [&](int x) -> task<typename Kind::template result<void>> {
            co_await loop.turn();
            ++called;
            co_return Kind::below_five(x);
        };
        std::string waited = "not yet";
        auto waiting = [&](auto s) -> task<> {
            auto r = co_await s;
            waited = r ? "" : r.error();
        };
        run_on(loop, waiting(leat::try_for_each(Kind::parsed(text, &m), slow)));
        CHECK(waited == message);
        CHECK(called == calls);
        CHECK(m.closed == 1);
    }
    auto nothing = Kind::parsed("12x") | leat::try_for_each([](int) {});
    CHECK(sync_wait(nothing).error() == "x");
    auto nothing_awaited = Kind::parsed("12x") | leat::try_for_each([](int) -> task<> { co_return; });
    CHECK(sync_wait(nothing_awaited).error() == "x");

    // try_fold
    auto plus = [](int a, int x) { return a + x; };
    auto fold = [](int a, int x) {
        if (a + x < 10)
            return typename Kind::template result<int>(a + x);
        return
            typename Kind::template result<int>(typename Kind::template result<int>::unexpected_type("ten"));
    };
    auto sum = sync_wait(Kind::parsed("123") | leat::try_fold(100, plus));
    STATIC_REQUIRE(std::is_same_v<decltype(sum), typename Kind::template result<int>>);
    CHECK(*sum == 106);
    CHECK(sync_wait(leat::try_fold(Kind::parsed("12x3"), 0, plus)).error() == "x");
    CHECK(*sync_wait(Kind::parsed("123") | leat::try_fold(0, fold)) == 6);
    meter m;
    CHECK(sync_wait(Kind::parsed("199", &m) | leat::try_fold(0, fold)).error() == "ten");
    CHECK(m.asked == 2);
    CHECK(m.closed == 1);

    // try_collect
    auto all = sync_wait(Kind::parsed_in_batches("1234", 3) | leat::try_collect<std::vector>());
    CHECK(*all == ints{1, 2, 3, 4});
    auto some = sync_wait(Kind::parsed_lent("12x4") | leat::try_collect<std::set<long>>());
    REQUIRE_FALSE(some);
    CHECK(some.error().error == "x");
    CHECK(some.error().collected == std::set<long>{1, 2});
    auto none = sync_wait(leat::try_collect<std::vector>(Kind::parsed("")));
    CHECK((*none).empty());
}

template <class S> std::string thrown_by(S& s) {
    try {
        while (sync_wait(s.next())) {
        }
    } catch (const std::exception& e) {
        return e.what();
    }
    return "nothing";
}

} // namespace

TEST_CASE("map_ok, map_err, and_then, filter_ok: every source, every way of reading", "[expected]") {
    check_stages<ours>();
}
TEST_CASE("try_for_each, try_fold, try_collect: the first error, and none", "[expected]") {
    check_sinks<ours>();
}

TEST_CASE("results of another library work and stay what they are", "[expected]") {
    check_stages<kind<other_expected>>();
    check_sinks<kind<other_expected>>();
}

#if defined(__cpp_lib_expected)
TEST_CASE("std::expected works and stays what it is", "[expected]") {
    check_stages<kind<std::expected>>();
    check_sinks<kind<std::expected>>();
    auto thrown = kind<std::expected>::parsed("1x") | leat::or_throw();
    CHECK(*sync_wait(thrown.next()) == 1);
    CHECK_THROWS_AS(sync_wait(thrown.next()), leat::unexpected_error<std::string>);
}
#endif

TEST_CASE("a result of which nothing is known becomes leat::expected", "[expected]") {
    auto outcomes = []() -> async_generator<outcome> {
        outcome a = outcome::good(1);
        co_yield std::move(a);
        outcome b = outcome::bad("b");
        co_yield std::move(b);
    };
    auto mapped = outcomes() | leat::map_ok([](int x) { return x + 1; });
    STATIC_REQUIRE(std::is_same_v<leat::stream_reference_t<decltype(mapped)>, result<int>>);
    std::string out;
    sync_wait(push_into(std::move(mapped), out));
    CHECK(out == "2 !b ");
    auto next = [](int x) { return x > 1 ? outcome::good(x) : outcome::bad("small"); };
    out.clear();
    sync_wait(push_into(outcomes() | leat::and_then(next), out));
    CHECK(out == "!small !b ");
    CHECK(sync_wait(outcomes() | leat::try_for_each([](int) {})).error() == "b");
}

// ---- what is particular to each -------------------------------------------------------------------------------------

namespace {

async_generator<leat::expected<owner<int>, owner<std::string>>> owners() {
    for (int i = 0; i < 4; ++i) {
        leat::expected<owner<int>, owner<std::string>> r = std::make_unique<int>(i);
        if (i == 2)
            r = unexpected(std::make_unique<std::string>("two"));
        co_yield std::move(r);
    }
}

} // namespace

TEST_CASE("stages on results: move-only values and errors move through", "[expected]") {
    auto mapped = owners() | leat::map_ok([](owner<int> p) {
                      ++*p;
                      return p;
                  }) |
                  leat::map_err([](owner<std::string>&& e) {
                      *e += "!";
                      return std::move(e);
                  }) |
                  leat::filter_ok([](const owner<int>& p) { return *p != 1; }) |
                  leat::and_then([](owner<int>&& p) {
                      return leat::expected<owner<int>, owner<std::string>>(std::move(p));
                  });
    auto collecting = std::move(mapped) | leat::try_collect<std::vector>();
    auto all = sync_wait(collecting);
    REQUIRE_FALSE(all);
    CHECK(*all.error().error == "two!");
    REQUIRE(all.error().collected.size() == 1);
    CHECK(*all.error().collected[0] == 2);

    any_stream<leat::expected<owner<int>, owner<std::string>>> any = owners();
    auto count = [](owner<int> sum, owner<int> x) {
        *sum += *x;
        return sum;
    };
    auto sum = sync_wait(std::move(any) | leat::try_fold(std::make_unique<int>(10), count));
    CHECK(*sum.error() == "two");
}

TEST_CASE("map_ok: every way to take the value; members; lent results are copied, never moved from",
          "[expected]") {
    std::vector<result<std::string>> kept;
    kept.emplace_back("a string that is too long to be stored in place");
    kept.emplace_back(unexpected("an error that is too long to be stored in place"));
    const auto before = kept;
    auto lend = [&kept]() -> async_generator<result<std::string>&> { co_yield leat::batch(kept); };
    auto take = lend() | leat::map_ok([](std::string s) { return s.size(); });
    CHECK(**sync_wait(take.next()) == before[0]->size());
    CHECK((*sync_wait(take.next())).error() == before[1].error());
    auto look = lend() | leat::map_ok([](const std::string& s) { return s.size(); });
    CHECK(**sync_wait(look.next()) == before[0]->size());
    auto automatic = lend() | leat::map_ok([](auto&& s) { return s.size(); });
    CHECK(**sync_wait(automatic.next()) == before[0]->size());
    auto member = lend() | leat::map_ok(&std::string::size);
    CHECK(**sync_wait(member.next()) == before[0]->size());
    auto errors = lend() | leat::map_err(&std::string::size);
    CHECK(**sync_wait(errors.next()) == *before[0]);
    CHECK((*sync_wait(errors.next())).error() == before[1].error().size());
    CHECK(kept == before);
    auto write = lend() | leat::map_ok([](std::string& s) { s = "written"; });
    CHECK(*sync_wait(write.next()));
    CHECK(*kept[0] == "written");
}

TEST_CASE("stages on results without a value", "[expected]") {
    auto saved = []() -> async_generator<result<void>> {
        for (int i = 0; i < 3; ++i) {
            result<void> r;
            if (i == 1)
                r = unexpected("one");
            co_yield std::move(r);
        }
    };
    std::string out;
    sync_wait(push_into(saved() | leat::map_ok([n = 7]() mutable { return n++; }), out));
    CHECK(out == "7 !one 8 ");
    out.clear();
    sync_wait(push_into(saved() | leat::and_then([] { return result<int>(5); }), out));
    CHECK(out == "5 !one 5 ");
    auto renamed = saved() | leat::map_err([](const std::string& e) { return e.size(); });
    CHECK(*sync_wait(renamed.next()));
    CHECK((*sync_wait(renamed.next())).error() == 3);
    int calls = 0;
    auto each = saved() | leat::try_for_each([&calls] { ++calls; });
    CHECK(sync_wait(each).error() == "one");
    CHECK(calls == 1);
    CHECK(sync_wait(saved() | leat::try_fold(0, [](int n) { return n + 1; })).error() == "one");
}

TEST_CASE("map_ok: a view of a computed value lives as long as the step", "[expected]") {
    auto spelled = ours::parsed("12") |
                   leat::map_ok([](int x) { return std::string(40, static_cast<char>('a' + x)); }) |
                   leat::map_ok([](const std::string& s) { return std::string_view(s); });
    STATIC_REQUIRE(leat::is_borrowed<leat::stream_value_t<decltype(spelled)>>);
    auto x = sync_wait(spelled.next());
    CHECK(**x == std::string(40, 'b'));
    x = sync_wait(spelled.next());
    CHECK(**x == std::string(40, 'c'));

    // And materialize makes it the reader's own.
    auto kept = ours::parsed("1x") | leat::map_ok([](int) { return std::string(40, 'z'); }) |
                leat::map_ok([](const std::string& s) { return std::string_view(s); }) | leat::materialize();
    STATIC_REQUIRE(std::is_same_v<leat::stream_value_t<decltype(kept)>, result<std::string>>);
    auto all = sync_wait(std::move(kept) | leat::collect<std::vector<result<std::string>>>());
    CHECK(all[0] == std::string(40, 'z'));
    CHECK(all[1].error() == "x");
}

TEST_CASE("and_then: the error becomes that of the function's results", "[expected]") {
    struct failure {
        std::string text;
        failure(std::string t) : text(std::move(t)) {} // NOLINT: converts on purpose
    };
    auto next = [](int x) -> leat::expected<double, failure> {
        if (x == 0)
            return unexpected(std::string("zero"));
        return 1.0 / x;
    };
    auto s = ours::parsed("20x") | leat::and_then(next);
    CHECK(**sync_wait(s.next()) == 0.5);
    CHECK((*sync_wait(s.next())).error().text == "zero");
    CHECK((*sync_wait(s.next())).error().text == "x");
    CHECK_FALSE(sync_wait(s.next()));
}

TEST_CASE("stages on results: what the function throws closes the stream and is thrown", "[expected]") {
    auto bad = [](int x) {
        if (x == 2)
            throw std::runtime_error("function");
        return x;
    };
    meter m;
    auto s = ours::parsed("1x234", &m) | leat::map_ok(bad);
    CHECK(thrown_by(s) == "function");
    CHECK(m.asked == 3);
    CHECK(m.closed == 1);
    m = meter();
    auto each = ours::parsed("1234", &m) | leat::try_for_each([&bad](int x) { bad(x); });
    CHECK_THROWS_WITH(sync_wait(each), "function");
    CHECK(m.asked == 2);
    CHECK(m.closed == 1);
    m = meter();
    auto awaited = ours::parsed("1234", &m) | leat::try_for_each([&bad](int x) -> task<> {
                       bad(x);
                       co_return;
                   });
    CHECK_THROWS_WITH(sync_wait(awaited), "function");
    CHECK(m.asked == 2);
    CHECK(m.closed == 1);
}

TEST_CASE("stages on results: elements are moved, none is copied, none is left over", "[expected]") {
    const balance b;
    {
        using counts = leat::expected<counted, counted>;
        auto source = []() -> async_generator<counts> {
            std::vector<counts> page;
            for (int i = 0; i < 20; ++i)
                page.push_back(i % 5 == 4 ? counts(leat::unexpect, i) : counts(std::in_place, i));
            co_yield leat::batch(page);
        };
        counted::forget_copies();
        auto mapped = source() | leat::map_ok([](counted&& c) { return std::move(c); }) |
                      leat::map_err([](counted&& c) { return std::move(c); }) |
                      leat::filter_ok([](const counted& c) { return c.value != 3; }) |
                      leat::and_then([](counted&& c) { return counts(std::move(c)); });
        int sum = 0;
        while (auto x = sync_wait(mapped.next()))
            sum += *x ? (*x)->value : x->error().value;
        CHECK(sum == 190 - 3);
        CHECK(counted::copies == 0);

        auto first = source() | leat::try_collect<std::vector>();
        auto some = sync_wait(first);
        REQUIRE_FALSE(some);
        CHECK(some.error().error.value == 4);
        CHECK(some.error().collected.size() == 4);
        CHECK(counted::copies == 0);

        // Left in the middle of a batch.
        auto open = source() | leat::map_ok([](counted&& c) { return std::move(c); });
        CHECK(sync_wait(open.next()));
    }
    CHECK(b.even());
}

TEST_CASE("stages and sinks of results allocate nothing, and only the sinks' frames are there",
          "[expected]") {
    using numbers = leat::expected<int, int>;
    auto source = []() -> async_generator<numbers> {
        for (int i = 0; i < 1000; ++i) {
            numbers r(i);
            if (i % 10 == 3)
                r = unexpected(i);
            co_yield std::move(r);
        }
    };
    auto s = source();
    auto p = std::move(s) | leat::map_ok([](int x) { return x + 1; }) |
             leat::map_err([](int e) { return -e; }) | leat::filter_ok([](int x) { return x % 2 == 0; }) |
             leat::and_then([](int x) { return numbers(x); });
    STATIC_REQUIRE(sizeof(p) <= 8 * sizeof(void*));
    auto all = [](auto& stream) -> task<int> {
        int sum = 0;
        while (auto x = co_await stream.next())
            sum += *x ? **x : x->error();
        co_return sum;
    };
    auto t = all(p);
    const auto before = allocations();
    const int sum = sync_wait(t);
    const auto taken = allocations() - before;
    CHECK(sum != 0);
    CHECK(taken <= 1); // sync_wait's own frame

    auto folding = source() | leat::try_fold(0, [](int a, int x) { return a + x; });
    const auto before_fold = allocations();
    const auto folded = sync_wait(folding);
    const auto taken_by_fold = allocations() - before_fold;
    CHECK(folded.error() == 3);
    CHECK(taken_by_fold <= 1);
}

// ---- or_throw -------------------------------------------------------------------------------------------------------

TEST_CASE("or_throw: the values; the first error is thrown, after the source was closed", "[expected]") {
    meter m;
    auto s = ours::parsed("12x4", &m) | leat::or_throw();
    CHECK(*sync_wait(s.next()) == 1);
    CHECK(*sync_wait(s.next()) == 2);
    CHECK(m.closed == 0);
    try {
        sync_wait(s.next());
        FAIL("nothing was thrown");
    } catch (const leat::unexpected_error<std::string>& e) {
        CHECK(e.error() == "x");
        CHECK(m.closed == 1);
    }
    CHECK_FALSE(sync_wait(s.next()));
    CHECK(m.asked == 3);
    CHECK(sync_wait(ours::parsed_in_batches("1234", 2) | leat::or_throw() | leat::collect<std::vector>()) ==
          ints{1, 2, 3, 4});
    auto pushed = ours::parsed("1x", &m) | leat::or_throw() | leat::count();
    CHECK_THROWS_AS(sync_wait(pushed), leat::unexpected_error<std::string>);
    any_stream<int> any = ours::parsed("12x") | leat::or_throw();
    CHECK(*sync_wait(any.next()) == 1);
    CHECK(*sync_wait(any.next()) == 2);
    CHECK_THROWS_AS(sync_wait(any.next()), leat::unexpected_error<std::string>);
}

TEST_CASE("or_throw: exceptions as they are", "[expected]") {
    auto pointers = []() -> async_generator<leat::expected<int, std::exception_ptr>> {
        leat::expected<int, std::exception_ptr> r =
            unexpected(std::make_exception_ptr(std::out_of_range("far")));
        co_yield std::move(r);
    };
    auto a = pointers() | leat::or_throw();
    CHECK_THROWS_AS(sync_wait(a.next()), std::out_of_range);
    auto exceptions = []() -> async_generator<leat::expected<int, std::domain_error>> {
        leat::expected<int, std::domain_error> r = unexpected(std::domain_error("square root"));
        co_yield std::move(r);
    };
    auto c = exceptions() | leat::or_throw();
    CHECK_THROWS_AS(sync_wait(c.next()), std::domain_error);
}

TEST_CASE("or_throw: values to keep, lent ones, and computed ones", "[expected]") {
    STATIC_REQUIRE(
        std::is_same_v<leat::stream_reference_t<decltype(ours::parsed("") | leat::or_throw())>, int&&>);
    STATIC_REQUIRE(
        std::is_same_v<leat::stream_reference_t<decltype(ours::parsed_lent("") | leat::or_throw())>,
                       const int&>);
    auto computed = ours::parsed("3") |
                    leat::map_ok([](int x) { return std::string(30, static_cast<char>(x + 'a')); }) |
                    leat::or_throw();
    STATIC_REQUIRE(std::is_same_v<leat::stream_reference_t<decltype(computed)>, std::string>);
    CHECK(*sync_wait(computed.next()) == std::string(30, 'd'));
    auto owned = owners() | leat::take(2) | leat::or_throw();
    owner<int> p = std::move(*sync_wait(owned.next()));
    CHECK(*p == 0);
}

// ---- errors_as_values -----------------------------------------------------------------------------------------------

namespace {

async_generator<int> failing(int n, meter& m, manual_loop* loop = nullptr) {
    auto close = [&m, loop]() -> task<> {
        if (loop != nullptr)
            co_await loop->turn();
        ++m.closed;
    };
    co_await leat::on_close(close);
    for (int i = 0; i < n; ++i) {
        ++m.asked;
        co_yield i;
    }
    throw std::runtime_error("producer");
}
std::string what_of(const std::exception_ptr& e) {
    try {
        std::rethrow_exception(e);
    } catch (const std::exception& x) {
        return x.what();
    }
}

} // namespace

TEST_CASE("errors_as_values: the exception is the last element, and by then the source is closed",
          "[expected]") {
    meter m;
    auto s = failing(2, m) | leat::errors_as_values();
    STATIC_REQUIRE(
        std::is_same_v<leat::stream_reference_t<decltype(s)>, leat::expected<int, std::exception_ptr>&&>);
    CHECK(**sync_wait(s.next()) == 0);
    CHECK(**sync_wait(s.next()) == 1);
    CHECK(m.closed == 0);
    auto last = sync_wait(s.next());
    REQUIRE(last);
    REQUIRE_FALSE(*last);
    CHECK(what_of(last->error()) == "producer");
    CHECK(m.closed == 1);
    CHECK_FALSE(sync_wait(s.next()));
    CHECK_FALSE(sync_wait(s.next()));
    CHECK(m.closed == 1);
}

TEST_CASE("errors_as_values: of a stage, of the producer, of the cleanup; a wait while closing",
          "[expected]") {
    meter m;
    manual_loop loop;
    auto bad = leat::transform([](int x) { return x == 1 ? throw std::runtime_error("stage") : x; });
    std::string out;
    auto read = [&](auto s) -> task<> {
        while (auto x = co_await s.next()) {
            out += *x ? std::to_string(**x) : what_of(x->error()) + (m.closed == 1 ? ", closed" : ", open");
            out += ' ';
        }
    };
    run_on(loop, read(failing(5, m, &loop) | bad | leat::errors_as_values()));
    CHECK(out == "0 stage, closed ");
    CHECK(m.asked == 2);
    m = meter();
    out.clear();
    run_on(loop, read(failing(1, m, &loop) | leat::errors_as_values()));
    CHECK(out == "0 producer, closed ");
    out.clear();
    auto bad_end = [](meter& mm) -> async_generator<int> {
        auto close = [&mm] {
            ++mm.closed;
            throw std::runtime_error("cleanup");
        };
        co_await leat::on_close(close);
        co_yield 7;
    };
    m = meter();
    run_on(loop, read(bad_end(m) | leat::errors_as_values()));
    CHECK(out == "7 cleanup, closed ");
    m = meter();
    out.clear();
    // A reader that stops early closes all of it.
    auto first = failing(5, m) | leat::errors_as_values() | leat::first();
    CHECK(**sync_wait(first) == 0);
    CHECK(m.closed == 1);
    CHECK(m.asked == 1);
}

TEST_CASE("errors_as_values: there and back; batches; elements of a moved-only kind; none left over",
          "[expected]") {
    const balance b;
    {
        auto source = [](bool fails) -> async_generator<counted> {
            std::vector<counted> page;
            for (int i = 0; i < 5; ++i)
                page.emplace_back(i);
            co_yield leat::batch(page);
            if (fails)
                throw std::out_of_range("the end");
        };
        counted::forget_copies();
        auto back = source(true) | leat::errors_as_values() | leat::or_throw();
        int sum = 0;
        CHECK_THROWS_AS(
            [&] {
                while (auto x = sync_wait(back.next()))
                    sum += x->value;
            }(),
            std::out_of_range);
        CHECK(sum == 10);
        CHECK(counted::copies == 0);
        auto collecting = source(true) | leat::errors_as_values() | leat::try_collect<std::vector>();
        auto all = sync_wait(collecting);
        REQUIRE_FALSE(all);
        CHECK(all.error().collected.size() == 5);
        CHECK(what_of(all.error().error) == "the end");
        auto whole = source(false) | leat::errors_as_values() | leat::try_collect<std::vector>();
        CHECK(sync_wait(whole)->size() == 5);
    }
    CHECK(b.even());
}

TEST_CASE("errors_as_values: a stop is not swallowed", "[expected]") {
    std::stop_source stop;
    auto endless = []() -> async_generator<int> {
        for (int i = 0;; ++i)
            co_yield i;
    };
    auto s = endless() | leat::stop_on(stop.get_token()) | leat::errors_as_values();
    CHECK(**sync_wait(s.next()) == 0);
    stop.request_stop();
    CHECK_THROWS_AS(
        [&] {
            for (int i = 0; i < 10; ++i)
                sync_wait(s.next());
        }(),
        leat::stopped);
}

// ---- the sinks ------------------------------------------------------------------------------------------------------

TEST_CASE("try sinks: plain elements, where the function's results can be errors", "[expected]") {
    meter m;
    auto numbers = [](meter& mm) -> async_generator<int> {
        auto close = [&mm] { ++mm.closed; };
        co_await leat::on_close(close);
        for (int i = 0;; ++i) {
            ++mm.asked;
            co_yield i;
        }
    };
    auto each = numbers(m) | leat::try_for_each(ours::below_five);
    auto done = sync_wait(each);
    STATIC_REQUIRE(std::is_same_v<decltype(done), result<void>>);
    CHECK(done.error() == "five");
    CHECK(m.asked == 6);
    CHECK(m.closed == 1);
    auto sum = sync_wait(numbers(m) | leat::try_fold(0, [](int a, int x) -> result<int> {
                             if (a + x > 10)
                                 return unexpected("more than ten");
                             return a + x;
                         }));
    CHECK(sum.error() == "more than ten");
    CHECK(m.closed == 2);
}

TEST_CASE("try sinks: an error came before what the cleanup throws, and that is not lost", "[expected]") {
    auto source = []() -> async_generator<result<int>> {
        auto first = [] { throw std::runtime_error("first"); };
        co_await leat::on_close(first);
        auto second = [] { throw std::runtime_error("second"); };
        co_await leat::on_close(second);
        for (int i = 0; i < 3; ++i) {
            result<int> r = i;
            if (i == 1)
                r = unexpected("one");
            co_yield std::move(r);
        }
    };
    auto check = [](auto sink) {
        auto r = sync_wait(sink);
        REQUIRE_FALSE(r);
        std::string all;
        for (const std::exception_ptr& e : sink.closing_errors())
            all += what_of(e) + " ";
        CHECK(all == "second first ");
    };
    check(source() | leat::try_for_each([](int) {}));
    check(source() | leat::try_for_each([](int) -> task<> { co_return; }));
    check(source() | leat::try_fold(0, [](int a, int x) { return a + x; }));
    check(source() | leat::try_collect<std::vector>());
    // Without an error the cleanup's exception is thrown as ever.
    auto fine = source() | leat::filter([](const result<int>& r) { return r.has_value(); }) |
                leat::try_for_each([](int) {});
    CHECK_THROWS_WITH(sync_wait(fine), "second");
    auto fine_awaited = source() | leat::filter([](const result<int>& r) { return r.has_value(); }) |
                        leat::try_for_each([](int) -> task<> { co_return; });
    CHECK_THROWS_WITH(sync_wait(fine_awaited), "second");
}

TEST_CASE("try sinks: an exception of the stream is thrown", "[expected]") {
    auto source = [](int errors_at) -> async_generator<result<int>> {
        for (int i = 0; i < 3; ++i) {
            result<int> r = i;
            if (i == errors_at)
                r = unexpected("value");
            co_yield std::move(r);
        }
        throw std::runtime_error("thrown");
    };
    CHECK_THROWS_WITH(sync_wait(source(9) | leat::try_for_each([](int) {})), "thrown");
    CHECK_THROWS_WITH(sync_wait(source(9) | leat::try_collect<std::vector>()), "thrown");
    CHECK_THROWS_WITH(sync_wait(source(9) | leat::try_for_each([](int) -> task<> { co_return; })), "thrown");
    CHECK(sync_wait(source(2) | leat::try_for_each([](int) {})).error() == "value");
}

TEST_CASE("try sinks: from sources that wait, on other threads, through any_stream", "[expected]") {
    manual_loop loop;
    two_threads threads;
    struct row {
        std::string text, message;
        std::size_t size;
    };
    for (const row& r : {row{"123", "", 3}, row{"12x3", "x", 2}, row{"x", "x", 0}, row{"", "", 0}}) {
        auto check = [&](auto source) -> task<> {
            ints seen;
            auto each = source() | leat::try_for_each([&seen](int x) { seen.push_back(x); });
            auto done = co_await each;
            CHECK((done ? std::string() : done.error()) == r.message);
            CHECK(seen.size() == r.size);
            auto awaiting = source() | leat::try_for_each([&seen](int x) -> task<> {
                                seen.push_back(x);
                                co_return;
                            });
            done = co_await awaiting;
            CHECK((done ? std::string() : done.error()) == r.message);
            CHECK(seen.size() == 2 * r.size);
            auto collecting = source() | leat::try_collect<std::vector>();
            auto all = co_await collecting;
            CHECK((all ? std::string() : all.error().error) == r.message);
            CHECK((all ? *all : all.error().collected).size() == r.size);
            auto folding = source() | leat::try_fold(0u, [](unsigned n, int) { return n + 1; });
            auto count = co_await folding;
            CHECK(count.value_or(99u) == (done ? r.size : 99u));
        };
        auto waiting = [&] { return ours::parsed_waiting(r.text, loop); };
        auto elsewhere = [&] { return ours::parsed_elsewhere(r.text, threads); };
        auto erased = [&] { return any_stream<result<int>>(ours::parsed_in_batches(r.text, 2)); };
        run_on(loop, check(waiting));
        sync_wait(check(elsewhere));
        sync_wait(check(erased));
    }
}

TEST_CASE("try_collect: containers of every kind", "[expected]") {
    CHECK(*sync_wait(ours::parsed("321") | leat::try_collect<std::set>()) == std::set<int>{1, 2, 3});
    auto letters = ours::parsed("012") | leat::map_ok([](int x) { return static_cast<char>('a' + x); });
    CHECK(*sync_wait(std::move(letters) | leat::try_collect<std::string>()) == "abc");
    const auto sink = leat::map_ok([](int x) { return 2 * x; }) | leat::try_collect<std::vector>();
    CHECK(*sync_wait(ours::parsed("12") | sink) == ints{2, 4});
    CHECK(*sync_wait(ours::parsed("3") | sink) == ints{6});
}
