#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <optional>

#include "../../asio/executor.hpp"
#include "../descriptor.hpp"

namespace leat::file::detail {

namespace asio = boost::asio;

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
