// expect: does not give a bool
// max-lines: 15
#include <leat/adaptor/filter.hpp>
#include <leat/async_generator.hpp>

#include <string>
#include <vector>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::filter([](const std::string& x) { return !x.empty(); });
    static_cast<void>(s);
#else
    auto s = words() | leat::filter([](const std::string& x) { return x; });
    static_cast<void>(s);
#endif
}
