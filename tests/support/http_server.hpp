#pragma once

// A small HTTP/1.1 server for tests and examples: 127.0.0.1, a port of its own, plain or TLS. What it answers
// is an ordinary function that writes its response piece by piece, blocking, on a thread of its own per
// connection; so a test reads from top to bottom:
//
//     http_server server([](exchange& x) {
//         x.head(200, {{"Content-Type", "text/event-stream"}});
//         x.write("data: one\n\n");
//         x.wait_for_client_to_leave();
//     });
//     ... connect to server.url("/stream")
//
// The destructor ends all exchanges, wherever they are.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace leat::test {

// ----------------------------------------------------------------------------------------------------
// certificates

/// An authority made on the spot and a certificate of its, for 127.0.0.1 and localhost unless said otherwise
/// (OpenSSL's notation); gone with the object.
class test_authority {
public:
    explicit test_authority(const std::string& names = "IP:127.0.0.1,DNS:localhost") {
        const key_pointer authority_key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
        const certificate_pointer authority =
            certificate("leat test authority", authority_key.get(), nullptr, authority_key.get(),
                        {{NID_basic_constraints, "critical,CA:TRUE"}});
        const key_pointer server_key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
        const certificate_pointer server =
            certificate("localhost", server_key.get(), authority.get(), authority_key.get(),
                        {{NID_subject_alt_name, names.c_str()}});

        server_certificate_ = text([&](BIO* out) { PEM_write_bio_X509(out, server.get()); });
        server_key_ = text([&](BIO* out) {
            PEM_write_bio_PrivateKey(out, server_key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });

        std::string name = "/tmp/leat-test-ca-XXXXXX";
        const int fd = ::mkstemp(name.data());
        if (fd < 0)
            throw std::runtime_error("cannot make a temporary file in /tmp");
        ::close(fd);
        ca_file_ = name;
        std::ofstream(ca_file_) << text([&](BIO* out) { PEM_write_bio_X509(out, authority.get()); });
    }
    ~test_authority() { ::unlink(ca_file_.c_str()); }
    test_authority(const test_authority&) = delete;
    test_authority& operator=(const test_authority&) = delete;

    /// What a client has to trust: a PEM file.
    const std::string& ca_file() const { return ca_file_; }

    boost::asio::ssl::context server_context() const {
        boost::asio::ssl::context context(boost::asio::ssl::context::tls_server);
        context.use_certificate_chain(boost::asio::buffer(server_certificate_));
        context.use_private_key(boost::asio::buffer(server_key_), boost::asio::ssl::context::pem);
        return context;
    }

private:
    using key_pointer = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
    using certificate_pointer = std::unique_ptr<X509, decltype(&X509_free)>;
    struct extension {
        int id;
        const char* value;
    };

    static certificate_pointer certificate(const char* name, EVP_PKEY* key, X509* issuer,
                                           EVP_PKEY* issuer_key,
                                           std::initializer_list<extension> extensions) {
        static std::atomic<long> serial = 1;
        certificate_pointer x(X509_new(), &X509_free);
        X509_set_version(x.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(x.get()), serial++);
        X509_gmtime_adj(X509_getm_notBefore(x.get()), -3600);
        X509_gmtime_adj(X509_getm_notAfter(x.get()), 24 * 3600);
        X509_set_pubkey(x.get(), key);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(x.get()), "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
        X509* const signer = issuer ? issuer : x.get();
        X509_set_issuer_name(x.get(), X509_get_subject_name(signer));
        X509V3_CTX context;
        X509V3_set_ctx_nodb(&context);
        X509V3_set_ctx(&context, signer, x.get(), nullptr, nullptr, 0);
        for (const extension& e : extensions) {
            X509_EXTENSION* const made = X509V3_EXT_conf_nid(nullptr, &context, e.id, e.value);
            X509_add_ext(x.get(), made, -1);
            X509_EXTENSION_free(made);
        }
        if (X509_sign(x.get(), issuer_key, EVP_sha256()) == 0)
            throw std::runtime_error("OpenSSL did not sign the test certificate");
        return x;
    }

    template <class Write> static std::string text(Write write) {
        const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
        write(out.get());
        char* data = nullptr;
        const long size = BIO_get_mem_data(out.get(), &data);
        return {data, static_cast<std::size_t>(size)};
    }

    std::string server_certificate_;
    std::string server_key_;
    std::string ca_file_;
};

// ----------------------------------------------------------------------------------------------------
// connection

/// The client has gone, or the server is being stopped: ends an exchange. A handler need not catch it.
struct connection_over : std::runtime_error {
    connection_over() : std::runtime_error("the connection is over") {}
};

namespace detail {

/// A socket, with TLS or without, as Beast's blocking functions want it.
class wire {
public:
    wire(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls) : socket_(std::move(socket)) {
        if (tls)
            tls_.emplace(socket_, *tls);
    }

