// needs: postgres file nlohmann
// run: with_postgres
#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/leat.hpp>
#include <leat/postgres.hpp>
#include <leat/postgres/json.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace postgres = leat::postgres;

struct user {
    std::int64_t id;
    std::string name;
};

/// "7,Ada"
user parse_user(std::string_view line) {
    const auto comma = line.find(',');
    return {std::stoll(std::string(line.substr(0, comma))), std::string(line.substr(comma + 1))};
}

leat::task<> load(leat::executor ex, postgres::connection& db, std::string path) {
    auto users = leat::file::lines(ex, path) | leat::transform(parse_user);
    auto loading = std::move(users) | postgres::copy_into(ex, db, "users", {"id", "name"});
    const auto report = co_await loading;
    std::cout << report.rows << " users loaded\n";
}

leat::task<> load_twice(leat::executor ex, postgres::connection& db) {
    std::vector<user> some{{7, "Ada"}, {8, "Grace"}, {7, "Ada again"}};
    auto loading = leat::from_range(std::move(some)) | postgres::copy_into(ex, db, "users", {"id", "name"});
    try {
        co_await loading;
    } catch (const postgres::write_error& e) {
        std::cout << e.what() << '\n';
    }
}

leat::task<> save(leat::executor ex, postgres::connection& db) {
    std::vector<user> changed{{1, "Ada Lovelace"}, {4, "Grace Hopper"}};
    auto saving = leat::from_range(std::move(changed)) |
                  postgres::execute_batch(ex, db,
                                          "INSERT INTO users (id, name) "
                                          "SELECT * FROM unnest($1::bigint[], $2::text[]) "
                                          "ON CONFLICT (id) DO UPDATE SET name = excluded.name");
    const auto report = co_await saving;
    std::cout << report.affected << " users saved\n";
}

leat::task<> read_pages(leat::executor ex, postgres::connection& db) {
    auto pages = postgres::pages<user>(ex, db, "SELECT id, name FROM users");
    std::size_t users = 0;
    while (auto page = co_await pages.next())
        users += page->size();
    std::cout << users << " users in pages\n";
}

leat::task<> read_with_limits(leat::executor ex, postgres::connection& db) {
    postgres::stream_options limits;
    limits.deadline = 30s;            // for the whole stream, your own work included
    limits.stall = 5s;                // without a byte from the server
    limits.max_row_bytes = 16u << 20; // a larger row is an error
    auto users = postgres::rows<user>(ex, db, limits, "SELECT id, name FROM users WHERE id < $1", 3);
    while (auto u = co_await users.next())
        std::cout << u->name << '\n';
}

/// All users behind a key, on a connection of their own.
leat::async_generator<user> users_behind(leat::executor ex, std::string server, std::int64_t last) {
    auto db = co_await postgres::connect(ex, server);
    auto users = postgres::keyset<user>(
        ex, db, "SELECT id, name FROM users WHERE id > $1 ORDER BY id LIMIT $2", last, &user::id);
    co_yield leat::elements_of(std::move(users));
}

leat::task<> survive(leat::executor ex, std::string server) {
    auto behind = [&](const std::optional<std::int64_t>& last) {
        return users_behind(ex, server, last.value_or(0));
    };
    auto id_of = [](const user& u) { return u.id; };
    auto users = leat::retry(ex, behind, id_of, {.attempts = 10});
    while (auto u = co_await users.next())
        std::cout << u->id << (u->id == 4 ? "\n" : ", ");
}

leat::task<> divide(leat::executor ex, postgres::connection& db, std::string server) {
    auto plan = co_await postgres::shards(ex, db, "users", 8);
    std::vector<std::string> jobs; // each could go to another machine
    for (const postgres::shard& part : plan.parts())
        jobs.push_back(nlohmann::json(part).dump());

    auto other = co_await postgres::connect(ex, server);
    for (const std::string& job : jobs) {
        const auto part = nlohmann::json::parse(job).get<postgres::shard>();
        auto users = postgres::rows<user>(ex, other, part, {"id", "name"});
        while (auto u = co_await users.next())
            std::cout << u->name << '\n';
    }
    co_await plan.close();
}

leat::task<> read_in_parallel(leat::executor ex, postgres::connection& a, postgres::connection& b,
                              postgres::connection& c) {
    std::vector<postgres::connection*> pool{&a, &b, &c};
    auto users = postgres::parallel_rows<user>(ex, pool, "users", {"id", "name"});
    auto counting = std::move(users) | leat::count();
    std::cout << co_await counting << " users in parallel\n";
}

leat::task<> listen(leat::executor ex, postgres::connection& db) {
    auto changes = postgres::notifications(ex, db, "users");
    while (auto change = co_await changes.next()) {
        std::cout << "changed: " << change->payload << '\n';
        if (change->payload == "the last")
            break;
    }
    co_await changes.close();
}

leat::task<> notify(leat::executor ex, std::string server) {
    auto db = co_await postgres::connect(ex, server);
    bool listening = false; // what is notified before that is lost
    while (!listening) {
        co_await leat::sleep_for(ex, 10ms);
        auto ask = postgres::rows<std::tuple<bool>>(ex, db,
                                                    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE "
                                                    "query LIKE 'LISTEN%' AND state = 'idle')");
        auto answer = std::move(ask) | leat::first();
        auto found = co_await answer;
        listening = std::get<0>(*found);
    }
    co_await postgres::execute(ex, db, "SELECT pg_notify('users', $1)", "the first");
    co_await postgres::execute(ex, db, "SELECT pg_notify('users', $1)", "the last");
}

leat::task<> name_a_table(leat::executor ex, postgres::connection& db, std::string table) {
    auto sql = "SELECT id, name FROM " + postgres::ident(table) +
               " WHERE id = $1"; // a name goes into the text, a value never
    auto users = postgres::rows<user>(ex, db, sql, 2);
    while (auto u = co_await users.next())
        std::cout << u->name << '\n';
}

leat::task<> run(leat::executor ex) {
    const std::string server = std::getenv("LEAT_PG");
    auto db = co_await postgres::connect(ex, server);
    co_await postgres::execute(ex, db, "CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL)");

    char path[] = "/tmp/leat-users.XXXXXX";
    ::close(::mkstemp(path));
    std::ofstream(path) << "1,Ada\n2,Barbara\n3,Edsger\n";
    co_await load(ex, db, path);
    std::remove(path);
    co_await load_twice(ex, db);
    co_await save(ex, db);
    co_await read_pages(ex, db);
    co_await read_with_limits(ex, db);
    co_await survive(ex, server);
    co_await divide(ex, db, server);
    auto b = co_await postgres::connect(ex, server);
    auto c = co_await postgres::connect(ex, server);
    co_await read_in_parallel(ex, db, b, c);
    leat::spawn(ex, notify(ex, server));
    co_await listen(ex, db);
    co_await name_a_table(ex, db, "users");
    co_await postgres::execute(ex, db, "DROP TABLE users");
}

int main() { leat::run(run); }
