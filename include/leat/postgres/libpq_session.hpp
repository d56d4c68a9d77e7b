#pragma once

#include <leat/config.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/libpq.hpp>
#include <leat/postgres/libpq_cancel.hpp>
#include <leat/postgres/libpq_link.hpp>
#include <leat/postgres/parameter.hpp>
#include <leat/postgres/sqlstate.hpp>
#include <leat/postgres/type.hpp>

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::postgres::detail {

/// One query on a connection of leat's. All of libpq is in here, and nothing of coroutines.
///
/// Threads: functions marked *loop* run where the stream's reader lives and never block; those marked *worker* block and
/// run elsewhere, when the loop does not touch the connection any more.
///
/// The query travels as one pipeline, so that all of this takes one round trip:
///   1. set_config('transaction_read_only', 'on', true): the pipeline is one implicit transaction, and this makes it
///      read-only. No BEGIN, so the connection is never idle in a transaction, and no setting stays behind.
///   2. parse, describe, and a flush: the columns are here, and can be refused, before the query has run for an hour.
///   3. the query, its rows in binary and one by one. (libpq 17 could give ten at a time, for less work;
///      but of the ten in which the query fails it then loses those before the failure.)
class libpq_session : public std::enable_shared_from_this<libpq_session> {
public:
    enum class event {
        wait,    ///< nothing more has arrived: wait until `socket()` is readable
        columns, ///< `columns()` are there
        rows,    ///< `result()` holds rows
        end      ///< the query is over and the connection free
    };

    explicit libpq_session(std::shared_ptr<libpq_link> link) : link_(std::move(link)) {}
    libpq_session(const libpq_session&) = delete;
    libpq_session& operator=(const libpq_session&) = delete;

    /// Loop. Takes the connection. Throws connection_busy or connection_lost.
    void claim() {
        if (!link_->claim(shared_from_this()))
            throw already_streaming();
        try {
            if (!link_->open())
                throw connection_lost("the connection was not open when the stream began");
            if (PQtransactionStatus(connection()) != PQTRANS_IDLE)
                throw error(
                    error_kind::connection_busy,
                    "leat::postgres: the connection is used by somebody else: a stream needs it for itself");
            const char* const encoding = PQparameterStatus(connection(), "client_encoding");
            if (encoding == nullptr || std::string_view(encoding) != "UTF8")
                throw error(error_kind::conversion,
                            "leat::postgres: the connection's client_encoding was changed, but "
                            "leat reads UTF8: SET client_encoding = 'UTF8'");
            cut_ = descriptor_copy(PQsocket(connection()));
        } catch (...) {
            usable_ = link_->open();
            release();
            throw;
        }
    }

    /// Loop. Begins to send the query; `sent()` goes on with it. With a snapshot, that of another transaction
    /// (pg_export_snapshot), it sees what that one sees: for this it has a transaction of its own, which is over with it.
    void send(const std::string& sql, const std::vector<parameter>& parameters,
              const std::string& snapshot = {}) {
        check_open();
        if (parameters.size() > 65535) // the protocol counts them in 16 bits
            throw error(error_kind::sql,
                        "leat::postgres: a query can have 65535 parameters at most: pass an array");
        std::vector<const char*> texts;
        texts.reserve(parameters.size());
        for (const parameter& p : parameters)
            texts.push_back(p ? p->c_str() : nullptr);
        PGconn* const c = connection();
        in_query_ = true;
        step_ = step::before;
        before_left_ = snapshot.empty() ? 1 : 2;
        syncs_left_ = snapshot.empty() ? 1 : 2;
        failure_.reset();
        columns_.clear();
        const bool queued =
            PQenterPipelineMode(c) == 1 &&
            (snapshot.empty() ? queue("SELECT pg_catalog.set_config('transaction_read_only', 'on', true)")
                              : queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") &&
                                    queue(("SET TRANSACTION SNAPSHOT " + quoted(snapshot)).c_str())) &&
            PQsendPrepare(c, "", sql.c_str(), 0, nullptr) == 1 && PQsendDescribePrepared(c, "") == 1 &&
            PQsendFlushRequest(c) == 1 &&
            PQsendQueryPrepared(c, "", static_cast<int>(texts.size()), texts.data(), nullptr, nullptr, 1) ==
                1 &&
            PQpipelineSync(c) == 1 &&
            // After the sync: it ends the transaction whatever has become of the query.
            (snapshot.empty() || (queue("ROLLBACK") && PQpipelineSync(c) == 1));
        if (!queued) {
            if (PQstatus(c) != CONNECTION_OK)
                throw lost(PQerrorMessage(c));
            throw error(error_kind::sql,
                        "leat::postgres: libpq cannot send the query; its words are in server_message()", {},
                        PQerrorMessage(c));
        }
    }

    /// Loop. True when all of it is on its way. Otherwise wait until the socket can be written to.
    bool sent() {
        check_open();
        // A failure to write is no news yet: the reason may be there to be read.
        return PQflush(connection()) != 1;
    }

    /// Loop. Takes in what has arrived. Throws what the server said, when the query is over.
    event advance() {
        result_.reset();
        check_open();
        PGconn* const c = connection();
        for (;;) {
            if (PQisBusy(c) && link_->take_in() && PQisBusy(c) && PQstatus(c) == CONNECTION_OK)
                return event::wait;
            libpq_ptr<PGresult> r(PQgetResult(c));
            if (!r) {
                if (PQstatus(c) != CONNECTION_OK)
                    throw lost_now();
                next_step();
                continue;
            }
            switch (PQresultStatus(r.get())) {
            case PGRES_SINGLE_TUPLE:
                result_ = std::move(r);
                return event::rows;
            case PGRES_COMMAND_OK:
                if (step_ == step::describe) {
                    columns_ = columns_of(*r);
                    return event::columns;
                }
                break;
            case PGRES_TUPLES_OK: // behind the last row
            case PGRES_PIPELINE_ABORTED:
                break;
            case PGRES_PIPELINE_SYNC:
                if (--syncs_left_ != 0) {
                    step_ = step::after;
                    break;
                }
                over();
                if (failure_)
                    throw failed();
                return event::end;
            case PGRES_COPY_IN:
            case PGRES_COPY_OUT:
            case PGRES_COPY_BOTH:
                cut(); // never asked for, and there is no polite way out of it inside a pipeline
                throw lost("the server began a COPY");
            default:
                if (!failure_) // the first one says why; "closed the connection" comes after it
                    failure_ = std::move(r);
                if (PQstatus(c) != CONNECTION_OK)
                    throw lost_now();
            }
        }
    }

    const PGresult& result() const noexcept { return *result_; }
    /// The rows that are in `result()` have been used.
    void drop_result() noexcept { result_.reset(); }
    std::vector<column>& columns() noexcept { return columns_; }
    libpq_link& link() const noexcept { return *link_; }
    int socket() const noexcept { return PQsocket(connection()); }
    bool connected() const noexcept { return link_->open(); }
    bool in_query() const noexcept { return in_query_; }

    /// Worker. Cancels a running query and reads what is left of it. When the server does not answer within `patience`, the
    /// connection is cut instead.
    void stop_query(std::chrono::milliseconds patience) noexcept {
        result_.reset();
        if (in_query_) {
            try {
                const auto now = std::chrono::steady_clock::now();
                drain(
                    *link_, now + patience, now, [this] { return finish_what_is_there(); },
                    [this] { cut(); });
            } catch (...) {
                cut();
            }
        }
        failure_.reset();
        if (cut_off_)
            link_->mark_closed();
        usable_ = link_->open() && !in_query_;
    }
    /// Worker. The same, for good.
    void shut(std::chrono::milliseconds patience) noexcept {
        stop_query(patience);
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
        result_.reset();
        if (!std::exchange(released_, true))
            link_->forget(this);
    }

    /// Loop. The stream is gone and the clean-up runs behind it.
    void abandon() noexcept { abandoned_ = true; }
    bool abandoned() const noexcept { return abandoned_; }

    /// Any thread. Nothing comes from this connection any more: whoever waits for it sees that it is lost.
    void cut() noexcept {
        cut_off_ = true;
        ::shutdown(cut_.get(), SHUT_RDWR);
    }

    bool usable() const noexcept { return usable_; }

private:
    enum class step { before, parse, describe, query, sync, after };

    bool queue(const char* statement) noexcept {
        return PQsendQueryParams(connection(), statement, 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
    }
    static std::string quoted(const std::string& text) {
        std::string out = "'";
        for (const char c : text)
            out += c == '\'' || c == '\\' ? ' ' : c; // a snapshot's name has no such letters
        return out + "'";
    }

    PGconn* connection() const noexcept { return link_->get(); }

    void check_open() const {
        if (link_->marked_closed())
            throw connection_lost("the connection was closed while the stream was open");
    }

    error lost(const std::string& words) const {
        // What the server said while we did not ask says more than "closed the connection".
        if (!link_->last_words().empty())
            return connection_lost(link_->last_words(), link_->last_sqlstate());
        return connection_lost(words);
    }
    error lost_now() {
        if (!failure_)
            return lost(PQerrorMessage(connection()));
        return failed();
    }
    error failed() const {
        const char* const state = PQresultErrorField(failure_.get(), PG_DIAG_SQLSTATE);
        const std::string code = state == nullptr ? "" : state;
        const char* const words = PQresultErrorMessage(failure_.get());
        if (code.empty() && PQstatus(connection()) != CONNECTION_OK)
            return lost(words);
        if (server_leaves(code) || PQstatus(connection()) != CONNECTION_OK)
            return connection_lost(words, code);
        return refused(kind_of_sqlstate(code), code, words);
    }

    void next_step() noexcept {
        if (step_ == step::after || (step_ == step::before && --before_left_ != 0))
            return;
        step_ = static_cast<step>(static_cast<int>(step_) + 1);
        if (step_ == step::query)
            PQsetSingleRowMode(connection());
    }

    void over() noexcept {
        PQexitPipelineMode(connection());
        in_query_ = false;
        usable_ = link_->open();
    }

    static std::vector<column> columns_of(const PGresult& r) {
        std::vector<column> out;
        const int count = PQnfields(&r);
        out.reserve(static_cast<std::size_t>(count));
        for (int i = 0; i < count; ++i) {
            const auto t = static_cast<oid>(PQftype(&r, i));
            column c;
            c.name = PQfname(&r, i);
            c.type = t;
            c.type_name = std::string(type::name_of(t));
            out.push_back(std::move(c));
        }
        return out;
    }

    /// True when the query is over, or the connection lost.
    bool finish_what_is_there() {
        PGconn* const c = connection();
        for (int nulls = 0; !PQisBusy(c);) {
            const libpq_ptr<PGresult> r(PQgetResult(c));
            if (!r) {
                if (PQstatus(c) != CONNECTION_OK)
                    return true;
                if (++nulls == 16) // more than a pipeline has parts: nothing was on its way
                    return true;
                continue;
            }
            nulls = 0;
            switch (PQresultStatus(r.get())) {
            case PGRES_PIPELINE_SYNC:
                if (--syncs_left_ != 0)
                    break;
                over();
                return true;
            case PGRES_COPY_IN:
            case PGRES_COPY_OUT:
            case PGRES_COPY_BOTH:
                cut();
                return true;
            default:
                break;
            }
        }
        return false;
    }

    std::shared_ptr<libpq_link> link_;
    libpq_ptr<PGresult> result_, failure_;
    std::vector<column> columns_;
    descriptor_copy cut_;
    step step_ = step::before;
    int before_left_ = 1, syncs_left_ = 1;
    std::atomic<bool> cut_off_ = false;
    bool in_query_ = false;
    bool usable_ = false;
    bool released_ = false;
    bool abandoned_ = false;

    std::mutex done_mutex_;
    std::condition_variable done_changed_;
    bool done_ = false;
};

} // namespace leat::postgres::detail
