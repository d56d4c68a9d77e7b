// expect: leat::scan: the function cannot be called with (state so far, element)
// max-lines: 15
#include <leat/adaptor/scan.hpp>
#include <leat/async_generator.hpp>

#include <string>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() |
             leat::scan(std::size_t(0), [](std::size_t sum, const std::string& x) { return sum + x.size(); });
    static_cast<void>(s);
#else
    auto s = words() | leat::scan(std::size_t(0), [](std::size_t sum, int x) { return sum + x; });
    static_cast<void>(s);
#endif
}
