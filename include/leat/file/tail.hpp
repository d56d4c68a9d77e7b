#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "../asio/offload.hpp"
#include "../asio/sleep.hpp"
#include "../asio/use_await.hpp"
#include "../async_generator.hpp"
#include "detail/over.hpp"
#include "detail/tailed_file.hpp"
#include "error.hpp"
#include "line_splitter.hpp"
#include "tail_options.hpp"

namespace leat::file {

/// The last lines of a file, and then those that are appended to it: `tail -F`.
///
/// Yields: `std::string_view` without its end, in batches. A line comes when its end has been written.
/// It follows the name: when another file gets it (rotation), the rest of the old one is read, then the new one from its
/// start. When the file is cut off (`copytruncate`), it is read from its start. A line that has no end by then counts as
/// one. While nothing has the name, it waits.
/// Ends: never, if it follows: stop it (`leat::stop_on`, `take_until`) or close it. Otherwise at the end of the file.
/// Throws: `leat::file::error`, also for a file that is not there, unless `options.wait_for_file`; for FIFOs and what else
/// has no offsets, which `lines` reads; `leat::file::line_too_long`, whose line is counted from where reading began.
/// Borrows: a line is valid until the next step. Owns: one buffer of `options.chunk_size`, three descriptors.
/// Threads: `ex` must run one handler at a time. Elements arrive there; what may block is done by a worker.
/// A stop cuts every wait short. Batches: given, of at most 1024 lines.
/// Cost: two hops to a worker (10 us) each time something was written; nothing while nothing happens. Lines that were written
/// between two looks to a file that was then cut off are lost, as with tail.
///
///     auto lines = leat::file::tail(ex, "/var/log/syslog", {.last_lines = 0});
///     while (auto line = co_await lines.next())
///         if (line->find("error") != line->npos)
///             std::cout << *line << '\n';
inline async_generator<std::string_view> tail(executor ex, std::filesystem::path path,
                                              tail_options options = {}) {
    using namespace std::chrono_literals;
    using finding = detail::tailed_file::finding;
    const auto file = std::make_shared<detail::tailed_file>(std::move(path), options);
    const auto look = [file] {
        return file->look();
    }; // shared: a worker may still look when this is destroyed
    const line_rules rules{options.delimiter, options.strip_cr, options.last_lines == all_lines,
                           options.max_line};
    line_splitter splitter(rules);
    boost::asio::posix::stream_descriptor notified(ex);

    for (;;) {
        const finding found = co_await offload(ex, look);
        if (found == finding::bytes) {
            splitter.feed(file->bytes());
            for (auto some = splitter.take(); !some.empty(); some = splitter.take()) {
                co_yield batch(some);
                detail::over(some, file->bytes());
            }
            if (splitter.stopped())
                throw line_too_long(file->path(), splitter.line_number(),
                                    file->begin() + splitter.line_offset(), options.max_line, file->begin());
            continue;
        }
        if (found == finding::restart || !options.follow) {
            auto last = splitter.finish();
            co_yield batch(last);
            if (!options.follow)
                co_return;
            splitter = line_splitter(rules);
            continue;
        }
        if (found == finding::missing) {
            co_await sleep_for(ex, 100ms);
        } else if (options.poll.count() > 0 || file->notifications() < 0) {
            co_await sleep_for(ex, options.poll.count() > 0 ? options.poll : 1s);
        } else {
            // Its own descriptor of the same queue: the loop's is closed with this generator, the worker's with its last look.
            if (!notified.is_open())
                notified.assign(::dup(file->notifications()));
            do {
                co_await notified.async_wait(boost::asio::posix::stream_descriptor::wait_read, use_await);
            } while (!file->noticed());
        }
    }
}

} // namespace leat::file
