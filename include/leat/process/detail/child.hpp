#pragma once

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <cerrno>
#include <chrono>
#include <coroutine>
#include <csignal>
#include <cstddef>
#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include "../../asio/executor.hpp"
#include "../../asio/stoppable_wait.hpp"
#include "../../file/descriptor.hpp"
#include "../../poison.hpp"
#include "../../task.hpp"
#include "../error.hpp"
#include "../options.hpp"
#include "spawn.hpp"

namespace leat::process::detail {

namespace asio = boost::asio;

/// Where one coroutine waits for what has happened to a program. Everything is on one executor, so there is no lock.
class wait_point {
public:
    void happened() {
        happened_ = true;
        wake();
    }
    // A waiter may be woken for nothing, so it looks again at what it waits for.
    void wake() {
        if (const auto h = std::exchange(waiter_, nullptr))
            h.resume();
    }

    template <class Owner> class awaiter {
    public:
        awaiter(std::shared_ptr<Owner> owner, wait_point& point) noexcept
            : owner_(std::move(owner)), point_(point) {}
        awaiter(const awaiter&) = delete;
        ~awaiter() { point_.waiter_ = nullptr; } // the coroutine may be being destroyed

        void inherit_stop(const leat::detail::stop_ref& stop) noexcept { stop_.inherit(stop); }
        bool await_ready() noexcept { return std::exchange(point_.happened_, false); }
        LEAT_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<> h) {
            stop_.begin(owner_->home(), wake_it{owner_, &point_});
            point_.waiter_ = h;
        }
        void await_resume() noexcept { point_.happened_ = false; }

    private:
        struct wake_it {
            std::shared_ptr<Owner> owner;
            wait_point* point;
            void operator()() const { point->wake(); }
        };
        std::shared_ptr<Owner> owner_;
        wait_point& point_;
        leat::stoppable_wait<wake_it> stop_;
    };

private:
    std::coroutine_handle<> waiter_;
    bool happened_ = false;
};

/// A program that runs, on the loop: its standard output is read when somebody asks for it; its standard error is read as it
/// comes, and the last of it kept; its end is waited for.
///
/// Owned by what waits on the loop, and by the stream through a `child_handle`; `abandon` ends those waits.
class child : public std::enable_shared_from_this<child> {
    using stream = asio::posix::stream_descriptor;

public:
    child(executor ex, launched what, const options& o)
        : ex_(std::move(ex)), program_(std::move(what.program)), process_(std::move(what.process)),
          timer_(ex_), success_(o.success), error_size_(o.error_size),
          size_(std::max<std::size_t>(o.chunk_size, 1)),
          buffer_(std::make_unique_for_overwrite<std::byte[]>(size_)) {
        take(in_, what.in);
        take(out_, what.out);
        take(err_, what.err);
        take(ended_, what.ended);
    }
    child(const child&) = delete;

    const executor& home() const noexcept { return ex_; }

    /// Once, after construction.
    void begin() {
        read_errors_when_ready();
        wait_for_end();
    }

    /// `co_await c->change()`: until there may be more output, or the program has ended. Throws `leat::stopped`.
    wait_point::awaiter<child> change() noexcept { return {shared_from_this(), output_}; }
    /// The same until there may be room in its standard input.
    wait_point::awaiter<child> room() noexcept { return {shared_from_this(), input_}; }

    /// The next bytes of its output; empty when it has ended. Nothing: `co_await change()`, then ask again. What was given
    /// before is given back by this call.
    std::optional<std::span<const std::byte>> try_read() {
        while (out_) {
            if constexpr (leat::detail::poisoning) {
                // So that the chunk before is not only another one, but gone.
                if (std::exchange(lent_, false)) {
                    poison(buffer_.get(), size_);
                    if (!other_)
                        other_ = std::make_unique_for_overwrite<std::byte[]>(size_);
                    std::swap(buffer_, other_);
                }
            }
            unpoison(buffer_.get(), size_);
            const bool over = over_; // seen before the read: what it wrote is in the pipe then
            const auto n = ::read(out_->native_handle(), buffer_.get(), size_);
            const std::size_t size = n > 0 ? static_cast<std::size_t>(n) : 0;
            poison(buffer_.get() + size, size_ - size);
            lent_ = n > 0;
            if (lent_)
                return std::span<const std::byte>(buffer_.get(), size);
            if (n < 0 && errno == EINTR)
                continue;
            // Who else has the pipe open, a program that it has left running, is not waited for.
            if (n == 0 || errno != EAGAIN || over) {
                out_.reset();
                break;
            }
            if (!std::exchange(reading_, true))
                out_->async_wait(stream::wait_read,
                                 [self = shared_from_this()](const boost::system::error_code&) {
                                     self->reading_ = false;
                                     self->output_.happened();
                                 });
            return {};
        }
        if (!over_)
            return {};
        return std::span<const std::byte>();
    }

    /// After its end: throws process::error where that was not a success.
    void check() {
        keep_errors();
        const int status = process_.status().value_or(0);
        const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        if (signal != 0 || std::find(success_.begin(), success_.end(), code) == success_.end())
            throw error(program_, code, signal, std::move(errors_));
    }

