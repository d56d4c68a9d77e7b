// needs: postgres file
// run: with_postgres
#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/leat.hpp>
#include <leat/postgres.hpp>

#include <pqxx/pqxx>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

struct user {
    std::int64_t id;
    std::string name;
    int age;
};

bool has_name(const user& u) { return !u.name.empty(); }
std::string to_csv(const user& u) { return u.name + "," + std::to_string(u.age); }

leat::task<> export_adults(leat::executor ex, pqxx::connection& connection) {
    auto query = "SELECT id, name, age FROM users WHERE age >= $1";
    auto users = leat::postgres::rows<user>(ex, connection, query, 18);
    auto csv = std::move(users) | leat::filter(has_name) | leat::transform(to_csv);
    auto writing = std::move(csv) | leat::file::write_lines(ex, "adults.csv");
    std::cout << co_await writing << " bytes written\n"; // ten rows or ten million: the same few MiB
}

leat::task<> run(leat::executor ex) {
    pqxx::connection connection(std::getenv("LEAT_PG"));
    pqxx::work setup(connection);
    setup.exec("CREATE TEMP TABLE users AS SELECT i AS id, 'User ' || i AS name, (i % 90)::int AS age "
               "FROM generate_series(1::bigint, 20000) AS i");
    setup.commit();
    co_await export_adults(ex, connection);
}

int main() { leat::run(run); }
