#include <leat/asio.hpp>
#include <leat/llm.hpp>
#include <leat/llm/chat.hpp>

#include <cstdlib>
#include <iostream>

namespace llm = leat::llm;

leat::task<> print_answer(leat::executor ex) {
    llm::chat_request ask("deepseek/deepseek-chat");
    ask.base_url = "https://openrouter.ai/api/v1";
    if (const char* key = std::getenv("OPENROUTER_API_KEY"))
        ask.api_key = key;
    ask.headers.add("X-Title", "My mill"); // shown in their statistics
    ask.user("What is a leat?");

    leat::http::client client(ex);
    auto answer = co_await llm::chat(client, ask, llm::openai_chat);
    auto tokens = answer.tokens();
    while (auto token = co_await tokens.next())
        std::cout << *token << std::flush;
    std::cout << '\n';
}

int main() {
    leat::run(print_answer);
    return 0;
}
