// needs: file
//
// Lines of files, every way in the same run: `wc -l`, the synchronous loop over memchr, std::getline, everything into memory,
// mmap, leat, and node's readline and Python's aiofiles where they are installed. Every sample is a fresh process, the ways
// take turns, and the tables show medians.
//
//     build/bench/benchmarks/files                            all, with 2 GB files in the temporary folder: half an hour
//     ... files 80 2k 10 cold --size 200 --runs 3             some of it, with files of 200 MB
//     ... files 80 --folder /mnt/disk
#include "support/loop_watch.hpp"
#include "support/progress.hpp"
#include "support/sample.hpp"

#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/leat.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace {

using bench::result;
using bench::sample;

/// What a reader does with a line: next to nothing, so that what is measured is the reading.
struct work {
    std::uint64_t check = 0;
    void operator()(std::string_view line) noexcept { check += line.size() + 1; }
};

// ---- the ways ---------------------------------------------------------------------------------------------------------------

struct open_file {
    explicit open_file(const std::string& path) : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
        if (fd < 0)
            throw std::runtime_error("cannot open " + path);
    }
    open_file(const open_file&) = delete;
    ~open_file() { ::close(fd); }
    int fd;
};

/// The loop that everybody writes who knows how to.
result by_memchr(const std::string& path) {
    sample s;
    work w;
    const open_file file(path);
    constexpr std::size_t size = std::size_t{256} << 10;
    const auto buffer = std::make_unique_for_overwrite<char[]>(size);
    std::string carry;
    for (ssize_t n; (n = ::read(file.fd, buffer.get(), size)) > 0;) {
        const char* at = buffer.get();
        const char* const end = at + n;
        while (const auto eol =
                   static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)))) {
            if (carry.empty()) {
                w({at, static_cast<std::size_t>(eol - at)});
            } else {
                carry.append(at, eol);
                w(carry);
                carry.clear();
            }
            at = eol + 1;
        }
        carry.append(at, end);
    }
    if (!carry.empty())
        w(carry);
    return s.stop(w.check);
}

result by_getline(const std::string& path) {
    sample s;
    work w;
    std::ifstream in(path, std::ios::binary);
    for (std::string line; std::getline(in, line);)
        w(line);
    return s.stop(w.check);
}

/// Everything into a vector of strings, then the work.
result by_reading_all(const std::string& path) {
    sample s;
    work w;
    std::vector<std::string> lines;
    std::ifstream in(path, std::ios::binary);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    for (const auto& line : lines)
        w(line);
    return s.stop(w.check);
}

result by_mmap(const std::string& path) {
    sample s;
    work w;
    const open_file file(path);
    const auto size = static_cast<std::size_t>(std::filesystem::file_size(path));
    void* const all = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
    if (all == MAP_FAILED)
        throw std::runtime_error("cannot map " + path);
    ::madvise(all, size, MADV_SEQUENTIAL);
    const char* at = static_cast<const char*>(all);
    const char* const end = at + size;
    while (const auto eol =
               static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)))) {
        w({at, static_cast<std::size_t>(eol - at)});
        at = eol + 1;
    }
    const result r = s.stop(w.check);
    ::munmap(all, size);
    return r;
}

enum class loop { for_each, next, batches, blocks, split_lines };

result by_leat(const std::string& path, loop how, leat::file::read_ahead ahead) {
    return leat::run([&](leat::executor ex) -> leat::task<result> {
        const bench::loop_watch watch(ex);
        leat::file::lines_options options{.ahead = ahead};
        if (const char* const size = std::getenv("LEAT_CHUNK_KIB")) // to look for the best one
            options.chunk_size = std::stoul(size) << 10;
        if (const char* const buffers = std::getenv("LEAT_BUFFERS"))
            options.buffers = static_cast<unsigned>(std::stoul(buffers));
        sample s;
        work w;
        if (how == loop::blocks) {
            auto blocks = leat::file::blocks(ex, path, options);
            while (auto block = co_await blocks.next())
                w.check += block->size();
        } else if (how == loop::split_lines) {
            auto lines = leat::file::chunks(ex, path, options.reading()) | leat::file::split_lines();
            auto all = std::move(lines) | leat::for_each([&w](std::string_view line) { w(line); });
            co_await all;
        } else {
            auto lines = leat::file::lines(ex, path, options);
            if (how == loop::for_each) {
                auto all = std::move(lines) | leat::for_each([&w](std::string_view line) { w(line); });
                co_await all;
            } else if (how == loop::next) {
                while (auto line = co_await lines.next())
                    w(*line);
            } else {
                while (auto batch = co_await lines.next_batch())
                    for (const std::string_view line : batch)
                        w(line);
            }
        }
        result r = s.stop(w.check);
        r.block_ms = watch.longest_ms();
        co_return r;
    });
}

