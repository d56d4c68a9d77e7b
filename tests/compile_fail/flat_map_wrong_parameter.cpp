// expect: leat::flat_map: the function cannot be called with the stream's element
// max-lines: 15
#include <leat/adaptor/flat_map.hpp>
#include <leat/async_generator.hpp>

#include <string>
#include <vector>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::flat_map([](const std::string& x) { return std::vector<std::string>(3, x); });
    static_cast<void>(s);
#else
    auto s = words() | leat::flat_map([](int x) { return std::vector<int>(3, x); });
    static_cast<void>(s);
#endif
}