    void handshake() {
        if (tls_)
            tls_->handshake(boost::asio::ssl::stream_base::server);
    }

    template <class Buffers> std::size_t read_some(const Buffers& buffers, boost::system::error_code& code) {
        return tls_ ? tls_->read_some(buffers, code) : socket_.read_some(buffers, code);
    }
    template <class Buffers> std::size_t read_some(const Buffers& buffers) {
        boost::system::error_code code;
        const std::size_t n = read_some(buffers, code);
        if (code)
            throw boost::system::system_error(code);
        return n;
    }
    template <class Buffers> std::size_t write_some(const Buffers& buffers, boost::system::error_code& code) {
        return tls_ ? tls_->write_some(buffers, code) : socket_.write_some(buffers, code);
    }
    template <class Buffers> std::size_t write_some(const Buffers& buffers) {
        boost::system::error_code code;
        const std::size_t n = write_some(buffers, code);
        if (code)
            throw boost::system::system_error(code);
        return n;
    }

    boost::asio::ip::tcp::socket& socket() { return socket_; }

    /// The orderly end: TLS says goodbye, then the socket.
    void finish() {
        boost::system::error_code ignored;
        if (tls_)
            tls_->shutdown(ignored);
        socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
    }

private:
    boost::asio::ip::tcp::socket socket_;
    std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
};

/// What all connections of a server share.
struct server_state {
    std::atomic<bool> stopping = false;
    std::atomic<std::size_t> bytes_written = 0;
    std::atomic<int> connections = 0;
    std::atomic<int> requests = 0;
    std::atomic<int> ended = 0;
    std::mutex mutex;
    std::condition_variable changed;
};

} // namespace detail

/// One request and the answer to it, to be written by the handler. Every function that writes throws
/// `connection_over` when the client has gone.
class exchange {
public:
    using request_type = boost::beast::http::request<boost::beast::http::string_body>;
    struct field {
        std::string name;
        std::string value;
    };

    exchange(detail::wire& w, detail::server_state& s, request_type r)
        : wire_(w), state_(s), request_(std::move(r)) {}
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;

    std::string method() const { return std::string(request_.method_string()); }
    std::string target() const { return std::string(request_.target()); }
    std::string path() const { return target().substr(0, target().find('?')); }
    std::string header(const std::string& name) const { return std::string(request_[name]); }
    bool has_header(const std::string& name) const { return request_.find(name) != request_.end(); }
    const std::string& body() const { return request_.body(); }

    /// The whole answer at once.
    void answer(int status, std::string_view body, std::vector<field> fields = {}) {
        fields.push_back({"Content-Length", std::to_string(body.size())});
        std::string message = head_text(status, fields);
        if (method() != "HEAD")
            message += body;
        raw(message);
        ended_ = true;
    }

    /// Begins an answer in chunks; `write` goes on, returning from the handler ends it.
    void head(int status, std::vector<field> fields = {}) {
        fields.push_back({"Transfer-Encoding", "chunked"});
        raw(head_text(status, fields));
        chunked_ = true;
    }

