#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <cerrno>
#include <optional>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "../../asio/executor.hpp"

namespace leat::file::detail {

namespace asio = boost::asio;

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

/// A descriptor that the loop watches, and owns as long as it does.
using watched = std::optional<asio::posix::stream_descriptor>;

/// Gives the descriptor to the loop, unless it has it. What hinders that: an errno, or 0.
inline int watch(descriptor& fd, watched& ready, const executor& ex) {
    if (ready)
        return 0;
    ready.emplace(ex);
    boost::system::error_code ec;
    if (ready->assign(fd.get(), ec); ec) {
        ready.reset();
        return ec.value();
    }
    fd.release();
    return 0;
}

/// Takes it back.
inline descriptor unwatch(watched& ready) {
    descriptor fd(ready->release());
    ready.reset();
    return fd;
}

} // namespace leat::file::detail
