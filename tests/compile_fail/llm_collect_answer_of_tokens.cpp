// expect: leat::llm::collect_answer: the stream's elements must be those of leat::llm::deltas
// max-lines: 25
#include <leat/leat.hpp>
#include <leat/llm.hpp>

#include <string_view>

leat::async_generator<std::string_view> body() { co_yield "data: x\n\n"; }

void program() {
#ifdef LEAT_FIXED
    auto answer = leat::llm::deltas(body(), leat::llm::openai_chat) | leat::llm::collect_answer();
#else
    auto answer = leat::llm::tokens(body(), leat::llm::openai_chat) | leat::llm::collect_answer();
#endif
}
