#include "server.hpp"

#include <leat/postgres/keyset.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

using leat::postgres::connect;
using leat::postgres::connection;
using leat::postgres::keyset;
using leat::postgres::keyset_options;
using namespace std::chrono_literals;

namespace {

struct item {
    std::int64_t id;
    std::string name;
};

const std::string next_page = "SELECT id, name FROM keyset_items WHERE id > $1 ORDER BY id LIMIT $2";

/// Items 3, 6, 9 ... 3 * n.
void make_items(int n) {
    server::run("DROP TABLE IF EXISTS keyset_items");
    server::run("CREATE TABLE keyset_items(id bigint PRIMARY KEY, name text NOT NULL)");
    server::run("INSERT INTO keyset_items SELECT 3 * i, 'item ' || i FROM generate_series(1, " +
                std::to_string(n) + ") i");
}

leat::async_generator<item> items_behind(leat::executor ex, std::int64_t last, int& connected, int& backend) {
    auto c = co_await connect(ex, server::address());
    ++connected;
    backend = c.backend_pid();
    co_yield leat::elements_of(
        keyset<item>(ex, c, keyset_options{.page_rows = 10, .stream = {}}, next_page, last, &item::id));
}

} // namespace

TEST_CASE("keyset: every row once, whatever the pages") {
    for (const int rows : {0, 1, 9, 10, 11, 20, 25}) {
        make_items(rows);
        leat::run([rows](leat::executor ex) -> leat::task<void> {
            auto c = co_await connect(ex, server::address());
            auto all = keyset<item>(ex, c, keyset_options{.page_rows = 10, .stream = {}}, next_page,
                                    std::int64_t(0), &item::id);
            int n = 0;
            while (auto x = co_await all.next()) {
                ++n;
                CHECK(x->id == 3 * n);
                const item kept = std::move(*x); // the key is taken before that
                CHECK(kept.name == "item " + std::to_string(n));
            }
            CHECK(n == rows);
        });
    }
}

TEST_CASE("keyset: begins behind a key, has parameters, reads a libpqxx connection too") {
    make_items(30);
    pqxx::connection c(server::address());
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto some = keyset<item>(
            ex, c, keyset_options{.page_rows = 4, .stream = {}},
            "SELECT id, name FROM keyset_items WHERE id > $1 AND id % $3 = 0 ORDER BY id LIMIT $2",
            std::int64_t(30), &item::id, 2);
        std::vector<std::int64_t> ids;
        while (auto x = co_await some.next())
            ids.push_back(x->id);
        CHECK(ids == std::vector<std::int64_t>{36, 42, 48, 54, 60, 66, 72, 78, 84, 90});
    });
}

TEST_CASE("keyset: nothing is held open at the server between two pages") {
    make_items(20);
    leat::run([](leat::executor ex) -> leat::task<void> {
        auto c = co_await connect(ex, server::address());
        auto all = keyset<item>(ex, c, keyset_options{.page_rows = 10, .stream = {}}, next_page,
                                std::int64_t(0), &item::id);
        for (int i = 0; i < 10; ++i)
            co_await all.next();
        // A page of ten rows is all that is left of the query: the server is through with it.
        const bool idle = server::wait_for_state(c.backend_pid(), "idle");
        CHECK(idle);
        co_await all.close();
    });
}

TEST_CASE("keyset with retry survives a connection that is lost") {
    make_items(100);
    leat::run([](leat::executor ex) -> leat::task<void> {
        int connected = 0, backend = 0;
        auto behind = [&](const std::optional<std::int64_t>& last) {
            return items_behind(ex, last.value_or(0), connected, backend);
        };
        auto id_of = [](const item& x) { return x.id; };
        auto all = leat::retry(ex, behind, id_of, {.attempts = 3, .backoff = {1ms, 2, 10ms}});
        int n = 0;
        while (auto x = co_await all.next()) {
            ++n;
            CHECK(x->id == 3 * n);
            if (n == 15 || n == 60)
                server::terminate(backend);
        }
        CHECK(n == 100);
        CHECK(connected == 3);
    });
}
