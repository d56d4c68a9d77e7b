// expect: leat::sse::write: the stream's elements must be texts or leat::sse::event
// max-lines: 20
#include <leat/leat.hpp>
#include <leat/sse.hpp>

#include <string>

leat::async_generator<int> numbers();

void program() {
#ifdef LEAT_FIXED
    auto s = numbers() | leat::transform([](int n) { return std::to_string(n); }) | leat::sse::write();
#else
    auto s = numbers() | leat::sse::write();
#endif
}
