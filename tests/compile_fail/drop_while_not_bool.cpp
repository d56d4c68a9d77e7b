// expect: leat::drop_while: the predicate cannot be called with the stream's element, or does not give a bool
// max-lines: 15
#include <leat/adaptor/drop_while.hpp>
#include <leat/async_generator.hpp>

#include <string>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::drop_while(&std::string::empty);
    static_cast<void>(s);
#else
    auto s = words() | leat::drop_while([](const std::string& x) { return x; });
    static_cast<void>(s);
#endif
}
