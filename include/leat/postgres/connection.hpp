#pragma once

#include <leat/asio/executor.hpp>
#include <leat/asio/offload.hpp>
#include <leat/asio/use_await.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/libpq.hpp>
#include <leat/postgres/libpq_link.hpp>
#include <leat/postgres/libpq_session.hpp>
#include <leat/postgres/on_worker.hpp>
#include <leat/postgres/sqlstate.hpp>
#include <leat/postgres/stream_options.hpp>
#include <leat/postgres/watchdog.hpp>
#include <leat/task.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::postgres {

/// How `connect` connects.
struct connect_options {
    /// For everything: name look-up, connecting, TLS, logging in; 0 for ever.
    std::chrono::milliseconds timeout{10'000};
    /// Told, in one line for each host, that a server elsewhere is not verified (`remote_without_verification`). It stands
    /// on stderr unless you give another function; nullptr for silence.
    void (*warn)(std::string_view line) = &warn_on_stderr;
};

class connection;

namespace detail {
inline std::shared_ptr<libpq_link> link_of(connection& c);

/// What the connection says is where it leads to: a name or the folder of a socket file, and the address it was found at.
inline bool remote_without_verification(std::string_view host, std::string_view address,
                                        std::string_view sslmode) {
    const bool socket_file = host.empty() ? address.empty() : host[0] == '/' || host[0] == '@';
    const bool this_machine = socket_file || address.substr(0, 4) == "127." || address == "::1";
    return !this_machine && sslmode != "verify-full";
}

/// Waits until the stream that was destroyed on this connection, if there is one, has cleaned up behind itself.
inline task<void> settle_link(executor ex, std::shared_ptr<libpq_link> link) {
    auto before = link->user();
    if (before && before->abandoned()) {
        auto wait = [before] { before->wait_until_shut(); };
        co_await leat::offload(ex, wait);
        before->release();
    }
}

/// Takes the connection for a session, when whoever had it before has cleaned up. Throws connection_busy or connection_lost.
template <class Session>
task<void> take_connection(executor ex, std::shared_ptr<libpq_link> link, std::shared_ptr<Session>& session) {
    co_await settle_link(ex, link);
    auto s = std::make_shared<Session>(link);
    s->claim();
    session = std::move(s);
}

/// A session's socket, for a loop to watch: a copy, so that libpq keeps its own.
template <class Session> descriptor_copy socket_of(const Session& s) {
    descriptor_copy fd(s.socket());
    if (fd.get() < 0)
        throw connection_lost("the connection's socket cannot be used");
    return fd;
}
} // namespace detail

/// A connection to a server, leat's own, over libpq. `rows` and `pages` read from it without a cursor (`engine::libpq`).
///
/// Made by `co_await connect(ex, "host=db dbname=shop sslmode=verify-full")`. Moves, also while a stream is open on it.
/// Carries one stream at a time. Destroying or closing it while a stream is open: that stream ends with
/// error_kind::connection_lost. It is never connected again behind your back: a lost one stays lost.
/// Threads: those of one loop at a time.
class connection {
public:
    explicit connection(std::shared_ptr<detail::libpq_link> link) noexcept : link_(std::move(link)) {}
    connection(connection&& other) noexcept = default;
    connection& operator=(connection&& other) noexcept {
        if (this != &other) {
            close();
            link_ = std::move(other.link_);
        }
        return *this;
    }
    ~connection() { close(); }

    /// Is it there, as far as we know? Nothing is asked of the server.
    bool is_open() const noexcept { return link_ && link_->open(); }

    /// Closes it. Does not wait.
    void close() noexcept {
        if (!link_)
            return;
        link_->mark_closed();
        if (const auto user = link_->user())
            user->cut();
        link_.reset();
    }

    /// The server's process for this connection, as in pg_stat_activity; 0 if it is closed.
    int backend_pid() const noexcept { return link_ ? PQbackendPID(link_->get()) : 0; }
    /// Such as 150004 for 15.4; 0 if it is closed.
    int server_version() const noexcept { return link_ ? PQserverVersion(link_->get()) : 0; }

    /// Is the server on another machine without anybody having looked who it is? Then who sits in between can read and change
    /// everything. The cure is `sslmode=verify-full` (with `sslrootcert=system` from libpq 16 on).
    bool remote_without_verification() const {
        if (!link_)
            return false;
        const detail::libpq_ptr<PQconninfoOption> options(PQconninfo(link_->get()));
        std::string_view sslmode;
        for (const PQconninfoOption* o = options.get(); o != nullptr && o->keyword != nullptr; ++o) {
            if (std::string_view(o->keyword) == "sslmode" && o->val != nullptr)
                sslmode = o->val;
        }
        const char* const host = PQhost(link_->get());
        const char* const address = PQhostaddr(link_->get());
        return detail::remote_without_verification(host == nullptr ? "" : host,
                                                   address == nullptr ? "" : address, sslmode);
    }

