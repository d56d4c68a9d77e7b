// expect: leat::keep_alive: the function has to be callable without arguments and return what the stream gives
// max-lines: 15
#include <leat/adaptor/keep_alive.hpp>
#include <leat/leat.hpp>
#include <leat/testing/virtual_clock.hpp>

#include <chrono>
#include <string>

leat::async_generator<std::string> lines();

void program(leat::testing::virtual_clock& clock) {
    using namespace std::chrono_literals;
#ifdef LEAT_FIXED
    auto s = lines() | leat::keep_alive(clock.executor(), 1s, [] { return ":"; });
#else
    auto s = lines() | leat::keep_alive(clock.executor(), 1s, [] { return 1.5; });
#endif
}
