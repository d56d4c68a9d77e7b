#pragma once

// A client of event streams that stays connected. The one header of sse/ that needs leat::http too.

#include "../asio/timer.hpp"
#include "../async_generator.hpp"
#include "../http/client.hpp"
#include "../http/retry_after.hpp"
#include "../pipe.hpp"
#include "../stream.hpp"
#include "../timer.hpp"
#include "event.hpp"
#include "parser.hpp"
#include "reconnection.hpp"

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace leat::sse {

/// How `connect` connects. Trivial to destroy, as all options: see `write_options`. The limits of time for one
/// connection (connect, first byte, idle) are the client's: `http::options`.
struct connect_options {
    reconnect_options reconnect{};
    /// 429 and 503 are no end either: it is tried again, not before `Retry-After`.
    bool retry_when_busy = false;
    /// The most that a `Retry-After` can ask for.
    std::chrono::milliseconds max_retry_after = std::chrono::minutes(5);
    /// See `parser_options`. Such an event is the end: the same server would send it again.
    std::size_t max_event_bytes = parser_options().max_event_bytes;
    /// To go on where another run of the program has stopped. Copied.
    std::string_view last_event_id = {};
};

/// As of EventSource (`readyState`).
enum class connection_state {
    connecting, ///< on the way, or waiting before it is tried again
    open,
    closed ///< for good
};

/// The name of a state, as in the enumeration.
constexpr std::string_view to_string(connection_state state) {
    switch (state) {
    case connection_state::connecting:
        return "connecting";
    case connection_state::open:
        return "open";
    case connection_state::closed:
        return "closed";
    }
    return "unknown";
}

/// What `connect` tells who wants to watch its connections. Borrowed, for the length of the call.
struct connection_change {
    connection_state state;
    /// How many connections in a row have failed, or ended too soon: 0 when all is well.
    std::size_t failures;
    /// `connecting`: so long is waited first.
    std::chrono::milliseconds wait;
    /// Why the connection before is lost, or why all is over. Null: it was the first, or the server ended it.
    const std::exception_ptr& why;
};

/// The server is not one to stay connected to: it was reached, and answered something else than an event stream.
class not_an_event_stream : public error {
public:
    enum class reason {
        status,       ///< neither 200 nor 204
        content_type, ///< another type than text/event-stream
        encoding,     ///< compressed, which nobody has asked for
        redirect      ///< to where the request may not go
    };

    not_an_event_stream(reason r, int status, const std::string& url)
        : error("leat::sse::connect: " + url + ": " + sentence(r, status)), reason_(r), status_(status) {}

    sse::not_an_event_stream::reason why() const noexcept { return reason_; }
    int status() const noexcept { return status_; }

private:
    static std::string sentence(reason r, int status) {
        switch (r) {
        case reason::status:
            return "the server answered with status " + std::to_string(status) +
                   (status == 401 || status == 403 ? ". Check the key or the login that is sent."
                    : status == 429 || status == 503
                        ? ". It is busy: connect_options::retry_when_busy tries again."
                        : ". An event stream has status 200; check the URL.");
        case reason::content_type:
            return "the answer is not of type text/event-stream. Check the URL, and that no proxy "
                   "answers instead.";
        case reason::encoding:
            return "the answer is compressed (header Content-Encoding), which was not asked for. Switch that "
                   "off for event streams, at the server or the proxy before it.";
        case reason::redirect:
            return "the server redirects (status " + std::to_string(status) +
                   ") to where the request may not go: to another origin with a header that may be secret, "
                   "from https to http, or once too often (http::options::max_redirects). Ask for the final "
                   "URL.";
        }
        return {};
    }

    reason reason_;
    int status_;
};

/// `reconnect_options::attempts` connections in a row have failed. `last()` is what the last one failed with; null: the
/// server had ended it.
class gave_up : public error {
public:
    gave_up(std::size_t attempts, const std::string& url, std::exception_ptr last)
        : error("leat::sse::connect: " + url + ": gave up after " + std::to_string(attempts) +
                " connections in a row that failed or ended too soon (reconnect_options::attempts). The "
                "last one " +
                (last ? std::string("failed: gave_up::last() says how.")
                      : std::string("was ended by the server."))),
          attempts_(attempts), last_(std::move(last)) {}

    std::size_t attempts() const noexcept { return attempts_; }
    const std::exception_ptr& last() const noexcept { return last_; }

private:
    std::size_t attempts_;
    std::exception_ptr last_;
};

namespace detail {

/// What the stream and its coroutine share.
struct connection_news {
    connection_state state = connection_state::connecting;
    std::string last_event_id;
    std::size_t connections = 0;
};

struct not_watching {
    void operator()(const connection_change&) const noexcept {}
};

template <class Watch> struct watched_news : connection_news {
    explicit watched_news(Watch w) : watch(std::move(w)) {}
    void tell(connection_state s, std::size_t failures, std::chrono::milliseconds wait,
              const std::exception_ptr& why) {
        if (state == connection_state::closed)
            return; // that is said once, however the stream was left
        state = s;
        watch(connection_change{s, failures, wait, why});
    }
    Watch watch;
};

/// For `on_close`.
template <class Watch> class say_closed {
public:
    explicit say_closed(std::shared_ptr<watched_news<Watch>> n) noexcept : news_(std::move(n)) {}
    void operator()() const { news_->tell(connection_state::closed, 0, {}, nullptr); }

private:
    std::shared_ptr<watched_news<Watch>> news_;
};

/// An id comes from a server, and goes into a header: nothing that could do harm there.
inline bool can_be_sent(std::string_view id) {
    constexpr std::size_t longest = 4096;
    return !id.empty() && id.size() <= longest && std::none_of(id.begin(), id.end(), [](char c) {
        const auto u = static_cast<unsigned char>(c);
        return u < 0x20 || u == 0x7f;
    });
}

/// A failure that another attempt may not meet.
inline bool may_pass(http::error_kind kind) {
    using http::error_kind;
    return kind == error_kind::connect || kind == error_kind::timeout || kind == error_kind::cut_connection ||
           kind == error_kind::protocol;
}

/// Throws unless this is an event stream.
inline void check_event_stream(const http::response& r) {
    using why = not_an_event_stream::reason;
    if (r.status() != 200) {
        const bool redirect = r.status() >= 300 && r.status() < 400 && r.status() != 304;
        throw not_an_event_stream(redirect ? why::redirect : why::status, r.status(), r.url());
    }
    if (r.content_type() != "text/event-stream")
        throw not_an_event_stream(why::content_type, 200, r.url());
    const auto encoding = r.headers().get("content-encoding");
    if (encoding && !encoding->empty() && *encoding != "identity")
        throw not_an_event_stream(why::encoding, 200, r.url());
}

/// All events of the chunk, and what comes after them instead of more.
inline std::exception_ptr read_all(parser& p, std::string_view chunk, std::vector<event>& found) {
    found.clear();
    try {
        p.feed(chunk);
        while (const event* e = p.next())
            found.push_back(*e);
        return nullptr;
    } catch (...) {
        return std::current_exception();
    }
}

inline http::request event_request(const std::string& url, const http::header_list& headers,
                                   const std::string& last_event_id) {
    http::request ask("GET", url);
    ask.headers = headers;
    ask.redirect = http::redirects::without_secrets;
    if (can_be_sent(last_event_id))
        ask.add("Last-Event-ID", last_event_id);
    return ask;
}

template <class Ex, class Watch>
async_generator<const event&> connected(Ex ex, http::client client, std::string url,
                                        http::header_list headers, connect_options options,
                                        std::shared_ptr<watched_news<Watch>> news) {
    using timer = timer_traits<Ex>;
    say_closed<Watch> closing(news);
    co_await on_close(closing).quiet(); // the connection goes with the frame
    reconnection again(options.reconnect);
    std::vector<event> found;
    std::exception_ptr why;
    std::chrono::milliseconds wait{};
    std::string shown; // the URL without its secrets
    for (;;) {
        news->tell(connection_state::connecting, again.failures(), wait, why);
        if (wait.count() > 0)
            co_await timer::sleep_until(ex, timer::now(ex) + wait);
        why = nullptr;
        std::chrono::milliseconds at_least{};
        std::exception_ptr over; // not to be tried again
        try {
            http::response response =
                co_await client.send(detail::event_request(url, headers, news->last_event_id));
            shown = response.url();
            if (response.status() == 204) { // the server's way to say: do not come back
                news->tell(connection_state::closed, 0, {}, nullptr);
                co_return;
            }
            if (options.retry_when_busy && (response.status() == 429 || response.status() == 503)) {
                at_least = http::retry_after(response.headers(), options.max_retry_after).value_or(at_least);
                why = std::make_exception_ptr(
                    not_an_event_stream(not_an_event_stream::reason::status, response.status(), shown));
            } else {
                detail::check_event_stream(response);
                url = response.full_url();
                if (response.crossed_origin())
                    news->last_event_id.clear(); // another origin's id is none of its business
                parser reader(
                    {.max_event_bytes = options.max_event_bytes, .last_event_id = news->last_event_id});
                auto body = response.body();
                again.opened(timer::now(ex));
                ++news->connections;
                news->tell(connection_state::open, again.failures(), {}, nullptr);
                while (auto bytes = co_await body.next()) {
                    over = detail::read_all(reader, bytes->text(), found);
                    if (const auto asked = reader.reconnection_time())
                        again.server_asks(*asked);
                    if (news->last_event_id != reader.last_event_id())
                        news->last_event_id = reader.last_event_id();
                    if (!found.empty())
                        co_yield batch(found);
                    if (over)
                        break;
                }
            }
        } catch (const http::error& e) {
            (detail::may_pass(e.kind()) ? why : over) = std::current_exception();
            if (!e.url().empty())
                shown = e.url();
        } catch (...) {
            over = std::current_exception();
        }
        if (!over) {
            if (const auto next = again.lost(timer::now(ex), at_least))
                wait = *next;
            else
                over = std::make_exception_ptr(gave_up(again.failures(), shown, why));
        }
        if (over) {
            news->tell(connection_state::closed, again.failures(), {}, over);
            std::rethrow_exception(over);
        }
    }
}

} // namespace detail

/// The stream of `connect`.
class event_source : public stage<event_source, async_generator<const event&>> {
    using source = async_generator<const event&>;

public:
    using reference = const event&;

    event_source(source&& up, std::shared_ptr<const detail::connection_news> news)
        : event_source::stage(std::move(up)), news_(std::move(news)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() noexcept { return this->up_.try_next(); }
    auto try_batch() noexcept { return this->up_.try_batch(); }

    /// `closed` once the stream is over: at its end, after an exception, after `close()`.
    connection_state state() const noexcept { return news_->state; }
    /// What the next connection would send as Last-Event-ID. Events of one packet arrive together, so it may be ahead of
    /// the one being read: that one's own is `event::id`.
    std::string_view last_event_id() const noexcept { return news_->last_event_id; }
    /// How often an event stream was opened.
    std::size_t connections() const noexcept { return news_->connections; }

private:
    std::shared_ptr<const detail::connection_news> news_;
};

/// As `connect(client, request, options, watch)` below, with its waits on an executor of their own: that of a clock in a test.
template <class Ex, class Watch = detail::not_watching>
    requires has_timer<Ex> && std::invocable<Watch&, const connection_change&>
        event_source connect(Ex ex, http::client client, http::request request, connect_options options = {},
                             Watch watch = {}) {
        http::header_list headers = std::move(request.headers);
        if (!headers.contains("accept"))
            headers.add("Accept", "text/event-stream");
        if (!headers.contains("cache-control"))
            headers.add("Cache-Control", "no-cache");
        auto news = std::make_shared<detail::watched_news<Watch>>(std::move(watch));
        news->last_event_id = options.last_event_id;
        options.last_event_id = {};
        auto source = detail::connected<Ex, Watch>(std::move(ex), std::move(client), std::move(request.url),
                                                   std::move(headers), options, news);
        return event_source(std::move(source), std::move(news));
    }

/// `connect(client, url)`: the events of a URL, for ever: what EventSource is in a browser. When the connection is lost or
/// ends, another is made after a while, which goes on behind the last event (`Last-Event-ID`).
///
/// `connect(client, request, options, watch)`: with headers of your own (the method is GET); `watch(change)` is called with
/// a `connection_change` at each step: connecting, open, connecting again and why, closed.
///
/// Yields: `const event&` the moment its blank line has come; all events of a packet are one batch. Nothing of an event that
///   was cut short.
/// Ends: when the server answers 204. Closing or destroying the stream closes the connection at once; no event comes after
///   that, not even one that was there already.
/// Throws: `not_an_event_stream` for any other status than 200, another type, a compressed body, a forbidden redirect; `gave_up`
///   after `reconnect_options::attempts` failures in a row; event_too_large; `http::error` for what another attempt
///   would meet again (tls, bad_request, cancelled); `leat::stopped`. Each after the events before it, and for good. Connections
///   that are not made, cut or silent for too long are no errors, but reasons to connect again; `watch` is told them.
/// Waits: see `reconnect_options`: the server's `retry` within limits, and a growing time at random.
/// Redirects: followed, later connections are made to where they led. To another origin only where no header of yours and no
///   user name goes along, and never from https to http. An id goes to the origin that gave it alone.
/// Owns/borrows: an event's views are valid until the next step. A copy of the client, the request, `watch`.
/// Threads: the client's executor. A stop (`leat::stop_on`) cuts every wait short. Batches: kept. Cost: one frame, and a
///   connection; no allocation per event once its buffers have grown.
/// Example:
///   auto news = leat::sse::connect(client, "https://example.com/news");
///   while (auto e = co_await news.next()) std::cout << e->data << '\n';
template <class Watch = detail::not_watching>
    requires std::invocable<Watch&, const connection_change&> event_source
    connect(http::client client, http::request request, connect_options options = {}, Watch watch = {}) {
        auto ex = client.executor();
        return sse::connect(std::move(ex), std::move(client), std::move(request), options, std::move(watch));
    }
template <class Watch = detail::not_watching>
    requires std::invocable<Watch&, const connection_change&> event_source
    connect(http::client client, std::string url, connect_options options = {}, Watch watch = {}) {
        return sse::connect(std::move(client), http::request("GET", std::move(url)), options,
                            std::move(watch));
    }

} // namespace leat::sse
