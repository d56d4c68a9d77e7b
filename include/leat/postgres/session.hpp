#pragma once

#include <leat/config.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/page.hpp>
#include <leat/postgres/parameter.hpp>
#include <leat/postgres/pqxx_error.hpp>
#include <leat/postgres/sqlstate.hpp>

#include <pqxx/connection>
#include <pqxx/errorhandler>
#include <pqxx/nontransaction>
#include <pqxx/pipeline>
#include <pqxx/prepared_statement>
#include <pqxx/result>
#include <pqxx/transaction_base>
#include <pqxx/version>

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace leat::postgres::detail {

/// What is common to all connections of libpqxx: connection_base in libpqxx 6, connection in 7.
using pqxx_connection =
    std::remove_reference_t<decltype(std::declval<const pqxx::transaction_base&>().conn())>;

class session;

/// Which connections are in use. A stream is found here by its connection, and one that was destroyed without
/// `close()` is kept alive here until its clean-up is done.
class connections_in_use {
public:
    static connections_in_use& all() {
        // Never destroyed: clean-up may still be running when the program's static objects go.
        static auto* const instance = new connections_in_use;
        return *instance;
    }

    std::shared_ptr<session> find(const void* connection) {
        const std::lock_guard lock(mutex_);
        const auto at = position(connection);
        return at == entries_.end() ? nullptr : at->second;
    }
    /// False if somebody has the connection.
    bool claim(const void* connection, std::shared_ptr<session> s) {
        const std::lock_guard lock(mutex_);
        if (position(connection) != entries_.end())
            return false;
        entries_.emplace_back(connection, std::move(s));
        return true;
    }
    void forget(const session* s) noexcept {
        std::shared_ptr<session> last; // destroyed after the lock is gone
        const std::lock_guard lock(mutex_);
        const auto at = std::find_if(entries_.begin(), entries_.end(),
                                     [s](const entry& used) { return used.second.get() == s; });
        if (at != entries_.end()) {
            last = std::move(at->second);
            entries_.erase(at);
        }
    }

private:
    using entry = std::pair<const void*, std::shared_ptr<session>>;

    std::vector<entry>::iterator position(const void* connection) {
        return std::find_if(entries_.begin(), entries_.end(),
                            [connection](const entry& used) { return used.first == connection; });
    }

    std::mutex mutex_;
    std::vector<entry> entries_;
};

/// One cursor on a connection that leat borrows, in a read-only transaction of its own or in the caller's. All of libpqxx is in here, and
/// nothing of coroutines: the cursor decides what runs where.
///
/// Threads: functions marked *loop* run where the stream's reader lives and never block; those marked
/// *worker* block and run elsewhere. The transaction object is made and destroyed on the loop only, because
/// the connection's own record of it is not guarded by anything; in between `busy_` keeps one thread at a
/// time at the connection.
///
/// The transaction is a `nontransaction` with BEGIN and ROLLBACK written out: its destructor sends nothing,
/// so it can be let go on the loop after a worker has rolled back. It always ends with ROLLBACK: there is
/// nothing to commit, and a COMMIT that fails after the last row would turn a complete result into an error.
///
/// The caller's transaction is left as it was: the cursor is closed and the settings are put back, without a cancel if that
/// can be, for a cancel aborts the transaction.
class session : public std::enable_shared_from_this<session> {
public:
    enum class stage { fresh, open, shut, released };

    explicit session(pqxx_connection& c) : connection_(c) {}
    explicit session(pqxx::transaction_base& t) : connection_(t.conn()), callers_(&t) {}
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    /// Loop. Takes the connection. Throws connection_busy or connection_lost.
    void claim() {
        if (!connections_in_use::all().claim(&connection_, shared_from_this()))
            throw already_streaming();
        try {
            if (!connection_.is_open())
                throw connection_lost("the connection was not open when the stream began");
            if (callers_ == nullptr)
                own_ = std::make_unique<pqxx::nontransaction>(connection_);
            guard_ = std::make_unique<guard>(*this);
            allow_reconnect(false);
        } catch (...) {
            const auto failure = std::current_exception();
            const bool connected = connection_.is_open();
            release();
            throw to_error(failure, [connected] { return connected; }, {});
        }
    }

    /// Worker. Begins the transaction and declares the cursor: planning and locks can take long.
    void open(const std::string& sql, const std::vector<parameter>& parameters) {
        const std::lock_guard lock(busy_);
        if (stage_ != stage::fresh)
            throw connection_lost("the stream was closed while it was being opened");
        check_connection();
        backend_ = connection_.backendpid();
        // A cursor is planned for its first tenth by default, and that plan can be several times slower to
        // the end.
        stage_ = stage::open; // if one of these fails, a transaction may be open all the same
        if (callers_ == nullptr) {
            own_->exec("BEGIN READ ONLY; SET LOCAL cursor_tuple_fraction = 1.0; "
                       "SET LOCAL client_encoding = 'UTF8'");
        } else {
            const auto before = callers_->exec("SELECT pg_catalog.current_setting('cursor_tuple_fraction'), "
                                               "pg_catalog.current_setting('client_encoding'), "
                                               "pg_catalog.set_config('cursor_tuple_fraction', '1', true), "
                                               "pg_catalog.set_config('client_encoding', 'UTF8', true)");
            const auto put_back = [&](const char* name, const char* to) {
                return "pg_catalog.set_config('" + std::string(name) + "', " +
                       connection_.quote(std::string(to)) + ", true)";
            };
            restore_ = "SELECT " + put_back("cursor_tuple_fraction", before[0][0].c_str()) + ", " +
                       put_back("client_encoding", before[0][1].c_str());
        }
        if (stop_requested_.load())
            throw connection_lost("the stream was closed while it was being opened");
        static std::atomic<std::uint64_t> counter{0};
        const std::string name = "leat_" + std::to_string(++counter);
        declare("DECLARE " + name + " BINARY NO SCROLL CURSOR FOR " + sql, parameters);
        name_ = name;
        open_pipeline();
    }

    /// Loop. Sends a query and returns at once. At most one may be on its way: libpqxx' pipeline can hang
    /// when several are batched (its issues 942 and 1045), and alone it never takes that path.
    void send(const std::string& sql) {
        check_connection();
        LEAT_ASSERT(!in_flight_, "leat::postgres: one query at a time in the pipeline");
        in_flight_ = pipeline_->insert(sql);
    }
    void fetch(std::uint32_t rows) { send("FETCH " + std::to_string(rows) + " FROM " + name_); }

    /// Loop. Takes in what has arrived; true when the answer is complete. Otherwise wait until the socket is
    /// readable.
    bool ready() {
        check_not_closed();
        LEAT_ASSERT(in_flight_, "leat::postgres: nothing was asked");
        try {
            pipeline_->resume();
        } catch (const pqxx::broken_connection&) {
            // The server hung up behind a complete answer: that one still counts.
            if (!pipeline_->is_finished(*in_flight_))
                throw;
        }
        if (pipeline_->is_finished(*in_flight_))
            return true;
        check_connection();
        return false;
    }

    /// Loop. The answer. Throws what the server said.
    pqxx::result take() {
        check_not_closed();
        LEAT_ASSERT(in_flight_, "leat::postgres: nothing was asked");
        const auto id = *std::exchange(in_flight_, std::nullopt);
        pqxx::result answer = pipeline_->retrieve(id);
        // libpqxx 6 reconnects silently to a new backend, which has lost the session's settings (role,
        // search_path).
        if (connection_.is_open() && connection_.backendpid() != backend_)
            throw connection_lost("the connection was replaced by a new one");
        return answer;
    }

    bool in_flight() const noexcept { return in_flight_.has_value(); }

    /// Any thread. Asks the server to stop what it is doing for this connection. Blocks: it opens a
    /// connection.
    void cancel() noexcept {
        stop_requested_ = true;
        try {
            connection_.cancel_query();
        } catch (...) {
            // Nothing to cancel any more, or no way to reach the server. The drain that follows is bounded.
        }
    }

    /// Worker. Ends the transaction: cancels a running query, reads what is left of it and rolls back. When
    /// the server does not answer within `patience`, the connection is cut instead.
    void shut(std::chrono::milliseconds patience) noexcept {
        {
            const auto deadline = std::chrono::steady_clock::now() + patience;
            const std::unique_lock lock = interrupt(deadline);
            if (stage_ == stage::fresh || stage_ == stage::open)
                shut_locked(deadline);
        }
        const std::lock_guard lock(done_mutex_);
        done_ = true;
        done_changed_.notify_all();
    }

    /// Worker. Waits for `shut` on another thread.
    void wait_until_shut() {
        std::unique_lock lock(done_mutex_);
        done_changed_.wait(lock, [this] { return done_; });
    }

    /// Loop. Gives the connection back.
    void release() noexcept {
        {
            const std::lock_guard lock(busy_);
            if (stage_ != stage::released)
                let_go();
        }
        connections_in_use::all().forget(this);
    }

    /// Loop, before `shut`. There is no time left to be gentle with the caller's transaction.
    void hurry() noexcept { grace_ = std::chrono::milliseconds(0); }

    /// Loop. The stream is gone, and the caller's transaction may be the next to go. So nothing may run behind it, and this is
    /// the one place that waits for the server on the loop: for the answer to a CLOSE, or to a cancel.
    bool leave_callers_transaction() noexcept {
        if (callers_ == nullptr)
            return false;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
        const std::unique_lock lock = interrupt(deadline);
        grace_ = std::min(grace_, std::chrono::milliseconds(10));
        if (stage_ == stage::open)
            shut_locked(deadline);
        return true;
    }

    /// Loop. The stream is gone and the clean-up runs behind it.
    void abandon() noexcept { abandoned_ = true; }
    bool abandoned() const noexcept { return abandoned_; }

    bool usable() const noexcept { return usable_; }
    bool connected() const noexcept { return stage_ != stage::released && is_open(); }
    int socket() const noexcept { return connection_.sock(); }
    std::string last_notice() const {
        const std::lock_guard lock(notice_mutex_);
        return notice_;
    }

private:
    /// libpqxx 7 calls a connection open whose server has gone: so the socket is asked, too.
    bool is_open() const noexcept {
        if (!connection_.is_open())
            return false;
        pollfd peer{connection_.sock(), POLLRDHUP, 0};
        return ::poll(&peer, 1, 0) == 0;
    }

    // libpqxx 7.10 deprecates errorhandler for notice handlers, which 6.4 does not have.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif
    /// Hears what the connection has to say while the stream uses it, and above all that it is being closed
    /// or destroyed, while everything in it still works.
    class guard : public pqxx::errorhandler {
    public:
        explicit guard(session& s) : pqxx::errorhandler(s.connection_), session_(s) {}

        bool operator()(const char message[]) noexcept override {
            const std::string_view text(message);
            if (text.substr(0, 24) == "Closing connection while") {
                session_.connection_closes();
                return false;
            }
            session_.heard(text);
            return true;
        }

    private:
        session& session_;
    };

    /// libpqxx 6 opens a lost connection again behind our back. Never during a stream.
    void allow_reconnect([[maybe_unused]] bool yes) noexcept {
#if PQXX_VERSION_MAJOR < 7
        connection_.inhibit_reactivation(!yes);
#endif
    }
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

    void heard(std::string_view text) noexcept {
        // Only the notice that says why the server hangs up is worth keeping.
        if (text.substr(0, 5) != "FATAL" && text.find("terminat") == text.npos)
            return;
        try {
            const std::lock_guard lock(notice_mutex_);
            notice_.assign(text);
        } catch (...) {
            // Out of memory for a message: the error will do without it.
        }
    }

    /// Somebody closes or destroys the connection under the stream. Lets go of it before it is gone; a worker
    /// that is still busy with it is waited for.
    void connection_closes() noexcept {
        const std::unique_lock lock = interrupt(std::chrono::steady_clock::now() + std::chrono::seconds(1));
        if (stage_ == stage::released)
            return;
        pipeline_.reset();
        own_.reset();
        in_flight_.reset();
        usable_ = false;
        stage_ = stage::released; // the guard stays: it is being called
        // A new connection may lie at the same address soon. The stream, or the clean-up behind it, still
        // owns us.
        connections_in_use::all().forget(this);
    }

    /// Waits until no worker is at the connection. One that waits for the server in BEGIN or DECLARE is
    /// cancelled, again and again, because a cancel that comes before its query does nothing, and at last cut
    /// off.
    std::unique_lock<std::mutex> interrupt(std::chrono::steady_clock::time_point deadline) noexcept {
        std::unique_lock lock(busy_, std::try_to_lock);
        while (!lock.owns_lock()) {
            cancel();
            if (std::chrono::steady_clock::now() > deadline)
                ::shutdown(connection_.sock(), SHUT_RDWR);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            static_cast<void>(lock.try_lock()); // asked above
        }
        return lock;
    }

    void check_not_closed() const {
        if (stage_ == stage::released)
            throw connection_lost("the connection was closed while the stream was open");
    }
    void check_connection() const {
        check_not_closed();
        if (!connection_.is_open())
            throw connection_lost("the connection is not open any more");
    }

    void declare(const std::string& sql, const std::vector<parameter>& parameters) {
        // Always with a parameter list, even an empty one: that is the extended protocol, which refuses a
        // second statement behind a semicolon.
#if PQXX_VERSION_MAJOR < 7
        std::vector<const char*> texts;
        texts.reserve(parameters.size());
        for (const parameter& p : parameters)
            texts.push_back(p ? p->c_str() : nullptr);
        transaction().exec_params(sql, pqxx::prepare::make_dynamic_params(texts));
#else
        pqxx::params texts;
        for (const parameter& p : parameters) {
            if (p)
                texts.append(*p);
            else
                texts.append();
        }
#if PQXX_VERSION_MAJOR > 7 || PQXX_VERSION_MINOR >= 10
        transaction().exec(sql, texts);
#else
        transaction().exec_params(sql, texts);
#endif
#endif
    }

    void open_pipeline() {
        pipeline_ = std::make_unique<pqxx::pipeline>(transaction());
        pipeline_->retain(0); // send at once
    }

    void shut_locked(std::chrono::steady_clock::time_point deadline) noexcept {
        usable_ = false;
        const bool begun = stage_ == stage::open;
        stage_ = stage::shut;
        if (!begun) { // no transaction was begun, so there is nothing to end
            usable_ = is_open();
            return;
        }
        try {
            if (!connection_.is_open())
                return drop_pipeline();
            if (callers_ != nullptr) {
                end_cursor(deadline);
                return drop_pipeline();
            }
            if (!pipeline_)
                open_pipeline();
            if (in_flight_)
                finish(deadline, cancelling::yes);
            // A cancel that came too late for the query can hit the ROLLBACK: then once more.
            for (int attempt = 0; attempt < 2 && !usable_; ++attempt) {
                in_flight_ = pipeline_->insert("ROLLBACK");
                usable_ = finish(deadline, cancelling::no);
            }
            usable_ = usable_ && is_open() && connection_.backendpid() == backend_;
        } catch (...) {
            usable_ = false;
        }
        drop_pipeline();
    }

    /// Closes the cursor and puts the settings back. When the query failed, the transaction is aborted and there is nothing
    /// to do; what it is told then does no harm.
    void end_cursor(std::chrono::steady_clock::time_point deadline) {
        try {
            if (!pipeline_)
                open_pipeline();
            // A cancel would abort the transaction. But who closes does not wait for ever.
            bool well = !in_flight_ || finish(deadline, cancelling::late);
            if (well && !name_.empty()) {
                in_flight_ = pipeline_->insert("CLOSE " + name_);
                well = finish(deadline, cancelling::no);
            }
            if (well && !restore_.empty()) {
                in_flight_ = pipeline_->insert(restore_);
                finish(deadline, cancelling::no);
            }
        } catch (...) {
            // libpqxx 6 has ended the transaction already, or the connection is lost.
        }
        usable_ = is_open() && connection_.backendpid() == backend_;
    }

    void drop_pipeline() noexcept {
        in_flight_.reset();
        pipeline_.reset();
    }

    bool answered() {
        pipeline_->resume();
        return pipeline_->is_finished(*in_flight_);
    }

    enum class cancelling { no, yes, late };

    /// Waits for the query on its way, but not for ever. True if it succeeded.
    /// A cancel that reaches the server before its query does nothing, so it is repeated, less and less
    /// often.
    bool finish(std::chrono::steady_clock::time_point deadline, cancelling cancel_it) {
        using namespace std::chrono;
        milliseconds pause{10};
        auto next_cancel = steady_clock::now();
        if (cancel_it == cancelling::late)
            next_cancel += grace_;
        while (!answered()) {
            const auto now = steady_clock::now();
            if (now >= deadline) {
                // The server does not answer. Cutting the socket makes libpq see a lost connection.
                ::shutdown(connection_.sock(), SHUT_RDWR);
                answered();
                throw connection_lost("the server did not answer in time");
            }
            auto until = deadline;
            if (cancel_it != cancelling::no) {
                if (now >= next_cancel) {
                    connection_.cancel_query();
                    next_cancel = steady_clock::now() + pause;
                    pause *= 2;
                }
                until = std::min(deadline, next_cancel);
            }
            pollfd readable{connection_.sock(), POLLIN, 0};
            ::poll(&readable, 1, static_cast<int>(duration_cast<milliseconds>(until - now).count()) + 1);
            if (!connection_.is_open())
                throw connection_lost("the connection was lost during the clean-up");
        }
        const auto id = *std::exchange(in_flight_, std::nullopt);
        try {
            pipeline_->retrieve(id);
            return true;
        } catch (...) {
            return false; // a failed query is over all the same
        }
    }

    void let_go() noexcept {
        pipeline_.reset();
        own_.reset();
        if (guard_) {
            guard_.reset();
            allow_reconnect(true);
        }
        stage_ = stage::released;
    }

    pqxx::transaction_base& transaction() const noexcept { return callers_ != nullptr ? *callers_ : *own_; }

    pqxx_connection& connection_;
    pqxx::transaction_base* const callers_ = nullptr;
    std::unique_ptr<pqxx::nontransaction> own_;
    std::unique_ptr<pqxx::pipeline> pipeline_;
    std::optional<pqxx::pipeline::query_id> in_flight_;
    std::unique_ptr<guard> guard_;
    std::string name_;    // empty until the cursor is there
    std::string restore_; // puts the caller's settings back
    int backend_ = 0;
    std::atomic<stage> stage_ = stage::fresh; // a loop that gives up looks while a worker is at it
    bool usable_ = false;
    bool abandoned_ = false;
    std::chrono::milliseconds grace_{1000}; // how long a page may still come before it is cancelled
    std::atomic<bool> stop_requested_{false};
    std::mutex busy_;

    std::mutex done_mutex_;
    std::condition_variable done_changed_;
    bool done_ = false;

    mutable std::mutex notice_mutex_;
    std::string notice_;
};

} // namespace leat::postgres::detail
