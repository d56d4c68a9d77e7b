#pragma once

#include <leat/postgres/error.hpp>
#include <leat/postgres/libpq.hpp>
#include <leat/postgres/libpq_cancel.hpp>
#include <leat/postgres/libpq_link.hpp>
#include <leat/postgres/libpq_session.hpp>
#include <leat/postgres/sqlstate.hpp>
#include <leat/postgres/type.hpp>
#include <leat/postgres/write_error.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::postgres::detail {

/// The parameters of a statement, as libpq takes them. Views: they have to live until it is sent.
class statement_values {
public:
    void add_text(const std::string& text) { add(text.c_str(), 0, 0); }
    void add_null() { add(nullptr, 0, 0); }
    void add_binary(std::string_view bytes) { add(bytes.data(), bytes.size(), 1); }

    int size() const noexcept { return static_cast<int>(values_.size()); }
    const char* const* values() const noexcept { return values_.data(); }
    const int* lengths() const noexcept { return lengths_.data(); }
    const int* formats() const noexcept { return formats_.data(); }

private:
    void add(const char* data, std::size_t size, int format) {
        values_.push_back(data);
        lengths_.push_back(static_cast<int>(size));
        formats_.push_back(format);
    }
    std::vector<const char*> values_;
    std::vector<int> lengths_, formats_;
};

/// Statements that write, one after the other, on a connection of leat's. All of libpq is in here, and
/// nothing of coroutines.
///
/// Threads: as in `libpq_session`: functions marked *loop* never block; those marked *worker* do.
class write_session {
public:
    enum class event {
        wait,    ///< nothing more has arrived: wait until `socket()` is readable
        copy_in, ///< a COPY wants its rows
        done,    ///< the statement is through: `result()`
        refused  ///< the statement failed: `refusal()`
    };

    explicit write_session(std::shared_ptr<libpq_link> link)
        : link_(std::move(link)), place_(std::make_shared<libpq_session>(link_)) {}
    write_session(const write_session&) = delete;
    write_session& operator=(const write_session&) = delete;

    /// Loop. Takes the connection. Throws connection_busy or connection_lost.
    void claim() { place_->claim(); }

    /// Loop. These begin a statement; `flushed()` and `advance()` go on with it.
    void send(const std::string& sql, const statement_values& v) {
        begin();
        sent_or_lost(PQsendQueryParams(connection(), sql.c_str(), v.size(), nullptr, v.values(), v.lengths(),
                                       v.formats(), 0));
    }
    void prepare(const std::string& sql) {
        begin();
        sent_or_lost(PQsendPrepare(connection(), "", sql.c_str(), 0, nullptr));
    }
    void describe() {
        begin();
        sent_or_lost(PQsendDescribePrepared(connection(), ""));
    }

    /// Loop. Rows for a COPY. False when there is no use in it any more: see what `advance()` says.
    bool put(std::string_view bytes) {
        check_open();
        constexpr std::size_t most = std::numeric_limits<int>::max() / 2;
        for (; !bytes.empty() && !over(); bytes.remove_prefix(std::min(bytes.size(), most))) {
            if (PQputCopyData(connection(), bytes.data(), static_cast<int>(std::min(bytes.size(), most))) !=
                1)
                return false;
        }
        return !over();
    }
    /// Loop. The end of a COPY: that was all; or, with a reason, not a row of it shall stay.
    void end_copy(const char* because = nullptr) {
        check_open();
        commit_asked_ = because == nullptr;
        leave_copy(because);
    }
    /// Loop. The statement that was begun may keep rows for good.
    void commit_asked() noexcept { commit_asked_ = true; }

    /// Loop. True when all of it is on its way. Otherwise wait until the socket can be written to, or read
    /// from.
    bool flushed() {
        check_open();
        // A failure to write is no news yet: the reason may be there to be read.
        return PQflush(connection()) != 1;
    }

