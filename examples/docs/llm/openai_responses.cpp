#include <leat/asio.hpp>
#include <leat/llm.hpp>
#include <leat/llm/chat.hpp>

#include <cstdlib>
#include <iostream>

namespace llm = leat::llm;

leat::task<> print_answer(leat::executor ex) {
    llm::chat_request ask("gpt-5-mini");
    if (const char* key = std::getenv("OPENAI_API_KEY"))
        ask.api_key = key;
    ask.user("What is a leat?");
    ask.extra["reasoning"]["effort"] = "low";

    leat::http::client client(ex);
    auto answer = co_await llm::chat(client, ask, llm::openai_responses);
    auto tokens = answer.tokens();
    while (auto token = co_await tokens.next())
        std::cout << *token << std::flush;
    std::cout << '\n';
}

int main() {
    leat::run(print_answer);
    return 0;
}
