#pragma once

#include "support/cpu_time.hpp"
#include "support/eventually.hpp"
#include "support/open_descriptors.hpp"

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
#include <signal.h>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <sys/time.h>
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

/// Interrupts what this program does with a signal, again and again, whose handler does not restart the call.
class interruptions {
public:
    explicit interruptions(std::chrono::microseconds every) {
        struct sigaction action {};
        action.sa_handler = [](int) {};         // without SA_RESTART: system calls fail with EINTR
        ::sigaction(SIGALRM, &action, nullptr); // and it stays, for a signal that comes late
        const timeval period{0, every.count()};
        const itimerval often{period, period};
        ::setitimer(ITIMER_REAL, &often, nullptr);
    }
    interruptions(const interruptions&) = delete;
    ~interruptions() {
        const itimerval never{};
        ::setitimer(ITIMER_REAL, &never, nullptr);
    }
};

/// For a test's own threads, whose calls are not what is tested.
inline void without_interruptions() {
    sigset_t alarm;
    ::sigemptyset(&alarm);
    ::sigaddset(&alarm, SIGALRM);
    ::pthread_sigmask(SIG_BLOCK, &alarm, nullptr);
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
