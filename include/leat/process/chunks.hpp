#pragma once

#include <string>
#include <utility>

#include "../asio/offload.hpp"
#include "arguments.hpp"
#include "detail/child.hpp"
#include "detail/output.hpp"
#include "detail/spawn.hpp"
#include "options.hpp"

namespace leat::process {

/// What a program writes to its standard output, as it comes. It is found in PATH, or named with a path; no shell is asked.
///
/// Yields: `leat::byte_view`, never empty, of at most `options.chunk_size` bytes.
/// Ends: when the program has ended with exit code 0 (or one of `options.success`) and all its output is read. What it has
/// left running, and still has the pipe open, is not waited for.
/// Throws: `leat::process::error` where it cannot be started, before anything else; and after its output, where it ends with
/// another exit code or by a signal. That has the last of its standard error.
/// Borrows: a chunk is valid until the next step. Owns: the program. Closing the stream (also a terminal that stops early
/// does) sends SIGTERM to it and to what it has started, SIGKILL after `options.grace`, and waits until it has ended. A stream
/// that is destroyed sends the signals too, and does not wait. No zombie is left.
/// Threads: `ex` must run one handler at a time; the elements arrive there, and nothing blocks it. A program is started by a
/// worker.
/// A stop (`leat::stop_on`) cuts every wait short, and the program is ended as above.
/// Standard input is empty; `through` gives it one. The program leads a process group of its own, so Ctrl-C on the terminal
/// reaches this process only.
/// Fairness: as `options.fair` says: others get a turn every millisecond. Cost: a system call per chunk; starting a program
/// takes about a millisecond. Its standard error is read as it comes, so it cannot get stuck on it.
///
///     auto archive = leat::process::chunks(ex, "tar", {"-cz", "photos"});
///     co_await (std::move(archive) | leat::file::write(ex, "photos.tar.gz"));
inline async_generator<byte_view> chunks(executor ex, std::string program, arguments args, options o) {
    detail::launcher start(std::move(program), args, o, false);
    detail::launched what = co_await leat::offload(ex, std::move(start));
    const detail::child_handle child = detail::run(ex, std::move(what), o);
    auto close = [c = child] { return detail::child::close(c); };
    co_await on_close(close).quiet(); // a destroyed stream ends its program by itself
    co_yield elements_of(detail::output(child, o.fair));
}
inline async_generator<byte_view> chunks(executor ex, std::string program, arguments args = {}) {
    return process::chunks(std::move(ex), std::move(program), std::move(args), options());
}

} // namespace leat::process
