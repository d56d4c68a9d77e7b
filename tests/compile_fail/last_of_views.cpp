// expect: leat::last: the elements are views that are valid for one step only; put leat::materialize() before it
// max-lines: 25
#include <leat/leat.hpp>
#include <leat/sink/last.hpp>

#include <string_view>

leat::async_generator<std::string_view> lines() { co_yield "a line"; }

void test() {
#ifdef LEAT_FIXED
    auto s = lines() | leat::materialize() | leat::last();
#else
    auto s = lines() | leat::last();
#endif
    static_cast<void>(s);
}
