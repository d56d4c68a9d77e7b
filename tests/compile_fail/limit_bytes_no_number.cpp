// expect: leat::limit_bytes: the function cannot be called with the stream's element, or does not return a number
// max-lines: 15
#include <leat/adaptor/limit_bytes.hpp>
#include <leat/async_generator.hpp>

#include <string>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::limit_bytes(100, &std::string::length);
    static_cast<void>(s);
#else
    auto s = words() | leat::limit_bytes(100, [](int x) { return x; });
    static_cast<void>(s);
#endif
}
