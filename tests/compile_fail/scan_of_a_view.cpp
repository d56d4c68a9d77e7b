// expect: leat::scan: the state is a view, and what it looks at may be gone at the next step; put leat::materialize() before it
// max-lines: 15
#include <leat/adaptor/materialize.hpp>
#include <leat/adaptor/scan.hpp>
#include <leat/async_generator.hpp>

#include <string>
#include <string_view>

leat::async_generator<std::string_view> lines();

void test() {
#ifdef LEAT_FIXED
    auto s = lines() | leat::materialize() |
             leat::scan(std::string(), [](std::string, std::string x) { return x; });
    static_cast<void>(s);
#else
    auto s = lines() | leat::scan(std::string_view(), [](std::string_view, std::string_view x) { return x; });
    static_cast<void>(s);
#endif
}
