// expect: leat::postgres::copy_into: it writes through a connection of leat's own
// max-lines: 15
// needs: postgres
#include <leat/async_generator.hpp>
#include <leat/postgres/copy_into.hpp>

#include <pqxx/connection>

leat::async_generator<int> numbers();

#ifdef LEAT_FIXED
using connection = leat::postgres::connection;
#else
using connection = pqxx::connection;
#endif

void program(leat::executor ex, connection& db) {
    auto copy = numbers() | leat::postgres::copy_into(ex, db, "numbers", {"n"});
    static_cast<void>(copy);
}
