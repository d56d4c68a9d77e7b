// expect: leat::map_err: the function returns nothing
// max-lines: 15
#include <leat/adaptor/map_err.hpp>
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();

void test() {
#ifdef LEAT_FIXED
    auto s = results() | leat::map_err([](const std::string& e) { return e.size(); });
    static_cast<void>(s);
#else
    auto s = results() | leat::map_err([](const std::string&) {});
    static_cast<void>(s);
#endif
}
