#pragma once

#include "../../asio/stoppable_wait.hpp"
#include "../../poison.hpp"
#include "../request.hpp"
#include "engine.hpp"
#include "pump.hpp"
#include "url.hpp"
#include "waiter.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace leat::http::detail {

/// One request and its response, on its way. libcurl's callbacks fill it, one reader empties it.
///
///   libcurl --on_header--> headers() ------> the reader looks (`headers_complete`, `has_bytes`, `done`), and
///   libcurl --on_body----> waiting bytes --> awaits `changed()` when there is nothing for it yet
///   libcurl <--on_read---- piece <---------- the pump, a coroutine that reads the request's stream (uploads)
///
/// Above `options::buffer_bytes` waiting bytes libcurl is told to pause *before* it hands over more, and goes
/// on when the reader takes what is there.
class transfer final : public transfer_events {
public:
    /// Checks the request and hands it to libcurl. Throws `error` when it cannot be sent as it stands.
    static std::shared_ptr<transfer> start(std::shared_ptr<engine> e, http::request r) {
        auto t = std::make_shared<transfer>(std::move(e), std::move(r));
        t->prepare();
        t->last_activity_ = clock::now();
        t->arm_timer();
        t->engine_->add(t->easy_.get(), *t);
        if (t->uploads())
            t->pump_ = pump_upload(*t, std::move(t->request_.upload));
        return t;
    }

    transfer(std::shared_ptr<engine> e, http::request r)
        : engine_(std::move(e)), request_(std::move(r)), url_(detail::url::parse(request_.url)),
          uploads_(request_.upload.valid()) {}

    // ------------------------------------------------------------------ the reader's side

    bool headers_complete() const noexcept { return headers_complete_; }
    bool has_bytes() const noexcept { return !waiting_.empty(); }
    /// Nothing will be added any more; `error()` says whether that is the end or a failure.
    bool done() const noexcept { return done_; }
    void rethrow_failure() const {
        if (failure_)
            std::rethrow_exception(failure_);
    }
    /// `co_await t->changed()`: until there is something new. Throws `leat::stopped` when a stop is requested.
    class change_awaiter {
    public:
        explicit change_awaiter(transfer& t) noexcept : transfer_(t), wait_(t.waiter_.wait()) {}
        change_awaiter(const change_awaiter&) = delete;

        void inherit_stop(const leat::detail::stop_ref& stop) noexcept { stop_.inherit(stop); }
        bool await_ready() const noexcept { return false; }
        LEAT_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<> h) {
            stop_.begin(transfer_.engine_->executor(), wake_it{transfer_.weak_from_this()});
            wait_.await_suspend(h);
        }
        void await_resume() const noexcept {}

    private:
        struct wake_it {
            std::weak_ptr<transfer_events> events;
            void operator()() const {
                if (const auto t = events.lock())
                    static_cast<transfer&>(*t).waiter_.wake();
            }
        };

        transfer& transfer_;
        waiter::awaiter wait_;
        stoppable_wait<wake_it> stop_;
    };
    change_awaiter changed() noexcept { return change_awaiter(*this); }

    int status() const noexcept { return status_; }
    const header_list& headers() const noexcept { return headers_; }
    const http::request& request() const noexcept { return request_; }
    /// Is the body of the request a stream?
    bool uploads() const noexcept { return uploads_; }
    const detail::url& url() const noexcept { return url_; }

    /// All bytes that are there. They stay until the next call.
    std::span<const std::byte> take() {
        // Its memory is not used again, so that who still looks at it is found out.
        if constexpr (leat::detail::poisoning)
            std::vector<std::byte>().swap(reading_);
        reading_.clear();
        reading_.swap(waiting_);
        if (paused_) {
            paused_ = false;
            go_on();
        }
        return reading_;
    }

    /// The reader has gone, or does not want more: the connection is closed unless the response was complete.
    void abort() noexcept {
        if (!done_)
            stop();
        done_ = true;
        pump_.reset();
    }

    /// As `abort`, but the reader is to hear of it.
    void cancel() { fail(make_error(error_kind::cancelled, "the client cancelled it (client::cancel).")); }

    http::error make_error(error_kind kind, const std::string& what) const {
        return {kind, url_.shown(), request_.method + " " + url_.shown() + ": " + what, status_};
    }

    // ------------------------------------------------------------------ the engine's side

    void finished(CURLcode result) noexcept override {
        done_ = true;
        if (timer_)
            timer_->cancel();
        try {
            if (result == CURLE_OK && !headers_complete_)
                result = CURLE_GOT_NOTHING;
            if (result != CURLE_OK && !failure_)
                failure_ = std::make_exception_ptr(describe(result));
        } catch (...) {
            failure_ = std::current_exception();
        }
        easy_.reset(); // the handle is large, and the reader may take its time
        pump_.reset(); // the server may have answered without reading everything
    }

    void wake() override {
        if (piece_.empty())
            upload_waiter_.wake();
        waiter_.wake();
    }

