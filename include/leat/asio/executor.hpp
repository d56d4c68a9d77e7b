#pragma once

#include <boost/asio/any_io_executor.hpp>

namespace leat {

/// Where things run: an event loop, or a strand of one. Every source that waits for the outside world takes the executor
/// its reader lives on, and its elements arrive there. One thread at a time may run it (an `io_context` run by one
/// thread, or a strand).
using executor = boost::asio::any_io_executor;

} // namespace leat
