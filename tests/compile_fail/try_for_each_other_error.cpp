// expect: leat::try_for_each: the function's errors cannot be converted
// max-lines: 15
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>
#include <leat/sink/try_for_each.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();
leat::expected<void, int> other(int);
leat::expected<void, std::string> same(int);

void test() {
#ifdef LEAT_FIXED
    auto s = results() | leat::try_for_each(same);
    static_cast<void>(s);
#else
    auto s = results() | leat::try_for_each(other);
    static_cast<void>(s);
#endif
}
