// expect: leat::try_collect: the container cannot hold the values
// max-lines: 15
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>
#include <leat/sink/try_collect.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();

void test() {
#ifdef LEAT_FIXED
    auto s = results() | leat::try_collect<std::vector<long>>();
    static_cast<void>(s);
#else
    auto s = results() | leat::try_collect<std::vector<std::string>>();
    static_cast<void>(s);
#endif
}
