// expect: leat::and_then: the function's results have another type of error
// max-lines: 15
#include <leat/adaptor/and_then.hpp>
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();
leat::expected<int, std::string> check(int);
leat::expected<int, int> other(int);

void test() {
#ifdef LEAT_FIXED
    auto s = results() | leat::and_then(check);
    static_cast<void>(s);
#else
    auto s = results() | leat::and_then(other);
    static_cast<void>(s);
#endif
}
