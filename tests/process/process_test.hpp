#pragma once

#include "support/cpu_time.hpp"
#include "support/eventually.hpp"
#include "support/open_descriptors.hpp"

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
        return eventually([] { return no_children(); }) && descriptors_.soon_closed();
    }

private:
    open_descriptors descriptors_;
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
