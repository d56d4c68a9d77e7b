// expect: leat::postgres::copy_into: a member of the element has a type that is not written
// max-lines: 20
// needs: postgres
#include <leat/async_generator.hpp>
#include <leat/postgres/copy_into.hpp>

#include <optional>
#include <string>

struct user {
    int id;
#ifdef LEAT_FIXED
    std::optional<std::string> name;
#else
    const int* name;
#endif
};
leat::async_generator<user> users();

void program(leat::executor ex, leat::postgres::connection& db) {
    auto copy = users() | leat::postgres::copy_into(ex, db, "users", {"id", "name"});
    static_cast<void>(copy);
}
