// needs: file gzip zstd
#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/file/split_lines.hpp>
#include <leat/gzip.hpp>
#include <leat/leat.hpp>
#include <leat/zstd.hpp>

#include <chrono>
#include <cstddef>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

leat::async_generator<std::string> readings() {
    for (int i = 1; i <= 100'000; ++i)
        co_yield "station " + std::to_string(i % 7) + " says " + std::to_string(i) + "\n";
}

leat::task<> write(leat::executor ex) {
    auto packed = readings() | leat::gzip::compress({.level = 9});
    auto writing = std::move(packed) | leat::file::write(ex, "readings.gz");
    co_await writing;
}

leat::task<> read(leat::executor ex) {
    auto text = leat::file::chunks(ex, "readings.gz") | leat::gzip::decompress();
    auto lines = std::move(text) | leat::file::split_lines();
    auto wanted = std::move(lines) |
                  leat::filter([](std::string_view line) { return line.starts_with("station 3"); }) |
                  leat::take(2);
    while (auto line = co_await wanted.next())
        std::cout << *line << '\n';
}

leat::task<> repack(leat::executor ex) {
    auto turns = leat::yield_every(ex, {.time = std::chrono::milliseconds(1)});
    auto text = leat::file::chunks(ex, "readings.gz") | leat::gzip::decompress() | turns;
    auto packed = std::move(text) | leat::zstd::compress({.level = 12});
    auto writing = std::move(packed) | leat::file::write(ex, "readings.zst");
    const auto size = co_await writing;
    std::cout << (size < 500'000 ? "smaller" : "larger") << " than half a megabyte\n";
}

leat::task<> distrust(leat::executor ex) {
    auto text = leat::file::chunks(ex, "readings.zst") | leat::zstd::decompress({.max_bytes = 1'000'000});
    std::size_t bytes = 0;
    try {
        while (auto chunk = co_await text.next())
            bytes += chunk->size();
    } catch (const leat::decompress_error& e) {
        if (e.fault() == leat::decompress_fault::too_large)
            std::cout << "more than a megabyte\n";
    }
    std::cout << (bytes <= 1'000'000 ? "and not a byte over it was handed out\n" : "");
}

leat::task<> run(leat::executor ex) {
    co_await write(ex);
    co_await read(ex);
    co_await repack(ex);
    co_await distrust(ex);
}

int main() { leat::run(run); }
