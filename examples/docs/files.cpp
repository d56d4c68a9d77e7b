// needs: file
#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/leat.hpp>

#include <cstddef>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

leat::async_generator<std::string> poem() {
    co_yield "The mill asks,";
    co_yield "";
    co_yield "the water comes.";
}

leat::task<> write(leat::executor ex) {
    auto writing = poem() | leat::file::write_lines(ex, "poem.txt");
    std::cout << co_await writing << " bytes\n";
}

leat::task<> read(leat::executor ex) {
    auto filled = leat::filter([](std::string_view line) { return !line.empty(); });
    auto lines = leat::file::lines(ex, "poem.txt") | filled | leat::enumerate(1);
    while (auto line = co_await lines.next())
        std::cout << line->index << ": " << line->value << '\n';
}

leat::task<> read_bytes(leat::executor ex) {
    std::size_t bytes = 0;
    auto chunks = leat::file::chunks(ex, "poem.txt");
    while (auto chunk = co_await chunks.next())
        bytes += chunk->size();
    std::cout << bytes << " bytes\n";
}

leat::task<> replace(leat::executor ex) {
    leat::file::write_options options;
    options.after_each = "\n";
    auto shout = leat::transform([](std::string_view line) { return std::string(line) + "!"; });
    auto shouted = leat::file::lines(ex, "poem.txt") | shout;
    auto writing = std::move(shouted) | leat::file::write_atomically(ex, "poem.txt", options);
    co_await writing;
}

leat::task<> fail(leat::executor ex) {
    auto lines = leat::file::lines(ex, "no-such-file");
    try {
        while (auto line = co_await lines.next())
            std::cout << *line << '\n';
    } catch (const leat::file::error& e) {
        if (e.code() == std::errc::no_such_file_or_directory)
            std::cout << "there is no " << e.path().string() << '\n';
    }
}

leat::task<> run(leat::executor ex) {
    co_await write(ex);
    co_await read(ex);
    co_await read_bytes(ex);
    co_await replace(ex);
    co_await read_bytes(ex);
    co_await fail(ex);
}

int main() { leat::run(run); }
