#pragma once

#include "../asio/executor.hpp"
#include "../task.hpp"
#include "detail/engine.hpp"
#include "detail/transfer.hpp"
#include "detail/url.hpp"
#include "options.hpp"
#include "request.hpp"
#include "response.hpp"

#include <algorithm>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace leat::http {

/// Sends requests over libcurl, on an Asio loop, and gives bodies as streams.
///
/// It is a handle: copies share settings and kept connections. Destroying it is always safe; requests and
/// bodies that are under way go on, `cancel()` is what ends them.
///
/// Threads: the executor's only, everything: it must be a strand, or its context be run by one thread. The
/// context must outlive the client, its responses and their bodies.
///
/// Example:
///   leat::task<void> print(leat::executor ex) {
///       leat::http::client client(ex);
///       auto response = co_await client.get("https://example.com/", leat::http::header("Accept", "*/*"));
///       response.ensure_ok();
///       auto body = response.body();
///       while (auto bytes = co_await body.next())
///           std::cout << bytes->text();
///   }
class client {
public:
    explicit client(leat::executor ex, options o = {})
        : engine_(std::make_shared<detail::engine>(std::move(ex), std::move(o))) {}

    /// Sends a request and waits for the header of the response; the body is read from the response.
    ///
    /// Throws: `error`. A status such as 404 is a response, not an error: see `response::ensure_ok()`.
    /// Owns: a copy of everything. Destroying the waiting task gives the request up and closes its
    /// connection; a stop (`leat::stop_on`, of the stream that awaits this) does so too, and throws `leat::stopped`.
    /// Cost: one connection per request under way (HTTP/1.1); a connection whose response was read to the end
    /// is used again. A request that may change something (POST, PATCH ...) is never sent twice.
    task<response> send(request r) { return perform(engine_, std::move(r)); }

    /// `get(url, header("Accept", "text/event-stream"), ...)`: see `send`.
    template <std::same_as<header>... Headers> task<response> get(std::string url, Headers... headers) {
        request r("GET", std::move(url));
        (r.headers.add(std::move(headers.name), std::move(headers.value)), ...);
        return send(std::move(r));
    }

    /// `post(url, json.dump(), header("Content-Type", "application/json"), ...)`: see `send`.
    template <std::same_as<header>... Headers>
    task<response> post(std::string url, std::string body, Headers... headers) {
        request r("POST", std::move(url));
        r.body = std::move(body);
        (r.headers.add(std::move(headers.name), std::move(headers.value)), ...);
        return send(std::move(r));
    }

    /// `post(url, std::move(lines), ...)`: the body is a stream of bytes, sent as it is made. See `request`.
    template <byte_stream S, std::same_as<header>... Headers>
    task<response> post(std::string url, S body, Headers... headers) {
        request r("POST", std::move(url));
        r.stream(std::move(body));
        (r.headers.add(std::move(headers.name), std::move(headers.value)), ...);
        return send(std::move(r));
    }

    /// Where everything happens.
    const leat::executor& executor() const noexcept { return engine_->executor(); }
    const options& settings() const noexcept { return engine_->options(); }

    /// Ends everything that is under way, of this client and its copies: those who wait get an `error` of
    /// kind `cancelled`, and connections close.
    void cancel() {
        for (const auto& open : engine_->open())
            static_cast<detail::transfer&>(*open).cancel();
    }

private:
    static task<response> perform(std::shared_ptr<detail::engine> e, request r) {
        const redirects rule = r.redirect.value_or(e->options().redirect);
        bool crossed = false;
        for (int hops = 0;; ++hops) {
            detail::transfer_handle t(detail::transfer::start(e, std::move(r)));
            while (!t->headers_complete() && !t->done())
                co_await t->changed();
            if (!t->headers_complete())
                t->rethrow_failure();
            std::optional<request> again;
            if (rule != redirects::none && hops < e->options().max_redirects)
                again = redirected(*t.operator->(), rule, crossed);
            if (!again)
                co_return response(std::move(t), crossed);
            r = std::move(*again);
        }
    }

    /// The request that a redirect asks for, where it is to be followed. At the same origin its headers, which may
    /// hold secrets, may go along. (libcurl would send an `x-api-key` anywhere, therefore it does not follow.)
    static std::optional<request> redirected(const detail::transfer& t, redirects rule, bool& crossed) {
        const int status = t.status();
        if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308)
            return std::nullopt;
        const auto location = t.headers().get("location");
        if (!location)
            return std::nullopt;
        try {
            const detail::url target = t.url().resolve(std::string(*location));
            const bool stays = t.url().same_origin(target);
            if (!stays && (rule != redirects::without_secrets || !may_leave(t, target)))
                return std::nullopt;
            request next(t.request().method, target.full());
            next.headers = t.request().headers;
            if (!stays) {
                next.headers.remove("last-event-id"); // the other origin did not give it
                crossed = true;
            }
            const bool as_get = status == 303 ? next.method != "HEAD" : status < 303 && next.method == "POST";
            if (as_get) { // RFC 9110, 15.4: 307 and 308 alone keep method and body
                next.method = "GET";
                next.headers.remove("content-type");
            } else if (t.uploads()) {
                return std::nullopt; // the stream is gone
            } else {
                next.body = t.request().body;
            }
            return next;
        } catch (const error&) {
            return std::nullopt; // a Location that is no URL of ours is for the caller to look at
        }
    }

    /// Does nothing of the request have to stay within its origin? What is not known to be harmless is secret.
    static bool may_leave(const detail::transfer& t, const detail::url& target) {
        const request& r = t.request();
        if ((r.method != "GET" && r.method != "HEAD") || t.uploads() || !r.body.empty())
            return false;
        if (t.url().has_user() || target.has_user() || (t.url().is_https() && !target.is_https()))
            return false;
        return std::all_of(r.headers.begin(), r.headers.end(), [](const header& h) {
            for (const std::string_view harmless :
                 {"accept", "accept-language", "cache-control", "last-event-id", "user-agent"})
                if (detail::equal_ignoring_case(h.name, harmless))
                    return true;
            return false;
        });
    }

    std::shared_ptr<detail::engine> engine_;
};

} // namespace leat::http
