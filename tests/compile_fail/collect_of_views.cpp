// expect: leat::collect: the elements are views that are valid for one step only; put leat::materialize() before it
// max-lines: 25
#include <leat/leat.hpp>

#include <string_view>
#include <vector>

leat::async_generator<std::string_view> lines() { co_yield "a line"; }

void program() {
#ifdef LEAT_FIXED
    auto all = lines() | leat::materialize() | leat::collect<std::vector>();
#else
    auto all = lines() | leat::collect<std::vector>();
#endif
}
