// expect: leat::intersperse: the separator does not convert to the stream's elements
// max-lines: 15
#include <leat/adaptor/intersperse.hpp>
#include <leat/async_generator.hpp>

#include <string>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::intersperse(", ");
    static_cast<void>(s);
#else
    auto s = words() | leat::intersperse(2.5);
    static_cast<void>(s);
#endif
}
