// needs: process
#include <leat/asio.hpp>
#include <leat/file/split_lines.hpp>
#include <leat/leat.hpp>
#include <leat/process.hpp>

#include <iostream>
#include <string>
#include <utility>

leat::task<> list(leat::executor ex) {
    auto lines = leat::process::lines(ex, "printf", {"%s\n", "one argument", "another; rm -rf /"});
    while (auto line = co_await lines.next())
        std::cout << *line << '\n';
}

leat::task<> first_lines(leat::executor ex) {
    auto some = leat::process::lines(ex, "yes", {"for ever"}) | leat::take(2);
    while (auto line = co_await some.next())
        std::cout << *line << '\n';
}

leat::task<> fail(leat::executor ex) {
    auto lines = leat::process::lines(ex, "sh", {"-c", "echo half of it; echo no more >&2; exit 3"});
    try {
        while (auto line = co_await lines.next())
            std::cout << *line << '\n';
    } catch (const leat::process::error& e) {
        std::cout << e.program() << " ended with " << e.exit_code() << ": " << e.standard_error();
    }
}

leat::task<> search(leat::executor ex) {
    leat::process::options o;
    o.success = {0, 1}; // 1 is "nothing found", and no error
    o.directory = "/";
    o.environment = {{"LC_ALL", "C"}};
    auto found = leat::process::lines(ex, "grep", {"-c", "a word that is not there", "/dev/null"}, o);
    while (auto line = co_await found.next())
        std::cout << *line << " found\n";
}

leat::async_generator<std::string> names() {
    co_yield "wheel";
    co_yield "mill";
    co_yield "leat";
    co_yield "mill";
}

leat::task<> sort(leat::executor ex) {
    leat::process::options o;
    o.after_each = "\n";
    o.environment = {{"LC_ALL", "C"}};
    auto sorted = names() | leat::process::through(ex, "sort", {"-u"}, o) | leat::file::split_lines();
    while (auto name = co_await sorted.next())
        std::cout << *name << '\n';
}

leat::task<> run(leat::executor ex) {
    co_await list(ex);
    co_await first_lines(ex);
    co_await fail(ex);
    co_await search(ex);
    co_await sort(ex);
}

int main() { leat::run(run); }
