// expect: leat::using_: acquire() has to return the resource, or an awaitable of it
// max-lines: 15
#include <leat/source/using.hpp>

leat::async_generator<int> numbers(int);

void test() {
    auto use = [](int& i) { return numbers(i); };
    auto release = [](int&) {};
#ifdef LEAT_FIXED
    auto s = leat::using_([]() -> leat::task<int> { co_return 1; }, use, release);
#else
    auto s = leat::using_([]() -> leat::task<> { co_return; }, use, release);
#endif
    static_cast<void>(s);
}
