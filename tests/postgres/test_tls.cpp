// Encrypted connections. What is special about them: TLS hands out a record as a whole, so bytes can lie in its layer, for
// which no socket becomes readable any more; and somebody has to look at the certificate.
#include "own_server.hpp"
#include "tls_proxy.hpp"
#include "writing.hpp"

#include <leat/postgres/notifications.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

using leat::postgres::error;
using leat::postgres::error_kind;
using leat::postgres::stream_options;
using server::database;
using server::own_server;
using server::way;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

using one_int = std::tuple<std::int32_t>;
using clock_type = std::chrono::steady_clock;

own_server& the_server() {
    static own_server s(own_server::tls::yes);
    return s;
}
/// Encrypted, and the server's certificate is looked at.
std::string verified(const std::string& address) {
    return " " + address + " sslmode=verify-ca sslrootcert=" + the_server().certificate();
}
database open(way w) { return database(w, "", verified(the_server().tcp_address())); }

bool encrypted(database& d) {
    return the_server().run_sql("SELECT ssl FROM pg_stat_ssl WHERE pid = " + std::to_string(d.backend())) ==
           "t";
}
/// In no transaction, and with the same backend.
leat::task<bool> works(leat::executor ex, database& d) {
    auto one = d.rows<one_int>(ex, "SELECT pg_backend_pid()");
    auto row = co_await one.next();
    const bool same = row && std::get<0>(*row) == d.backend();
    co_await one.close();
    co_return same;
}

/// How many rows come before a server that stops in the middle. `filler`: the bytes of a row.
std::uint64_t rows_before_silence(const std::string& address, int filler) {
    const auto before = clock_type::now();
    auto c = leat::run([&](leat::executor ex) -> leat::task<leat::postgres::connection> {
        auto made = co_await leat::postgres::connect(ex, address);
        co_return made;
    });
    std::uint64_t seen = 0;
    leat::run([&](leat::executor ex) -> leat::task<> {
        stream_options o;
        o.stall = 300ms;
        auto s = leat::postgres::rows<std::tuple<std::int32_t, std::string_view>>(
            ex, c, o,
            "SELECT i, repeat('x', $1::int) FROM generate_series(1, 3001) i "
            "WHERE i < 3001 OR pg_sleep(1000) IS NULL",
            filler);
        std::optional<error> failure;
        try {
            while (auto r = co_await s.next())
                ++seen;
        } catch (const error& e) {
            failure = e;
        }
        CHECK(failure);
        CHECK(failure->kind() == error_kind::timed_out);
        CHECK(failure->rows_delivered() == seen);
        CHECK(failure->connection_usable());
    });
    CHECK(clock_type::now() - before < 3s);
    return seen;
}

} // namespace

TEST_CASE("tls: rows, small ones and large ones") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d = open(w);
    CHECK(encrypted(d));
    leat::run([&](leat::executor ex) -> leat::task<> {
        struct kind {
            int rows, size;
        };
        for (const kind k : {kind{200'000, 5}, kind{2'000, 8'000}, kind{300, 16'400}, kind{20, 1 << 20}}) {
            server::ticker ticker(ex);
            auto s = d.rows<std::tuple<std::int32_t, std::string_view>>(
                ex, "SELECT i, repeat(chr(97 + i % 26), $2::int) FROM generate_series(1, $1::int) i", k.rows,
                k.size);
            int n = 0;
            bool good = true;
            while (auto r = co_await s.next()) {
                ++n;
                const std::string_view text = std::get<1>(*r);
                good = good && std::get<0>(*r) == n && text.size() == static_cast<std::size_t>(k.size) &&
                       text.front() == 'a' + n % 26 && text.back() == text.front();
            }
            CHECK(n == k.rows);
            CHECK(good);
            if (k.size < 1 << 20 && !server::sanitized)
                CHECK(ticker.longest_gap() < 50ms);
        }
        const bool good = co_await works(ex, d);
        CHECK(good);
    });
}

TEST_CASE("tls: rows that are there are handed on, whatever the records they came in") {
    for (const int filler : {0, 100, 3000, 10'000, 16'384}) {
        INFO("rows of " << filler << " bytes");
        const auto plain = rows_before_silence(the_server().address(), filler);
        CHECK(plain > 2000);
        CHECK(rows_before_silence(verified(the_server().tcp_address()), filler) == plain);
        server::tls_proxy largest(the_server());
        CHECK(rows_before_silence(verified(largest.address()), filler) == plain);
    }
}

TEST_CASE("tls: closing early, and destroying, leave a connection that works") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d = open(w);
    leat::run([&](leat::executor ex) -> leat::task<> {
        for (const bool close : {true, false, true}) {
            const auto before = clock_type::now();
            {
                auto s = d.rows<std::tuple<std::int32_t, std::string_view>>(
                    ex, "SELECT generate_series(1, 5000000), repeat('x', 1000)");
                for (int i = 0; i != 1000; ++i)
                    co_await s.next();
                if (close)
                    co_await s.close();
            }
            if (w != way::transaction)
                co_await d.settle(ex);
            CHECK(clock_type::now() - before < 1500ms);
            if (w == way::transaction && !close)
                break; // a cancel may have aborted it
            const bool good = co_await works(ex, d);
            CHECK(good);
        }
    });
}

TEST_CASE("tls: a deadline ends a query that sleeps") {
    const way w = GENERATE(way::libpq, way::cursor);
    INFO(server::name(w));
    database d = open(w);
    leat::run([&](leat::executor ex) -> leat::task<> {
        stream_options o;
        o.deadline = 200ms;
        const auto before = clock_type::now();
        auto s = d.rows<one_int>(ex, o, "SELECT 1 FROM pg_sleep(1000)");
        std::optional<error> failure;
        try {
            while (auto r = co_await s.next()) {
            }
        } catch (const error& e) {
            failure = e;
        }
        CHECK(failure);
        CHECK(failure->kind() == error_kind::timed_out);
        CHECK(failure->connection_usable());
        CHECK(clock_type::now() - before < 2s);
        const bool good = co_await works(ex, d);
        CHECK(good);
    });
}

