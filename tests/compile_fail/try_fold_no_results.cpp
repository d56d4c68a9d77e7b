// expect: leat::try_fold: neither the stream's elements nor what the function returns
// max-lines: 15
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>
#include <leat/sink/try_fold.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();
leat::async_generator<int> numbers();

void test() {
#ifdef LEAT_FIXED
    auto s = results() | leat::try_fold(0, [](int sum, int x) { return sum + x; });
    static_cast<void>(s);
#else
    auto s = numbers() | leat::try_fold(0, [](int sum, int x) { return sum + x; });
    static_cast<void>(s);
#endif
}
