#pragma once

#include <leat/asio.hpp>
#include <leat/leat.hpp>
#include <leat/process.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace process_test {

using namespace std::chrono_literals;
namespace process = leat::process;
using strings = std::vector<std::string>;

inline std::size_t open_descriptors() {
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        ++n;
    return n;
}

template <class F> bool eventually(F condition) {
    for (int i = 0; i != 2000; ++i) {
        if (condition())
            return true;
        std::this_thread::sleep_for(5ms);
    }
    return false;
}

/// What this thread has computed, whatever else the machine does.
inline std::chrono::nanoseconds cpu_time() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

/// No child is left, running or as a zombie.
inline bool no_children() { return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD; }

/// At the end of a test: nothing of its programs is left.
class nothing_left {
public:
    nothing_left() {
        leat::run([](leat::executor) -> leat::task<> { co_return; });
    }
    nothing_left(const nothing_left&) = delete;
    bool now() const {
        return eventually([] { return no_children(); }) &&
               eventually([this] { return open_descriptors() == before_; });
    }

private:
    std::size_t before_ = open_descriptors();
};

template <class S> leat::task<strings> read_all(S stream) {
    strings all;
    while (auto x = co_await stream.next())
        all.emplace_back(std::string_view(*x));
    co_return all;
}
template <class S> leat::task<std::string> read_joined(S stream) {
    std::string all;
    while (auto x = co_await stream.next())
        all += std::string_view(*x);
    co_return all;
}

inline strings lines_of(std::string program, process::arguments args = {}, process::options o = {}) {
    return leat::run([&](leat::executor ex) { return read_all(process::lines(ex, program, args, o)); });
}
inline std::string bytes_of(std::string program, process::arguments args = {}, process::options o = {}) {
    return leat::run([&](leat::executor ex) { return read_joined(process::chunks(ex, program, args, o)); });
}
inline strings lines_of_shell(const char* script, process::options o = {}) {
    return lines_of("sh", {"-c", script}, std::move(o));
}

template <class E = process::error, class F> E error_of(F f) {
    try {
        f();
    } catch (const E& e) {
        return e;
    }
    throw std::logic_error("no exception was thrown");
}

} // namespace process_test
