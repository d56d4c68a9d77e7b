#include <leat/asio.hpp>
#include <leat/llm.hpp>
#include <leat/llm/chat.hpp>

#include <iostream>

namespace llm = leat::llm;

leat::task<> print_answer(leat::executor ex) {
    llm::chat_request ask("llama3.2"); // at http://127.0.0.1:11434, without a key
    ask.user("What is a leat?");
    ask.extra["options"]["num_ctx"] = 8192;

    leat::http::client client(ex);
    auto answer = co_await llm::chat(client, ask, llm::ollama);
    auto tokens = answer.tokens();
    while (auto token = co_await tokens.next())
        std::cout << *token << std::flush;
    std::cout << '\n';
}

int main() {
    leat::run(print_answer);
    return 0;
}
