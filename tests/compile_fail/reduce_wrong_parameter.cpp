// expect: leat::reduce: the function cannot be called with (result so far, element)
// max-lines: 15
#include <leat/async_generator.hpp>
#include <leat/sink/reduce.hpp>

#include <string>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::reduce([](std::string all, const std::string& x) { return all + x; });
#else
    auto s = words() | leat::reduce([](int sum, const std::string&) { return sum + 1; });
#endif
    static_cast<void>(s);
}
