// expect: or does not give a bool
// max-lines: 15
#include <leat/adaptor/filter_ok.hpp>
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();

void test() {
#ifdef LEAT_FIXED
    auto s = results() | leat::filter_ok([](int x) { return x > 0; });
    static_cast<void>(s);
#else
    auto s = results() | leat::filter_ok([](int) { return std::string(); });
    static_cast<void>(s);
#endif
}