    /// One chunk, sent at once.
    void write(std::string_view text) {
        if (text.empty())
            return; // an empty chunk is the end
        const boost::beast::http::chunk_body chunk(boost::asio::const_buffer(text.data(), text.size()));
        send(chunk);
    }

    /// Any bytes, for answers that are wrong on purpose.
    void raw(std::string_view bytes) { send(boost::asio::const_buffer(bytes.data(), bytes.size())); }

    /// The same, a byte at a time.
    void raw_slowly(std::string_view bytes, std::chrono::milliseconds between) {
        for (const char& c : bytes) {
            raw({&c, 1});
            sleep(between);
        }
    }

    /// Ends the connection here and now, in the middle of things.
    [[noreturn]] void cut() {
        boost::system::error_code ignored;
        wire_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
        throw connection_over();
    }
    /// The same, with a TCP reset.
    [[noreturn]] void reset() {
        boost::system::error_code ignored;
        wire_.socket().set_option(boost::asio::socket_base::linger(true, 0), ignored);
        throw connection_over(); // the socket is closed with the connection's thread
    }

    /// No keep-alive: the connection is closed after this answer.
    void close_afterwards() { keep_ = false; }

    /// Waits as long as the server lives.
    void sleep(std::chrono::milliseconds time) {
        std::unique_lock lock(state_.mutex);
        if (state_.changed.wait_for(lock, time, [this] { return state_.stopping.load(); }))
            throw connection_over();
    }

    /// Blocks until the client has closed its end (or the server stops), and ends the exchange.
    [[noreturn]] void wait_for_client_to_leave() {
        while (!state_.stopping && !client_has_left(std::chrono::milliseconds(100)))
            ;
        throw connection_over();
    }

    bool client_has_left(std::chrono::milliseconds patience = std::chrono::milliseconds(0)) {
        pollfd p{wire_.socket().native_handle(), POLLRDHUP, 0};
        ::poll(&p, 1, static_cast<int>(patience.count()));
        return (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
    }

private:
    friend class http_server;

    static std::string head_text(int status, const std::vector<field>& fields) {
        namespace http = boost::beast::http;
        std::string text =
            "HTTP/1.1 " + std::to_string(status) + " " +
            std::string(http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)))) + "\r\n";
        for (const field& f : fields)
            text += f.name + ": " + f.value + "\r\n";
        return text + "\r\n";
    }

    template <class Buffers> void send(const Buffers& buffers) {
        boost::system::error_code code;
        // Piece by piece, so that the count is right while the client does not read.
        boost::asio::write(counted_, buffers, code);
        if (code || state_.stopping)
            throw connection_over();
    }

    void end() {
        if (chunked_ && !ended_)
            send(boost::beast::http::make_chunk_last());
    }

    struct counted {
        exchange& self;
        template <class Buffers>
        std::size_t write_some(const Buffers& buffers, boost::system::error_code& code) {
            const boost::asio::const_buffer first = first_part(buffers);
            const std::size_t n = self.wire_.write_some(first, code);
            self.state_.bytes_written += n;
            return n;
        }
        template <class Buffers> static boost::asio::const_buffer first_part(const Buffers& buffers) {
            for (auto i = boost::asio::buffer_sequence_begin(buffers);
                 i != boost::asio::buffer_sequence_end(buffers); ++i)
                if (const boost::asio::const_buffer b(*i); b.size() != 0)
                    return boost::asio::buffer(b, 16 * 1024);
            return {};
        }
    };

    detail::wire& wire_;
    detail::server_state& state_;
    request_type request_;
    counted counted_{*this};
    bool chunked_ = false;
    bool ended_ = false;
    bool keep_ = true;
};

// ---------------------------------------------------------------------------------------------------- server

class http_server {
public:
    using handler = std::function<void(exchange&)>;

