// expect: these are only borrowed; put leat::materialize() before it
// max-lines: 15
#include <leat/adaptor/materialize.hpp>
#include <leat/adaptor/partition.hpp>
#include <leat/async_generator.hpp>

#include <string_view>

leat::async_generator<std::string_view> words();

void test() {
#ifdef LEAT_FIXED
    auto [a, b] = words() | leat::materialize() | leat::partition([](const auto& w) { return w.empty(); });
#else
    auto [a, b] = words() | leat::partition([](std::string_view w) { return w.empty(); });
#endif
    static_cast<void>(a);
    static_cast<void>(b);
}
