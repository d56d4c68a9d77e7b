#pragma once

// What every component that reads and writes descriptors needs. For adapters; programs have `chunks` and `write`.

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <ctime>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace leat::file {

inline std::error_code last_error() noexcept { return {errno, std::generic_category()}; }

/// A file descriptor that is closed once.
class descriptor {
public:
    descriptor() noexcept = default;
    explicit descriptor(int fd) noexcept : fd_(fd) {}
    descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
        close();
        fd_ = std::exchange(other.fd_, -1);
        return *this;
    }
    ~descriptor() { close(); }

    explicit operator bool() const noexcept { return fd_ >= 0; }
    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }

    /// What close() reported. It is never tried again: on Linux the number is free even after EINTR.
    std::error_code close() noexcept {
        if (fd_ < 0 || ::close(std::exchange(fd_, -1)) == 0 || errno == EINTR)
            return {};
        return last_error();
    }

private:
    int fd_ = -1;
};

/// As write(2). A write to a pipe that nobody reads any more sends a signal that ends the program; here it is only the
/// error EPIPE.
inline ssize_t write_quietly(int fd, const char* bytes, std::size_t size) noexcept {
    sigset_t pipe_signal, before, pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    const auto n = ::write(fd, bytes, size);
    const int code = errno;
    if (n < 0 && code == EPIPE && !sigismember(&pending, SIGPIPE)) {
        const timespec now{};
        while (sigtimedwait(&pipe_signal, nullptr, &now) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = code;
    return n;
}

} // namespace leat::file
