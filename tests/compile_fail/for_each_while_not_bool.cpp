// expect: leat::for_each_while: the function has to return a bool, or an awaitable of one
// max-lines: 15
#include <leat/async_generator.hpp>
#include <leat/sink/for_each_while.hpp>

leat::async_generator<int> numbers();

void test() {
#ifdef LEAT_FIXED
    auto s = numbers() | leat::for_each_while([](int x) { return x < 3; });
#else
    auto s = numbers() | leat::for_each_while([](int) {});
#endif
    static_cast<void>(s);
}
