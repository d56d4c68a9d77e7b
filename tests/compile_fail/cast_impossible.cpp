// expect: leat::cast: the stream's elements do not convert to that type, not even by static_cast; use leat::transform
// max-lines: 15
#include <leat/adaptor/cast.hpp>
#include <leat/adaptor/transform.hpp>
#include <leat/async_generator.hpp>

#include <string>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::transform([](const std::string& x) { return std::stoi(x); });
    static_cast<void>(s);
#else
    auto s = words() | leat::cast<int>();
    static_cast<void>(s);
#endif
}
