#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "../error.hpp"
#include "buffer.hpp"
#include "descriptor.hpp"
#include "worker.hpp"

namespace leat::file::detail {

enum class write_mode { replace, append, atomic };

/// The writing of one file: two buffers, one that is filled on the loop while a worker writes the other.
///
/// FIFOs, terminals and devices with readiness are written on the loop, when they are ready; a FIFO is opened
/// again and again until somebody reads it. Everything else, also opening, syncing, renaming and closing, is
/// the worker's.
class writer_state final : public shared_work {
public:
    writer_state(executor ex, std::filesystem::path path, write_mode mode, std::size_t buffer_size, bool sync)
        : shared_work(std::move(ex)), path_(std::move(path)), mode_(mode), sync_(sync),
          capacity_(std::max<std::size_t>(buffer_size, 1)) {
        for (buffer& b : buffers_)
            b.bytes = allocate_buffer<char>(capacity_);
    }

    // Runs where nobody waits for it: see `file_target`.
    ~writer_state() override { remove_temporary(); }

    /// Takes both, one after the other. False: there is not enough room, and nothing was taken. No lock: the worker has another
    /// buffer.
    bool put(std::string_view a, std::string_view b) noexcept {
        buffer& to = buffers_[filling_];
        if (capacity_ - to.size < a.size() + b.size())
            return false;
        char* const at = to.bytes.get() + to.size;
        if (!a.empty())
            std::memcpy(at, a.data(), a.size());
        if (b.size() == 1)
            at[a.size()] = b[0];
        else if (!b.empty())
            std::memcpy(at + a.size(), b.data(), b.size());
        to.size += a.size() + b.size();
        return true;
    }

    /// Takes as much of `text` as there is room for, and removes that from it.
    void put(std::string_view& text) noexcept {
        buffer& b = buffers_[filling_];
        const auto n = std::min(text.size(), capacity_ - b.size);
        if (n == 0)
            return;
        std::memcpy(b.bytes.get() + b.size, text.data(), n);
        b.size += n;
        text.remove_prefix(n);
    }

    /// Sends the filled buffer on its way. False: `co_await change()`, then again. Throws file::error.
    bool flush() {
        const std::lock_guard lock(mutex_);
        if (!idle())
            return false;
        if (buffers_[filling_].size == 0)
            return true;
        filling_ ^= 1;
        if (!pollable_)
            start([this] { write_all(); });
        else
            write_ready();
        return true;
    }

    /// As in `shared_work`. A stop cuts short what may take for ever: waiting for the reader of a FIFO. What a worker does
    /// with a file is waited for, so that it is known how much is written.
    change_awaiter change() {
        const std::lock_guard lock(mutex_);
        return change_awaiter(*this, waiting_);
    }

    /// Closes the file, and in `atomic` mode puts it in its place, if it is to be kept. False: as with
    /// flush().
    /// Throws file::error, but not if the file is not to be kept: then that is what its caller is already
    /// busy with.
    bool finish(bool keep) {
        const std::lock_guard lock(mutex_);
        if (!keep && waiting_)
            stop_waiting();
        if (working_ || waiting_)
            return false;
        if (error_ && keep)
            throw error(operation_, path_, error_, failed_at_);
        if (finished_)
            return true;
        finished_ = true;
        ready_to_file();
        start([this, keep] { close(keep); });
        return false;
    }

    /// All bytes that have been written.
    std::uint64_t written() const noexcept { return written_; }

    /// Nothing more will come. On the loop. False: there is something left to close.
    bool abandon() noexcept {
        const std::lock_guard lock(mutex_);
        stop_waiting();
        return finished_ && !working_;
    }

private:
    struct buffer {
        buffer_of<char> bytes;
        std::size_t size = 0;
    };

    buffer& draining() noexcept { return buffers_[filling_ ^ 1]; }

    // ---- on the loop, under the lock ----

    bool idle() {
        if (working_ || waiting_)
            return false;
        if (error_)
            throw error(operation_, path_, error_, failed_at_);
        if (!fd_ && !ready_) {
            open_or_wait();
            return false;
        }
        return true;
    }

