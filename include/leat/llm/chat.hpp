#pragma once

// `leat::llm::chat`: asks a language model over HTTP. Needs the component http beside llm.

#include "../adaptor/timeout.hpp"
#include "../asio/sleep.hpp"
#include "../asio/timer.hpp"
#include "../http/client.hpp"
#include "../http/retry_after.hpp"
#include "../task.hpp"
#include "chat_format.hpp"
#include "chat_request.hpp"
#include "check_response.hpp"
#include "deltas.hpp"
#include "openai_chat.hpp"
#include "secrets.hpp"
#include "tokens.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace leat::llm {

/// An answer that has begun: what `chat` gives. Read it once, as tokens or as deltas.
///
/// Owns: the connection, until the stream made of it has it. Dropping either closes the connection, so that the provider
/// stops generating.
template <class Dialect> class chat_response {
public:
    explicit chat_response(http::response r, detail::secrets sent = {})
        : response_(std::move(r)), secrets_(std::move(sent)) {}

    /// The text: see `llm::tokens`.
    auto tokens(tokens_options options = {}) {
        auto text = llm::tokens(response_.body(), Dialect{}, options);
        text.hide(secrets_);
        return text;
    }
    /// The text and all that belongs to it: see `llm::deltas`.
    auto deltas(deltas_options options = {}) {
        auto all = llm::deltas(response_.body(), Dialect{}, options);
        all.hide(secrets_);
        return all;
    }

    /// Of the answer: request ids, what is left of rate limits.
    const http::header_list& headers() const noexcept { return response_.headers(); }
    int status() const noexcept { return response_.status(); }

private:
    http::response response_;
    detail::secrets secrets_;
};

