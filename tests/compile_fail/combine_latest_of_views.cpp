// expect: these are only borrowed; put leat::materialize() before it
// max-lines: 15
#include <leat/adaptor/combine_latest.hpp>
#include <leat/adaptor/materialize.hpp>
#include <leat/async_generator.hpp>

#include <string_view>

leat::async_generator<std::string_view> words();

void test() {
#ifdef LEAT_FIXED
    auto s = leat::combine_latest(words() | leat::materialize(), words() | leat::materialize());
    static_cast<void>(s);
#else
    auto s = leat::combine_latest(words(), words());
    static_cast<void>(s);
#endif
}
