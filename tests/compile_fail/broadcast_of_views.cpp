// expect: leat::broadcast: the elements are views that are valid for one step only; put leat::materialize() before it
// max-lines: 25
#include <leat/adaptor/broadcast.hpp>
#include <leat/leat.hpp>

#include <string_view>

leat::async_generator<std::string_view> lines() { co_yield "a line"; }

void program() {
#ifdef LEAT_FIXED
    auto all = lines() | leat::materialize() | leat::broadcast();
#else
    auto all = lines() | leat::broadcast();
#endif
}
