// expect: leat::collect: the elements are views that are valid for one step only; put leat::materialize() before it
// max-lines: 25
#include <leat/leat.hpp>
#include <leat/llm.hpp>

#include <string_view>

leat::async_generator<std::string_view> body() { co_yield "data: x\n\n"; }

void program() {
#ifdef LEAT_FIXED
    auto all = leat::llm::deltas(body(), leat::llm::openai_chat) | leat::materialize() |
               leat::collect<std::vector>();
#else
    auto all = leat::llm::deltas(body(), leat::llm::openai_chat) | leat::collect<std::vector>();
#endif
}
