#pragma once

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <sys/stat.h>
#include <sys/uio.h>
#include <system_error>
#include <utility>
#include <vector>

#include "../../poison.hpp"
#include "../error.hpp"
#include "../options.hpp"
#include "buffer.hpp"
#include "descriptor.hpp"
#include "worker.hpp"

namespace leat::file::detail {

/// The reading of one file: which of the ways that cannot block is used, and the buffers.
///
/// * The file is opened by a worker, with O_NONBLOCK, so that a FIFO nobody writes to does not hold the
///   worker.
/// * Regular files and block devices: preadv2(RWF_NOWAIT) on the loop while the bytes are in the page cache;
///   otherwise, and where the file system does not know that flag (/proc, /sys), a worker fills the free
///   buffers until none is left.
/// * FIFOs, terminals and other devices: a read when the descriptor is ready. A FIFO is never read before it
///   was ready once: without a writer a read would return 0, which looks like the end. A device that has no
///   readiness (/dev/zero) is left to the worker.
class reader_state final : public shared_work {
public:
    reader_state(executor ex, std::filesystem::path path, read_options options)
        : shared_work(std::move(ex)), path_(std::move(path)), ahead_(options.ahead),
          chunk_size_(std::min<std::size_t>(chosen_size(options), 0x7ffff000)), // the most that read() takes
          buffers_(std::max(options.buffers, 2u)), offset_(options.offset), end_(options.end) {}

    /// The next chunk; empty at the end. Nothing if it has to be waited for: `co_await change()`, then ask
    /// again. The chunk before is given back by this call. Throws file::error.
    std::optional<std::span<const std::byte>> try_next() {
        const std::lock_guard lock(mutex_);
        give_back();
        if (read_ == written_ && !working_ && !over_)
            read_now();
        if (read_ != written_) {
            const buffer& b = buffers_[read_++ % buffers_.size()];
            holding_ = true;
            if (!over_ && !working_ && pumping_ && ahead_ != read_ahead::never &&
                free_buffers() * 2 >= buffers_.size() - 1)
                start([this] { fill(); });
            return std::span<const std::byte>(b.bytes.get(), b.size);
        }
        if (!over_ ||
            working_) // at the end the worker's last job is waited for: then abandon() closes at once
            return {};
        if (error_)
            throw error(operation_, path_, error_, failed_at_);
        return std::span<const std::byte>();
    }

    const std::filesystem::path& path() const noexcept { return path_; }

    /// Nobody will ask again. Closes the descriptor, or leaves that to the job that is using it. On the loop.
    void abandon() noexcept {
        const std::lock_guard lock(mutex_);
        over_ = stopping_ = true;
        ready_.reset();
        if (!working_)
            fd_.close();
    }

private:
    static std::size_t chosen_size(const read_options& options) noexcept {
        if (options.chunk_size != 0)
            return options.chunk_size;
        return options.ahead == read_ahead::always ? std::size_t{512} << 10 : std::size_t{256} << 10;
    }

    struct buffer {
        buffer_of<std::byte> bytes;
        std::size_t size = 0;
    };

    void give_back() noexcept {
        if (std::exchange(holding_, false))
            poison(buffers_[(read_ - 1) % buffers_.size()].bytes.get(), chunk_size_);
    }

    std::size_t free_buffers() const noexcept {
        return buffers_.size() - static_cast<std::size_t>(written_ - read_) - (holding_ ? 1 : 0);
    }

    void allocate(buffer& b) {
        if (!b.bytes)
            b.bytes = allocate_buffer<std::byte>(chunk_size_);
    }

    buffer& next_buffer() {
        buffer& b = buffers_[written_ % buffers_.size()];
        allocate(b);
        unpoison(b.bytes.get(), chunk_size_);
        return b;
    }

    void fail(const char* operation, int code, std::optional<std::uint64_t> at = {}) noexcept {
        operation_ = operation;
        error_ = {code, std::generic_category()};
        failed_at_ = at;
        over_ = true;
    }

    // ---- on the loop, under the lock, when no job runs and nothing is in the buffers ----

    void read_now() {
        if (!opened_)
            return start([this] { open(); });
        if (offset_ >= end_) {
            over_ = true;
            return;
        }
        if (pollable_ && !pumping_)
            return read_ready();
        if (!pumping_) {
            // The same buffer again: it is in the processor's cache. Another one where a chunk that somebody still looks
            // at is to be found out.
            if constexpr (!leat::detail::poisoning)
                read_ = written_ = 0;
            buffer& b = next_buffer();
            const auto n = read_some(b, RWF_NOWAIT);
            if (n >= 0)
                return put(b, static_cast<std::size_t>(n));
            if (errno != EAGAIN && errno != EOPNOTSUPP)
                return fail("read", errno, offset_);
            pumping_ = true;
        }
        for (buffer& b : buffers_)
            allocate(b); // here, where running out of memory can be thrown
        start([this] { fill(); });
    }

