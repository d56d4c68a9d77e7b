#pragma once

#include <filesystem>
#include <memory>
#include <utility>

#include "../asio/offload.hpp"
#include "../async_generator.hpp"
#include "detail/walker.hpp"
#include "walk_entry.hpp"

namespace leat::file {

/// Everything in a folder, and in the folders in it.
///
/// Yields: `walk_entry`, to keep: path, type, depth; not the folder itself. The entries of a folder come one after the other,
/// in no order, before those of the folders in it.
/// What is made or removed meanwhile may be among them or not; a folder that is gone before it is read counts as empty.
/// Ends: when all is read. Throws: `leat::file::error` for a folder that cannot be read, after the entries before it; with
/// `options.report_errors` only entries tell. Links are not followed unless you say so, and then never round in circles.
/// Owns: the names of folders that are still to be read, and one descriptor.
/// Threads: `ex` must run one handler at a time. Reads on a worker; elements arrive on `ex`.
/// A stop is seen between two batches. Batches: given, of at most 256 entries.
/// Cost: a hop to a worker (5 us) per batch, and about 1 us for an entry.
///
///     auto files = leat::file::walk(ex, "src") |
///                  leat::filter([](const leat::file::walk_entry& e) { return e.path.extension() == ".cpp"; });
///     while (auto file = co_await files.next())
///         std::cout << file->path.string() << '\n';
inline async_generator<walk_entry> walk(executor ex, std::filesystem::path root, walk_options options = {}) {
    const auto state = std::make_shared<detail::walker>(std::move(root), options);
    const auto more = [state] {
        return state->more();
    }; // shared: a worker may still read when this is destroyed
    for (;;) {
        auto entries = co_await offload(ex, more);
        if (entries.empty())
            co_return;
        co_yield batch(entries);
    }
}

} // namespace leat::file
