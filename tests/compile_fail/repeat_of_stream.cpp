// expect: leat::repeat: a stream can be read only once; give it a function that makes one
// max-lines: 20
#include <leat/source/repeat.hpp>

leat::async_generator<int> numbers();

void test() {
#ifdef LEAT_FIXED
    auto s = leat::repeat([] { return numbers(); });
#else
    auto s = leat::repeat(numbers());
#endif
    static_cast<void>(s);
}
