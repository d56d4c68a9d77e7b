// needs: file
//
// A file copied through a pipeline, next to `cat a > b`. Every sample is a fresh process, the ways take turns, and the table
// shows medians, the best (on a busy machine it says more), and the speed in relation to cat.
//
//     build/bench/benchmarks/file_copy                                       2 GB, 5 runs
//     build/bench/benchmarks/file_copy --size 200 --runs 3 --folder /tmp     200 MB
#include "support/progress.hpp"
#include "support/sample.hpp"

#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/leat.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using bench::result;
using bench::sample;
namespace file = leat::file;

/// The text in upper case, in memory that is used again.
class upper {
public:
    std::string_view operator()(std::string_view text) {
        text_.resize(text.size());
        const char* const in =
            text.data(); // so that the compiler sees what it needs to see for vector instructions
        char* const out = text_.data();
        const std::size_t size = text.size();
        for (std::size_t i = 0; i != size; ++i)
            out[i] = static_cast<char>(in[i] ^ (in[i] >= 'a' && in[i] <= 'z' ? 0x20 : 0));
        return text_;
    }

private:
    std::string text_;
};

result cat(const std::string& from, const std::string& to) {
    const sample s;
    const pid_t child = ::fork();
    if (child == 0) {
        const int fd = ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
        ::dup2(fd, STDOUT_FILENO);
        ::execlp("cat", "cat", from.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 0)
        throw std::runtime_error("cat failed");
    result r = s.stop(std::filesystem::file_size(to));
    rusage used{};
    ::getrusage(RUSAGE_CHILDREN, &used);
    r.cpu_ms = 1e3 * static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               1e-3 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    r.peak_mib = static_cast<double>(used.ru_maxrss) / 1024;
    return r;
}

/// `writing(executor)`: the pipeline.
template <class F> result measure(F writing) {
    return leat::run([&writing](leat::executor ex) -> leat::task<result> {
        const sample s;
        auto copy = writing(ex);
        const auto bytes = co_await std::move(copy);
        co_return s.stop(bytes);
    });
}

struct way {
    const char* name;
    result (*run)(const std::string& from, const std::string& to);
};

const way ways[] = {
    {"cat a > b", cat},
    {"chunks | write",
     [](const std::string& from, const std::string& to) {
         return measure([&](leat::executor ex) { return file::chunks(ex, from) | file::write(ex, to); });
     }},
    {"chunks | upper | write",
     [](const std::string& from, const std::string& to) {
         return measure([&](leat::executor ex) {
             return file::chunks(ex, from) | leat::transform(upper()) | file::write(ex, to);
         });
     }},
    {"the same, read ahead",
     [](const std::string& from, const std::string& to) {
         return measure([&](leat::executor ex) {
             return file::chunks(ex, from, {.ahead = file::read_ahead::always}) | leat::transform(upper()) |
                    file::write(ex, to);
         });
     }},
    {"lines | write_lines",
     [](const std::string& from, const std::string& to) {
         return measure([&](leat::executor ex) { return file::lines(ex, from) | file::write_lines(ex, to); });
     }},
    {"lines | upper | write_lines",
     [](const std::string& from, const std::string& to) {
         return measure([&](leat::executor ex) {
             return file::lines(ex, from) | leat::transform(upper()) | file::write_lines(ex, to);
         });
     }},
};

void fill(const std::string& path, std::size_t bytes) {
    bench::progress shown("writing a file of " + std::to_string(bytes >> 20) + " MiB");
    std::ofstream out(path, std::ios::binary);
    char line[128];
    for (std::size_t i = 0, done = 0; done < bytes; ++i) {
        const int n = std::snprintf(line, sizeof line,
                                    "%012zu the mill asks, the water comes, and the wheel %s %06zu\n", i,
                                    "turns and turns and turns", i * 7919 % 1'000'000);
        out.write(line, n);
        done += static_cast<std::size_t>(n);
        if (i % 1'000'000 == 0)
            shown.step(done, bytes);
    }
    out.close();
    if (!out)
        throw std::runtime_error("cannot write " + path);
}

} // namespace

int main(int argc, char** argv) try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() == 4 && arguments[0] == "sample") {
        bench::print_result(ways[std::stoul(arguments[1])].run(arguments[2], arguments[3]));
        return 0;
    }
    std::size_t megabytes = 2000, runs = 5;
    std::string folder = std::filesystem::temp_directory_path();
    for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
        if (arguments[i] == "--size")
            megabytes = std::stoul(arguments[i + 1]);
        else if (arguments[i] == "--runs")
            runs = std::stoul(arguments[i + 1]);
        else if (arguments[i] == "--folder")
            folder = arguments[i + 1];
        else
            throw std::runtime_error("no option " + arguments[i] +
                                     "; there are --size MB, --runs N, --folder F");
    }
    const std::string from = folder + "/leat-copy-" + std::to_string(::getpid()), to = from + ".copy";
    struct remove_both {
        const std::string &a, &b;
        ~remove_both() {
            std::error_code ignored;
            std::filesystem::remove(a, ignored);
            std::filesystem::remove(b, ignored);
        }
    } const at_end{from, to};
    fill(from, megabytes * 1'000'000);

    std::vector<std::vector<result>> all(std::size(ways));
    for (std::size_t run = 0; run != runs; ++run)
        for (std::size_t i = 0; i != std::size(ways); ++i) {
            std::filesystem::remove(to); // the pages of the copy before are no part of this one
            all[i].push_back(bench::in_fresh_process({"sample", std::to_string(i), from, to}));
        }
    const auto best = [](const std::vector<result>& samples) {
        const auto less = [](const result& a, const result& b) { return a.wall_ms < b.wall_ms; };
        return std::min_element(samples.begin(), samples.end(), less)->wall_ms;
    };
    std::printf("%zu MB, %zu runs\n%-30s %9s %9s %9s %9s %9s %9s\n", megabytes, runs, "", "median ms",
                "speed", "best ms", "speed", "CPU ms", "peak MiB");
    const double base = bench::median(all[0]).wall_ms, base_best = best(all[0]);
    for (std::size_t i = 0; i != std::size(ways); ++i) {
        const result m = bench::median(all[i]);
        std::printf("%-30s %9.0f %8.2fx %9.0f %8.2fx %9.0f %9.1f\n", ways[i].name, m.wall_ms,
                    base / m.wall_ms, best(all[i]), base_best / best(all[i]), m.cpu_ms, m.peak_mib);
    }
    return 0;
} catch (const std::exception& e) {
    std::cerr << "file_copy: " << e.what() << '\n';
    return 1;
}
