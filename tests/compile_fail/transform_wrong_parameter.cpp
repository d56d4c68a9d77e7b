// expect: leat::transform: the function cannot be called with the stream's element; give it a parameter of that type, or auto&&
// max-lines: 15
#include <leat/adaptor/transform.hpp>
#include <leat/async_generator.hpp>

#include <string>
#include <vector>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::transform([](std::string x) { return x; });
    static_cast<void>(s);
#else
    auto s = words() | leat::transform([](int x) { return x; });
    static_cast<void>(s);
#endif
}
