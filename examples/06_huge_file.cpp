// A huge file into a table: lines -> trim -> upper-case -> drop the empty ones -> COPY, in a few MiB, with progress on a
// terminal. `06_huge_file 1024` does it with 1 GiB. (A million lines a second and more, so watch the disk of your server.)
// needs: postgres file
// run: with_postgres
#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/leat.hpp>
#include <leat/postgres.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

namespace postgres = leat::postgres;

std::string_view strip(std::string_view line) {
    const auto first = line.find_first_not_of(" \t");
    return first == line.npos ? std::string_view()
                              : line.substr(first, line.find_last_not_of(" \t") - first + 1);
}

// One string for all lines: what a line becomes is good until the next one.
class upper_case {
public:
    std::string_view operator()(std::string_view line) {
        text_.resize(line.size());
        std::transform(line.begin(), line.end(), text_.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
        return text_;
    }

private:
    std::string text_;
};

bool has_text(std::string_view line) { return !line.empty(); }

leat::task<std::uint64_t> load(leat::executor ex, std::string path, postgres::connection& db) {
    auto lines = leat::file::lines(ex, path) | leat::progress("lines");
    auto clean =
        std::move(lines) | leat::transform(strip) | leat::filter(has_text) | leat::transform(upper_case());
    auto loading = std::move(clean) | postgres::copy_into(ex, db, "words", {"line"});
    const auto report = co_await loading; // all of them are in the table now, or none is
    co_return report.rows;
}

/// A line of text, an empty one now and then.
std::uint64_t write_file(const std::string& path, std::uintmax_t size) {
    const std::string text =
        "\t the mill wheel turns as long as the leat brings it water from above the weir \r\n";
    std::ofstream out(path, std::ios::binary);
    std::uintmax_t written = 0;
    std::uint64_t lines = 0;
    for (; written < size; ++lines) {
        const std::string line = lines % 10 == 9 ? "   \n" : std::to_string(lines) + text;
        out << line;
        written += line.size();
    }
    return lines;
}

/// The most memory that this process has had so far, in MiB.
double peak() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (double kib = 0; word == "VmHWM:" && status >> kib)
            return kib / 1024;
    return 0;
}

leat::task<void> run(leat::executor ex, std::uintmax_t mib) {
    const std::string path = "huge.txt";
    const std::uint64_t lines = write_file(path, mib << 20);
    auto db = co_await postgres::connect(ex, std::getenv("LEAT_PG")); // "host=... dbname=..."
    co_await postgres::execute(ex, db, "CREATE TEMP TABLE words (line text NOT NULL)");

    const std::uint64_t loaded = co_await load(ex, path, db);
    std::filesystem::remove(path);
    std::cout << loaded << " of " << lines << " lines loaded\n"
              << "memory of the whole program " << (peak() < 32 ? "under" : "NOT under") << " 32 MiB\n";
    if (mib > 100)
        std::cerr << "(" << peak() << " MiB)\n";
}

int main(int argc, char** argv) {
    try {
        const std::uintmax_t mib = argc > 1 ? std::stoul(argv[1]) : 32;
        leat::run([mib](leat::executor ex) { return run(ex, mib); });
    } catch (const std::exception& e) {
        std::cerr << "06_huge_file: " << e.what() << '\n';
        return 1;
    }
}
