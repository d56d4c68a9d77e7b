#pragma once

#include "progress.hpp"
#include "sample.hpp"

#include <leat/asio.hpp>
#include <leat/leat.hpp>
#include <leat/postgres.hpp>

#include <pqxx/pqxx>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// All users of a table, as structs.
namespace bench::table {

using time = std::chrono::sys_time<std::chrono::microseconds>;

struct user {
    std::int64_t id;
    std::optional<std::string> name;
    std::string email;
    std::int32_t age;
    double balance;
    bool active;
    time created;
};

inline std::string name(std::size_t size) { return "users_" + std::to_string(size); }

inline std::string query(std::size_t size) {
    return "SELECT id, name, email, age, balance, active, created FROM " + name(size);
}

inline std::string server() {
    const char* const connection = std::getenv("LEAT_PG");
    if (connection == nullptr)
        throw std::runtime_error(
            "no database: run this under tools/with_postgres, or set LEAT_PG to a connection string");
    return connection;
}

/// Rows of about 104 bytes as text; one name in a hundred is NULL.
inline void fill(std::size_t size) {
    progress shown("filling a table of " + std::to_string(size) + " users");
    pqxx::connection connection(server());
    pqxx::nontransaction sql(connection);
    sql.exec("DROP TABLE IF EXISTS " + name(size));
    sql.exec("CREATE TABLE " + name(size) +
             " (id bigint NOT NULL, name text, email text NOT NULL, age integer NOT NULL, balance "
             "numeric(12,2) NOT NULL, "
             "active boolean NOT NULL, created timestamptz NOT NULL)");
    constexpr std::size_t part = 50'000;
    for (std::size_t done = 0; done < size; done += part) {
        sql.exec(
            "INSERT INTO " + name(size) +
            " SELECT i, CASE WHEN i % 100 <> 0 THEN 'User Number ' || i END, 'user.' || i || "
            "'@mail.example.com', "
            "18 + i * 7 % 70, (i * 7919 % 10000000)::numeric / 100, i % 3 <> 0, "
            "timestamptz '2020-01-01 00:00:00.5+00' + make_interval(secs => i * 61) FROM generate_series(" +
            std::to_string(done + 1) + "::bigint, " + std::to_string(std::min(done + part, size)) + ") AS i");
        shown.step(std::min(done + part, size), size);
    }
    sql.exec("VACUUM ANALYZE " + name(size)); // else the first reader would do half of its work
}

/// What the reader does with a user.
inline std::uint64_t look_at(const user& u) {
    return static_cast<std::uint64_t>(u.id) + static_cast<std::uint64_t>(u.age) + u.email.size() +
           (u.name ? u.name->size() : 0) + (u.active ? 1u : 0u) +
           static_cast<std::uint64_t>(u.balance * 100 + 0.5) +
           static_cast<std::uint64_t>(u.created.time_since_epoch().count());
}

/// "2020-01-01 00:01:01.5+00", as a server in UTC writes it. libpqxx has no conversion for it; this one is a fast one.
inline time parse_time(const char* p) {
    const auto number = [&p](int digits) {
        int n = 0;
        for (; digits > 0; --digits)
            n = 10 * n + (*p++ - '0');
        ++p; // what stands between
        return n;
    };
    const int year = number(4), month = number(2), day = number(2), hour = number(2), minute = number(2),
              second = number(2);
    std::int64_t us = 0;
    if (p[-1] == '.') {
        int unit = 100'000;
        for (; *p >= '0' && *p <= '9'; unit /= 10)
            us += (*p++ - '0') * unit;
    }
    const std::chrono::sys_days date{std::chrono::year(year) / month / day};
    return date + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second) +
           std::chrono::microseconds(us);
}

/// How it is usually done: everything into a vector, then the work.
inline std::vector<user> fetch_all(pqxx::connection& connection, const std::string& sql) {
    pqxx::work transaction(connection);
    transaction.exec("SET LOCAL TimeZone = 'UTC'");
    const pqxx::result rows = transaction.exec(sql);
    std::vector<user> users;
    users.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto& row : rows) {
        user u;
        u.id = row[0].as<std::int64_t>();
        if (!row[1].is_null()) // libpqxx 6.4 cannot read into a std::optional
            u.name = row[1].as<std::string>();
        u.email = row[2].as<std::string>();
        u.age = row[3].as<std::int32_t>();
        u.balance = row[4].as<double>();
        u.active = row[5].as<bool>();
        u.created = parse_time(row[6].c_str());
        users.push_back(std::move(u));
    }
    transaction.commit();
    return users;
}

inline result eager(std::size_t size) {
    pqxx::connection connection(server());
    sample s;
    std::uint64_t check = 0;
    for (const user& u : fetch_all(connection, query(size))) {
        s.element();
        check += look_at(u);
    }
    return s.stop(check);
}

inline result streamed(std::size_t size) {
    return leat::run([size](leat::executor ex) -> leat::task<result> {
        pqxx::connection connection(server());
        sample s;
        std::uint64_t check = 0;
        auto users = leat::postgres::rows<user>(ex, connection, query(size));
        while (auto u = co_await users.next()) {
            s.element();
            check += look_at(*u);
        }
        co_return s.stop(check);
    });
}

} // namespace bench::table
