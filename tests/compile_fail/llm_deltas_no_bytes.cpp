// expect: leat::llm::deltas: the stream's elements must be chunks of bytes, or the events that leat::sse::events makes of them
// max-lines: 25
#include <leat/leat.hpp>
#include <leat/llm.hpp>

#include <string_view>

leat::async_generator<int> numbers() { co_yield 1; }
leat::async_generator<std::string_view> body() { co_yield "data: x\n\n"; }

void program() {
#ifdef LEAT_FIXED
    auto deltas = leat::llm::deltas(body(), leat::llm::openai_chat);
#else
    auto deltas = leat::llm::deltas(numbers(), leat::llm::openai_chat);
#endif
}