TEST_CASE("tls: copy_into, all of it or nothing") {
    const own_server& s = the_server();
    s.run_sql("DROP TABLE IF EXISTS loaded; CREATE TABLE loaded(id int PRIMARY KEY, text text)");
    database d = open(way::libpq);
    leat::run([&](leat::executor ex) -> leat::task<> {
        using row = std::tuple<int, std::string>;
        auto numbers = [](int first, int last) -> leat::async_generator<row> {
            for (int i = first; i <= last; ++i) {
                row r(i, std::string(static_cast<std::size_t>(i % 1000), 'x'));
                co_yield std::move(r);
            }
        };
        auto good =
            numbers(1, 50'000) | leat::postgres::copy_into(ex, *d.connection(), "loaded", {"id", "text"});
        const auto all = co_await server::outcome_of(std::move(good));
        CHECK(all.rows == 50'000);
        auto doubled = numbers(50'000, 90'000) |
                       leat::postgres::copy_into(ex, *d.connection(), "loaded", {"id", "text"});
        const auto none = co_await server::outcome_of(std::move(doubled));
        CHECK(none.write_error);
        CHECK(none.write_error->sqlstate() == "23505");
        CHECK(none.write_error->connection_usable());
        const bool usable = co_await works(ex, d);
        CHECK(usable);
    });
    CHECK(s.run_sql("SELECT count(*) || ' ' || sum(length(text)) FROM loaded") == "50000 24975000");
}

TEST_CASE("tls: notifications, however many come at once") {
    const bool through_proxy = GENERATE(false, true);
    const own_server& s = the_server();
    server::tls_proxy largest(s);
    const std::string address = verified(through_proxy ? largest.address() : s.tcp_address());
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto c = co_await leat::postgres::connect(ex, address);
        boost::asio::steady_timer too_long(ex, 10s);
        too_long.async_wait([&c](boost::system::error_code cancelled) {
            if (!cancelled)
                c.close(); // which ends the stream with an error
        });
        auto changes = leat::postgres::notifications(ex, c, "events");
        const auto notify = [&s](int burst) {
            const std::string size = std::to_string(5000 + 37 * burst);
            s.run_sql("SELECT pg_notify('events', i || repeat('.', " + size + ")) FROM generate_series(1, " +
                      std::to_string(8 + burst) + ") i");
        };
        auto begin = [&]() -> leat::task<> {
            const std::string listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' "
                                          "AND state = 'idle'";
            bool ready = false;
            while (!ready) {
                co_await leat::sleep_for(ex, 2ms);
                ready = s.run_sql(listening) == "1";
            }
            notify(0);
        };
        leat::spawn(ex, begin());
        bool in_order = true;
        int burst = 0;
        try {
            for (; burst != 30; ++burst) {
                if (burst != 0)
                    notify(burst);
                for (int i = 1; i <= 8 + burst; ++i) {
                    auto change = co_await changes.next();
                    in_order = in_order && change && std::atoi(change->payload.c_str()) == i;
                }
            }
        } catch (const error&) {
        }
        too_long.cancel();
        CHECK(burst == 30); // fewer: it waited for a socket that had nothing more
        CHECK(in_order);
        co_await changes.close();
        if (burst != 30)
            co_return;
        auto one = leat::postgres::rows<one_int>(ex, c, "SELECT 1");
        auto row = co_await one.next();
        CHECK(row);
        co_await one.close();
    });
}

TEST_CASE("tls: a server that nobody vouches for is refused, and no secret is said") {
    const auto refusal = [](const std::string& conninfo) {
        std::optional<error> failure;
        leat::run([&](leat::executor ex) -> leat::task<> {
            try {
                auto c = co_await leat::postgres::connect(ex, conninfo);
            } catch (const error& e) {
                failure = e;
            }
        });
        return failure;
    };
    const own_server& s = the_server();
    const std::string secret = s.tcp_address() + " password=s3cret ";
    const std::string wrong = secret + "sslrootcert=" + s.wrong_certificate() + " sslmode=";
    for (const char* mode :
         {"verify-ca", "verify-full", "require"}) { // with sslrootcert, "require" is verify-ca
        const auto failure = refusal(wrong + mode);
        REQUIRE(failure);
        CHECK(failure->kind() == error_kind::connect_failed);
        CHECK_THAT(failure->what(), Contains("certificate was not accepted") && Contains("sslrootcert"));
        CHECK_THAT(failure->what(), !Contains("s3cret") && !Contains(s.wrong_certificate()));
        CHECK_THAT(failure->server_message(), Contains("certificate verify failed") && !Contains("s3cret"));
    }
    const auto missing = refusal(secret + "sslmode=verify-ca sslrootcert=/nowhere/at.all");
    REQUIRE(missing);
    CHECK_THAT(missing->what(), Contains("sslrootcert"));
    // Another name than the one in the certificate.
    const auto other = refusal(
        secret + "host=localhost hostaddr=127.0.0.1 sslmode=verify-full sslrootcert=" + s.certificate());
    REQUIRE(other);
    CHECK_THAT(other->what(), Contains("the host's name"));
    CHECK_FALSE(refusal(secret + "sslmode=require"));
    // The test of the other tests: libpq does not encrypt a Unix socket.
    database plain(way::libpq, "", " " + s.address());
    CHECK_FALSE(encrypted(plain));
}