    void open_or_wait() {
        if (!nobody_reads_)
            return start([this] { open(); });
        nobody_reads_ = false;
        waiting_ = true;
        retry_.emplace(home(), std::chrono::milliseconds(10));
        retry_->async_wait([self = self_pointer()](const boost::system::error_code& ec) { self->go_on(ec); });
    }

    void go_on(const boost::system::error_code& ec) {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_)
                return;
            waiting_ = false;
            if (!retry_) {
                if (ec) { // no readiness: a worker writes it
                    ready_to_file();
                    start([this] { write_all(); });
                } else {
                    write_ready();
                }
            }
            retry_.reset();
            if (working_ || waiting_)
                return;
        }
        resume_waiter();
    }

    void stop_waiting() noexcept {
        stopping_ = true;
        waiting_ = false;
        retry_.reset();
        ready_.reset();
    }

    void ready_to_file() {
        if (ready_)
            fd_ = unwatch(ready_);
        pollable_ = false;
    }

    void write_ready() {
        if (const int code = watch(fd_, ready_, home()); code != 0)
            return fail("open", code);
        buffer& b = draining();
        while (sent_ != b.size) {
            const auto n = write_quietly(ready_->native_handle(), b.bytes.get() + sent_, b.size - sent_);
            if (n >= 0) {
                sent_ += static_cast<std::size_t>(n);
                written_ += static_cast<std::uint64_t>(n);
            } else if (errno == EAGAIN) {
                waiting_ = true;
                ready_->async_wait(
                    asio::posix::stream_descriptor::wait_write,
                    [self = self_pointer()](const boost::system::error_code& ec) { self->go_on(ec); });
                return;
            } else if (errno != EINTR) {
                return fail("write", errno, written_);
            }
        }
        b.size = sent_ = 0;
    }

    std::shared_ptr<writer_state> self_pointer() {
        return std::static_pointer_cast<writer_state>(shared_from_this());
    }

    void fail(const char* operation, int code, std::optional<std::uint64_t> at = {}) noexcept {
        if (error_)
            return;
        operation_ = operation;
        error_ = {code, std::generic_category()};
        failed_at_ = at;
    }

    // ---- on a worker, without the lock ----

    void failed(const char* operation, int code, std::optional<std::uint64_t> at = {}) {
        const std::lock_guard lock(mutex_);
        fail(operation, code, at);
    }

    void open() {
        struct stat info {};
        const bool exists = ::stat(path_.c_str(), &info) == 0;
        // Only what is a regular file can be replaced; a device or a FIFO is written to.
        const bool temporary = mode_ == write_mode::atomic && (!exists || S_ISREG(info.st_mode));
        int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
        flags |= temporary ? O_EXCL : mode_ == write_mode::append ? O_APPEND : O_TRUNC;
        descriptor fd;
        if (temporary) {
            target_ = path_;
            std::error_code ignored;
            if (std::filesystem::is_symlink(path_, ignored)) // replace what it points to, not the link
                if (auto real = std::filesystem::canonical(path_, ignored); !ignored)
                    target_ = real;
            std::random_device random;
            temporary_ = target_;
            temporary_.replace_filename("." + target_.filename().string() + "." + std::to_string(random()) +
                                        ".tmp");
            fd = open_nameless();
        }
        if (!fd)
            fd = descriptor(::open((temporary ? temporary_ : path_).c_str(), flags, 0666));
        int code = fd ? 0 : errno;
        if (code == ENXIO && exists && S_ISFIFO(info.st_mode)) {
            const std::lock_guard lock(mutex_);
            nobody_reads_ = true;
            return;
        }
        if (!fd)
            temporary_.clear();
        else if (temporary && exists && ::fchmod(fd.get(), info.st_mode & 07777) != 0)
            code = errno;
        if (code == 0 && ::fstat(fd.get(), &info) != 0)
            code = errno;
        if (code != 0)
            return failed("open", code);
        const bool file = S_ISREG(info.st_mode) || S_ISBLK(info.st_mode);
        if (file)
            ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);

        const std::lock_guard lock(mutex_);
        fd_ = std::move(fd);
        regular_ = S_ISREG(info.st_mode);
        pollable_ = !file;
    }

    // A file without a name: when the program is killed, it is gone. Not every file system has it. (The name that it is to
    // get in the end is found by way of /proc.)
    descriptor open_nameless() {
#if defined(O_TMPFILE)
        if (::access("/proc/self/fd", X_OK) == 0) {
            descriptor fd(::open(directory().c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
            nameless_ = static_cast<bool>(fd);
            return fd;
        }
#endif
        return descriptor();
    }

    std::filesystem::path directory() const {
        return target_.has_parent_path() ? target_.parent_path() : std::filesystem::path(".");
    }

    void write_all() {
        buffer& b = draining();
        while (sent_ != b.size) {
            const auto n = ::write(fd_.get(), b.bytes.get() + sent_, b.size - sent_);
            if (n > 0) {
                sent_ += static_cast<std::size_t>(n);
                written_ += static_cast<std::uint64_t>(n);
            } else if (n == 0 || errno != EINTR) {
                return failed("write", n == 0 ? ENOSPC : errno, written_);
            }
        }
        b.size = sent_ = 0;
    }

    void close(bool keep) {
        const bool temporary = !temporary_.empty();
        if (keep && regular_ && (sync_ || temporary) && ::fsync(fd_.get()) != 0)
            failed("sync", errno);
        if (keep && !error_ && nameless_) {
            const auto self = "/proc/self/fd/" + std::to_string(fd_.get());
            if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) == 0)
                nameless_ = false;
            else
                failed("rename", errno);
        }
        if (const auto code = fd_.close())
            failed("close", code.value());
        if (!temporary || !keep || error_)
            return remove_temporary();
        if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
            failed("rename", errno);
            return remove_temporary();
        }
        temporary_.clear();
        // The new name is on the disk once its directory is. A file system that cannot sync a directory needs
        // no sync.
        const descriptor fd(::open(directory().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (fd && ::fsync(fd.get()) != 0 && errno != EINVAL)
            failed("sync", errno);
    }

    void remove_temporary() noexcept {
        if (!temporary_.empty() && !nameless_)
            ::unlink(temporary_.c_str());
        temporary_.clear();
    }

    const std::filesystem::path path_;
    const write_mode mode_;
    const bool sync_;
    const std::size_t capacity_;
    std::array<buffer, 2> buffers_;
    unsigned filling_ = 0; // the other one is being written
    std::size_t sent_ = 0; // of that other one
    std::uint64_t written_ = 0;
    std::filesystem::path target_;    // in atomic mode
    std::filesystem::path temporary_; // empty if there is none
    bool nameless_ = false;           // and it does not have that name yet
    descriptor fd_;
    watched ready_; // owns the descriptor instead, if it has readiness
    std::optional<asio::steady_timer> retry_;
    bool nobody_reads_ = false; // a FIFO
    bool pollable_ = false;
    bool regular_ = false;
    bool waiting_ = false; // for readiness or the timer
    bool finished_ = false;
    bool stopping_ = false;
    const char* operation_ = "";
    std::error_code error_;
    std::optional<std::uint64_t> failed_at_;
};

/// The writing end of a file as a local variable of a coroutine.
class file_target {
public:
    file_target(const executor& ex, std::filesystem::path path, write_mode mode, std::size_t buffer_size,
                bool sync)
        : state_(std::make_shared<writer_state>(ex, std::move(path), mode, buffer_size, sync)) {}
    file_target(file_target&&) = delete;
    /// What closing and removing may wait for must not hold the loop: the state is given to a worker to be
    /// destroyed.
    ~file_target() {
        if (!state_->abandon())
            asio::post(blocking_pool(), [state = std::move(state_)] {});
    }

    writer_state* operator->() const noexcept { return state_.get(); }

private:
    std::shared_ptr<writer_state> state_;
};

} // namespace leat::file::detail
