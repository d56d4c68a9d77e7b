// expect: leat::inspect: the function cannot be called with the stream's element; give it a const reference to that type, or const auto&
// max-lines: 15
#include <leat/adaptor/inspect.hpp>
#include <leat/async_generator.hpp>

#include <string>
#include <vector>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::inspect([](const std::string&) {});
    static_cast<void>(s);
#else
    auto s = words() | leat::inspect([](int) {});
    static_cast<void>(s);
#endif
}
