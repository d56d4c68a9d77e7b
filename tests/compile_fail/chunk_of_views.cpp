// expect: leat::chunk: the elements are views that are valid for one step only; put leat::materialize() before it
// max-lines: 25
#include <leat/leat.hpp>

#include <string_view>

leat::async_generator<std::string_view> lines() { co_yield "a line"; }

void program() {
#ifdef LEAT_FIXED
    auto pages = lines() | leat::materialize() | leat::chunk(100);
#else
    auto pages = lines() | leat::chunk(100);
#endif
}
