// expect: leat::postgres::rows: it reads from a leat::postgres::connection
// max-lines: 15
// needs: postgres
#include <leat/postgres/connection.hpp>
#include <leat/postgres/libpq_rows.hpp>
#include <leat/postgres/rows.hpp>

#include <tuple>

#ifdef LEAT_FIXED
using connection = leat::postgres::connection;
#else
using connection = const leat::postgres::connection;
#endif

void program(leat::executor ex, connection& db) {
    auto ids = leat::postgres::rows<std::tuple<int>>(ex, db, "SELECT id FROM users");
    static_cast<void>(ids);
}
