// What becomes of a stream when something goes wrong, and when it is over.
#include <leat/leat.hpp>

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

leat::async_generator<std::string> from_server() {
    co_yield "Ada";
    co_yield "Bob";
    throw std::runtime_error("connection lost");
}
leat::async_generator<std::string> from_cache() { co_yield "Cleo (of yesterday)"; }

std::string text_of(const std::exception_ptr& e) {
    try {
        std::rethrow_exception(e);
    } catch (const std::exception& x) {
        return x.what();
    }
}

leat::task<> run() {
    auto print = leat::for_each([](const std::string& name) { std::cout << "  " << name << '\n'; });

    std::cout << "catch_: another stream takes over\n";
    auto use_cache = [](std::exception_ptr) { return from_cache(); };
    auto users = from_server() | leat::catch_(use_cache) | print;
    co_await users;

    std::cout << "on_error: somebody sees the error, and it goes on\n";
    auto log = [](const std::exception_ptr& e) { std::cout << "  log: " << text_of(e) << '\n'; };
    auto logged = from_server() | leat::on_error(log) | print;
    try {
        co_await logged;
    } catch (const std::exception& e) {
        std::cout << "  reader: " << e.what() << '\n';
    }

    std::cout << "finally: however the stream is left; here after its first element\n";
    auto say_goodbye = []() -> leat::task<> {
        std::cout << "  goodbye\n";
        co_return;
    };
    auto one = from_server() | leat::finally(say_goodbye) | leat::take(1) | print;
    co_await one;

    std::cout << "chain: one after the other\n";
    auto all = leat::chain(leat::once(std::string("Zoe")), from_cache()) | print;
    co_await all;

    std::cout << "chain: puts back what was read ahead\n";
    auto rest = from_server() | leat::take(2);
    auto first = co_await rest.next();
    std::cout << "  (the first one will be " << *first << ")\n";
    std::string name = std::move(*first);
    auto again = leat::chain(leat::once(std::move(name)), std::move(rest)) | print;
    co_await again;
}

int main() { leat::sync_wait(run()); }
