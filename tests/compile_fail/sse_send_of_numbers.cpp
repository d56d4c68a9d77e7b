// expect: leat::sse::send: the stream's elements must be texts or leat::sse::event
// max-lines: 20
#include <leat/leat.hpp>
#include <leat/sse.hpp>
#include <leat/testing/virtual_clock.hpp>

#include <string>
#include <string_view>

leat::async_generator<int> numbers();

void program(leat::testing::virtual_clock& clock) {
    auto write = [](std::string_view) {};
#ifdef LEAT_FIXED
    auto texts = numbers() | leat::transform([](int n) { return std::to_string(n); });
    auto s = std::move(texts) | leat::sse::send(clock.executor(), write);
#else
    auto s = numbers() | leat::sse::send(clock.executor(), write);
#endif
}