    /// libpq's own handle, for what leat has no word for. Leave it as you found it: no query on its way, no transaction open,
    /// client_encoding UTF8, non-blocking. Not while a stream is open.
    PGconn* native_handle() const noexcept { return link_ ? link_->get() : nullptr; }

private:
    friend std::shared_ptr<detail::libpq_link> detail::link_of(connection&);
    std::shared_ptr<detail::libpq_link> link_;
};

namespace detail {

inline std::shared_ptr<libpq_link> link_of(connection& c) {
    if (!c.link_)
        throw connection_lost("the connection is closed");
    return c.link_;
}

inline error connect_failed(const std::string& why, std::string words = {}) {
    return error(error_kind::connect_failed, "leat::postgres: no connection: " + why, {}, std::move(words));
}

/// A connection string as libpq takes it apart, with ours added. libpq's complaint about one that is malformed quotes it, with
/// its password, so that stays here.
class conninfo {
public:
    explicit conninfo(const std::string& text) {
        char* complaint = nullptr;
        options_.reset(text.find('\0') == text.npos ? PQconninfoParse(text.c_str(), &complaint) : nullptr);
        if (complaint != nullptr)
            PQfreemem(complaint);
        if (!options_)
            throw connect_failed(
                "the connection string cannot be read: write key=value pairs (with quotes: password='my "
                "secret') or postgresql://user@host/database (with %xx for special characters)");
        for (const PQconninfoOption* o = options_.get(); o->keyword != nullptr; ++o) {
            if (o->val != nullptr && std::string_view(o->keyword) != "client_encoding")
                add(o->keyword, o->val);
        }
        add("client_encoding", "UTF8");
        add("fallback_application_name", "leat");
        add(nullptr, nullptr);
    }
    const char* const* keywords() const noexcept { return keywords_.data(); }
    const char* const* values() const noexcept { return values_.data(); }

private:
    void add(const char* keyword, const char* value) {
        keywords_.push_back(keyword);
        values_.push_back(value);
    }

    libpq_ptr<PQconninfoOption> options_;
    std::vector<const char*> keywords_, values_;
};

/// A connection while it is being made. Each step is a worker's, for each may look up a name or read a file.
struct connecting {
    std::string text;
    libpq_ptr<PGconn> connection;
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;

    void start() {
        const conninfo options(text);
        connection.reset(PQconnectStartParams(options.keywords(), options.values(), 0));
        if (!connection)
            throw std::bad_alloc();
        if (PQstatus(connection.get()) == CONNECTION_BAD)
            next = PGRES_POLLING_FAILED;
    }
    void step() { next = PQconnectPoll(connection.get()); }
};

inline void warn_if_not_verified(const connection& c, const connect_options& options) {
    if (options.warn == nullptr || !c.remote_without_verification())
        return;
    const std::string host = PQhost(c.native_handle());
    static std::mutex mutex;
    static auto& warned = *new std::vector<std::string>;
    {
        const std::lock_guard lock(mutex);
        if (std::find(warned.begin(), warned.end(), host) != warned.end())
            return;
        warned.push_back(host);
    }
    options.warn("leat::postgres: nobody has checked that the server " + host +
                 " is who it claims to be: connect with sslmode=verify-full, or switch this warning off with "
                 "connect_options::warn");
}

} // namespace detail

/// Connects, without ever blocking the loop.
///
/// `conninfo` is what libpq takes: `host=... dbname=...`, or a postgresql:// URI; what it does not say comes from PGHOST,
/// PGUSER ... and ~/.pgpass. The connection's client_encoding is UTF8.
/// Throws: `postgres::error` of kind connect_failed or timed_out, never with the connection string in it; the server's words
/// are in server_message(). A stop (`leat::stop_on` of the stream that waits for it) ends it as well.
/// Threads: on `ex`; name look-ups and files on a worker, where a look-up that hangs may live on for a while after the time
/// limit.
///
///     auto db = co_await leat::postgres::connect(ex, "host=db.example.com dbname=shop sslmode=verify-full");
inline task<connection> connect(executor ex, std::string conninfo, connect_options options = {}) {
    using descriptor = boost::asio::posix::stream_descriptor;
    stream_options limits;
    limits.deadline = options.timeout;
    detail::watchdog dog(ex, limits);
    dog.begin();
    auto making = std::make_shared<detail::connecting>();
    making->text = std::move(conninfo);
    bool late = false;
    try {
        const std::function<void()> start = [making] { making->start(); };
        co_await detail::on_worker(ex, start, &dog);
        while (making->next == PGRES_POLLING_READING || making->next == PGRES_POLLING_WRITING) {
            detail::descriptor_copy fd(
                PQsocket(making->connection.get())); // each server that is tried has another
            if (fd.get() < 0)
                break;
            descriptor socket(ex, fd.release());
            try {
                const detail::watchdog::waiting watched(dog, socket);
                co_await socket.async_wait(making->next == PGRES_POLLING_READING ? descriptor::wait_read
                                                                                 : descriptor::wait_write,
                                           leat::use_await);
            } catch (const boost::system::system_error&) {
                if (!dog.cut_short())
                    throw;
            }
            dog.check();
            const std::function<void()> step = [making] { making->step(); };
            co_await detail::on_worker(ex, step, &dog);
        }
    } catch (const error& e) {
        if (e.kind() != error_kind::timed_out)
            throw;
        late = true;
    }
    if (late)
        throw detail::timed_out(
            "no connection within connect_options::timeout: is the server there, and may it be "
            "reached from here?");
    PGconn* const c = making->connection.get();
    if (PQstatus(c) != CONNECTION_OK) {
        std::string words = PQerrorMessage(c);
        const std::string why =
            PQconnectionNeedsPassword(c)
                ? "the server wants a password: PGPASSWORD, ~/.pgpass, or password=... in the "
                  "connection string"
            : words.find("certificate") != words.npos
                ? "the server's certificate was not accepted: sslrootcert has to name who signed it, and "
                  "verify-full wants the host's name in it; the reason is in server_message()"
                : "the reason is in server_message()";
        throw detail::connect_failed(why, std::move(words));
    }
    connection made(std::make_shared<detail::libpq_link>(std::move(making->connection)));
    detail::warn_if_not_verified(made, options);
    co_return made;
}

/// Waits until a stream that was destroyed early on this connection has given it back. `close()` does not need it.
inline task<void> settle(executor ex, connection& c) {
    return detail::settle_link(std::move(ex), detail::link_of(c));
}

} // namespace leat::postgres
