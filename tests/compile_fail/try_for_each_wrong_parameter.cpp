// expect: leat::try_for_each: the function cannot be called with the value
// max-lines: 15
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>
#include <leat/sink/try_for_each.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();

void test() {
#ifdef LEAT_FIXED
    auto s = results() | leat::try_for_each([](int) {});
    static_cast<void>(s);
#else
    auto s = results() | leat::try_for_each([](const std::string&) {});
    static_cast<void>(s);
#endif
}
