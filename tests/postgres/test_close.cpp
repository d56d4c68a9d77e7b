#include "server.hpp"

#include <chrono>
#include <coroutine>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <tuple>
#include <utility>

using leat::postgres::error;
using leat::postgres::error_kind;
using leat::postgres::page_options;
using leat::postgres::rows;
using namespace std::chrono_literals;

namespace {

using one_int = std::tuple<std::int32_t>;
using clock_type = std::chrono::steady_clock;
const page_options tens{10, 10, 1 << 20, 1 << 20};
const std::string endless =
    "SELECT generate_series(1, 5000000) AS i"; // in the list, so that it gives rows at once
const std::string never = "SELECT 1 FROM pg_sleep(60)";

/// A coroutine that starts at once and is destroyed with its handle, wherever it waits then.
class owned {
public:
    struct promise_type {
        owned get_return_object() { return owned(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const { std::terminate(); }
    };
    owned(owned&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {} // clang 14 moves it
    ~owned() {
        if (frame_)
            frame_.destroy();
    }

private:
    explicit owned(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
    std::coroutine_handle<promise_type> frame_;
};

owned read_one(leat::executor ex, pqxx::connection& c, std::string sql, bool& reached) {
    auto s = rows<one_int>(ex, c, sql);
    auto row = co_await s.next();
    reached = static_cast<bool>(row);
}

} // namespace

TEST_CASE("closing early gives the connection back at once") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    leat::run([&](leat::executor ex) -> leat::task<void> {
        for (int read : {0, 1, 10, 11, 1000}) {
            auto s = rows<one_int>(ex, c, endless);
            for (int i = 0; i < read; ++i)
                co_await s.next();
            const auto before = clock_type::now();
            co_await s.close();
            CHECK(clock_type::now() - before < 1900ms);
            CHECK(server::works(c, backend));
            auto end = co_await s.next();
            CHECK_FALSE(end);
            co_await s.close();
        }
    });
}

TEST_CASE("terminals that stop early close the stream themselves") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto three = rows<one_int>(ex, c, endless) | leat::take(3);
        auto count = std::move(three) | leat::count();
        const auto n = co_await std::move(count);
        CHECK(n == 3);
        CHECK(server::works(c, backend));

        auto failing = rows<one_int>(ex, c, endless) | leat::for_each([](const one_int& row) {
                           if (std::get<0>(row) == 100)
                               throw std::runtime_error("the reader's own");
                       });
        bool thrown = false;
        try {
            co_await std::move(failing);
        } catch (const std::runtime_error& e) {
            thrown = std::string(e.what()) == "the reader's own";
        }
        CHECK(thrown);
        CHECK(server::works(c, backend));
    });
}

TEST_CASE("closing while the server is busy with the page ahead cancels it") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    leat::run([&](leat::executor ex) -> leat::task<void> {
        server::ticker ticker(ex);
        auto s = rows<one_int>(ex, c, tens,
                               "SELECT CASE WHEN i > 10 THEN (SELECT 1 FROM pg_sleep(60 + 0 * i)) ELSE i END "
                               "FROM generate_series(1, 100) i");
        auto r = co_await s.next();
        CHECK(r);
        const auto before = clock_type::now();
        co_await s.close();
        CHECK(clock_type::now() - before < 1900ms);
        CHECK(ticker.longest_gap() < 50ms);
        CHECK(server::works(c, backend));
    });
}

TEST_CASE("a stream destroyed while open cleans up behind itself") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    leat::run([&](leat::executor ex) -> leat::task<void> {
        for (const std::string& sql : {endless, std::string("SELECT 1 UNION ALL (") + never + ")"}) {
            for (int read : {0, 1, 11}) {
                if (read == 11 && sql != endless)
                    continue;
                const auto before = clock_type::now();
                {
                    auto s = rows<one_int>(ex, c, tens, sql);
                    for (int i = 0; i < read && sql == endless; ++i)
                        co_await s.next();
                }
                CHECK(clock_type::now() - before < 1500ms);
                co_await leat::postgres::settle(ex, c);
                CHECK(server::works(c, backend));
            }
        }
        // The next stream waits for the clean-up by itself.
        {
            auto s = rows<one_int>(ex, c, endless);
            co_await s.next();
        }
        auto next = rows<one_int>(ex, c, "SELECT 42");
        auto r = co_await next.next();
        CHECK(std::get<0>(*r) == 42);
    });
    CHECK(server::works(c, backend));
}

