// expect: leat::try_for_each: the function has to return nothing, a result
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
    auto s = results() | leat::try_for_each([](int x) { return x > 0; });
    static_cast<void>(s);
#endif
}
