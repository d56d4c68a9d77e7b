#pragma once

#include "server.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace server {

/// Makes a connection of leat's own. It belongs to no loop, so any may use it afterwards.
inline leat::postgres::connection connect(const std::string& more = "") {
    return leat::run([&more](leat::executor ex) -> leat::task<leat::postgres::connection> {
        auto c = co_await leat::postgres::connect(ex, address() + more);
        co_return c;
    });
}

/// The ways to read from a server: both engines, and the second one inside of a transaction of the caller's.
enum class way { libpq, cursor, transaction };

inline const char* name(way w) {
    return w == way::libpq ? "engine::libpq" : w == way::cursor ? "engine::cursor" : "in a transaction";
}

/// A connection that is read in one of these ways. The stream's type is the same for all, so a test that runs in every way is
/// compiled once.
class database {
public:
    /// `settings`: such as "-c statement_timeout=50". `where`: more for the connection string.
    explicit database(way w, const std::string& settings = "", const std::string& where = "") : way_(w) {
        const std::string more = where + (settings.empty() ? "" : " options='" + settings + "'");
        if (w == way::libpq)
            own_.emplace(connect(more));
        else
            theirs_ = std::make_unique<pqxx::connection>(address() + more);
        if (w == way::transaction)
            work_ = std::make_unique<pqxx::work>(*theirs_);
        backend_ = own_ ? own_->backend_pid() : theirs_->backendpid();
    }

    way how() const { return way_; }
    bool own() const { return way_ == way::libpq; }
    int backend() const { return backend_; }
    std::optional<leat::postgres::connection>& connection() { return own_; }
    pqxx::work& work() { return *work_; }

    template <class Row, class... P>
    leat::async_generator<Row> rows(leat::executor ex, const leat::postgres::stream_options& options,
                                    const std::string& sql, const P&... parameters) {
        switch (way_) {
        case way::libpq:
            return leat::postgres::rows<Row>(ex, *own_, options, sql, parameters...);
        case way::cursor:
            return leat::postgres::rows<Row>(ex, *theirs_, options, sql, parameters...);
        default:
            return leat::postgres::rows<Row>(ex, *work_, options, sql, parameters...);
        }
    }
    template <class Row, class... P>
    leat::async_generator<Row> rows(leat::executor ex, const std::string& sql, const P&... parameters) {
        return rows<Row>(ex, leat::postgres::stream_options(), sql, parameters...);
    }

    /// Waits for the clean-up behind a destroyed stream. (In a transaction there is none.)
    leat::task<> settle(leat::executor ex) {
        if (own())
            return leat::postgres::settle(ex, *own_);
        return leat::postgres::settle(ex, *theirs_);
    }

    /// Is the connection free and well, with the same backend, in no transaction?
    bool works() {
        if (way_ == way::transaction)
            work_.reset();
        bool good = false;
        if (own()) {
            leat::run([&](leat::executor ex) -> leat::task<> {
                auto one = leat::postgres::rows<std::tuple<std::int32_t, std::int32_t>>(
                    ex, *own_, "SELECT 1, pg_backend_pid()");
                auto row = co_await one.next();
                good = row && std::get<1>(*row) == backend_;
                auto end = co_await one.next();
                good = good && !end && state() == "idle";
            });
        } else {
            good = server::works(*theirs_, backend_);
        }
        if (way_ == way::transaction)
            work_ = std::make_unique<pqxx::work>(*theirs_);
        return good;
    }
    /// Is the caller's transaction still good? (Everywhere else there is none to be harmed.)
    bool transaction_works() {
        if (way_ != way::transaction)
            return true;
        return work_->exec("SELECT count(*) FROM pg_cursors WHERE name LIKE 'leat%'")[0][0].as<int>() == 0;
    }

    /// What the server says it is doing, in the words of pg_stat_activity.
    std::string state() const {
        return run("SELECT state FROM pg_stat_activity WHERE pid = " + std::to_string(backend_));
    }

private:
    way way_;
    std::optional<leat::postgres::connection> own_;
    std::unique_ptr<pqxx::connection> theirs_;
    std::unique_ptr<pqxx::work> work_;
    int backend_ = 0;
};

template <class Row, class... P>
outcome read_all(database& d, const leat::postgres::stream_options& options, const std::string& sql,
                 const P&... parameters) {
    return read_stream<Row>([&](leat::executor ex) { return d.rows<Row>(ex, options, sql, parameters...); });
}
template <class Row, class... P>
outcome read_all(database& d, const std::string& sql, const P&... parameters) {
    return read_all<Row>(d, leat::postgres::stream_options(), sql, parameters...);
}

} // namespace server
