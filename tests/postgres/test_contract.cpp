#include "server.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <boost/asio/post.hpp>

// The classic case, with a real server: a cursor in an open transaction, wrapped in stages and an any_stream, is left
// early. The transaction is over before the next statement of the one who left it.

using leat::postgres::page_options;
using leat::postgres::rows;
using namespace std::chrono_literals;

namespace {

using one_int = std::tuple<std::int32_t>;
using clock_type = std::chrono::steady_clock;
const page_options tens{10, 10, 1 << 20, 1 << 20};
const std::string endless = "SELECT generate_series(1, 5000000) AS i";
// Rows at once, then a long silence at the server.
const std::string silent_after_10 = "SELECT CASE WHEN i > 10 THEN (SELECT 1 FROM pg_sleep(60 + 0 * i)) ELSE "
                                    "i END FROM generate_series(1, 100) i";

/// Rows in three stages and an any_stream.
leat::any_stream<int> wrapped(leat::executor ex, pqxx::connection& c, const std::string& sql) {
    auto number = [](const one_int& row) { return static_cast<int>(std::get<0>(row)); };
    auto all = [](int) { return true; };
    auto stages =
        rows<one_int>(ex, c, tens, sql) | leat::transform(number) | leat::filter(all) | leat::enumerate(0);
    auto values = std::move(stages) | leat::transform([](auto&& x) { return x.value; });
    return leat::any_stream<int>(std::move(values));
}

/// Asks on a second connection, and then uses the first one, at once.
class transaction {
public:
    explicit transaction(pqxx::connection& c) : connection_(c), backend_(server::backend_of(c)) {}

    bool open() const { return state() == "idle in transaction" || state() == "active"; }
    bool over() const {
        const bool idle = state() == "idle";
        // The same connection and the same backend, in a new transaction, which sees no portal of the old one.
        pqxx::work w(connection_);
        const auto r =
            w.exec("SELECT pg_backend_pid(), (SELECT count(*) FROM pg_cursors WHERE name LIKE 'leat%')");
        const bool works = r[0][0].as<int>() == backend_ && r[0][1].as<int>() == 0;
        w.commit();
        return idle && works;
    }

private:
    std::string state() const {
        return server::run("SELECT state FROM pg_stat_activity WHERE pid = " + std::to_string(backend_));
    }

    pqxx::connection& connection_;
    int backend_;
};

leat::task<> stop_when(leat::executor ex, std::stop_source source, clock_type::duration time) {
    co_await leat::sleep_for(ex, time);
    source.request_stop();
}

} // namespace

TEST_CASE(
    "contract: closing is awaited: a cursor's transaction is over when a terminal that took enough returns") {
    pqxx::connection c(server::address());
    const transaction t(c);
    leat::run([&](leat::executor ex) -> leat::task<> {
        for (const std::string& sql : {endless, silent_after_10}) {
            auto s = wrapped(ex, c, sql);
            auto x = co_await s.next();
            CHECK(*x == 1);
            CHECK(t.open());
            auto three = std::move(s) | leat::take(3) | leat::count();
            const std::size_t n = co_await three;
            CHECK(t.over());
            CHECK(n == 3);

            auto one = wrapped(ex, c, sql) | leat::first();
            const auto first = co_await one;
            CHECK(t.over());
            CHECK(first == 1);
        }
    });
}

TEST_CASE(
    "contract: closing is awaited: a cursor's transaction is over when the consumer's exception arrives") {
    pqxx::connection c(server::address());
    const transaction t(c);
    leat::run([&](leat::executor ex) -> leat::task<> {
        for (const std::string& sql : {endless, silent_after_10}) {
            bool was_open = false;
            auto plain = wrapped(ex, c, sql) | leat::for_each([&](int x) {
                             if (x == 5) {
                                 was_open = t.open();
                                 throw std::runtime_error("the consumer's own");
                             }
                         });
            std::string caught;
            try {
                co_await plain;
            } catch (const std::runtime_error& e) {
                CHECK(t.over());
                caught = e.what();
            }
            CHECK(caught == "the consumer's own");
            CHECK(was_open);

            was_open = false;
            auto work = [&](int x) -> leat::task<> {
                const int mine = x;
                co_await leat::sleep_for(ex, 1ms);
                if (mine == 5) {
                    was_open = t.open();
                    throw std::runtime_error("the consumer's own task");
                }
            };
            auto awaited = wrapped(ex, c, sql) | leat::for_each(work);
            caught.clear();
            try {
                co_await awaited;
            } catch (const std::runtime_error& e) {
                CHECK(t.over());
                caught = e.what();
            }
            CHECK(caught == "the consumer's own task");
            CHECK(was_open);
        }
    });
}

