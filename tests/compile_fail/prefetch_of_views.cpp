// expect: leat::prefetch: the elements are views that are valid for one step only; put leat::materialize() before it
// max-lines: 25
#include <leat/adaptor/prefetch.hpp>
#include <leat/leat.hpp>

#include <string_view>

leat::async_generator<std::string_view> lines() { co_yield "a line"; }

void program() {
#ifdef LEAT_FIXED
    auto ahead = lines() | leat::materialize() | leat::prefetch();
#else
    auto ahead = lines() | leat::prefetch();
#endif
}
