// needs: llm
#include <leat/leat.hpp>
#include <leat/llm.hpp>

#include "poison/use_stale.hpp"

#include <string_view>

namespace {

leat::async_generator<std::string_view> body() {
    co_yield std::string_view("data: {\"choices\":[{\"delta\":{\"content\":\"mill\"}}]}\n\n"
                              "data: {\"choices\":[{\"delta\":{\"content\":\"race\"}}]}\n\n");
}

leat::task<> read() {
    auto deltas = leat::llm::deltas(body(), leat::llm::openai_chat);
    auto first = co_await deltas.next();
    const std::string_view stale = first->text;
    co_await deltas.next();
    use_stale(stale);
}

} // namespace

int main() { leat::sync_wait(read()); }