    /// Writes what there is room for, and removes that from `text`. Nothing can be written when it does not read any more:
    /// then all of it is removed, and the result is false.
    bool try_write(std::string_view& text) {
        while (in_ && !text.empty()) {
            const auto n = file::write_quietly(in_->native_handle(), text.data(), text.size());
            if (n >= 0) {
                text.remove_prefix(static_cast<std::size_t>(n));
            } else if (errno == EAGAIN) {
                in_->async_wait(stream::wait_write,
                                [self = shared_from_this()](const boost::system::error_code&) {
                                    self->input_.happened();
                                });
                return true;
            } else if (errno != EINTR) {
                in_.reset();
            }
        }
        if (!in_)
            text = {};
        return static_cast<bool>(in_);
    }
    void end_of_input() noexcept { in_.reset(); }

    /// Ends it, if it has not ended, and waits for that.
    static task<> close(std::shared_ptr<child> c) {
        if (!c->over_) {
            c->process_.signal(SIGTERM); // before its input ends: what it got is not all there is
            c->kill_later();
        }
        c->in_.reset();
        c->out_.reset();
        while (!c->over_)
            co_await c->change();
        c->abandon();
    }

    /// Nobody will ask again.
    void abandon() noexcept {
        if (!over_)
            process_.signal(SIGTERM); // the rest is the business of its owner, see there
        in_.reset();
        out_.reset();
        err_.reset();
        ended_.reset();
        timer_.cancel();
        abandoned_ = true;
    }

private:
    void take(std::optional<stream>& to, descriptor& fd) {
        if (!fd)
            return;
        to.emplace(ex_, fd.get());
        fd.release();
    }

    void wait_for_end() {
        if (ended_) {
            ended_->async_wait(stream::wait_read,
                               [self = shared_from_this()](const boost::system::error_code& ec) {
                                   if (!self->abandoned_ && !self->look_for_end() && !ec)
                                       self->wait_for_end();
                               });
            return;
        }
        if (kill_at_ && std::chrono::steady_clock::now() >= *kill_at_)
            process_.signal(SIGKILL);
        // A kernel before 5.3: to ask now and then costs less than a thread that waits.
        timer_.expires_after(std::chrono::milliseconds(5));
        timer_.async_wait([self = shared_from_this()](const boost::system::error_code&) {
            if (!self->abandoned_ && !self->look_for_end())
                self->wait_for_end();
        });
    }
    bool look_for_end() {
        if (!process_.status())
            return false;
        over_ = true;
        timer_.cancel();
        output_.happened();
        return true;
    }
    void kill_later() {
        kill_at_ = std::chrono::steady_clock::now() + process_.grace();
        if (!ended_)
            return; // it is asked after anyway
        timer_.expires_at(*kill_at_);
        timer_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
            if (!ec && !self->over_)
                self->process_.signal(SIGKILL);
        });
    }

    void read_errors_when_ready() {
        err_->async_wait(stream::wait_read, [self = shared_from_this()](const boost::system::error_code& ec) {
            if (!ec && self->err_ && self->keep_errors())
                self->read_errors_when_ready();
        });
    }
    // What there is, but not more than a few pages at once: a program may write faster than we read.
    bool keep_errors() {
        char bytes[4096];
        for (int i = 0; i != 16 && err_; ++i) {
            const auto n = ::read(err_->native_handle(), bytes, sizeof bytes);
            if (n > 0) {
                errors_.append(bytes, static_cast<std::size_t>(n));
                if (errors_.size() > 2 * error_size_)
                    errors_.erase(0, errors_.size() - error_size_);
            } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
                err_.reset();
            } else if (errno == EAGAIN) {
                break;
            }
        }
        if (over_ && errors_.size() > error_size_)
            errors_.erase(0, errors_.size() - error_size_);
        return static_cast<bool>(err_);
    }

    executor ex_;
    std::string program_;
    pid_owner process_;
    std::optional<stream> in_, out_, err_, ended_;
    asio::steady_timer timer_;
    wait_point output_, input_;
    std::vector<int> success_;
    std::size_t error_size_;
    std::size_t size_;
    std::unique_ptr<std::byte[]> buffer_;
    std::unique_ptr<std::byte[]> other_; // with AddressSanitizer only
    std::string errors_;
    std::optional<std::chrono::steady_clock::time_point> kill_at_;
    bool lent_ = false;    // the buffer is in the hands of the reader
    bool reading_ = false; // a wait for output is under way
    bool over_ = false;    // it has ended, and was waited for
    bool abandoned_ = false;
};

/// Owns a program for a stream: its body and its cleanup, which outlives the body's variables. When the last of them is gone,
/// nobody will ask again.
using child_handle = std::shared_ptr<child>;

inline child_handle run(const executor& ex, launched what, const options& o) {
    const auto c = std::make_shared<child>(ex, std::move(what), o);
    child_handle handle(c.get(), [c](child*) { c->abandon(); });
    c->begin();
    return handle;
}

} // namespace leat::process::detail
