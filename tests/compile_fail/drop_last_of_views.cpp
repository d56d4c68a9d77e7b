// expect: leat::drop_last: the elements are views that are valid for one step only; put leat::materialize() before it
// max-lines: 25
#include <leat/adaptor/drop_last.hpp>
#include <leat/adaptor/materialize.hpp>
#include <leat/async_generator.hpp>

#include <string_view>

leat::async_generator<std::string_view> lines();

void test() {
#ifdef LEAT_FIXED
    auto s = lines() | leat::materialize() | leat::drop_last(10);
    static_cast<void>(s);
#else
    auto s = lines() | leat::drop_last(10);
    static_cast<void>(s);
#endif
}
