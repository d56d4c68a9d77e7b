// expect: name the stream first: it has to outlive the step
// expect-g++: use of deleted function
// expect-clang: deleted
// max-lines: 15
#include <leat/leat.hpp>

leat::async_generator<int> numbers();

leat::task<int> first() {
#ifdef LEAT_FIXED
    auto s = numbers(); // has to outlive the step, for the element is in it
    auto x = co_await s.next();
#else
    auto x = co_await numbers().next();
#endif
    co_return *x;
}