namespace detail {

/// What is sent. Throws before anything is: a key does not go over a line that anybody can read.
template <class Dialect>
wire_request checked_wire_of(const Dialect& dialect, const chat_request& ask, const http::options& how) {
    wire_request w = wire_of(dialect, ask);
    if (ask.extra.is_object())
        w.body.merge_patch(ask.extra);
    for (const http::header& h : ask.headers)
        w.headers.remove(h.name);
    for (const http::header& h : ask.headers)
        w.headers.add(h.name, h.value);
    if (!w.headers.contains("content-type"))
        w.headers.add("Content-Type", "application/json");
    if (!w.headers.contains("accept"))
        w.headers.add("Accept", std::string(Dialect::media_type));
    bool secret = !ask.api_key.empty();
    for (const http::header& h : w.headers)
        secret = secret || is_secret(h.name);
    const bool by_proxy = how.proxy && !how.proxy->empty();
    if (secret && !keeps_secrets(w.url, by_proxy))
        throw http::error(http::error_kind::bad_request, {},
                          "leat::llm::chat: a key goes over https, or to this machine (127.0.0.1, localhost) "
                          "without a proxy, "
                          "only; nothing was sent. Write https:// in base_url, or leave the key and the "
                          "secret headers out.");
    return w;
}

/// What of the request is secret: the key, header lines and parts of the query with such names.
inline secrets secrets_of(const wire_request& w, const chat_request& ask) {
    secrets all;
    all.add(ask.api_key);
    for (const http::header& h : w.headers)
        if (is_secret(h.name))
            all.add_words(h.value, !http::detail::equal_ignoring_case(h.name, "cookie"));
    const std::string_view url = w.url;
    for (std::size_t at = url.find('?'); at < url.size();) {
        const std::size_t end = std::min(url.find_first_of("&#", at + 1), url.size());
        const std::string_view pair = url.substr(at + 1, end - at - 1);
        const std::size_t equals = pair.find('=');
        if (equals != pair.npos && is_secret(pair.substr(0, equals)))
            all.add_words(pair.substr(equals + 1), false);
        at = end;
    }
    return all;
}

inline http::request request_of(const wire_request& w, const std::string& body) {
    http::request r("POST", w.url);
    r.headers = w.headers;
    r.body = body;
    r.redirect = http::redirects::none; // it would be sent once more
    return r;
}

/// What the server says of its error: not much of it, and not for long.
inline task<std::string> words_of(async_generator<http::chunk> body, executor ex) {
    constexpr std::size_t most = std::size_t{64} * 1024;
    std::string words;
    timeout_limits limits;
    limits.total = std::chrono::seconds(5);
    auto in_time = leat::timeout(std::move(body), std::move(ex), limits);
    try {
        while (auto bytes = co_await in_time.next()) {
            words += bytes->text().substr(0, most - words.size());
            if (words.size() == most)
                break;
        }
    } catch (const http::error&) {
    } catch (const timed_out&) { // what has come has to do
    }
    co_await in_time.close();
    co_return words;
}

/// How long to wait before asking again, or nothing: do not.
inline std::optional<std::chrono::milliseconds> wait_before(int attempt, const chat_retry& rule,
                                                            const http::response* response) {
    using std::chrono::milliseconds;
    if (attempt >= rule.attempts)
        return std::nullopt;
    if (response != nullptr) {
        const int status = response->status();
        if (status != 408 && status != 409 && status != 429 && status < 500)
            return std::nullopt;
        const http::header_list& headers = response->headers();
        if (headers.get("x-should-retry") == "false")
            return std::nullopt;
        std::optional<milliseconds> asked;
        if (const auto ms = headers.get("retry-after-ms")) {
            long long n = 0;
            const auto [end, code] = std::from_chars(ms->data(), ms->data() + ms->size(), n);
            if (code == std::errc() && end == ms->data() + ms->size() && n >= 0)
                asked = milliseconds(n);
        }
        if (!asked) // one more than is allowed, so that it is seen
            asked = http::retry_after(headers, rule.max_retry_after + milliseconds(1));
        if (asked)
            return *asked <= rule.max_retry_after ? asked : std::nullopt;
    }
    milliseconds delay = rule.first_delay;
    for (int i = 1; i < attempt && delay < rule.max_delay; ++i)
        delay *= 2;
    if (delay > rule.max_delay)
        delay = rule.max_delay;
    if (delay.count() <= 0)
        return milliseconds(0);
    // Many clients that failed together must not come back together.
    std::random_device random;
    std::uniform_int_distribution<milliseconds::rep> part(delay.count() / 2, delay.count());
    return milliseconds(part(random));
}

template <class Dialect>
task<chat_response<Dialect>> send_chat(http::client client, chat_request ask, Dialect dialect) {
    const wire_request wire = checked_wire_of(dialect, ask, client.settings());
    const secrets sent = secrets_of(wire, ask);
    const std::string body = wire.body.dump(-1, ' ', false, json::error_handler_t::replace);
    for (int attempt = 1;; ++attempt) {
        std::optional<http::response> response;
        std::optional<std::chrono::milliseconds> wait;
        try {
            http::request r = request_of(wire, body);
            http::response got = co_await client.send(std::move(r));
            response.emplace(std::move(got));
        } catch (const http::error& e) {
            if (e.kind() == http::error_kind::connect)
                wait = wait_before(attempt, ask.retry, nullptr);
            if (!wait)
                throw;
        }
        if (response) {
            const std::string type = response->content_type();
            if (response->ok() && response->status() != 204 && response->status() != 205) {
                response_head head;
                head.status = response->status();
                head.content_type = type;
                detail::check_response(head, dialect, sent);
                co_return chat_response<Dialect>(std::move(*response), sent);
            }
            wait = wait_before(attempt, ask.retry, &*response);
            if (!wait) {
                const std::string retry_after(response->headers().get("retry-after").value_or(""));
                const int status = response->status();
                auto text = words_of(response->body(), client.executor());
                const std::string words = co_await std::move(text);
                response_head head;
                head.status = status;
                head.content_type = type;
                head.retry_after = retry_after;
                head.body = words;
                detail::check_response(head, dialect, sent);
            }
        }
        response.reset(); // closes the connection
        co_await leat::sleep_for(client.executor(), *wait);
    }
}

} // namespace detail

/// `co_await chat(client, request, dialect)`: asks a language model, and gives its answer once that has begun. The dialect
/// is the server's: `openai_chat`, which many speak, `openai_responses`, `anthropic`, `gemini`, `ollama`.
///
/// Yields: a `chat_response`, whose `tokens()` or `deltas()` are the answer. Nothing of it has been read yet.
/// Ends: the request is sent once, unless `chat_request::retry` allows more, and never again after an answer has begun.
///   Redirects are not followed.
/// Throws: llm::error of reason http_error, with the status, the server's words apart from `what()`, and `retry_after()`;
///   of reason bad_content_type; http::error where no answer began: no connection, TLS, a timeout, and a key that would go
///   over plain http. No key is in any message, nor in what the server says of an error, now or in the stream.
/// Owns: a copy of the request, and the client's handle. Closing or dropping the answer closes the connection.
/// Threads: the client's executor. Stop: gives up wherever it is, and closes the connection.
/// Cost: one frame, one connection while the answer comes.
/// Example:
///   leat::llm::chat_request ask("llama3");
///   ask.user("What is a leat?");
///   auto answer = co_await leat::llm::chat(client, ask, leat::llm::ollama);
///   auto tokens = answer.tokens();
///   while (auto token = co_await tokens.next()) std::cout << *token << std::flush;
template <class Dialect = openai_chat_t>
task<chat_response<Dialect>> chat(http::client client, chat_request request, Dialect dialect = {}) {
    return detail::send_chat(std::move(client), std::move(request), dialect);
}

} // namespace leat::llm
