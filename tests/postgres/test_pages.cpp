// What both engines do alike, and a cursor in a transaction of the caller's.
#include "database.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

using leat::postgres::error;
using leat::postgres::error_kind;
using leat::postgres::pages;
using leat::postgres::rows;
using leat::postgres::stream_options;
using server::database;
using server::way;
using namespace std::chrono_literals;

namespace {

using one_int = std::tuple<std::int32_t>;
const stream_options tens{.first_rows = 10, .max_rows = 10};
const std::string numbers = "SELECT i FROM generate_series(1, $1::int) i";

template <class Connection>
leat::task<> read_pages(leat::executor ex, Connection& c, int count, std::vector<std::int32_t>& seen,
                        std::size_t& largest) {
    auto all = pages<one_int>(ex, c, tens, numbers, count);
    while (auto page = co_await all.next()) {
        CHECK_FALSE(page->empty());
        largest = std::max(largest, page->size());
        for (const one_int& row : *page)
            seen.push_back(std::get<0>(row));
    }
}

} // namespace

TEST_CASE("every number of rows around a page's border arrives, once and in order, in every way") {
    const way w = GENERATE(way::libpq, way::cursor, way::transaction);
    INFO(server::name(w));
    database d(w);
    for (const int count : {0, 1, 2, 9, 10, 11, 19, 20, 21, 100, 5000}) {
        std::vector<std::int32_t> seen;
        leat::run([&](leat::executor ex) -> leat::task<void> {
            auto s = d.rows<one_int>(ex, tens, numbers, count);
            while (auto row = co_await s.next())
                seen.push_back(std::get<0>(*row));
        });
        CHECK(seen.size() == static_cast<std::size_t>(count));
        bool in_order = true;
        for (std::size_t i = 0; i < seen.size(); ++i)
            in_order = in_order && seen[i] == static_cast<std::int32_t>(i) + 1;
        CHECK(in_order);
        CHECK(d.transaction_works());
    }
    CHECK(d.works());
}

TEST_CASE("pages, from each kind of connection") {
    auto own = server::connect();
    pqxx::connection theirs(server::address());
    for (const int count : {0, 1, 10, 35}) {
        for (int kind = 0; kind < 3; ++kind) {
            std::vector<std::int32_t> seen;
            std::size_t largest = 0;
            leat::run([&](leat::executor ex) -> leat::task<void> {
                if (kind == 0) {
                    co_await read_pages(ex, own, count, seen, largest);
                } else if (kind == 1) {
                    co_await read_pages(ex, theirs, count, seen, largest);
                } else {
                    pqxx::read_transaction t(theirs);
                    co_await read_pages(ex, t, count, seen, largest);
                    t.commit();
                }
            });
            CHECK(seen.size() == static_cast<std::size_t>(count));
            CHECK((seen.empty() || (seen.front() == 1 && seen.back() == count)));
            CHECK(largest == static_cast<std::size_t>(std::min(count, 10)));
        }
    }
}

