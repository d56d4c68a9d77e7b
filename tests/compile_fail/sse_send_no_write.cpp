// expect: leat::sse::send: the function has to be callable with a std::string_view, the bytes to send
// max-lines: 15
#include <leat/leat.hpp>
#include <leat/sse.hpp>
#include <leat/testing/virtual_clock.hpp>

#include <string>
#include <string_view>

leat::async_generator<std::string> words();

void program(leat::testing::virtual_clock& clock) {
#ifdef LEAT_FIXED
    auto s = words() | leat::sse::send(clock.executor(), [](std::string_view) {});
#else
    auto s = words() | leat::sse::send(clock.executor(), [](const leat::sse::event&) {});
#endif
}
