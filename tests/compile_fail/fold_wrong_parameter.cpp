// expect: leat::fold: the function cannot be called with (result so far, element)
// max-lines: 15
#include <leat/async_generator.hpp>
#include <leat/sink/fold.hpp>

#include <string>
#include <vector>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::fold(0, [](int sum, const std::string&) { return sum + 1; });
    static_cast<void>(s);
#else
    auto s = words() | leat::fold(0, [](int sum, int x) { return sum + x; });
    static_cast<void>(s);
#endif
}
