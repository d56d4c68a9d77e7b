#include "plain.hpp"
#include "support/waiting.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <leat/leat.hpp>
#include <leat/source/channel.hpp>
#include <leat/source/from_callback.hpp>

using leat::channel;
using leat::push_result;
using leat::sync_wait;
using leat::task;
using plain::ints;
using plain::read_into;
using plain::up_to;

namespace {

task<> send_all(channel<int> ch, int from, int to, int* sent = nullptr) {
    for (int i = from; i < to; ++i) {
        const bool ok = co_await ch.send(i);
        if (!ok)
            co_return;
        if (sent != nullptr)
            ++*sent;
    }
}

} // namespace

TEST_CASE("channel: a sender waits for room, a reader for elements") {
    channel<int> ch(3);
    int sent = 0;
    const auto sending = start(send_all(ch, 0, 10, &sent));
    CHECK(sent == 3);
    CHECK(!sending.done());
    CHECK(ch.size() == 3);

    ints got;
    std::string end;
    const auto reading = start(read_into(ch.stream(), got, &end));
    CHECK(sending.done());
    CHECK(got == up_to(10));
    CHECK(end.empty());
    CHECK(ch.try_send(10) == push_result::accepted);
    CHECK(got == up_to(11)); // the reader went on inside
    ch.close();
    CHECK(end == "end");
    CHECK(reading.done());
    CHECK(ch.try_send(11) == push_result::closed);
}

TEST_CASE("channel: all that is queued is one batch") {
    channel<int> ch(100);
    for (int i = 0; i < 7; ++i)
        CHECK(ch.try_send(i) == push_result::accepted);
    ch.close();
    std::vector<std::size_t> sizes;
    sync_wait([&](auto s) -> task<> {
        for (;;) {
            auto b = co_await s.next_batch();
            if (b.empty())
                co_return;
            sizes.push_back(b.size());
        }
    }(ch.stream()));
    CHECK(sizes == std::vector<std::size_t>{7});
}

TEST_CASE("channel: full, closed, and what was not taken is untouched") {
    channel<std::unique_ptr<int>> ch(1);
    CHECK(ch.try_send(std::make_unique<int>(1)) == push_result::accepted);
    auto second = std::make_unique<int>(2);
    CHECK(ch.try_send(std::move(second)) == push_result::full);
    CHECK(second);
    ch.close();
    CHECK(ch.try_send(std::move(second)) == push_result::closed);
    CHECK(second);
    CHECK(ch.closed());
}

TEST_CASE("channel: elements first, then the error, for every stream of it") {
    channel<int> ch(10);
    for (int i = 0; i < 3; ++i)
        CHECK(ch.try_send(i) == push_result::accepted);
    ch.close(std::make_exception_ptr(std::runtime_error("broken")));
    for (const int n : {3, 0}) {
        ints got;
        std::string end;
        sync_wait(read_into(ch.stream(), got, &end));
        CHECK(got == up_to(n));
        CHECK(end == "broken");
    }
}

TEST_CASE("channel: closing tells waiting senders, and the last handle closes") {
    std::optional<channel<int>> ch(1);
    CHECK(ch->try_send(0) == push_result::accepted);
    bool ok = true;
    const auto send_one = [](channel<int> c, bool& result) -> task<> { result = co_await c.send(1); };
    const auto sending = start(send_one(*ch, ok));
    CHECK(!sending.done());
    ch->close();
    CHECK(sending.done());
    CHECK(!ok);

    channel<int> other(4);
    auto s = other.stream();
    ints got;
    std::string end;
    {
        const channel<int> last = std::move(other);
        CHECK(last.try_send(5) == push_result::accepted);
        const auto reading = start(read_into(std::move(s), got, &end));
        CHECK(end.empty());
    }
    CHECK(got == ints{5});
}

TEST_CASE("channel: several readers share, in order of asking; several senders take turns") {
    channel<int> ch(4);
    ints a, b;
    const auto one = start(read_into(ch.stream(), a));
    const auto two = start(read_into(ch.stream(), b));
    for (int i = 0; i < 10; ++i)
        CHECK(ch.try_send(i) == push_result::accepted);
    ch.close();
    CHECK(one.done());
    CHECK(two.done());
    CHECK(a.size() == 5);
    ints all = a;
    all.insert(all.end(), b.begin(), b.end());
    std::sort(all.begin(), all.end());
    CHECK(all == up_to(10));

    channel<int> narrow(1);
    const auto first = start(send_all(narrow, 0, 3));
    const auto second = start(send_all(narrow, 100, 103));
    ints got;
    const auto reading = start(read_into(narrow.stream(), got));
    CHECK(first.done());
    CHECK(second.done());
    CHECK(got.size() == 6);
    CHECK(got[0] == 0);
}

