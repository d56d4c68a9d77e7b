#pragma once

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <ctime>
#include <unistd.h>

namespace leat::file::detail {

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

} // namespace leat::file::detail