    /// Loop. Reads what has come: notices, or during a COPY that the server has enough.
    void look() {
        check_open();
        if (copying_ && sees_an_error())
            refused_early_ = true;
        link_->take_in();
    }
    /// A COPY needs no more rows: it has failed.
    bool over() const noexcept { return refused_early_ || PQstatus(connection()) != CONNECTION_OK; }

    /// Loop. Takes in what has arrived. Throws connection_lost.
    event advance() {
        check_open();
        PGconn* const c = connection();
        for (;;) {
            if (PQisBusy(c) && link_->take_in() && PQisBusy(c) && PQstatus(c) == CONNECTION_OK)
                return event::wait;
            libpq_ptr<PGresult> r(PQgetResult(c));
            if (!r) {
                finish();
                if (!settled_)
                    throw lost();
                return failure_ ? event::refused : event::done;
            }
            if (!take(std::move(r)))
                return event::copy_in;
        }
    }

    /// Of the statement that is done.
    const PGresult& result() const noexcept { return *result_; }
    /// How many rows it inserted, updated or deleted.
    std::uint64_t affected() const noexcept { return affected_; }
    server_refusal refusal() const {
        server_refusal out;
        out.sqlstate = field(PG_DIAG_SQLSTATE);
        out.message = PQresultErrorMessage(failure_.get());
        out.context = field(PG_DIAG_CONTEXT);
        out.column = field(PG_DIAG_COLUMN_NAME);
        out.constraint = field(PG_DIAG_CONSTRAINT_NAME);
        return out;
    }

    libpq_link& link() const noexcept { return *link_; }
    int socket() const noexcept { return PQsocket(connection()); }
    bool usable() const noexcept { return usable_; }

    /// The rows are in the table, for the server has said so.
    bool kept() const noexcept { return commit_asked_ && settled_ && !failure_; }
    /// The server was to keep the rows, and it is not known whether it has.
    bool in_doubt() const noexcept { return commit_asked_ && !settled_; }

    /// Is there nothing for `shut` to do?
    bool at_rest() const noexcept {
        return !active_ &&
               (PQstatus(connection()) != CONNECTION_OK || PQtransactionStatus(connection()) == PQTRANS_IDLE);
    }

    /// Worker. Stops what runs, takes back what an open transaction has done, and leaves the connection as it
    /// was found. When the server does not answer within `patience`, the connection is cut instead.
    void shut(std::chrono::milliseconds patience) noexcept {
        try {
            const auto now = std::chrono::steady_clock::now();
            const auto deadline = now + patience;
            if (active_)
                drain_until(deadline, now);
            const auto status = PQtransactionStatus(connection());
            if (!active_ && (status == PQTRANS_INTRANS || status == PQTRANS_INERROR)) {
                active_ = PQsendQuery(connection(), "ROLLBACK") == 1;
                drain_until(deadline, deadline); // not cancelled
            }
        } catch (...) {
            place_->cut();
        }
        leave();
        place_->shut(patience);
    }
    /// Loop. The same when there is nothing to do.
    void leave() noexcept {
        result_.reset();
        usable_ = link_->open() && at_rest();
    }
    /// Loop. Gives the connection back.
    void release() noexcept { place_->release(); }
    /// Loop. The owner is gone and the clean-up runs behind it.
    void abandon() noexcept { place_->abandon(); }

private:
    PGconn* connection() const noexcept { return link_->get(); }

    void check_open() const {
        if (link_->marked_closed())
            throw connection_lost("the connection was closed while something was written through it");
    }
    std::string field(int which) const {
        const char* const text = PQresultErrorField(failure_.get(), which);
        return text == nullptr ? "" : text;
    }

    void begin() {
        check_open();
        active_ = true;
        settled_ = copying_ = refused_early_ = commit_asked_ = false;
        affected_ = 0;
        result_.reset();
        failure_.reset();
    }
    void sent_or_lost(int queued) {
        if (queued == 1)
            return;
        if (PQstatus(connection()) != CONNECTION_OK)
            throw lost();
        throw error(error_kind::sql,
                    "leat::postgres: libpq cannot send the statement; its words are in server_message()", {},
                    PQerrorMessage(connection()));
    }
    void leave_copy(const char* because) {
        copying_ = false;
        // Whether it worked is seen by what comes back.
        static_cast<void>(PQputCopyEnd(connection(), because));
    }

