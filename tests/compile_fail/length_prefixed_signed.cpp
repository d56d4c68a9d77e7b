// expect: leat::record::length_prefixed: the length must be an unsigned integer, such as length_prefixed<std::uint32_t>()
#include <leat/leat.hpp>
#include <leat/record.hpp>

#include <cstdint>
#include <string_view>

leat::async_generator<std::string_view> chunks() { co_yield "a,b\n"; }

void program() {
#ifdef LEAT_FIXED
    auto records = chunks() | leat::record::length_prefixed<std::uint32_t>();
#else
    auto records = chunks() | leat::record::length_prefixed<int>();
#endif
}
