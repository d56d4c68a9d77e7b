#include "support/fault.hpp"

#include <algorithm>
#include <memory>
#include <string>

#include <leat/adaptor/chain.hpp>
#include <leat/sink/all.hpp>
#include <leat/sink/any.hpp>
#include <leat/sink/blocking.hpp>
#include <leat/sink/collect_into.hpp>
#include <leat/sink/contains.hpp>
#include <leat/sink/find.hpp>
#include <leat/sink/for_each_while.hpp>
#include <leat/sink/forward.hpp>
#include <leat/sink/last.hpp>
#include <leat/sink/max.hpp>
#include <leat/sink/min.hpp>
#include <leat/sink/none.hpp>
#include <leat/sink/nth.hpp>
#include <leat/sink/reduce.hpp>
#include <leat/sink/single.hpp>
#include <leat/sink/sum.hpp>
#include <leat/source/once.hpp>

// The terminals, under every fault at every point. See support/fault.hpp.

using fault::check_sink_faults;
using fault::ints;

namespace {

counted add(counted sum, const counted& x) { return counted(sum.value + x.value); }
bool is_below_5(const counted& x) { return x.value < 5; }
bool is_five(const counted& x) { return x.value == 5; }
bool is_less(const counted& a, const counted& b) { return a.value < b.value; }
int sum_of(const ints& in) {
    int sum = 0;
    for (const int x : in)
        sum += x;
    return sum;
}
ints last_of(const ints& in) { return in.empty() ? ints() : ints{in.back()}; }
ints below_6(const ints& in) {
    return ints(in.begin(), in.begin() + std::min<long>(6, static_cast<long>(in.size())));
}

} // namespace

TEST_CASE("faults: reduce, sum", "[faults]") {
    check_sink_faults(
        "reduce", [](auto& ctx, auto s) { return std::move(s) | leat::reduce(ctx.fn(add)); },
        [](const ints& in) { return in.empty() ? ints() : ints{sum_of(in)}; });
    check_sink_faults(
        "sum",
        [](auto& ctx, auto s) {
            auto value = [](const counted& x) { return x.value; };
            return std::move(s) | leat::transform(ctx.fn(value)) | leat::sum();
        },
        [](const ints& in) { return ints{sum_of(in)}; });
}

TEST_CASE("faults: max, min, last, nth", "[faults]") {
    check_sink_faults(
        "max", [](auto& ctx, auto s) { return std::move(s) | leat::max(ctx.fn(is_less)); }, last_of);
    check_sink_faults(
        "min", [](auto& ctx, auto s) { return std::move(s) | leat::min(ctx.fn(is_less)); },
        [](const ints& in) { return in.empty() ? ints() : ints{in[0]}; });
    check_sink_faults(
        "last", [](auto&, auto s) { return std::move(s) | leat::last(); }, last_of);
    check_sink_faults(
        "nth", [](auto&, auto s) { return std::move(s) | leat::nth(3); },
        [](const ints& in) { return in.size() > 3 ? ints{in[3]} : ints(); });
}

// With one element that always comes, or a stop would be a stream without any.
TEST_CASE("faults: single", "[faults]") {
    check_sink_faults(
        "single",
        [](auto& ctx, auto s) {
            auto no = [](const counted&) { return false; };
            auto none_of_them = std::move(s) | leat::filter(ctx.fn(no));
            return leat::chain(leat::once(counted(100)), std::move(none_of_them)) | leat::single();
        },
        [](const ints&) { return ints{100}; });
}

TEST_CASE("faults: all, any, none, contains, find", "[faults]") {
    check_sink_faults(
        "all", [](auto& ctx, auto s) { return std::move(s) | leat::all(ctx.fn(is_below_5)); },
        [](const ints& in) { return ints{in.size() <= 5}; });
    check_sink_faults(
        "any", [](auto& ctx, auto s) { return std::move(s) | leat::any(ctx.fn(is_five)); },
        [](const ints& in) { return ints{in.size() > 5}; });
    check_sink_faults(
        "none", [](auto& ctx, auto s) { return std::move(s) | leat::none(ctx.fn(is_five)); },
        [](const ints& in) { return ints{in.size() <= 5}; });
    check_sink_faults(
        "contains", [](auto&, auto s) { return std::move(s) | leat::contains(counted(5)); },
        [](const ints& in) { return ints{in.size() > 5}; });
    check_sink_faults(
        "find", [](auto& ctx, auto s) { return std::move(s) | leat::find(ctx.fn(is_five)); },
        [](const ints& in) { return in.size() > 5 ? ints{5} : ints(); });
}