    /// False when a COPY wants its rows.
    bool take(libpq_ptr<PGresult> r) {
        switch (PQresultStatus(r.get())) {
        case PGRES_COPY_IN:
            copying_ = true;
            return false;
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
        case PGRES_EMPTY_QUERY:
            result_ = std::move(r);
            break;
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH:
            place_->cut(); // never asked for
            break;
        default:
            if (!failure_) // the first one says why; "closed the connection" comes after it
                failure_ = std::move(r);
        }
        return true;
    }
    /// There are no more results. Only a server that is still there has told the whole story.
    void finish() noexcept {
        active_ = copying_ = false;
        settled_ = PQstatus(connection()) == CONNECTION_OK && !(failure_ && leaves());
        if (result_)
            affected_ = std::strtoull(PQcmdTuples(result_.get()), nullptr, 10);
    }
    bool leaves() const noexcept {
        const char* const code = PQresultErrorField(failure_.get(), PG_DIAG_SQLSTATE);
        return code == nullptr || server_leaves(code);
    }

    error lost() const {
        // What the server said while we did not ask says more than "closed the connection".
        if (!link_->last_words().empty())
            return connection_lost(link_->last_words(), link_->last_sqlstate());
        if (failure_)
            return connection_lost(PQresultErrorMessage(failure_.get()), field(PG_DIAG_SQLSTATE));
        return connection_lost(PQerrorMessage(connection()));
    }

    /// During a COPY libpq keeps an error to itself until the last row is sent. So we look at what is about
    /// to be read: the error's own severity and the field behind it, which nothing else can look like. A miss
    /// only means that the rows are sent to the end, as with TLS, where there is nothing to be seen.
    bool sees_an_error() noexcept {
        if (PQsslInUse(connection()))
            return false;
        const auto n = ::recv(socket(), seen_, sizeof seen_, MSG_PEEK | MSG_DONTWAIT);
        if (n <= 0)
            return false;
        using namespace std::string_view_literals;
        const std::string_view seen(seen_, static_cast<std::size_t>(n));
        return seen.find("VERROR\0C"sv) != seen.npos || seen.find("VFATAL\0C"sv) != seen.npos ||
               seen.find("VPANIC\0C"sv) != seen.npos;
    }

    /// Reads to the end of the statement. A COPY is told that it was given up, which is enough for a server
    /// that listens; all else is cancelled.
    void drain_until(std::chrono::steady_clock::time_point deadline,
                     std::chrono::steady_clock::time_point first_cancel) {
        if (copying_) {
            leave_copy("given up");
            first_cancel += std::chrono::milliseconds(50);
        }
        drain(
            *link_, deadline, first_cancel,
            [this] {
                finish_what_is_there();
                return !active_;
            },
            [this] { place_->cut(); });
    }
    void finish_what_is_there() {
        while (!PQisBusy(connection())) {
            libpq_ptr<PGresult> r(PQgetResult(connection()));
            if (!r)
                return finish();
            if (!take(std::move(r)))
                leave_copy("given up");
        }
    }

    std::shared_ptr<libpq_link> link_;
    std::shared_ptr<libpq_session> place_; // the connection is ours as long as it is this one's
    libpq_ptr<PGresult> result_, failure_;
    std::uint64_t affected_ = 0;
    bool active_ = false;        // a statement is under way
    bool copying_ = false;       // which is a COPY that wants rows
    bool refused_early_ = false; // or wanted them
    bool commit_asked_ = false;
    bool settled_ = false; // the server has said how the last statement ended
    bool usable_ = false;
    char seen_[16 * 1024]; // as much as libpq reads at once
};

} // namespace leat::postgres::detail
