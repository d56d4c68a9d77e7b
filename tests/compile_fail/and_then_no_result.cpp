// expect: does not return a result; for a function that cannot fail use leat::map_ok
// max-lines: 15
#include <leat/adaptor/and_then.hpp>
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();
leat::expected<int, std::string> check(int);

void test() {
#ifdef LEAT_FIXED
    auto s = results() | leat::and_then(check);
    static_cast<void>(s);
#else
    auto s = results() | leat::and_then([](int x) { return x + 1; });
    static_cast<void>(s);
#endif
}
