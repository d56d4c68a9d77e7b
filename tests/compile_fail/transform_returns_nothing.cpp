// expect: leat::transform: the function returns nothing; for an effect per element use leat::inspect
// max-lines: 15
#include <leat/adaptor/inspect.hpp>
#include <leat/adaptor/transform.hpp>
#include <leat/async_generator.hpp>

#include <string>
#include <vector>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::inspect([](const std::string&) {});
    static_cast<void>(s);
#else
    auto s = words() | leat::transform([](const std::string&) {});
    static_cast<void>(s);
#endif
}
