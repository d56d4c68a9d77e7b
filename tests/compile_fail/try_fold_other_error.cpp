// expect: leat::try_fold: the function's errors cannot be converted
// max-lines: 15
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>
#include <leat/sink/try_fold.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();
leat::expected<int, int> other(int, int);
leat::expected<int, std::string> same(int, int);

void test() {
#ifdef LEAT_FIXED
    auto s = results() | leat::try_fold(0, same);
    static_cast<void>(s);
#else
    auto s = results() | leat::try_fold(0, other);
    static_cast<void>(s);
#endif
}
