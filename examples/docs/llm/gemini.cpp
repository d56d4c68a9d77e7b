#include <leat/asio.hpp>
#include <leat/llm.hpp>
#include <leat/llm/chat.hpp>

#include <cstdlib>
#include <iostream>

namespace llm = leat::llm;

leat::task<> print_answer(leat::executor ex) {
    llm::chat_request ask("gemini-2.5-flash");
    if (const char* key = std::getenv("GEMINI_API_KEY"))
        ask.api_key = key;
    ask.user("What is a leat?");
    ask.extra["generationConfig"]["temperature"] = 0.2;

    leat::http::client client(ex);
    auto answer = co_await llm::chat(client, ask, llm::gemini);
    auto tokens = answer.tokens();
    while (auto token = co_await tokens.next())
        std::cout << *token << std::flush;
    std::cout << '\n';
}

int main() {
    leat::run(print_answer);
    return 0;
}