TEST_CASE("channel: destroying one who waits is safe") {
    const balance b;
    {
        channel<counted> ch(1);
        CHECK(ch.try_send(counted(0)) == push_result::accepted);
        const auto send = [](channel<counted> c, int i, int& done) -> task<> {
            const bool ok = co_await c.send(counted(i));
            done += ok ? 1 : 0;
        };
        int done = 0;
        const auto first = start(send(ch, 1, done));
        { const auto gone = start(send(ch, 2, done)); }
        const auto third = start(send(ch, 3, done));
        ints got;
        const auto read = [](auto s, ints& g) -> task<> {
            while (auto x = co_await s.next())
                g.push_back(x->value);
        };
        {
            const auto reader = start(read(ch.stream(), got));
            CHECK(got == ints{0, 1, 3});
            CHECK(done == 2);
        } // waiting
        CHECK(ch.try_send(counted(4)) == push_result::accepted);
        CHECK(got.size() == 3);
        ch.close();
    }
    CHECK(b.even());
}

TEST_CASE("channel: a stop ends the waits; what is queued stays") {
    channel<int> ch(1);
    std::stop_source stop;
    ints got;
    std::string end;
    const auto reading = start(read_into(ch.stream() | leat::stop_on(stop.get_token()), got, &end));
    CHECK(ch.try_send(1) == push_result::accepted);
    stop.request_stop();
    CHECK(end == "stopped");
    CHECK(got == ints{1});
    CHECK(ch.try_send(2) == push_result::accepted);
    CHECK(ch.size() == 1);

    // A sender in a pipeline that is stopped.
    std::stop_source stop_sender;
    const auto sends = [](channel<int> c) -> leat::async_generator<int> {
        for (int i = 0;; ++i) {
            const bool ok = co_await c.send(i);
            if (!ok)
                co_return;
            co_yield i;
        }
    };
    ints sent;
    std::string sender_end;
    const auto sending =
        start(read_into(sends(ch) | leat::stop_on(stop_sender.get_token()), sent, &sender_end));
    CHECK(sender_end.empty());
    stop_sender.request_stop();
    CHECK(sender_end == "stopped");
    CHECK(sent.empty());
}

TEST_CASE("channel: many threads") {
    channel<int> ch(8);
    constexpr int each = 2000;
    std::vector<std::thread> senders;
    for (int t = 0; t < 3; ++t)
        senders.emplace_back([ch, t] { sync_wait(send_all(ch, t * each, (t + 1) * each)); });
    std::vector<ints> got(2);
    std::vector<std::thread> readers;
    for (ints& g : got)
        readers.emplace_back([&g, s = ch.stream()]() mutable { sync_wait(read_into(std::move(s), g)); });
    for (std::thread& t : senders)
        t.join();
    ch.close();
    for (std::thread& t : readers)
        t.join();
    ints all = got[0];
    all.insert(all.end(), got[1].begin(), got[1].end());
    std::sort(all.begin(), all.end());
    CHECK(all == up_to(3 * each));
}

// ---- from_callback ----

namespace {

// An interface of callbacks.
struct button {
    std::function<void(int)> clicked;
    int registered = 0;
    int unregistered = 0;
};

} // namespace

TEST_CASE("from_callback: registers at the first step, unregisters when the stream is closed") {
    button b;
    std::optional<leat::callback_push<int>> push;
    const auto begin = [&](const leat::callback_push<int>& p) {
        ++b.registered;
        push = p;
        b.clicked = [p](int x) { p(x); };
        return [&b] { ++b.unregistered; };
    };
    ints got;
    std::string end;
    {
        auto clicks = leat::from_callback<int>({.capacity = 4, .overflow = leat::overflow::fail}, begin);
        CHECK(b.registered == 0);
        const auto reading = start(read_into(std::move(clicks) | leat::take(3), got, &end));
        CHECK(b.registered == 1);
        for (int i = 0; i < 5; ++i)
            b.clicked(i);
        CHECK(reading.done());
    }
    CHECK(got == up_to(3));
    CHECK(b.unregistered == 1);
    CHECK((*push)(7) == push_result::closed);
}

