// expect: leat::csv::rows: Row must be a struct without constructors and base classes, a std::tuple, or leat::csv::row_view
#include <leat/leat.hpp>
#include <leat/record.hpp>

#include <string_view>
#include <tuple>

leat::async_generator<std::string_view> chunks() { co_yield "4\n"; }

void program() {
#ifdef LEAT_FIXED
    auto doors = chunks() | leat::csv::rows<std::tuple<int>>();
#else
    auto doors = chunks() | leat::csv::rows<int>();
#endif
}
