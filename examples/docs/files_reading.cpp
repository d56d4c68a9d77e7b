// needs: file
#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/leat.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace file = leat::file;

void write_files() {
    std::filesystem::create_directories("logs/old");
    std::ofstream log("logs/today.log");
    for (int i = 1; i <= 1000; ++i)
        log << "event " << i << '\n';
    std::ofstream("logs/old/monday.log") << "event 0\n";
    std::ofstream("logs/notes.txt") << "hello\n";
}

leat::task<> read_in_blocks(leat::executor ex) {
    std::size_t lines = 0;
    auto blocks = file::blocks(ex, "logs/today.log");
    while (auto block = co_await blocks.next())
        lines += static_cast<std::size_t>(std::ranges::count(block->text(), '\n'));
    std::cout << lines << " lines\n";
}

/// Stands for an HTTP body, a decompressor, a socket.
leat::async_generator<std::string> body() {
    co_yield "first\r\nsec";
    co_yield "ond\r\nthird";
}

leat::task<> split_a_body(leat::executor) {
    auto lines = body() | file::split_lines();
    while (auto line = co_await lines.next())
        std::cout << *line << '\n';
}

/// The work of one thread: a loop of its own, and a part of the file.
std::size_t count_fives(file::part some) {
    return leat::run([some = std::move(some)](leat::executor mine) -> leat::task<std::size_t> {
        auto fives =
            file::lines(mine, some) | leat::filter([](std::string_view line) { return line.ends_with('5'); });
        auto counting = std::move(fives) | leat::count();
        co_return co_await counting;
    });
}

leat::task<> read_in_parallel(leat::executor ex) {
    const auto parts = co_await file::split(ex, "logs/today.log", 4);
    std::vector<std::size_t> found(parts.size());
    {
        std::vector<std::jthread> workers;
        for (std::size_t i = 0; i != parts.size(); ++i)
            workers.emplace_back([&found, &parts, i] { found[i] = count_fives(parts[i]); });
    }
    std::size_t all = 0;
    for (const std::size_t n : found)
        all += n;
    std::cout << all << " lines end with 5\n";
}

leat::task<> follow(leat::executor ex) {
    std::stop_source enough;
    auto lines = file::tail(ex, "logs/today.log", {.last_lines = 2}) | leat::take_until(enough.get_token());
    while (auto line = co_await lines.next()) {
        std::cout << *line << '\n';
        if (*line == "event 1000")
            std::ofstream("logs/today.log", std::ios::app) << "event 1001\n";
        if (*line == "event 1001")
            enough.request_stop();
    }
}

leat::task<> find_logs(leat::executor ex) {
    auto is_log = [](const file::walk_entry& e) { return e.path.extension() == ".log"; };
    auto logs = file::walk(ex, "logs") | leat::filter(is_log);
    std::vector<std::string> names;
    while (auto log = co_await logs.next())
        names.push_back(log->path.string());
    std::ranges::sort(names);
    for (const auto& name : names)
        std::cout << name << '\n';
}

leat::task<> run(leat::executor ex) {
    co_await read_in_blocks(ex);
    co_await split_a_body(ex);
    co_await read_in_parallel(ex);
    co_await follow(ex);
    co_await find_logs(ex);
}

int main() {
    write_files();
    leat::run(run);
}
