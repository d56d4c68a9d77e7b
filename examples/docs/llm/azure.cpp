#include <leat/asio.hpp>
#include <leat/llm.hpp>
#include <leat/llm/chat.hpp>

#include <cstdlib>
#include <iostream>

namespace llm = leat::llm;

leat::task<> print_answer(leat::executor ex) {
    llm::chat_request ask("my-deployment");
    ask.url = "https://mill.openai.azure.com/openai/deployments/my-deployment/chat/completions"
              "?api-version=2024-10-21";
    if (const char* key = std::getenv("AZURE_OPENAI_API_KEY"))
        ask.headers.add("api-key", key); // not as a bearer token
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
