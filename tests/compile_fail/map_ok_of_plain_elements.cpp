// expect: leat::map_ok: the stream's elements are not results
// max-lines: 15
#include <leat/adaptor/map_ok.hpp>
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();
leat::async_generator<int> numbers();

void test() {
#ifdef LEAT_FIXED
    auto s = results() | leat::map_ok([](int x) { return x + 1; });
    static_cast<void>(s);
#else
    auto s = numbers() | leat::map_ok([](int x) { return x + 1; });
    static_cast<void>(s);
#endif
}