TEST_CASE("from_callback: the ways to unregister") {
    int undone = 0;
    struct guard {
        int* n;
        explicit guard(int& x) : n(&x) {}
        guard(guard&& other) noexcept : n(std::exchange(other.n, nullptr)) {}
        ~guard() {
            if (n != nullptr)
                ++*n;
        }
    };
    const leat::callback_options options{.capacity = 4, .overflow = leat::overflow::drop_oldest};
    const auto with_object = [&](auto push) {
        push(1);
        push.close();
        return guard(undone);
    };
    CHECK(sync_wait(leat::from_callback<int>(options, with_object) | leat::count()) == 1);
    CHECK(undone == 1);

    const auto with_awaitable = [&](auto push) {
        push(1);
        push(2);
        return [&undone]() -> task<> {
            ++undone;
            co_return;
        };
    };
    CHECK(sync_wait(leat::from_callback<int>(options, with_awaitable) | leat::take(2) | leat::count()) == 2);
    CHECK(undone == 2);

    const auto with_function = [&](auto push) {
        push(1);
        return [&undone] { ++undone; };
    };
    {
        auto s = leat::from_callback<int>(options, with_function);
        const auto one = sync_wait(s.next());
        CHECK(*one == 1);
    } // destroyed while open
    CHECK(undone == 3);

    const auto throws = [](auto push) {
        push(1);
        throw std::runtime_error("no such button");
    };
    ints got;
    std::string end;
    sync_wait(read_into(leat::from_callback<int>(options, throws), got, &end));
    CHECK(end == "no such button");
}

TEST_CASE("from_callback: the policies, and how many were dropped") {
    const auto with = [](leat::overflow policy, ints& got, std::vector<push_result>& results) {
        std::string end;
        const auto begin = [&](const leat::callback_push<int>& push) {
            for (int i = 0; i < 6; ++i)
                results.push_back(push(i));
            push.close();
        };
        auto s = leat::from_callback<int>({.capacity = 4, .overflow = policy}, begin);
        sync_wait([](auto& s_, ints& g, std::string& e) -> task<> {
            try {
                while (auto x = co_await s_.next())
                    g.push_back(*x);
                e = "end";
            } catch (const leat::overflowed&) {
                e = "overflowed";
            }
        }(s, got, end));
        return end + " " + std::to_string(s.dropped());
    };
    using r = push_result;
    using results = std::vector<push_result>;
    ints got;
    results said;
    CHECK(with(leat::overflow::drop_oldest, got, said) == "end 2");
    CHECK(got == ints{2, 3, 4, 5});
    CHECK(said == results(6, r::accepted));
    got.clear(), said.clear();
    CHECK(with(leat::overflow::drop_newest, got, said) == "end 2");
    CHECK(got == ints{0, 1, 2, 3});
    CHECK(said == results{r::accepted, r::accepted, r::accepted, r::accepted, r::full, r::full});
    got.clear(), said.clear();
    CHECK(with(leat::overflow::block, got, said) == "end 0");
    CHECK(got == ints{0, 1, 2, 3});
    got.clear(), said.clear();
    CHECK(with(leat::overflow::fail, got, said) == "overflowed 0");
    CHECK(got == ints{0, 1, 2, 3});
    CHECK(said == results{r::accepted, r::accepted, r::accepted, r::accepted, r::full, r::closed});
}

TEST_CASE("from_callback: a stop hands out what has come; pushing from another thread") {
    std::stop_source stop;
    ints got;
    std::string end;
    const auto begin = [&](const leat::callback_push<int>& push) {
        push(1);
        push(2);
        stop.request_stop();
    };
    auto s = leat::from_callback<int>({.capacity = 4, .overflow = leat::overflow::fail}, begin);
    sync_wait(read_into(std::move(s) | leat::stop_on(stop.get_token()), got, &end));
    CHECK(got == ints{1, 2});
    CHECK(end == "stopped");

    std::thread pusher;
    const auto elsewhere = [&](const leat::callback_push<int>& push) {
        pusher = std::thread([push] {
            for (int i = 0; i < 5000; ++i)
                while (push(i) == push_result::full)
                    std::this_thread::yield();
            push.close();
        });
        return [&pusher] {
            if (pusher.joinable() && pusher.get_id() != std::this_thread::get_id())
                pusher.join();
        };
    };
    got.clear();
    sync_wait(read_into(
        leat::from_callback<int>({.capacity = 16, .overflow = leat::overflow::block}, elsewhere), got, &end));
    if (pusher.joinable())
        pusher.join();
    CHECK(got == up_to(5000));
}
