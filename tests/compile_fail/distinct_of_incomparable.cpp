// expect: leat::distinct_until_changed: what is to be compared has no ==
// max-lines: 15
#include <leat/adaptor/distinct_until_changed.hpp>
#include <leat/async_generator.hpp>

struct reading {
    int level;
    int at;
};
leat::async_generator<reading> readings();

void test() {
#ifdef LEAT_FIXED
    auto s = readings() | leat::distinct_until_changed(&reading::level);
    static_cast<void>(s);
#else
    auto s = readings() | leat::distinct_until_changed();
    static_cast<void>(s);
#endif
}
