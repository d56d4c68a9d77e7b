#pragma once

#include "progress.hpp"
#include "sample.hpp"

#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/leat.hpp>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// The lines of a log: the bytes sent with status 200, added up.
namespace bench::file {

inline std::string path(const std::string& folder, std::size_t size) {
    return folder + "/access-" + std::to_string(size) + ".log";
}

/// About 80 bytes a line.
inline void fill(const std::string& folder, std::size_t size) {
    progress shown("writing a file of " + std::to_string(size) + " lines");
    std::ofstream out(path(folder, size), std::ios::binary);
    char line[160];
    for (std::size_t i = 0; i < size; ++i) {
        const int n = std::snprintf(
            line, sizeof line,
            "10.0.%zu.%zu [2025-01-01T%02zu:%02zu:%02zuZ] \"GET /articles/%07zu HTTP/1.1\" %d %zu\n",
            i / 250 % 250, i % 250, i / 3600 % 24, i / 60 % 60, i % 60, i * 31 % 10'000'000,
            i % 10 == 9 ? 404 : 200, 500 + i * 97 % 30'000);
        out.write(line, n);
        if (i % 100'000 == 0)
            shown.step(i, size);
    }
    out.close();
    if (!out)
        throw std::runtime_error("cannot write " + path(folder, size));
}

/// What the reader does with a line.
inline std::uint64_t look_at(std::string_view line) {
    const auto last = line.rfind(' ');
    if (last == line.npos || line.substr(0, last).substr(last - 4) != " 200")
        return 0;
    std::uint64_t bytes = 0;
    for (char c : line.substr(last + 1))
        bytes = 10 * bytes + static_cast<std::uint64_t>(c - '0');
    return bytes;
}

/// How it is usually done: everything into a vector, then the work.
inline std::vector<std::string> read_all(const std::string& path) {
    std::vector<std::string> lines;
    std::ifstream in(path, std::ios::binary);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

inline result eager(const std::string& path) {
    sample s;
    std::uint64_t check = 0;
    for (const std::string& line : read_all(path)) {
        s.element();
        check += look_at(line);
    }
    return s.stop(check);
}

inline result streamed(const std::string& path) {
    return leat::run([&path](leat::executor ex) -> leat::task<result> {
        sample s;
        std::uint64_t check = 0;
        auto lines = leat::file::lines(ex, path);
        while (auto line = co_await lines.next()) {
            s.element();
            check += look_at(*line);
        }
        co_return s.stop(check);
    });
}

} // namespace bench::file
