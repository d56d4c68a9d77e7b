// expect: leat::collect: the elements are views that are valid for one step only; put leat::materialize() before it
#include <leat/leat.hpp>
#include <leat/record.hpp>

#include <string_view>
#include <vector>

leat::async_generator<std::string_view> chunks() { co_yield "a,b\n"; }

void program() {
#ifdef LEAT_FIXED
    auto all = chunks() | leat::csv::rows() | leat::materialize() | leat::collect<std::vector>();
#else
    auto all = chunks() | leat::csv::rows() | leat::collect<std::vector>();
#endif
}
