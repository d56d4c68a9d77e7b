// needs: postgres
// run: with_postgres
#include <leat/asio.hpp>
#include <leat/leat.hpp>
#include <leat/postgres.hpp>

#include <pqxx/pqxx>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

struct user {
    std::int64_t id;
    std::string name;
    std::optional<std::string> phone; // may be NULL
    std::chrono::sys_time<std::chrono::microseconds> created;
};

leat::task<> read_structs(leat::executor ex, pqxx::connection& connection) {
    auto query = "SELECT id, name, phone, created FROM users WHERE id <= $1";
    auto users = leat::postgres::rows<user>(ex, connection, query, 2);
    while (auto u = co_await users.next())
        std::cout << u->id << ' ' << u->name << ' ' << u->phone.value_or("-") << '\n';
}

leat::task<> read_tuples(leat::executor ex, pqxx::connection& connection) {
    using pair = std::tuple<std::int64_t, std::string>;
    auto query = "SELECT id, name FROM users ORDER BY id DESC LIMIT 1";
    auto users = leat::postgres::rows<pair>(ex, connection, query);
    while (auto u = co_await users.next())
        std::cout << std::get<1>(*u) << '\n';
}

leat::task<> read_views(leat::executor ex, pqxx::connection& connection) {
    auto rows = leat::postgres::rows(ex, connection, "SELECT * FROM users WHERE id = 7");
    while (auto row = co_await rows.next())
        std::cout << (*row)["name"].as<std::string_view>() << " has " << row->size() << " columns\n";
}

leat::task<> read_some(leat::executor ex, pqxx::connection& connection) {
    auto users = leat::postgres::rows<user>(ex, connection, "SELECT id, name, phone, created FROM users");
    auto first = co_await users.next();
    std::cout << "the first is " << first->name << '\n';
    co_await users.close(); // cancels the query; the connection is free again
}

leat::task<> read_wrongly(leat::executor ex, pqxx::connection& connection) {
    using number = std::tuple<std::int64_t>;
    auto numbers = leat::postgres::rows<number>(ex, connection,
                                                "SELECT CASE WHEN id < 3 THEN id END FROM users ORDER BY id");
    try {
        while (auto n = co_await numbers.next())
            std::cout << std::get<0>(*n) << '\n';
    } catch (const leat::postgres::error& e) {
        if (e.kind() == leat::postgres::error_kind::null_value)
            std::cout << "NULL after " << e.rows_delivered() << " rows\n";
    }
}

leat::task<> run(leat::executor ex) {
    pqxx::connection connection(std::getenv("LEAT_PG"));
    pqxx::work setup(connection);
    setup.exec("CREATE TEMP TABLE users AS SELECT i AS id, 'User ' || i AS name, "
               "CASE WHEN i % 2 = 0 THEN '555-' || i END AS phone, now() AS created FROM "
               "generate_series(1::bigint, 5000) AS i");
    setup.commit();

    co_await read_structs(ex, connection);
    co_await read_tuples(ex, connection);
    co_await read_views(ex, connection);
    co_await read_some(ex, connection);
    co_await read_wrongly(ex, connection);
}

int main() { leat::run(run); }
