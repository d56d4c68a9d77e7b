// Postgres users -> filter -> a file of JSON lines, in constant memory: ten million users would need no more of it.
// needs: postgres file llm
// run: with_postgres
#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/leat.hpp>
#include <leat/postgres.hpp>

#include <nlohmann/json.hpp>
#include <pqxx/pqxx>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

struct user {
    std::int64_t id;
    std::optional<std::string> name; // a column that can be NULL
    std::string email;
    bool active;
};

std::string to_json(const user& u) {
    nlohmann::ordered_json json;
    json["id"] = u.id;
    json["name"] = u.name ? nlohmann::ordered_json(*u.name) : nullptr;
    json["email"] = u.email;
    return json.dump();
}

leat::task<std::uint64_t> export_users(leat::executor ex, pqxx::connection& connection, std::string path) {
    auto users = leat::postgres::rows<user>(ex, connection,
                                            "SELECT id, name, email, active FROM users WHERE id > $1", 0);
    auto json = std::move(users) | leat::filter(&user::active) | leat::transform(to_json);
    auto writing = std::move(json) | leat::file::write_lines(ex, path);
    co_return co_await writing;
}

leat::task<void> print_first_lines(leat::executor ex, std::string path) {
    auto lines = leat::file::lines(ex, path) | leat::take(3);
    while (auto line = co_await lines.next())
        std::cout << *line << '\n';
}

leat::task<void> run(leat::executor ex) {
    pqxx::connection connection(std::getenv("LEAT_PG")); // "host=... dbname=..."
    pqxx::work setup(connection);
    setup.exec("CREATE TEMP TABLE users AS "
               "SELECT i AS id, CASE WHEN i % 100 <> 0 THEN 'User ' || i END AS name, "
               "       'user' || i || '@example.com' AS email, i % 4 <> 1 AS active "
               "FROM generate_series(98::bigint, 100097) AS i");
    setup.commit();

    std::cout << co_await export_users(ex, connection, "users.ndjson") << " bytes written\n";
    co_await print_first_lines(ex, "users.ndjson");
}

int main() { leat::run(run); }
