// expect: leat::sse::events: the stream's elements must be chunks of bytes
// max-lines: 15
#include <leat/leat.hpp>
#include <leat/sse.hpp>

#include <string>

leat::async_generator<int> numbers();
leat::async_generator<std::string> chunks();

void program() {
#ifdef LEAT_FIXED
    auto s = chunks() | leat::sse::events();
#else
    auto s = numbers() | leat::sse::events();
#endif
}