TEST_CASE("a stream destroyed while its reader waits in it: in the query, in DECLARE") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    server::run("CREATE TABLE IF NOT EXISTS leat_locked (n int)");
    pqxx::connection blocker(server::address());
    for (const std::string& sql : {never, std::string("SELECT n FROM leat_locked")}) {
        pqxx::work lock(blocker);
        lock.exec("LOCK TABLE leat_locked IN ACCESS EXCLUSIVE MODE"); // planning waits for this
        leat::run([&](leat::executor ex) -> leat::task<void> {
            server::ticker ticker(ex);
            bool reached = false;
            {
                const auto waiting = read_one(ex, c, sql, reached);
                co_await leat::sleep_for(ex, 50ms);
            }
            const auto before = clock_type::now();
            co_await leat::postgres::settle(ex, c);
            CHECK(clock_type::now() - before < 1900ms);
            CHECK_FALSE(reached);
            CHECK(ticker.longest_gap() < 50ms);
            CHECK(server::works(c, backend));
        });
    }
    server::run("DROP TABLE leat_locked");
}

TEST_CASE("the loop ends while a stream is open: the connection is free afterwards") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    for (const std::string& sql : {endless, never}) {
        leat::run([&](leat::executor ex) -> leat::task<void> {
            auto forever = [](leat::executor e, pqxx::connection& conn,
                              std::string query) -> leat::task<void> {
                auto s = rows<one_int>(e, conn, tens, query);
                co_await s.next();
                co_await leat::sleep_for(e, 1h);
            };
            leat::spawn(ex, forever(ex, c, sql));
            co_await leat::sleep_for(ex, 50ms);
        });
        CHECK(server::works(c, backend));
    }
}

TEST_CASE("an exception that unwinds stream and connection together") {
    leat::run([&](leat::executor ex) -> leat::task<void> {
        for (int i = 0; i < 20; ++i) {
            bool caught = false;
            try {
                pqxx::connection c(server::address());
                auto s = rows<one_int>(ex, c, endless);
                auto r = co_await s.next();
                if (r)
                    throw std::runtime_error("the reader's own");
            } catch (const std::runtime_error&) {
                caught = true;
            }
            CHECK(caught);
        }
    });
}

TEST_CASE("a connection that is destroyed under an open stream") {
    leat::run([&](leat::executor ex) -> leat::task<void> {
        std::optional<pqxx::connection> c;
        c.emplace(server::address());
        auto s = rows<one_int>(ex, *c, tens, endless);
        auto r = co_await s.next();
        CHECK(r);
        c.emplace(server::address()); // another one, at the same address
        {
            auto on_the_new_one = rows<one_int>(ex, *c, "SELECT 1");
            auto row = co_await on_the_new_one.next();
            CHECK(row);
            co_await on_the_new_one.close();
        }
        int seen = 1;
        std::optional<error> failure;
        try {
            while (auto more = co_await s.next())
                ++seen;
        } catch (const error& e) {
            failure = e;
        }
        CHECK(seen == 10);
        CHECK(failure);
        CHECK(failure->kind() == error_kind::connection_lost);
        CHECK_FALSE(failure->connection_usable());
    });
}

TEST_CASE("a server that does not answer is cut off after two seconds") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    leat::run([&](leat::executor ex) -> leat::task<void> {
        server::ticker ticker(ex);
        auto s = rows<one_int>(ex, c, tens, endless);
        auto r = co_await s.next();
        CHECK(r);
        if (::kill(backend, SIGSTOP) != 0) {
            WARN("the server runs as another user or elsewhere: its backend cannot be stopped here");
            co_return;
        }
        const auto before = clock_type::now();
        co_await s.close();
        const auto took = clock_type::now() - before;
        ::kill(backend, SIGCONT);
        CHECK(took < 6s);
        CHECK(ticker.longest_gap() < 50ms);
    });
}

TEST_CASE(
    "a stop request cancels the query at the server: while it runs, and while DECLARE waits for a lock") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    server::run("CREATE TABLE IF NOT EXISTS leat_locked (n int)");
    pqxx::connection blocker(server::address());
    for (const std::string& sql : {never, std::string("SELECT n FROM leat_locked")}) {
        pqxx::work lock(blocker);
        lock.exec("LOCK TABLE leat_locked IN ACCESS EXCLUSIVE MODE");
        leat::run([&](leat::executor ex) -> leat::task<void> {
            std::stop_source stop;
            auto s = rows<one_int>(ex, c, sql) | leat::stop_on(stop.get_token());
            auto stopper = [](leat::executor e, std::stop_source source) -> leat::task<void> {
                co_await leat::sleep_for(e, 50ms);
                source.request_stop();
            };
            leat::spawn(ex, stopper(ex, stop));
            const auto before = clock_type::now();
            bool stopped = false;
            try {
                auto row = co_await s.next();
                CHECK_FALSE(row);
            } catch (const leat::stopped&) {
                stopped = true;
            }
            CHECK(stopped);
            CHECK(clock_type::now() - before < 1900ms);
            CHECK(server::works(c, backend));
        });
    }
    server::run("DROP TABLE leat_locked");
}
