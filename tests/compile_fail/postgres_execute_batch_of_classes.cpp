// expect: leat::postgres::execute_batch: the elements must be structs without constructors
// max-lines: 20
// needs: postgres
#include <leat/async_generator.hpp>
#include <leat/postgres/execute_batch.hpp>

struct user {
#ifndef LEAT_FIXED
    explicit user(int i) : id(i) {}
#endif
    int id;
};
leat::async_generator<user> users();

void program(leat::executor ex, leat::postgres::connection& db) {
    auto saving =
        users() | leat::postgres::execute_batch(ex, db, "INSERT INTO users SELECT unnest($1::int[])");
    static_cast<void>(saving);
}
