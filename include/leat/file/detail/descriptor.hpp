#pragma once

#include <cerrno>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace leat::file::detail {

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

} // namespace leat::file::detail
