// expect: leat::testing::record: nobody knows how to write such an element; give it a function
// max-lines: 25
#include <leat/leat.hpp>
#include <leat/testing.hpp>

#include <string>

struct user {
    std::string name;
};
leat::async_generator<user> users();

void program(leat::testing::virtual_clock& clock) {
#ifdef LEAT_FIXED
    static_cast<void>(leat::testing::record(users(), clock, [](const user& u) { return u.name; }));
#else
    static_cast<void>(leat::testing::record(users(), clock));
#endif
}
