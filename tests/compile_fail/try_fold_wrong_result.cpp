// expect: leat::try_fold: the function has to return the next sum
// max-lines: 15
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>
#include <leat/sink/try_fold.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();

void test() {
#ifdef LEAT_FIXED
    auto s = results() | leat::try_fold(0, [](int sum, int x) { return sum + x; });
    static_cast<void>(s);
#else
    auto s = results() | leat::try_fold(0, [](int, int) { return std::string(); });
    static_cast<void>(s);
#endif
}
