#pragma once

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#include <utility>

#include "../../poison.hpp"
#include "../error.hpp"
#include "../tail_options.hpp"
#include "descriptor.hpp"

namespace leat::file::detail {

/// The file that `tail` follows: what is new in it, and whether its name stands for another one by now.
///
/// `look()` is for workers, one at a time; `noticed()` for the loop, while nobody looks.
class tailed_file {
public:
    enum class finding {
        bytes,   // bytes() are new
        nothing, // all is read
        restart, // what comes now is another file, or the same one emptied: begin anew
        missing, // all is read, and nothing has the file's name
    };

    tailed_file(std::filesystem::path path, const tail_options& options)
        : path_(std::move(path)), options_(options),
          chunk_size_(std::max<std::size_t>(options.chunk_size, 1)) {}

    const std::filesystem::path& path() const noexcept { return path_; }
    std::string_view bytes() const noexcept { return {buffer_.get(), size_}; }
    /// Where in the file the last `restart`, or the first look, began.
    std::uint64_t begin() const noexcept { return begin_; }
    /// The descriptor that becomes readable when something happens; -1 where there is none.
    int notifications() const noexcept { return notify_.get(); }

    finding look() {
        if (!buffer_)
            buffer_ = std::make_unique_for_overwrite<char[]>(chunk_size_);
        unpoison(buffer_.get(), chunk_size_);
        if (!fd_) {
            if (options_.follow && options_.poll.count() == 0)
                listen();
            if (!open_first())
                return finding::missing;
        }
        if (read())
            return finding::bytes;
        if (!options_.follow)
            return finding::nothing;

        struct stat old {};
        if (::fstat(fd_.get(), &old) != 0)
            fail("read", errno);
        if (S_ISREG(old.st_mode) && static_cast<std::uint64_t>(old.st_size) < offset_) {
            offset_ = begin_ = 0;
            return finding::restart;
        }
        descriptor other;
        struct stat now {};
        if (::stat(path_.c_str(), &now) == 0 && (now.st_dev != old.st_dev || now.st_ino != old.st_ino))
            other = open();
        else if (now.st_ino != 0)
            return finding::nothing;
        if (!other)
            return finding::missing;
        if (read()) // written to the old one since; next time it will be found out again
            return finding::bytes;
        fd_ = std::move(other);
        offset_ = begin_ = 0;
        watch_file();
        return finding::restart;
    }

    /// Reads the notifications. True: it is worth a look.
    bool noticed() noexcept {
        alignas(inotify_event) char events[4096];
        bool worth = false;
        for (ssize_t n; (n = ::read(notify_.get(), events, sizeof events)) > 0;) {
            for (const char* at = events; at < events + n;) {
                inotify_event e{};
                std::memcpy(&e, at, sizeof e);
                const char* const name = at + sizeof e;
                worth = worth || e.wd != folder_ || (e.len != 0 && path_.filename() == name);
                at += sizeof e + e.len;
            }
        }
        return worth;
    }

private:
    [[noreturn]] void fail(const char* operation, int code) const {
        throw error(operation, path_, {code, std::generic_category()});
    }

    // Nothing if the name is free, or leads to a file that cannot be opened by now: then it is tried again.
    descriptor open() const {
        return descriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    }

    bool open_first() {
        descriptor fd = open();
        if (!fd) {
            if (errno == ENOENT && options_.follow && options_.wait_for_file)
                return came_later_ = true, false;
            fail("open", errno);
        }
        struct stat info {};
        if (::fstat(fd.get(), &info) != 0)
            fail("open", errno);
        if (S_ISDIR(info.st_mode))
            fail("open", EISDIR);
        if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode))
            fail("follow", ESPIPE);
        fd_ = std::move(fd);
        watch_file();
        if (!came_later_)
            offset_ = begin_ = last_lines();
        return true;
    }

    // A line that has no end yet is still to come if the file is followed, and the last one if it is not.
    std::uint64_t last_lines() {
        if (options_.last_lines == all_lines)
            return 0;
        auto at = static_cast<std::uint64_t>(std::max<off_t>(::lseek(fd_.get(), 0, SEEK_END), 0));
        std::size_t ends = options_.last_lines + 1; // so many line ends back
        if (!options_.follow && options_.last_lines == 0)
            return at;
        for (bool last = true; at != 0;) {
            const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(at, chunk_size_));
            at -= size;
            const ssize_t got = ::pread(fd_.get(), buffer_.get(), size, static_cast<off_t>(at));
            if (got < 0)
                fail("read", errno);
            for (std::size_t i = static_cast<std::size_t>(got); i-- != 0;) {
                const bool end = buffer_[i] == options_.delimiter;
                if (std::exchange(last, false) && !end && !options_.follow)
                    --ends;
                if (end && --ends == 0)
                    return at + i + 1;
            }
        }
        return 0;
    }

    bool read() {
        ssize_t n = 0;
        do {
            n = ::pread(fd_.get(), buffer_.get(), chunk_size_, static_cast<off_t>(offset_));
        } while (n < 0 && errno == EINTR);
        if (n < 0)
            throw error("read", path_, last_error(), offset_);
        size_ = static_cast<std::size_t>(n);
        offset_ += size_;
        return n != 0;
    }

    // Without inotify, or where the kernel refuses one more watch, time tells: `tail` looks every second.
    void listen() noexcept {
        if (notify_)
            return;
        notify_ = descriptor(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
        const auto folder = path_.parent_path();
        folder_ = ::inotify_add_watch(notify_.get(), folder.empty() ? "." : folder.c_str(),
                                      IN_CREATE | IN_MOVED_TO);
        if (folder_ < 0)
            notify_.close();
    }
    void watch_file() noexcept {
        if (!notify_)
            return;
        if (file_ >= 0)
            ::inotify_rm_watch(notify_.get(), file_);
        file_ = ::inotify_add_watch(notify_.get(), path_.c_str(), IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF);
        if (file_ < 0 && errno != ENOENT) // gone again: the folder tells when another one comes
            notify_.close();
    }

    const std::filesystem::path path_;
    const tail_options options_;
    const std::size_t chunk_size_;
    std::unique_ptr<char[]> buffer_;
    std::size_t size_ = 0;
    std::uint64_t offset_ = 0;
    std::uint64_t begin_ = 0;
    descriptor fd_;
    descriptor notify_;
    int folder_ = -1, file_ = -1; // the watches
    bool came_later_ = false;     // the file was not there at first: then all of it is new
};

} // namespace leat::file::detail
