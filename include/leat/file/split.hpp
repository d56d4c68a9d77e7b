#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "../asio/executor.hpp"
#include "../asio/offload.hpp"
#include "../task.hpp"
#include "detail/descriptor.hpp"
#include "error.hpp"
#include "part.hpp"

namespace leat::file {

namespace detail {

// On a worker.
inline std::vector<part> split_now(const std::filesystem::path& path, std::size_t n, char delimiter) {
    const auto failed = [&path](int code, std::optional<std::uint64_t> at = {}) {
        throw error("split", path, {code, std::generic_category()}, at);
    };
    const descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0)
        failed(errno);
    if (S_ISDIR(info.st_mode))
        failed(EISDIR);
    if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode))
        failed(ESPIPE);
    const auto size = static_cast<std::uint64_t>(std::max<off_t>(::lseek(fd.get(), 0, SEEK_END), 0));

    constexpr std::size_t piece = std::size_t{64} << 10;
    const auto bytes = std::make_unique_for_overwrite<char[]>(piece);
    // The first beginning of a line at `at` or behind it.
    const auto line_from = [&](std::uint64_t at) {
        for (std::uint64_t from = at - 1;;) {
            ssize_t got = 0;
            do {
                got = ::pread(fd.get(), bytes.get(), piece, static_cast<off_t>(from));
            } while (got < 0 && errno == EINTR);
            if (got < 0)
                failed(errno, from);
            if (got == 0)
                return size;
            const auto end =
                static_cast<const char*>(std::memchr(bytes.get(), delimiter, static_cast<std::size_t>(got)));
            if (end != nullptr)
                return from + static_cast<std::uint64_t>(end - bytes.get()) + 1;
            from += static_cast<std::uint64_t>(got);
        }
    };

    std::vector<part> parts{{path, 0, to_the_end}};
    for (std::size_t i = 1; i < n; ++i) {
        const std::uint64_t border = size / n * i + size % n * i / n;
        if (border <= parts.back().begin)
            continue;
        const std::uint64_t begin = line_from(border);
        if (begin >= size)
            break;
        if (begin == parts.back().begin)
            continue;
        parts.back().end = begin;
        parts.push_back({path, begin, to_the_end});
    }
    return parts;
}

} // namespace detail

/// `co_await split(ex, path, n)`: a file in up to `n` parts of about the same size, on the borders of its lines, for `n`
/// workers that each read one.
///
/// Yields: `std::vector<part>`: together every byte of the file once, each part whole lines, none of them empty. Fewer than
/// `n` where lines are longer than a part. The last one has no end, so that it holds what is appended later, and there is
/// always one, also of a file that is empty or does not know its size (/proc).
/// Throws: `leat::file::error` for what cannot be opened or has no offsets (FIFOs, terminals).
/// Threads: looks into the file on a worker; goes on on `ex`.
/// Cost: one read of 64 KiB per part, if lines are not longer than that. Example:
///
///     const auto parts = co_await leat::file::split(ex, "huge.log", 4);
///     for (const leat::file::part& some : parts)
///         queue.push(some); // a worker reads leat::file::lines(its_own_executor, some)
inline task<std::vector<part>> split(executor ex, std::filesystem::path path, std::size_t n,
                                     char delimiter = '\n') {
    auto work = [path = std::move(path), n, delimiter] { return detail::split_now(path, n, delimiter); };
    auto splitting = offload(std::move(ex), std::move(work));
    auto parts = co_await splitting;
    co_return parts;
}

} // namespace leat::file
