#include <leat/asio.hpp>
#include <leat/llm.hpp>
#include <leat/llm/chat.hpp>

#include <cstdlib>
#include <iostream>

namespace llm = leat::llm;

leat::task<> print_answer(leat::executor ex) {
    llm::chat_request ask("claude-sonnet-4-5");
    if (const char* key = std::getenv("ANTHROPIC_API_KEY"))
        ask.api_key = key;
    ask.user("What is a leat?");
    ask.extra["max_tokens"] = 1000; // the server wants a limit; without this it is 4096

    leat::http::client client(ex);
    auto answer = co_await llm::chat(client, ask, llm::anthropic);
    auto tokens = answer.tokens();
    while (auto token = co_await tokens.next())
        std::cout << *token << std::flush;
    std::cout << '\n';
}

int main() {
    leat::run(print_answer);
    return 0;
}
