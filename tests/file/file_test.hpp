#pragma once

#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/leat.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <thread>
#include <time.h>
#include <vector>

namespace file_test {

using strings = std::vector<std::string>;

/// A directory that is gone at the end of the test.
class directory {
public:
    directory() {
        std::string name = (std::filesystem::temp_directory_path() / "leat_file_XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("cannot make a temporary directory");
        path_ = name;
    }
    directory(const directory&) = delete;
    ~directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::filesystem::path operator/(const char* name) const { return path_ / name; }
    const std::filesystem::path& path() const { return path_; }

    /// Makes a file.
    std::filesystem::path with(const char* name, std::string_view text) const {
        const auto path = path_ / name;
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }

private:
    std::filesystem::path path_;
};

inline std::string content(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline std::size_t open_descriptors() {
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        ++n;
    return n;
}

/// Waits for what a worker does on its own.
template <class F> bool eventually(F condition) {
    for (int i = 0; i != 2000; ++i) {
        if (condition())
            return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
}

/// What the loop's thread computed between two ticks of a timer: how long the timer's neighbours kept it
/// waiting, whatever else the machine does.
class ticker {
public:
    leat::task<void> run(leat::executor ex) {
        while (!stopped_) {
            const auto before = cpu_time();
            co_await leat::sleep_for(ex, std::chrono::milliseconds(1));
            longest_ = std::max(longest_, cpu_time() - before);
            ++ticks_;
        }
    }
    void stop() { stopped_ = true; }
    int ticks() const { return ticks_; }
    std::chrono::nanoseconds longest() const { return longest_; }

private:
    static std::chrono::nanoseconds cpu_time() {
        timespec t{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
    }

    bool stopped_ = false;
    std::atomic<int> ticks_{0};
    std::chrono::nanoseconds longest_{0};
};

inline leat::task<strings> read_lines(leat::executor ex, std::filesystem::path path,
                                      leat::file::lines_options options) {
    strings out;
    auto lines = leat::file::lines(ex, std::move(path), options);
    while (auto line = co_await lines.next())
        out.emplace_back(*line);
    co_return out;
}

inline strings lines_of(const std::filesystem::path& path, leat::file::lines_options options = {}) {
    return leat::run([&](leat::executor ex) { return read_lines(ex, path, options); });
}

inline leat::task<std::string> read_bytes(leat::executor ex, std::filesystem::path path,
                                          leat::file::read_options options) {
    std::string out;
    auto chunks = leat::file::chunks(ex, std::move(path), options);
    while (auto chunk = co_await chunks.next())
        out += chunk->text();
    co_return out;
}

inline std::string bytes_of(const std::filesystem::path& path, leat::file::read_options options = {}) {
    return leat::run([&](leat::executor ex) { return read_bytes(ex, path, options); });
}

/// The error of what `f` does. Fails if there is none.
template <class E = leat::file::error, class F> E error_of(F f) {
    try {
        f();
    } catch (const E& e) {
        return e;
    }
    throw std::logic_error("no exception was thrown");
}

inline constexpr leat::file::read_ahead all_ways[] = {
    leat::file::read_ahead::automatic, leat::file::read_ahead::always, leat::file::read_ahead::never};

} // namespace file_test
