#pragma once

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "../../file/descriptor.hpp"

namespace leat::process::detail {

using file::descriptor;

/// Makes it another than 0, 1 or 2, which the program's own ones will be. False: there is no other.
inline bool lift(descriptor& fd) noexcept {
    if (fd.get() <= 2)
        fd = descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
    return static_cast<bool>(fd);
}

/// A pipe that no program inherits by accident. 0, or an errno.
inline int make_pipe(descriptor& read, descriptor& write) noexcept {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    read = descriptor(ends[0]);
    write = descriptor(ends[1]);
    return lift(read) && lift(write) ? 0 : errno;
}

inline void do_not_block(const descriptor& fd) noexcept {
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

} // namespace leat::process::detail
