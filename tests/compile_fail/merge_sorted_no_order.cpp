// expect: without one the elements need operator<
// max-lines: 15
#include <leat/adaptor/merge_sorted.hpp>
#include <leat/async_generator.hpp>

struct user {
    int age;
};

leat::async_generator<user> users();

void test() {
#ifdef LEAT_FIXED
    auto s = leat::merge_sorted([](const user& a, const user& b) { return a.age < b.age; }, users(), users());
    static_cast<void>(s);
#else
    auto s = leat::merge_sorted(users(), users());
    static_cast<void>(s);
#endif
}