    void read_ready() {
        if (polling_)
            return;
        if (const int code = watch(fd_, ready_, home()); code != 0)
            return fail("open", code);
        if (was_ready_) {
            buffer& b = next_buffer();
            ssize_t n = 0;
            do {
                n = ::read(ready_->native_handle(), b.bytes.get(), wanted());
            } while (n < 0 && errno == EINTR);
            if (n >= 0)
                return put(b, static_cast<std::size_t>(n));
            if (errno != EAGAIN)
                return fail("read", errno, offset_);
        }
        wait_until_ready();
    }

    void wait_until_ready() {
        polling_ = true;
        ready_->async_wait(asio::posix::stream_descriptor::wait_read,
                           [self = std::static_pointer_cast<reader_state>(shared_from_this())](auto ec) {
                               if (self->found_ready(ec))
                                   self->resume_waiter();
                           });
    }

    bool found_ready(const boost::system::error_code& ec) {
        const std::lock_guard lock(mutex_);
        polling_ = false;
        if (!ready_)
            return false; // abandoned
        if (ec) {         // it has no readiness: then it is read as a file without RWF_NOWAIT is
            fd_ = unwatch(ready_);
            pumping_ = true;
        }
        was_ready_ = true;
        return true;
    }

    void put(buffer& b, std::size_t n) noexcept {
        b.size = n;
        offset_ += n;
        if (n != 0)
            ++written_;
        if (n == 0 || offset_ >= end_)
            over_ = true;
    }

    /// How much the next read asks for: at least one byte.
    std::size_t wanted() const noexcept {
        return static_cast<std::size_t>(std::min<std::uint64_t>(chunk_size_, end_ - offset_));
    }

    ssize_t read_some(buffer& b, int flags) noexcept {
        iovec io{b.bytes.get(), wanted()};
        ssize_t n = 0;
        do {
            n = ::preadv2(fd_.get(), &io, 1, seekable_ ? static_cast<off_t>(offset_) : -1, flags);
        } while (n < 0 && errno == EINTR);
        return n;
    }

    // ---- on a worker, without the lock ----

    void open() {
        descriptor fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
        struct stat info {};
        int code = fd && ::fstat(fd.get(), &info) == 0 ? 0 : errno;
        if (code == 0 && S_ISDIR(info.st_mode))
            code = EISDIR;
        const bool file = S_ISREG(info.st_mode) || S_ISBLK(info.st_mode);
        const bool seekable = file && code == 0 && ::lseek(fd.get(), 0, SEEK_CUR) == 0;
        if (seekable)
            ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
        else if (code == 0 && offset_ != 0)
            code = ESPIPE;

        const std::lock_guard lock(mutex_);
        if (stopping_)
            return;
        if (code != 0)
            return fail("open", code);
        opened_ = true;
        seekable_ = seekable;
        fd_ = std::move(fd);
        pumping_ = file && ahead_ == read_ahead::always;
        pollable_ = !file;
    }

    void fill() {
        if (!blocking_) { // from here on reads may wait
            ::fcntl(fd_.get(), F_SETFL, ::fcntl(fd_.get(), F_GETFL) & ~O_NONBLOCK);
            blocking_ = true;
        }
        for (;;) {
            buffer* b = nullptr;
            {
                const std::lock_guard lock(mutex_);
                if (over_ || free_buffers() == 0 || (ahead_ == read_ahead::never && written_ != read_))
                    return;
                b = &next_buffer();
            }
            const auto n = read_some(*b, 0);
            const int code = n < 0 ? errno : 0;
            const std::lock_guard lock(mutex_);
            if (stopping_)
                return;
            if (code != 0)
                fail("read", code, offset_);
            else
                put(*b, static_cast<std::size_t>(n));
            notify();
        }
    }

    const std::filesystem::path path_;
    const read_ahead ahead_;
    const std::size_t chunk_size_;
    std::vector<buffer> buffers_; // a ring: the reader is at read_, the worker at written_
    std::uint64_t read_ = 0;
    std::uint64_t written_ = 0;
    std::uint64_t offset_; // of the next byte to be read from the file
    const std::uint64_t end_;
    descriptor fd_;
    watched ready_; // owns the descriptor instead, if it has readiness
    bool opened_ = false;
    bool seekable_ = false;
    bool pollable_ = false;
    bool polling_ = false; // async_wait is under way
    bool was_ready_ = false;
    bool pumping_ = false;  // a worker reads
    bool blocking_ = false; // O_NONBLOCK is off
    bool holding_ = false;  // the reader uses the buffer before read_
    bool stopping_ = false;
    bool over_ = false; // nothing more will be read: the end, an error, or abandoned
    const char* operation_ = "";
    std::error_code error_;
    std::optional<std::uint64_t> failed_at_;
};

} // namespace leat::file::detail
