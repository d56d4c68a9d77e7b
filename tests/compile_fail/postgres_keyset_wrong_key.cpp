// expect: leat::postgres::keyset: key_of(row) has to give the key of a const Row&
// max-lines: 15
// needs: postgres
#include <leat/postgres/connection.hpp>
#include <leat/postgres/keyset.hpp>
#include <leat/postgres/libpq_rows.hpp>

#include <cstdint>
#include <string>

struct user {
    std::int64_t id;
    std::string name;
};
#ifdef LEAT_FIXED
constexpr auto key = &user::id;
#else
constexpr auto key = &user::name;
#endif

void program(leat::executor ex, leat::postgres::connection& db) {
    auto users = leat::postgres::keyset<user>(
        ex, db, "SELECT id, name FROM users WHERE id > $1 ORDER BY id LIMIT $2", std::int64_t(0), key);
    static_cast<void>(users);
}
