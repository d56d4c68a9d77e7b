// expect: leat::postgres::shards: the plan is held by a connection of leat's own
// expect: leat::postgres::rows: a shard is read through a connection of leat's own
// max-lines: 20
// needs: postgres
#include <leat/postgres/shards.hpp>

#include <pqxx/connection>

#include <tuple>

#ifdef LEAT_FIXED
using connection = leat::postgres::connection;
#else
using connection = pqxx::connection;
#endif

void program(leat::executor ex, connection& db) {
    auto plan = leat::postgres::shards(ex, db, "users", 8);
    static_cast<void>(plan);
    auto ids = leat::postgres::rows<std::tuple<int>>(ex, db, leat::postgres::shard(), {"id"});
    static_cast<void>(ids);
}