TEST_CASE("contract: closing is awaited: a cursor's transaction is over when a stop arrives") {
    pqxx::connection c(server::address());
    const transaction t(c);
    leat::run([&](leat::executor ex) -> leat::task<> {
        for (const std::string& sql : {endless, silent_after_10}) {
            std::stop_source source;
            leat::spawn(ex, stop_when(ex, source, 100ms));
            int last = 0;
            bool stopped = false;
            auto s = wrapped(ex, c, sql) | leat::stop_on(source.get_token());
            try {
                while (auto x = co_await s.next())
                    last = *x;
            } catch (const leat::stopped&) {
                CHECK(t.over());
                stopped = true;
            }
            CHECK(stopped);
            CHECK(last >= 10);

            source = std::stop_source();
            leat::spawn(ex, stop_when(ex, source, 100ms));
            auto until = wrapped(ex, c, sql) | leat::take_until(source.get_token()) | leat::count();
            const std::size_t n = co_await until;
            CHECK(t.over());
            CHECK(n >= 10);
        }
    });
}

TEST_CASE("contract: cancellation reaches the deepest wait: a query that runs is cancelled at the server") {
    pqxx::connection c(server::address());
    const transaction t(c);
    const auto sleeping = [&] {
        return server::run(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'FETCH%' "
            "AND wait_event = 'PgSleep'");
    };
    leat::run([&](leat::executor ex) -> leat::task<> {
        std::stop_source source;
        auto watch = [](leat::executor e, std::stop_source s, auto is_sleeping,
                        std::string& seen) -> leat::task<> {
            for (int i = 0; i != 1000 && seen != "1"; ++i) {
                co_await leat::sleep_for(e, 5ms);
                seen = is_sleeping();
            }
            s.request_stop();
        };
        std::string seen;
        leat::spawn(ex, watch(ex, source, sleeping, seen));
        const auto before = clock_type::now();
        auto s = wrapped(ex, c, silent_after_10) | leat::stop_on(source.get_token()) | leat::count();
        bool stopped = false;
        try {
            co_await s;
        } catch (const leat::stopped&) {
            stopped = true;
        }
        CHECK(stopped);
        CHECK(seen == "1");
        CHECK(sleeping() == "0");
        CHECK(t.over());
        CHECK(clock_type::now() - before < 10s); // of 60
    });
}

TEST_CASE("contract: fairness: another task runs during a long read of rows, at every page") {
    pqxx::connection c(server::address());
    leat::run([&](leat::executor ex) -> leat::task<> {
        struct neighbour {
            static void run(leat::executor e, std::shared_ptr<long> turns) {
                boost::asio::post(e, [e, turns] {
                    if (*turns >= 0) {
                        ++*turns;
                        run(e, turns);
                    }
                });
            }
        };
        const auto turns = std::make_shared<long>(0);
        neighbour::run(ex, turns);
        auto s =
            rows<one_int>(ex, c, page_options{10, 100, 1 << 20, 1 << 20}, "SELECT generate_series(1, 50000)");
        long before = -1;
        int run = 0, longest = 0, n = 0;
        while (auto row = co_await s.next()) {
            run = *turns == before ? run + 1 : 1;
            before = *turns;
            longest = std::max(longest, run);
            ++n;
        }
        *turns = -1;
        CHECK(n == 50'000);
        CHECK(longest == 100); // page_options::max_rows
    });
}
