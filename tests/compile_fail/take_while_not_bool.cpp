// expect: does not give a bool
// max-lines: 15
#include <leat/adaptor/take_while.hpp>
#include <leat/async_generator.hpp>

#include <string>
#include <vector>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = leat::take_while(words(), [](const std::string&) { return true; });
    static_cast<void>(s);
#else
    auto s = leat::take_while(words(), [](const std::string&) {});
    static_cast<void>(s);
#endif
}
