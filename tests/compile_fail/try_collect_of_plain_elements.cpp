// expect: leat::try_collect: the stream's elements are not results that hold a value
// max-lines: 18
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>
#include <leat/sink/try_collect.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();
leat::async_generator<int> numbers();

void test() {
#ifdef LEAT_FIXED
    auto s = results() | leat::try_collect<std::vector>();
    static_cast<void>(s);
#else
    auto s = numbers() | leat::try_collect<std::vector>();
    static_cast<void>(s);
#endif
}