TEST_CASE("in a transaction: it sees what the transaction did, and leaves it as it was") {
    pqxx::connection c(server::address());
    {
        pqxx::nontransaction t(c);
        t.exec("SET client_encoding = 'LATIN1'");
        t.exec("SET cursor_tuple_fraction = 0.25");
    }
    pqxx::work t(c);
    t.exec("CREATE TEMPORARY TABLE leat_mine (n int, word text) ON COMMIT DROP");
    t.exec("INSERT INTO leat_mine SELECT i, chr(233) FROM generate_series(1, 100) i");
    const auto good = [&t] {
        const auto r =
            t.exec("SELECT current_setting('client_encoding'), current_setting('cursor_tuple_fraction')");
        return std::string(r[0][0].c_str()) == "LATIN1" && std::string(r[0][1].c_str()) == "0.25" &&
               t.exec("SELECT 1 FROM pg_cursors").empty();
    };
    for (const int most : {0, 1, 10, 11, 1000}) {
        std::size_t seen = 0;
        leat::run([&](leat::executor ex) -> leat::task<void> {
            using mine = std::tuple<std::int32_t, std::string_view>;
            auto s = rows<mine>(ex, t, tens, "SELECT n, word FROM leat_mine ORDER BY n");
            auto some = std::move(s) | leat::take(static_cast<std::size_t>(most));
            while (auto row = co_await some.next()) {
                ++seen;
                CHECK(std::get<0>(*row) == static_cast<std::int32_t>(seen));
                CHECK(std::get<1>(*row) == "\xC3\xA9");
            }
        });
        CHECK(seen == static_cast<std::size_t>(std::min(most, 100)));
        CHECK(good());
    }
    // A value that does not fit is no fault of the transaction's.
    const auto o = server::read_stream<one_int>([&](leat::executor ex) {
        return rows<one_int>(ex, t, tens, "SELECT nullif(n, 15) FROM leat_mine ORDER BY n");
    });
    REQUIRE(o.error);
    CHECK(o.error->kind() == error_kind::null_value);
    CHECK(o.rows == 14);
    CHECK(o.error->connection_usable());
    CHECK(good());
    // Never read.
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto unread = rows<one_int>(ex, t, "SELECT n FROM leat_mine");
        co_await unread.close();
    });
    CHECK(good());
    t.exec("INSERT INTO leat_mine VALUES (101, 'x')");
    CHECK(t.exec("SELECT count(*) FROM leat_mine")[0][0].as<int>() == 101);
    t.commit();
}

TEST_CASE("in a transaction: a stream that is destroyed early never outlives it") {
    for (const int read : {0, 1, 10, 11, 500}) {
        for (const char* sql :
             {"SELECT generate_series(1, 5000000)",
              "SELECT CASE WHEN i > 10 THEN (SELECT 1 FROM pg_sleep(60 + 0 * i)) ELSE i END FROM "
              "generate_series(1, 100) i"}) {
            if (read > 10 && std::string_view(sql).find("sleep") != std::string_view::npos)
                continue;
            pqxx::connection c(server::address());
            const int backend = server::backend_of(c);
            const auto before = std::chrono::steady_clock::now();
            leat::run([&](leat::executor ex) -> leat::task<void> {
                pqxx::work t(c);
                auto s = rows<one_int>(ex, t, tens, sql);
                for (int i = 0; i < read; ++i)
                    co_await s.next();
            });
            CHECK(server::works(c, backend));
            CHECK(std::chrono::steady_clock::now() - before < 1900ms);
        }
    }
}

TEST_CASE("in a transaction: a stream that is destroyed early leaves it usable when its page has come") {
    pqxx::connection c(server::address());
    pqxx::work t(c);
    for (const int read : {0, 1, 10, 11}) {
        leat::run([&](leat::executor ex) -> leat::task<void> {
            auto s = rows<one_int>(ex, t, tens, "SELECT generate_series(1, 5000000)");
            for (int i = 0; i < read; ++i)
                co_await s.next();
        });
        CHECK(t.exec("SELECT 1 FROM pg_cursors").empty());
    }
}

TEST_CASE("in a transaction: closing while a page does not come") {
    pqxx::connection c(server::address());
    const int backend = server::backend_of(c);
    leat::run([&](leat::executor ex) -> leat::task<void> {
        server::ticker ticker(ex);
        pqxx::work t(c);
        auto s = rows<one_int>(
            ex, t, tens,
            "SELECT CASE WHEN i > 10 THEN (SELECT 1 FROM pg_sleep(0.3 + 0 * i)) ELSE i END FROM "
            "generate_series(1, 11) i");
        auto first = co_await s.next();
        CHECK(first);
        co_await s.close(); // waits for it, for a cancel would abort the transaction
        CHECK(t.exec("SELECT 1").size() == 1);
        auto endless =
            rows<one_int>(ex, t, tens,
                          "SELECT CASE WHEN i > 10 THEN (SELECT 1 FROM pg_sleep(60 + 0 * i)) ELSE i END FROM "
                          "generate_series(1, 100) i");
        first = co_await endless.next();
        CHECK(first);
        const auto before = std::chrono::steady_clock::now();
        co_await endless.close(); // but not for ever
        CHECK(std::chrono::steady_clock::now() - before < 1900ms);
        CHECK(ticker.longest_gap() < (server::sanitized ? 200ms : 50ms));
    });
    CHECK(server::works(c, backend));
}
