// `tools/dev demo`: a table, a file and a language model's answer, each read eagerly and as a stream.
//
// Real input: a million rows in a PostgreSQL server, a million lines in a file, and an HTTP server that says a token every
// ten milliseconds. Every measurement is a process of its own, so that its peak memory is its own.
#include "../support/file.hpp"
#include "../support/progress.hpp"
#include "../support/sample.hpp"
#include "../support/table.hpp"
#include "../support/tokens.hpp"

#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

namespace {

using bench::result;

constexpr std::size_t rows = 1'000'000;
constexpr std::size_t lines = 1'000'000;
constexpr std::size_t tokens = 300;
constexpr std::chrono::milliseconds pace(10);

result run_sample(const std::string& what, bool streamed, const std::string& where) {
    if (what == "table")
        return streamed ? bench::table::streamed(rows) : bench::table::eager(rows);
    if (what == "file")
        return streamed ? bench::file::streamed(where) : bench::file::eager(where);
    return streamed ? bench::tokens::streamed(where, tokens) : bench::tokens::eager(where, tokens);
}

std::string time_text(double ms) {
    char text[32];
    std::snprintf(text, sizeof text,
                  ms < 10     ? "%.1f ms"
                  : ms < 1000 ? "%.0f ms"
                              : "%.2f s",
                  ms < 1000 ? ms : ms / 1000);
    return text;
}

void print(const char* way, const result& r) {
    std::printf("    %-10s %12s %16s %11.1f MiB\n", way, time_text(r.wall_ms).c_str(),
                time_text(r.first_ms).c_str(), r.peak_mib);
    std::fflush(stdout);
}

void compare(const std::string& what, const std::string& where, const char* title, const char* same) {
    std::printf("\n%s\n    %-10s %12s %16s %15s\n", title, "", "wall", "first element", "peak memory");
    result eager, streamed;
    {
        bench::progress shown("  reading eagerly");
        eager = bench::in_fresh_process({"--sample", what, "eager", where});
    }
    print("eager", eager);
    {
        bench::progress shown("  reading as a stream");
        streamed = bench::in_fresh_process({"--sample", what, "streamed", where});
    }
    print("streamed", streamed);
    if (eager.check != streamed.check)
        throw std::runtime_error("the two readings of the " + what + " do not agree");
    std::printf("    %s\n", same);
}

/// A folder that goes away again.
class temporary_folder {
public:
    temporary_folder() { std::filesystem::create_directory(path); }
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    temporary_folder(const temporary_folder&) = delete;

    const std::string path =
        std::filesystem::temp_directory_path() / ("leat-demo-" + std::to_string(::getpid()));
};

void demo() {
    const temporary_folder folder;
    bench::table::fill(rows);
    bench::file::fill(folder.path, lines);
    const model_server model(bench::tokens::words(), pace);

    std::printf(
        "leat reads the same data twice: all of it first and then working on it (eager), or as a stream.\n");
    compare("table", "-", "1. A table: 1,000,000 users from PostgreSQL, each as a struct with seven members",
            "eager is libpqxx's exec() into a std::vector; both gave the same sum over all columns");
    compare("file", bench::file::path(folder.path, lines), "2. A file: 1,000,000 lines of a web server's log",
            "eager is std::getline() into a std::vector; both counted the same bytes");
    compare("tokens", model.url(), "3. A language model: 300 tokens over HTTP, one every 10 ms",
            "eager waits for the whole body; a stream shows the first word while the model still talks");
    std::printf("\nPeak memory is how much the process grew while it read. For more sizes: "
                "benchmarks/stream_vs_eager.cpp\n");
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    try {
        if (arguments.size() == 4 && arguments[0] == "--sample")
            bench::print_result(run_sample(arguments[1], arguments[2] == "streamed", arguments[3]));
        else
            demo();
        return 0;
    } catch (const std::exception& e) {
        std::cerr << "leat_demo: " << e.what() << '\n';
        return 1;
    }
}
