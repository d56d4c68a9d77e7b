// expect: leat::chunk_within: the elements are views that are valid for one step only; put leat::materialize() before it
// max-lines: 15
#include <leat/adaptor/chunk_within.hpp>
#include <leat/leat.hpp>
#include <leat/testing/virtual_clock.hpp>

#include <chrono>
#include <string_view>

leat::async_generator<std::string_view> lines();

void program(leat::testing::virtual_clock& clock) {
    using namespace std::chrono_literals;
#ifdef LEAT_FIXED
    auto s = lines() | leat::materialize() | leat::chunk_within(clock.executor(), 100, 1s);
#else
    auto s = lines() | leat::chunk_within(clock.executor(), 100, 1s);
#endif
}
