// A bad network, a server that is stuck, and databases that are not in UTF-8.
#include "database.hpp"
#include "proxy.hpp"
#include "writing.hpp"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

using leat::postgres::error;
using leat::postgres::error_kind;
using leat::postgres::stream_options;
using server::database;
using server::way;
using namespace std::chrono_literals;

namespace {
using one_int = std::tuple<std::int32_t>;
using clock_type = std::chrono::steady_clock;
} // namespace

TEST_CASE("rows come through a network that hands on a few bytes at a time") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    const std::size_t piece = GENERATE(1u, 7u, 4096u);
    INFO(server::name(w) << ", pieces of " << piece);
    server::proxy network(piece);
    database d(w, "", network.address());
    std::int64_t seen = 0;
    bool good = true;
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto s = d.rows<std::tuple<std::int32_t, std::string_view>>(
            ex, "SELECT i, repeat('x', i % 50) FROM generate_series(1, $1::int) i",
            piece == 1 ? 3000 : 20'000);
        while (auto r = co_await s.next()) {
            ++seen;
            good = good && std::get<0>(*r) == seen &&
                   std::get<1>(*r).size() == static_cast<std::size_t>(seen % 50);
        }
        // Closed in the middle.
        auto t = d.rows<one_int>(ex, "SELECT generate_series(1, 5000000)");
        auto first = co_await t.next();
        CHECK(first);
        co_await t.close();
    });
    CHECK(good);
    CHECK(seen == (piece == 1 ? 3000 : 20'000));
    CHECK(d.transaction_works());
    CHECK(d.works());
}

TEST_CASE("own: a network that falls silent: the stall limit ends it, and closing is bounded") {
    server::proxy network(4096);
    database d(way::libpq, "", network.address());
    leat::run([&](leat::executor ex) -> leat::task<> {
        server::ticker ticker(ex);
        stream_options o;
        o.stall = 200ms;
        auto s = d.rows<one_int>(ex, o, "SELECT generate_series(1, 5000000)");
        auto first = co_await s.next();
        CHECK(first);
        network.fall_silent();
        std::uint64_t seen = 1;
        std::optional<error> failure;
        const auto before = clock_type::now();
        try {
            while (auto r = co_await s.next())
                ++seen;
        } catch (const error& e) {
            failure = e;
        }
        CHECK(clock_type::now() - before < 4s);
        CHECK(failure);
        CHECK(failure->kind() == error_kind::timed_out);
        CHECK(failure->rows_delivered() == seen);
        CHECK_FALSE(failure->connection_usable());
        CHECK_FALSE(d.connection()->is_open());
        CHECK(ticker.longest_gap() < 50ms);
    });
}

TEST_CASE("writing: a network that falls silent, also for the cancel: closing is bounded") {
    server::proxy network(4096);
    auto c = server::connect(network.address());
    leat::run([&](leat::executor ex) -> leat::task<> {
        server::ticker ticker(ex);
        auto numbers = [&]() -> leat::async_generator<int> {
            for (int i = 1; i <= 100; ++i) {
                if (i == 25)
                    network.fall_silent();
                co_yield int(i);
            }
        };
        leat::postgres::batch_options o;
        o.rows = 10;
        o.stall = 200ms;
        auto saving = numbers() |
                      leat::postgres::execute_batch(ex, c, "SELECT pg_sleep(0.01) FROM unnest($1::int[])", o);
        const auto before = clock_type::now();
        const auto w = co_await server::outcome_of(std::move(saving));
        CHECK(clock_type::now() - before < 4s);
        CHECK(w.error);
        if (!w.error)
            co_return;
        CHECK(w.error->kind() == error_kind::timed_out);
        CHECK_FALSE(w.error->connection_usable());
        CHECK_FALSE(c.is_open());
        CHECK(ticker.longest_gap() < 50ms);
    });
}

TEST_CASE("a backend that is stuck, and a deadline") {
    const way w = GENERATE(way::libpq, way::cursor);
    INFO(server::name(w));
    database d(w);
    leat::run([&](leat::executor ex) -> leat::task<> {
        stream_options o{.first_rows = 10, .max_rows = 10};
        o.deadline = 200ms;
        auto s = d.rows<one_int>(ex, o, "SELECT generate_series(1, 5000000)");
        auto first = co_await s.next();
        CHECK(first);
        if (::kill(d.backend(), SIGSTOP) != 0) {
            WARN("the server runs as another user or elsewhere: its backend cannot be stopped here");
            co_return;
        }
        std::optional<error> failure;
        const auto before = clock_type::now();
        try {
            while (auto r = co_await s.next()) {
            }
        } catch (const error& e) {
            failure = e;
        }
        const auto took = clock_type::now() - before;
        ::kill(d.backend(), SIGCONT);
        CHECK(failure);
        CHECK(failure->kind() == error_kind::timed_out);
        CHECK_FALSE(failure->connection_usable());
        CHECK(took < 6s);
    });
}

TEST_CASE("databases that are not in UTF-8") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    for (const char* encoding : {"LATIN1", "SQL_ASCII"}) {
        const std::string name = std::string("leat_") + (encoding[0] == 'L' ? "latin" : "ascii");
        server::run("DROP DATABASE IF EXISTS " + name);
        server::run("CREATE DATABASE " + name + " TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' ENCODING '" +
                    encoding + "'");
        {
            database d(w, "", " dbname=" + name);
            leat::run([&](leat::executor ex) -> leat::task<> {
                // In SQL_ASCII bytes are bytes: what went in as UTF-8 comes out as it was.
                auto s =
                    d.rows<std::tuple<std::string, std::string>>(ex, "SELECT $1::text, 'plain'", "\xC3\xA9");
                auto r = co_await s.next();
                CHECK(std::get<0>(*r) == "\xC3\xA9");
                CHECK(std::get<1>(*r) == "plain");
                auto end = co_await s.next();
                CHECK_FALSE(end);
            });
            CHECK(d.works());
        }
        server::run("DROP DATABASE " + name);
    }
}
