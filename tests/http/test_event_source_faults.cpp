#include "event_source.hpp"

#include "support/waiting.hpp"

#include <leat/sse.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>
#include <stdexcept>
#include <stop_token>

// An event source under every fault at every point: what watches it throws, its reader throws, closes it, destroys it or
// requests a stop; and, between any two steps of the loop, it is destroyed or a stop is requested. Each time nothing of it
// is left: no connection, no transfer, nothing that keeps the loop busy.

using namespace leat::test;
using leat::executor;
using leat::task;
namespace http = leat::http;
namespace sse = leat::sse;

namespace {

enum class action { none, raise, stop, destroy, close };

struct injected : std::runtime_error {
    injected() : std::runtime_error("injected") {}
};

/// A life with all that there is: a cut connection, one that ends, two events at once, a busy server, and the end.
class eventful {
public:
    eventful() : server_([this](exchange& x) { answer(x); }) {}
    std::string url() const { return server_.url(); }
    bool all_over() {
        return server_.wait_until([this] { return server_.connections_over() == server_.connections(); },
                                  20s);
    }
    static constexpr const char* events = "abcd";

private:
    void answer(exchange& x) {
        x.close_afterwards();
        const std::string id = x.header("Last-Event-ID");
        if (id.empty()) {
            x.head(200, {{"Content-Type", "text/event-stream"}, {"Connection", "close"}});
            x.write("id: 1\ndata: a\n\n");
            x.cut();
        }
        if (id == "3" && !busy_.exchange(true))
            return x.answer(503, "", {{"Retry-After", "1"}, {"Connection", "close"}});
        if (id == "4")
            return x.raw("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        x.head(200, {{"Content-Type", "text/event-stream"}, {"Connection", "close"}});
        x.write(id == "1" ? "id: 2\ndata: b\n\nid: 3\ndata: c\n\n" : "id: 4\ndata: d\n\n");
    }

    std::atomic<bool> busy_ = false;
    http_server server_;
};

/// What is to happen, and what came of it.
struct story {
    action what = action::none;
    int at = 0; // of the points
    int points = 0;
    std::stop_source stop = {};
    std::string got = {}, states = {};
    bool thrown = false, in_closing = false;
    std::string seen = {}; // by the reader
    bool over = false;

    bool here() { return ++points == at; }
    void act() {
        if (what == action::raise) {
            thrown = true;
            throw injected();
        }
        if (what == action::stop)
            stop.request_stop();
    }
};

struct watcher {
    story* s;
    void operator()(const sse::connection_change& c) const {
        s->states += to_string(c.state)[1]; // connecting, open, closed: o p l
        if (!s->here())
            return;
        s->in_closing = c.state == sse::connection_state::closed;
        s->act();
    }
};

template <class S> task<> read(S source, story& s) {
    try {
        while (auto e = co_await source.next()) {
            s.got += e->data;
            if (!s.here())
                continue;
            if (s.what == action::destroy)
                co_return;
            if (s.what == action::close) {
                co_await source.close();
                const auto after = co_await source.next();
                if (after)
                    s.got += "an event after the end";
            }
            s.act();
        }
    } catch (const injected&) {
        s.seen = "injected";
    } catch (const leat::stopped&) {
        s.seen = "stopped";
    } catch (const std::exception& e) {
        s.seen = e.what();
    }
    if (s.seen == "injected")
        co_await source.close();
    s.over = true;
}

task<> listen_in(executor ex, const std::string& url, story& s) {
    http::client client(ex, quiet());
    sse::connect_options o = steady();
    o.retry_when_busy = true;
    auto source = sse::connect(instant(), client, http::request("GET", url), o, watcher{&s});
    return read(std::move(source) | leat::stop_on(s.stop.get_token()), s);
}

/// After so many steps of the loop (-1: none of that) `then` is done to the task. False: it was over before.
template <class Then> bool live(story& s, int steps, Then then) {
    eventful server;
    bool came_to_it = false;
    {
        boost::asio::io_context io;
        {
            std::optional<foreign> reading;
            reading.emplace(start(listen_in(io.get_executor(), server.url(), s)));
            for (int i = 0; i != steps && !reading->done(); ++i)
                io.run_one();
            came_to_it = !reading->done();
            if (came_to_it)
                then(reading);
            io.restart();
            io.run(); // comes to its end: nothing is left to be done
        }
        io.restart();
        io.run();
    }
    CHECK(server.all_over());
    return came_to_it;
}

void judge(const story& s) {
    INFO("action " << static_cast<int>(s.what) << " at " << s.at << ": " << s.states << ", " << s.got << ", "
                   << s.seen);
    CHECK(std::string(eventful::events).starts_with(s.got));
    const bool open = !s.states.empty() && s.states.back() != 'l';
    CHECK((!open ||
           s.what == action::destroy)); // whoever watches is told of the end, unless all is gone at once
    CHECK(std::count(s.states.begin(), s.states.end(), 'l') <= 1);
    if (s.what == action::raise && !s.in_closing)
        CHECK(s.seen == (s.thrown ? "injected" : ""));
    if (s.what == action::stop && s.over)
        CHECK((s.seen == "stopped" || s.got == eventful::events));
    if (s.what == action::none || s.what == action::close)
        CHECK(s.seen.empty());
}

} // namespace

TEST_CASE("event source: every fault at every point", "[sse][faults]") {
    story whole;
    live(whole, -1, [](auto&) {});
    judge(whole);
    CHECK(whole.got == eventful::events);
    CHECK(whole.states == "opopoopol");
    for (const action what : {action::raise, action::stop, action::destroy, action::close})
        for (int at = 1; at <= whole.points; ++at) {
            story s;
            s.what = what;
            s.at = at;
            live(s, -1, [](auto&) {});
            judge(s);
        }
}

TEST_CASE("event source: destroyed, or stopped, between any two steps of its loop", "[sse][faults]") {
    for (const action what : {action::destroy, action::stop}) {
        int steps = 0;
        for (bool came_to_it = true; came_to_it; ++steps) {
            story s;
            s.what = what;
            came_to_it = live(s, steps, [&](auto& reading) {
                if (what == action::destroy)
                    reading.reset();
                else
                    s.stop.request_stop();
            });
            judge(s);
            if (what == action::stop)
                CHECK(s.over);
        }
        CHECK(steps > 4);
    }
}
