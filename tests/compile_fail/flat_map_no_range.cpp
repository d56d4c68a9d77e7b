// expect: does not return a range or a stream; for one result per element use leat::transform
// max-lines: 15
#include <leat/adaptor/flat_map.hpp>
#include <leat/adaptor/transform.hpp>
#include <leat/async_generator.hpp>

#include <string>
#include <vector>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::transform([](const std::string& x) { return x.size(); });
    static_cast<void>(s);
#else
    auto s = words() | leat::flat_map([](const std::string& x) { return x.size(); });
    static_cast<void>(s);
#endif
}
