#pragma once

#include "support/catch.hpp"
#include "support/sanitized.hpp"

#include <leat/asio.hpp>
#include <leat/leat.hpp>
#include <leat/postgres.hpp>

#include <boost/asio/steady_timer.hpp>

#include <pqxx/pqxx>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>

/// What the tests that talk to a real server share.
namespace server {

/// tools/with_postgres starts a throw-away server and says here where it is.
inline std::string address() {
    const char* from_environment = std::getenv("LEAT_PG");
    if (from_environment == nullptr || *from_environment == '\0')
        FAIL(
            "LEAT_PG is not set: run these tests through tools/with_postgres, which needs the Debian package "
            "postgresql");
    return from_environment == nullptr ? "" : from_environment;
}

/// Runs SQL on a connection of its own.
inline std::string run(const std::string& sql) {
    pqxx::connection c(address());
    pqxx::nontransaction t(c);
    const auto r = t.exec(sql);
    if (r.empty() || r[0][0].is_null())
        return "";
    return r[0][0].c_str();
}

inline int backend_of(pqxx::connection& c) { return c.backendpid(); }

inline void terminate(int backend) { run("SELECT pg_terminate_backend(" + std::to_string(backend) + ")"); }

/// Waits until the backend does what `state` says ("active" or "idle in transaction").
inline bool wait_for_state(int backend, const std::string& state) {
    for (int i = 0; i < 2000; ++i) {
        if (run("SELECT state FROM pg_stat_activity WHERE pid = " + std::to_string(backend)) == state)
            return true;
    }
    return false;
}

/// The connection must work, in no transaction and with the same backend.
inline bool works(pqxx::connection& c, int backend) {
    pqxx::work w(c);
    const auto r = w.exec("SELECT 1, pg_backend_pid()");
    return r[0][0].as<int>() == 1 && r[0][1].as<int>() == backend;
}

/// The error that the stream ends with, and how many rows came before it.
struct outcome {
    std::uint64_t rows = 0;
    std::optional<leat::postgres::error> error;
};

/// Reads a stream that `make(executor)` makes.
template <class Row>
outcome read_stream(const std::function<leat::async_generator<Row>(leat::executor)>& make) {
    outcome o;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto rows = make(ex);
        try {
            while (auto row = co_await rows.next())
                ++o.rows;
        } catch (const leat::postgres::error& e) {
            o.error = e;
        }
        auto after = co_await rows.next();
        CHECK_FALSE(after);
    });
    return o;
}

template <class Row, class... P>
outcome read_all(pqxx::connection& c, const leat::postgres::page_options& options, const std::string& sql,
                 const P&... parameters) {
    return read_stream<Row>(
        [&](leat::executor ex) { return leat::postgres::rows<Row>(ex, c, options, sql, parameters...); });
}

template <class Row, class... P>
outcome read_all(pqxx::connection& c, const std::string& sql, const P&... parameters) {
    return read_all<Row>(c, leat::postgres::page_options{}, sql, parameters...);
}

using ::sanitized;

/// How long this thread could have run so far but the machine gave its cores to others.
inline std::chrono::nanoseconds waited_for_a_core() {
    std::ifstream schedstat("/proc/thread-self/schedstat");
    std::int64_t ran = 0, waited = 0;
    schedstat >> ran >> waited;
    return std::chrono::nanoseconds(waited);
}

/// Ticks every millisecond and remembers the longest time the loop did not let it. Time for which a busy
/// machine kept the thread from running does not count: it says nothing about the loop.
class ticker {
public:
    explicit ticker(leat::executor ex) : state_(std::make_shared<state>(ex)) { tick(state_); }
    ticker(const ticker&) = delete;
    ~ticker() {
        state_->stopped = true;
        state_->timer.cancel();
    }
    std::chrono::nanoseconds longest_gap() const {
        state_->measure();
        return state_->longest;
    }
    int ticks() const { return state_->ticks; }

private:
    struct state {
        explicit state(leat::executor ex) : timer(ex) {}
        void measure() {
            const auto now = std::chrono::steady_clock::now();
            const auto waited = waited_for_a_core();
            longest = std::max<std::chrono::nanoseconds>(longest, (now - last) - (waited - last_waited));
            last = now;
            last_waited = waited;
        }
        boost::asio::steady_timer timer;
        std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
        std::chrono::nanoseconds last_waited = waited_for_a_core();
        std::chrono::nanoseconds longest{};
        int ticks = 0;
        bool stopped = false;
    };
    static void tick(std::shared_ptr<state> s) {
        s->timer.expires_after(std::chrono::milliseconds(1));
        s->timer.async_wait([s](boost::system::error_code) {
            s->measure();
            ++s->ticks;
            if (!s->stopped)
                tick(s);
        });
    }
    std::shared_ptr<state> state_;
};

} // namespace server