    explicit http_server(handler h) : http_server(std::move(h), nullptr) {}
    /// With TLS, and the authority's certificate.
    http_server(handler h, const test_authority& authority) : http_server(std::move(h), &authority) {}

    ~http_server() {
        {
            const std::lock_guard lock(state_.mutex);
            state_.stopping = true;
            for (const int fd : open_)
                ::shutdown(fd, SHUT_RDWR);
        }
        state_.changed.notify_all();
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR); // wakes the blocking accept
        accepting_.join();
        for (std::thread& t : threads_)
            t.join();
    }
    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;

    unsigned short port() const { return port_; }
    std::string url(const std::string& path = "/") const {
        return std::string(tls_ ? "https" : "http") + "://127.0.0.1:" + std::to_string(port_) + path;
    }

    /// Bytes that the kernel has taken from us, in all connections. TLS is counted before it is encrypted.
    std::size_t bytes_written() const { return state_.bytes_written; }
    int connections() const { return state_.connections; }
    int requests() const { return state_.requests; }
    /// Connections that were ended, by the client or by the handler.
    int connections_over() const { return state_.ended; }

    /// Blocks until `condition()`; it is asked again whenever a request came or a connection ended. False:
    /// too late.
    template <class Condition> bool wait_until(Condition condition, std::chrono::milliseconds patience) {
        std::unique_lock lock(state_.mutex);
        return state_.changed.wait_for(lock, patience, condition);
    }

private:
    http_server(handler h, const test_authority* authority)
        : handler_(std::move(h)), acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}),
          port_(acceptor_.local_endpoint().port()) {
        if (authority)
            tls_.emplace(authority->server_context());
        acceptor_.listen(boost::asio::socket_base::max_listen_connections);
        accepting_ = std::thread([this] { accept(); });
    }

    void accept() {
        for (;;) {
            boost::system::error_code code;
            boost::asio::ip::tcp::socket socket(io_);
            acceptor_.accept(socket, code);
            const std::lock_guard lock(state_.mutex);
            if (state_.stopping)
                return;
            if (code)
                continue;
            socket.set_option(boost::asio::ip::tcp::no_delay(true), code);
            ++state_.connections;
            open_.push_back(socket.native_handle());
            const auto mine = std::prev(open_.end());
            threads_.emplace_back(
                [this, mine, s = std::move(socket)]() mutable { serve(std::move(s), mine); });
        }
    }

    void serve(boost::asio::ip::tcp::socket socket, std::list<int>::iterator mine) {
        detail::wire wire(std::move(socket), tls_ ? &*tls_ : nullptr);
        try {
            wire.handshake();
            boost::beast::flat_buffer buffer;
            for (bool keep = true; keep && !state_.stopping;) {
                boost::beast::http::request_parser<boost::beast::http::string_body> parser;
                parser.body_limit(std::uint64_t{1} << 40);
                boost::beast::http::read(wire, buffer, parser);
                exchange x(wire, state_, parser.release());
                tell([this] { ++state_.requests; });
                handler_(x);
                x.end();
                keep = x.keep_ && x.request_.keep_alive();
            }
            wire.finish();
        } catch (const connection_over&) {
        } catch (
            const boost::system::system_error&) { // the client left between two requests, or in the handshake
        }
        tell([this, mine] {
            open_.erase(mine); // before the socket closes: its number may be another's then
            ++state_.ended;
        });
    }

    template <class F> void tell(F f) {
        {
            const std::lock_guard lock(state_.mutex);
            f();
        }
        state_.changed.notify_all();
    }

    handler handler_;
    std::optional<boost::asio::ssl::context> tls_;
    detail::server_state state_;
    boost::asio::io_context io_;
    boost::asio::ip::tcp::acceptor acceptor_;
    unsigned short port_;
    std::list<int> open_;              // guarded by state_.mutex
    std::vector<std::thread> threads_; // touched by the accepting thread until it has ended
    std::thread accepting_;
};

} // namespace leat::test