/// Another program. Its memory is not known to us.
result by_program(const std::string& command) {
    const auto cpu = [] {
        rusage used{};
        ::getrusage(RUSAGE_CHILDREN, &used);
        return 1e3 * static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               1e-3 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    };
    const double before = cpu();
    const sample s;
    if (std::system(command.c_str()) != 0)
        throw std::runtime_error("failed: " + command);
    result r = s.stop(0);
    r.cpu_ms = cpu() - before;
    return r;
}
const std::string node_script = "let n = 0; const rl = require('readline').createInterface({input: "
                                "require('fs').createReadStream(process.argv[1])}); "
                                "rl.on('line', l => { n += l.length + 1 })";
const std::string aiofiles_script = "import asyncio, aiofiles, sys\n"
                                    "async def main():\n"
                                    "    n = 0\n"
                                    "    async with aiofiles.open(sys.argv[1], \"rb\") as f:\n"
                                    "        async for line in f: n += len(line)\n"
                                    "asyncio.run(main())\n";

result run_sample(const std::string& way, const std::string& path) {
    using leat::file::read_ahead;
    if (way == "wc -l")
        return by_program("wc -l '" + path + "' >/dev/null");
    if (way == "memchr loop")
        return by_memchr(path);
    if (way == "getline")
        return by_getline(path);
    if (way == "read all, then work")
        return by_reading_all(path);
    if (way == "mmap, memchr")
        return by_mmap(path);
    if (way == "node readline")
        return by_program("node -e \"" + node_script + "\" '" + path + "'");
    if (way == "aiofiles")
        return by_program("python3 -c '" + aiofiles_script + "' '" + path + "'");
    const auto ahead = way.ends_with(", ahead")    ? read_ahead::always
                       : way.ends_with(", worker") ? read_ahead::never
                                                   : read_ahead::automatic;
    if (way.starts_with("lines | for_each"))
        return by_leat(path, loop::for_each, ahead);
    if (way.starts_with("lines, next()"))
        return by_leat(path, loop::next, ahead);
    if (way.starts_with("lines, next_batch()"))
        return by_leat(path, loop::batches, ahead);
    if (way == "chunks | split_lines")
        return by_leat(path, loop::split_lines, ahead);
    if (way.starts_with("blocks"))
        return by_leat(path, loop::blocks, ahead);
    throw std::runtime_error("no such way: " + way);
}

// ---- the tables -------------------------------------------------------------------------------------------------------------

void make_cold(const std::string& path) {
    const open_file file(path);
    ::fsync(file.fd);
    ::posix_fadvise(file.fd, 0, 0, POSIX_FADV_DONTNEED);
}

void compare(const std::string& title, const std::string& path, const std::vector<std::string>& ways,
             std::size_t runs, bool cold) {
    std::vector<std::vector<result>> all(ways.size());
    {
        bench::progress shown(title);
        if (!cold)
            by_memchr(path); // into the page cache
        for (std::size_t i = 0; i < runs; ++i) {
            shown.step(i, runs);
            for (std::size_t w = 0; w < ways.size(); ++w) {
                if (cold)
                    make_cold(path);
                all[w].push_back(bench::in_fresh_process({"--sample", ways[w], path}));
            }
        }
    }
    std::vector<result> medians;
    for (const auto& of_one : all)
        medians.push_back(bench::median(of_one));
    // The first two are what the others are compared with: `wc -l` and the memchr loop.
    const result &wc = medians.at(0), &loop = medians.at(1);
    std::printf("\n%s\n%-27s %9s %8s   %9s %8s   %10s %8s\n", title.c_str(), "", "wall ms", "wc -l", "cpu ms",
                "memchr", "memory MiB", "late ms");
    for (std::size_t w = 0; w < ways.size(); ++w) {
        const result& m = medians[w];
        if (m.check != 0 && m.check != loop.check)
            throw std::runtime_error(ways[w] + " does not agree on the data");
        std::printf("%-27s %9.1f %8.2f   %9.1f %8.2f   ", ways[w].c_str(), m.wall_ms, m.wall_ms / wc.wall_ms,
                    m.cpu_ms, m.cpu_ms / loop.cpu_ms);
        if (m.check == 0)
            std::printf("%10s", "-");
        else
            std::printf("%10.1f", m.peak_mib);
        if (m.block_ms > 0)
            std::printf(" %8.1f\n", m.block_ms);
        else
            std::printf(" %8s\n", "-");
    }
    std::fflush(stdout);
}

