// expect: leat::for_each: the function cannot be called with the stream's element; give it a parameter of that type, or auto&&
// max-lines: 15
#include <leat/async_generator.hpp>
#include <leat/sink/for_each.hpp>

#include <string>
#include <vector>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::for_each([](std::string) {});
    static_cast<void>(s);
#else
    auto s = words() | leat::for_each([](int) {});
    static_cast<void>(s);
#endif
}
