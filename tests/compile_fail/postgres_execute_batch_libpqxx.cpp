// expect: leat::postgres::execute_batch: it writes through a connection of leat's own
// max-lines: 15
// needs: postgres
#include <leat/async_generator.hpp>
#include <leat/postgres/execute_batch.hpp>

#include <pqxx/connection>

leat::async_generator<int> numbers();

#ifdef LEAT_FIXED
using connection = leat::postgres::connection;
#else
using connection = pqxx::connection;
#endif

void program(leat::executor ex, connection& db) {
    auto saving = numbers() | leat::postgres::execute_batch(ex, db, "INSERT INTO n SELECT unnest($1::int[])");
    static_cast<void>(saving);
}
