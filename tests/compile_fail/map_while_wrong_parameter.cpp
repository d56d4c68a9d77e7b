// expect: leat::map_while: the function cannot be called with the stream's element
// max-lines: 15
#include <leat/adaptor/map_while.hpp>
#include <leat/async_generator.hpp>

#include <optional>
#include <string>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::map_while(
                           [](const std::string& x) { return x.empty() ? std::nullopt : std::optional(x); });
    static_cast<void>(s);
#else
    auto s = words() | leat::map_while([](int x) { return std::optional(x); });
    static_cast<void>(s);
#endif
}