namespace {

template <class See> class while_below_5 {
public:
    explicit while_below_5(See see) : see_(see) {}
    bool operator()(const counted& x) {
        see_(x);
        return x.value < 5;
    }

private:
    See see_;
};
template <class See> class while_below_5_awaited {
public:
    explicit while_below_5_awaited(See see) : see_(see) {}
    leat::task<bool> operator()(const counted& x) { return look(see_(x), x.value < 5); }

private:
    static leat::task<bool> look(leat::task<> seeing, bool result) {
        co_await seeing;
        co_return result;
    }
    See see_;
};

// The same without its result, which the harness would take for an element.
template <class Sink> class without_result : public Sink {
public:
    explicit without_result(Sink&& s) : Sink(std::move(s)) {}
    void await_resume() { static_cast<void>(Sink::await_resume()); }
};
template <class Sink>
    requires requires(Sink& s) { s.operator co_await(); }
class without_result<Sink> : public Sink {
    using awaiter = decltype(std::declval<Sink&>().operator co_await());
    class quiet {
    public:
        explicit quiet(Sink& s) : inner_(s.operator co_await()) {}
        bool await_ready() { return inner_.await_ready(); }
        bool await_suspend(std::coroutine_handle<> h) { return inner_.await_suspend(h); }
        void await_resume() { static_cast<void>(inner_.await_resume()); }
        void inherit_stop(const leat::detail::stop_ref& stop) { inner_.inherit_stop(stop); }

    private:
        awaiter inner_;
    };

public:
    explicit without_result(Sink&& s) : Sink(std::move(s)) {}
    quiet operator co_await() { return quiet(*this); }
};

} // namespace

TEST_CASE("faults: for_each_while", "[faults]") {
    check_sink_faults(
        "for_each_while",
        [](auto& ctx, auto s) {
            return without_result(std::move(s) | leat::for_each_while(while_below_5(ctx.sees())));
        },
        below_6);
    check_sink_faults(
        "for_each_while awaited",
        [](auto& ctx, auto s) {
            return without_result(std::move(s) |
                                  leat::for_each_while(while_below_5_awaited(ctx.sees_awaited())));
        },
        below_6);
}

namespace {

template <class See> class slow_sink {
public:
    explicit slow_sink(See see) : see_(see) {}
    leat::task<> write(const counted& x) { return see_(x); }

private:
    See see_;
};

} // namespace

namespace {

// With the container, which is what it gives.
template <class Sink> class with_container : public Sink {
    using container = std::vector<counted>;

public:
    with_container(Sink&& s, std::shared_ptr<container> all) : Sink(std::move(s)), all_(std::move(all)) {}
    container await_resume() {
        Sink::await_resume();
        return std::move(*all_);
    }

private:
    std::shared_ptr<container> all_;
};

} // namespace

TEST_CASE("faults: collect_into", "[faults]") {
    check_sink_faults(
        "collect_into",
        [](auto&, auto s) {
            auto all = std::make_shared<std::vector<counted>>();
            return with_container(std::move(s) | leat::collect_into(*all), all);
        },
        [](const ints& in) {
            ints out{1000 + static_cast<int>(in.size())};
            out.insert(out.end(), in.begin(), in.end());
            return out;
        });
}

TEST_CASE("faults: forward", "[faults]") {
    check_sink_faults(
        "forward",
        [](auto& ctx, auto s) { return std::move(s) | leat::forward(slow_sink(ctx.sees_awaited())); },
        [](const ints& in) { return in; });
}

namespace {

// A range-for in a coroutine, which is otherwise not done: here the waits end on other threads.
template <class S> leat::task<> read_blocking(fault::context& ctx, S s) {
    std::exception_ptr error;
    ctx.watched = true;
    auto all = leat::blocking(std::move(s));
    try {
        for (const counted& x : all)
            ctx.arrived(x);
    } catch (...) {
        error = std::current_exception();
    }
    std::exception_ptr more;
    try {
        all.close();
    } catch (...) {
        more = std::current_exception();
    }
    ctx.outcome(error);
    ctx.saw(more);
    fault::see_attached(ctx, all);
    co_return;
}

} // namespace

// Where a wait ends on the reader's own thread it would end never, so these runs have none, or two threads.
TEST_CASE("faults: blocking", "[faults]") {
    fault::examination all("blocking", [](const ints& in) { return in; }, {});
    for (const wait_kind w : {wait_kind::never, wait_kind::other_thread})
        for (const auto source : {fault::source_kind::single, fault::source_kind::batches})
            all.look_at(source, w, fault::reader_kind::for_each, false, [&](fault::context& ctx) {
                auto s = fault::make_source(ctx, source);
                return read_blocking(ctx, std::move(s) | leat::stop_on(ctx.token()));
            });
    CHECK(all.finish() == 0);
}
