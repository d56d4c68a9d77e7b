#include <leat/asio.hpp>
#include <leat/llm.hpp>
#include <leat/llm/chat.hpp>

#include <iostream>

namespace llm = leat::llm;

leat::task<> print_answer(leat::executor ex) {
    llm::chat_request ask("any"); // the server has one model
    ask.base_url = "http://127.0.0.1:8080/v1";
    ask.user("What is a leat?");
    ask.extra["cache_prompt"] = true;

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
