// expect: put leat::materialize() before it
// max-lines: 18
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>
#include <leat/sink/try_collect.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();
#include <leat/adaptor/materialize.hpp>
leat::async_generator<leat::expected<std::string_view, int>> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::materialize() | leat::try_collect<std::vector>();
    static_cast<void>(s);
#else
    auto s = words() | leat::try_collect<std::vector>();
    static_cast<void>(s);
#endif
}