private:
    using clock = std::chrono::steady_clock;

    // ------------------------------------------------------------------ building the request

    static bool is_token(std::string_view text) {
        constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
        return !text.empty() && std::all_of(text.begin(), text.end(), [marks](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                   marks.find(c) != marks.npos;
        });
    }

    static bool is_field_value(std::string_view text) {
        return std::none_of(text.begin(), text.end(), [](char c) {
            const auto u = static_cast<unsigned char>(c);
            return (u < 0x20 && c != '\t') || u == 0x7f;
        });
    }

    curl_lines header_lines() const {
        curl_lines lines;
        for (const header& h : request_.headers) {
            if (!is_token(h.name))
                throw make_error(error_kind::bad_request,
                                 "a header name holds a character that is not allowed there. "
                                 "Use letters, digits and '-'.");
            if (!is_field_value(h.value))
                throw make_error(error_kind::bad_request,
                                 "the value of header '" + h.name +
                                     "' holds a line break or another control character. "
                                     "Remove it, it could forge further headers.");
            if (equal_ignoring_case(h.name, "content-length") ||
                equal_ignoring_case(h.name, "transfer-encoding"))
                throw make_error(error_kind::bad_request,
                                 "header '" + h.name + "' is written by the client itself. Leave it out.");
            const std::string_view value = trimmed(h.value);
            // "Name:" alone would *remove* a header of libcurl's own, "Name;" sends an empty one.
            lines.add(value.empty() ? h.name + ";" : h.name + ": " + std::string(value));
        }
        // libcurl's own additions: a form type nobody asked for, and a second of waiting for "100 Continue".
        if (!request_.headers.contains("content-type"))
            lines.add("Content-Type:");
        if (!request_.headers.contains("expect"))
            lines.add("Expect:");
        if (uploads())
            lines.add("Transfer-Encoding: chunked");
        return lines;
    }

    template <class Value> void set(CURLoption option, Value value) {
        const CURLcode code = curl_easy_setopt(easy_.get(), option, value);
        if (code == CURLE_OUT_OF_MEMORY)
            throw std::bad_alloc();
        if (code != CURLE_OK)
            throw make_error(error_kind::bad_request, std::string("libcurl refuses an option: ") +
                                                          curl_easy_strerror(code) + " (option " +
                                                          std::to_string(static_cast<int>(option)) + ").");
    }

    void prepare() {
        if (!is_token(request_.method))
            throw make_error(error_kind::bad_request, "the method is not a word. Use GET, POST, PUT ...");
        easy_.reset(curl_easy_init());
        if (!easy_)
            throw std::bad_alloc();
        const http::options& o = engine_->options();
        if (!is_field_value(o.user_agent))
            throw make_error(error_kind::bad_request,
                             "options::user_agent holds a line break or another control "
                             "character. Remove it.");

        lines_ = header_lines();
        set(CURLOPT_URL, url_.full().c_str());
        set(CURLOPT_HTTPHEADER, lines_.get());
        set(CURLOPT_USERAGENT, o.user_agent.c_str());
        set_method();

        set(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
        set(CURLOPT_QUICK_EXIT,
            1L); // without it, giving up during a name lookup blocks the loop until that ends
#endif
        set(CURLOPT_NOPROGRESS, 1L);
        set(CURLOPT_ERRORBUFFER, error_text_);
        set(CURLOPT_FOLLOWLOCATION, 0L); // redirects are followed, or not, by `client`
        set(CURLOPT_HTTP_VERSION,
            static_cast<long>(o.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
        set(CURLOPT_BUFFERSIZE, static_cast<long>(o.receive_bytes));
        set(CURLOPT_TCP_KEEPALIVE, 1L);
        if (!o.reuse_connections) {
            set(CURLOPT_FRESH_CONNECT,
                1L); // also spares the search, which is linear in the number of connections
            set(CURLOPT_FORBID_REUSE, 1L);
        }
        if (o.connect_timeout)
            set(CURLOPT_CONNECTTIMEOUT_MS,
                static_cast<long>(std::max<long long>(1, o.connect_timeout->count())));
        if (o.proxy)
            set(CURLOPT_PROXY, o.proxy->c_str());
        else if (url_.is_loopback())
            set(CURLOPT_PROXY, ""); // what is for this machine does not leave it
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
        set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
        set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif

        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        if (!o.ca_file.empty())
            set(CURLOPT_CAINFO, o.ca_file.c_str());

        set(CURLOPT_HEADERFUNCTION, &transfer::on_header);
        set(CURLOPT_HEADERDATA, this);
        set(CURLOPT_WRITEFUNCTION, &transfer::on_body);
        set(CURLOPT_WRITEDATA, this);
        set(CURLOPT_PREREQFUNCTION, &transfer::on_send);
        set(CURLOPT_PREREQDATA, this);
    }

    void set_method() {
        const std::string& method = request_.method;
        const bool with_body =
            uploads() || !request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
        if (uploads()) {
            set(CURLOPT_POST, 1L);
            set(CURLOPT_READFUNCTION, &transfer::on_read);
            set(CURLOPT_READDATA, this);
        } else if (with_body) {
            set(CURLOPT_POST, 1L);
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
            set(CURLOPT_POSTFIELDS, request_.body.data()); // not copied: it is ours and stays
        }
        if (method == "HEAD")
            set(CURLOPT_NOBODY, 1L);
        else if (method != (with_body ? "POST" : "GET"))
            set(CURLOPT_CUSTOMREQUEST, method.c_str());
    }

    // ------------------------------------------------------------------ libcurl's callbacks

    /// Before the request is sent, each time that is. libcurl sends again on its own when a kept connection
    /// turns out to be closed; but the server may have done the work before it closed, so what changes things
    /// is sent once only.
    static int on_send(void* self, char*, char*, int, int) noexcept {
        auto& t = *static_cast<transfer*>(self);
        const std::string& method = t.request_.method;
        const bool repeatable = method == "GET" || method == "HEAD" || method == "OPTIONS" ||
                                method == "TRACE" || method == "PUT" || method == "DELETE"; // RFC 9110, 9.2.2
        if (t.sent_ && (!repeatable || t.uploads())) {
            t.refused_to_repeat_ = true;
            return CURL_PREREQFUNC_ABORT;
        }
        t.sent_ = true;
        return CURL_PREREQFUNC_OK;
    }

    static std::size_t on_read(char* room, std::size_t, std::size_t size, void* self) noexcept {
        auto& t = *static_cast<transfer*>(self);
        t.touch();
        if (t.piece_.empty()) {
            if (t.upload_ended_)
                return 0;
            t.upload_paused_ = true;
            return CURL_READFUNC_PAUSE;
        }
        const std::size_t n = std::min(size, t.piece_.size());
        std::memcpy(room, t.piece_.data(), n);
        t.piece_ = t.piece_.subspan(n);
        if (t.piece_.empty())
            t.engine_->wake_later(t); // the pump
        return n;
    }

    static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) noexcept {
        auto& t = *static_cast<transfer*>(self);
        try {
            return t.take_header({data, size}) ? size : 0;
        } catch (...) {
            t.failure_ = std::current_exception();
            return 0;
        }
    }

    static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
        auto& t = *static_cast<transfer*>(self);
        if (t.has_bytes() && t.waiting_.size() + size > t.engine_->options().buffer_bytes) {
            t.paused_ = true;
            return CURL_WRITEFUNC_PAUSE; // libcurl keeps these bytes and brings them again
        }
        try {
            const auto* const bytes = reinterpret_cast<const std::byte*>(data);
            t.waiting_.insert(t.waiting_.end(), bytes, bytes + size);
            t.touch();
            t.tell_reader();
            return size;
        } catch (...) {
            t.failure_ = std::current_exception();
            return 0;
        }
    }

    bool take_header(std::string_view line) {
        if (headers_complete_)
            return true; // trailers: nobody asks for them
        if (!seen_byte_) {
            seen_byte_ = true;
            last_activity_ = clock::now();
            arm_timer(); // the next limit is another one
        } else {
            touch();
        }
        header_bytes_ += line.size();
        if (header_bytes_ > engine_->options().max_header_bytes) {
            failure_ = std::make_exception_ptr(
                make_error(error_kind::protocol, "the header of the response is longer than " +
                                                     std::to_string(engine_->options().max_header_bytes) +
                                                     " bytes (options::max_header_bytes)."));
            return false;
        }
        if (line.starts_with("HTTP/")) { // also again after "100 Continue" and its like
            headers_.clear();
            return true;
        }
        const bool continued = line.starts_with(' ') || line.starts_with('\t');
        line = trimmed(line);
        if (line.empty()) {
            long code = 0;
            curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &code);
            if (code >= 200) {
                status_ = static_cast<int>(code);
                headers_complete_ = true;
                tell_reader();
            }
        } else if (continued && !headers_.empty()) {
            headers_.back().value.append(" ").append(line);
        } else if (const auto colon = line.find(':'); colon != line.npos) {
            headers_.add(std::string(trimmed(line.substr(0, colon))),
                         std::string(trimmed(line.substr(colon + 1))));
        }
        return true;
    }

    void tell_reader() {
        if (waiter_.is_waiting())
            engine_->wake_later(*this);
    }

    // ------------------------------------------------------------------ going on, ending

    /// Brings the pieces of the request's stream, one at a time, each when libcurl has sent the one before.
    static pump pump_upload(transfer& t, async_generator<chunk> source) {
        try {
            while (auto piece = co_await source.next()) {
                t.piece_ = *piece;
                t.go_on_sending();
                while (!t.piece_.empty())
                    co_await t.upload_waiter_.wait();
            }
            t.upload_ended_ = true;
            t.go_on_sending();
        } catch (...) {
            t.fail(std::current_exception());
        }
    }

    void go_on_sending() {
        if (std::exchange(upload_paused_, false))
            go_on();
    }

    void go_on() {
        if (!easy_)
            return;
        last_activity_ = clock::now(); // it was our turn until now
        const int still = (paused_ ? CURLPAUSE_RECV : 0) | (upload_paused_ ? CURLPAUSE_SEND : 0);
        const CURLcode code = engine_->resume(easy_.get(), still);
        if (code != CURLE_OK)
            fail(describe(code));
    }

    /// Takes the transfer away from libcurl. Not to be called from its callbacks.
    void stop() noexcept {
        if (timer_)
            timer_->cancel();
        if (easy_) {
            engine_->remove(easy_.get());
            easy_.reset();
        }
        paused_ = false;
    }

    void fail(const http::error& e) { fail(std::make_exception_ptr(e)); }
    void fail(std::exception_ptr e) {
        if (done_)
            return;
        stop();
        done_ = true;
        failure_ = std::move(e);
        engine_->wake_later(*this);
        engine_->wake_soon();
    }

    // ------------------------------------------------------------------ limits of time

    std::optional<std::chrono::milliseconds> limit() const {
        return seen_byte_ ? engine_->options().idle_timeout : engine_->options().first_byte_timeout;
    }

    void touch() {
        if (timer_)
            last_activity_ = clock::now();
    }

    /// The timer is not moved at every byte: when it fires it looks how long ago the last one was.
    void arm_timer() {
        const auto allowed = limit();
        if (!allowed) {
            if (timer_)
                timer_->cancel();
            return;
        }
        if (!timer_)
            timer_.emplace(engine_->executor());
        timer_->expires_at(last_activity_ + *allowed);
        timer_->async_wait(
            [self = std::weak_ptr<transfer_events>(weak_from_this())](const boost::system::error_code& code) {
                if (const auto t = self.lock(); t && !code)
                    static_cast<transfer&>(*t).check_time();
            });
    }

    void check_time() {
        const auto allowed = limit();
        if (done_ || !allowed)
            return;
        const auto now = clock::now();
        if (paused_ || upload_paused_)
            last_activity_ = now; // our side is the slow one
        if (now < last_activity_ + *allowed)
            return arm_timer();
        fail(make_error(error_kind::timeout,
                        seen_byte_ ? "no byte came for " + std::to_string(allowed->count()) +
                                         " ms (options::idle_timeout)."
                                   : "no answer came within " + std::to_string(allowed->count()) +
                                         " ms (options::first_byte_timeout)."));
    }

    // ------------------------------------------------------------------ errors

    http::error describe(CURLcode code) const {
        error_kind kind = kind_of(code);
        std::string what = curl_easy_strerror(code);
        if (refused_to_repeat_) {
            kind = error_kind::cut_connection;
            what = "the connection closed before an answer came. The request was not sent again, because it "
                   "may have "
                   "been carried out.";
            return make_error(kind, what);
        }
        long proxy_status = 0; // of the tunnel that TLS goes through
        curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_CONNECTCODE, &proxy_status);
        if (proxy_status >= 300 && !headers_complete_)
            return make_error(error_kind::connect,
                              "the proxy refused the connection with status " + std::to_string(proxy_status) +
                                  ". Check options::proxy, or the environment's https_proxy.");
        switch (kind) {
        case error_kind::connect: {
            long number = 0;
            curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &number);
            if (number != 0 && code == CURLE_COULDNT_CONNECT)
                what += ": " + std::error_code(static_cast<int>(number), std::generic_category()).message();
            what += ". Check host and port, and that the server is running.";
            break;
        }
        case error_kind::tls:
            // The only kind whose details are worth their text, and have none of ours in them.
            if (error_text_[0] != '\0')
                what = printable(error_text_);
            what += ". The certificate must be valid for this host and signed by an authority of the "
                    "system's, or by "
                    "one in options::ca_file.";
            break;
        case error_kind::timeout:
            what = "no connection within ";
            what += engine_->options().connect_timeout
                        ? std::to_string(engine_->options().connect_timeout->count()) +
                              " ms (options::connect_timeout)."
                        : std::string("libcurl's limit.");
            break;
        case error_kind::cut_connection:
            // A broken chunk header is no cut, and libcurl has no code of its own for it.
            if (std::strstr(error_text_, "chunked-encoding") != nullptr) {
                kind = error_kind::protocol;
                what = "the chunked encoding of the response is broken.";
            } else {
                what = headers_complete_ ? "the connection was cut before the end of the response."
                                         : "the connection was cut before an answer came.";
            }
            break;
        default:
            what += ".";
            break;
        }
        return make_error(kind, what);
    }

    /// Foreign text may come from a certificate: short, and without control characters.
    static std::string printable(std::string_view text) {
        std::string out(text.substr(0, 200));
        std::replace_if(
            out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; },
            ' ');
        return out;
    }

    std::shared_ptr<engine> engine_;
    http::request request_;
    detail::url url_;
    bool uploads_;
    curl_lines lines_;
    easy_handle easy_; // null once libcurl is through

    int status_ = 0;
    header_list headers_;
    std::size_t header_bytes_ = 0;
    std::vector<std::byte> waiting_; // written by libcurl
    std::vector<std::byte> reading_; // lent to the reader
    waiter waiter_;

    bool sent_ = false;
    bool refused_to_repeat_ = false;
    bool seen_byte_ = false;
    bool headers_complete_ = false;
    bool paused_ = false;
    bool done_ = false;
    std::exception_ptr failure_;

    std::span<const std::byte> piece_; // of the upload, to be sent next
    bool upload_paused_ = false;
    bool upload_ended_ = false;
    waiter upload_waiter_;
    pump pump_; // after what it uses

    std::optional<boost::asio::steady_timer> timer_;
    clock::time_point last_activity_;
    char error_text_[CURL_ERROR_SIZE] = {};
};

/// Owns a transfer for its reader: gone without a `done`, it closes the connection.
class transfer_handle {
public:
    explicit transfer_handle(std::shared_ptr<transfer> t) : transfer_(std::move(t)) {}
    transfer_handle(transfer_handle&&) noexcept = default;
    transfer_handle& operator=(transfer_handle&& other) noexcept {
        if (this != &other) {
            reset();
            transfer_ = std::move(other.transfer_);
        }
        return *this;
    }
    ~transfer_handle() { reset(); }

    transfer* operator->() const noexcept { return transfer_.get(); }
    explicit operator bool() const noexcept { return transfer_ != nullptr; }

    void reset() noexcept {
        if (transfer_)
            transfer_->abort();
        transfer_.reset();
    }

private:
    std::shared_ptr<transfer> transfer_;
};

} // namespace leat::http::detail
