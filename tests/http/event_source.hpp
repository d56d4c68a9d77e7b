#pragma once

#include "fixture.hpp"

#include <leat/leat.hpp>
#include <leat/sse/connect.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leat::test {

/// An executor on which every wait is over at once, and the clock shows that it was waited for.
struct instant {
    struct state {
        std::chrono::steady_clock::time_point now{};
        std::vector<long long> waits; // in ms
    };
    std::shared_ptr<state> seen = std::make_shared<state>();

    void pass(std::chrono::milliseconds time) const { seen->now += time; }
    const std::vector<long long>& waits() const { return seen->waits; }
};

} // namespace leat::test

template <> struct leat::timer_traits<leat::test::instant> {
    static std::chrono::steady_clock::time_point now(const leat::test::instant& ex) { return ex.seen->now; }
    static std::suspend_never sleep_until(const leat::test::instant& ex,
                                          std::chrono::steady_clock::time_point t) {
        ex.seen->waits.push_back(
            std::chrono::duration_cast<std::chrono::milliseconds>(t - ex.seen->now).count());
        ex.seen->now = t;
        return {};
    }
};

namespace leat::test {

/// What `watch` is told, in words: "connecting open connecting(cut_connection) ...".
struct diary {
    std::shared_ptr<std::string> text = std::make_shared<std::string>();

    void operator()(const sse::connection_change& c) const {
        if (!text->empty())
            *text += ' ';
        *text += to_string(c.state);
        if (!c.why)
            return;
        try {
            std::rethrow_exception(c.why);
        } catch (const http::error& e) {
            *text += "(" + std::string(to_string(e.kind())) + ")";
        } catch (const sse::not_an_event_stream& e) {
            *text += "(" + std::to_string(e.status()) + ")";
        } catch (const sse::gave_up&) {
            *text += "(gave up)";
        } catch (const std::exception&) {
            *text += "(other)";
        }
    }
};

/// Exact waits, without time at random.
inline sse::connect_options steady() {
    sse::connect_options o;
    o.reconnect.max_backoff = std::chrono::milliseconds(0);
    return o;
}

struct heard {
    std::string events;  // "data/id data/id"
    std::string failure; // "" at the end without one
    std::string what;
    std::string diary;
    std::vector<long long> waits;
    std::string last_event_id;
    sse::connection_state state{};
    int status = 0;
};

/// Listens to the end, or until there are `most` events; then closes.
inline task<heard> listen(instant clock, http::client client, http::request ask, sse::connect_options o,
                          std::size_t most = 1000) {
    heard h;
    diary d;
    auto news = sse::connect(clock, client, std::move(ask), o, d);
    try {
        for (std::size_t i = 0; i != most; ++i) {
            auto e = co_await news.next();
            if (!e)
                break;
            h.events += (h.events.empty() ? "" : " ") + std::string(e->data) + "/" + std::string(e->id);
        }
    } catch (const sse::not_an_event_stream& e) {
        h.failure = "not_an_event_stream", h.what = e.what(), h.status = e.status();
    } catch (const sse::gave_up& e) {
        h.failure = "gave_up", h.what = e.what();
    } catch (const sse::event_too_large& e) {
        h.failure = "event_too_large", h.what = e.what();
    } catch (const http::error& e) {
        h.failure = to_string(e.kind()), h.what = e.what();
    }
    co_await news.close();
    auto after = co_await news.next();
    CHECK_FALSE(after);
    h.diary = *d.text;
    h.waits = clock.waits();
    h.last_event_id = news.last_event_id();
    h.state = news.state();
    co_return h;
}

inline heard listen_to(std::string url, sse::connect_options o = steady(), std::size_t most = 1000,
                       http::options how = quiet(), http::header_list headers = {}) {
    return leat::run([&](executor ex) -> task<heard> {
        http::client client(ex, how);
        http::request ask("GET", url);
        ask.headers = headers;
        co_return co_await listen(instant(), client, std::move(ask), o, most);
    });
}

} // namespace leat::test