/// Lines of about `length` bytes with their ends, `bytes` in all or a little more.
void fill(const std::string& path, std::uint64_t bytes, std::size_t length) {
    bench::progress shown("writing " + path);
    std::string text; // a few thousand lines, again and again
    std::uint64_t random = 88172645463325252u;
    for (int i = 0; i != 4096; ++i) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        const std::size_t spread = length / 4;
        text.append(length - 1 - spread + random % (2 * spread + 1), static_cast<char>('a' + i % 26)) += '\n';
    }
    std::ofstream out(path, std::ios::binary);
    for (std::uint64_t written = 0; written < bytes && out; written += text.size())
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.close();
    if (!out)
        throw std::runtime_error("cannot write " + path);
}

class temporary_file {
public:
    explicit temporary_file(std::string path) : path_(std::move(path)) {}
    temporary_file(const temporary_file&) = delete;
    ~temporary_file() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

int benchmark(const std::vector<std::string>& arguments) {
    std::vector<std::string> wanted;
    std::size_t runs = 5;
    std::uint64_t megabytes = 2000;
    std::string folder = std::filesystem::temp_directory_path();
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i].starts_with("--") && i + 1 == arguments.size())
            throw std::runtime_error(arguments[i] + " needs a value");
        if (arguments[i] == "--runs")
            runs = std::stoul(arguments[++i]);
        else if (arguments[i] == "--size")
            megabytes = std::stoul(arguments[++i]);
        else if (arguments[i] == "--folder")
            folder = arguments[++i];
        else
            wanted.push_back(arguments[i]);
    }
    if (wanted.empty())
        wanted = {"80", "2k", "10", "cold"};
    std::vector<std::string> ways = {"wc -l",
                                     "memchr loop",
                                     "lines | for_each",
                                     "lines, next()",
                                     "lines, next_batch()",
                                     "lines | for_each, ahead",
                                     "lines, next(), ahead",
                                     "chunks | split_lines",
                                     "blocks",
                                     "blocks, ahead",
                                     "mmap, memchr",
                                     "getline",
                                     "read all, then work"};
    if (std::system("node --version >/dev/null 2>&1") == 0)
        ways.push_back("node readline");
    if (std::system("python3 -c 'import aiofiles' >/dev/null 2>&1") == 0)
        ways.push_back("aiofiles");

    struct data {
        const char* name;
        std::string title;
        std::uint64_t bytes;
        std::size_t length;
    };
    const std::string size = std::to_string(megabytes) + " MB of ";
    const std::vector<data> sets = {
        {"80", size + "80-byte lines, cached", megabytes * 1'000'000, 80},
        {"2k", size + "2 kB lines, cached", megabytes * 1'000'000, 2000},
        {"10", "1000000 10-byte lines, cached", 10'000'000, 10},
        {"cold", size + "80-byte lines, not cached", megabytes * 1'000'000, 80},
    };
    for (const data& d : sets) {
        if (std::find(wanted.begin(), wanted.end(), d.name) == wanted.end())
            continue;
        const temporary_file file(folder + "/leat-bench-files-" + std::to_string(::getpid()));
        fill(file.path(), d.bytes, d.length);
        const bool cold = d.name == std::string("cold");
        auto some = ways;
        if (cold)
            some = {"wc -l",
                    "memchr loop",
                    "lines | for_each",
                    "lines, next()",
                    "lines | for_each, ahead",
                    "lines | for_each, worker"};
        compare(d.title, file.path(), some, runs, cold);
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    try {
        if (arguments.size() == 3 && arguments[0] == "--sample") {
            bench::print_result(run_sample(arguments[1], arguments[2]));
            return 0;
        }
        return benchmark(arguments);
    } catch (const std::exception& e) {
        std::cerr << "files: " << e.what() << '\n';
        return 1;
    }
}
