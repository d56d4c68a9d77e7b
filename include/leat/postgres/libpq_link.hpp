#pragma once

#include <leat/postgres/error.hpp>
#include <leat/postgres/libpq.hpp>
#include <leat/postgres/sqlstate.hpp>
#include <leat/postgres/type.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::postgres::detail {

class libpq_session;

/// A descriptor of our own, for which nobody else decides when it is closed.
class descriptor_copy {
public:
    descriptor_copy() noexcept = default;
    explicit descriptor_copy(int of) noexcept : fd_(::dup(of)) {}
    descriptor_copy(descriptor_copy&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    descriptor_copy& operator=(descriptor_copy other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~descriptor_copy() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }

private:
    int fd_ = -1;
};

/// What a `connection` and the streams on it share: libpq's connection, and who uses it.
class libpq_link {
public:
    explicit libpq_link(libpq_ptr<PGconn> c) : connection_(std::move(c)) {
        PQsetnonblocking(connection_.get(), 1);
        PQsetNoticeReceiver(connection_.get(), &libpq_link::heard, this);
    }
    libpq_link(const libpq_link&) = delete;
    libpq_link& operator=(const libpq_link&) = delete;

    PGconn* get() const noexcept { return connection_.get(); }
    bool open() const noexcept { return !closed_ && PQstatus(get()) == CONNECTION_OK; }

    /// Reads from the socket, once: what is there comes in 16 KiB, and whoever wants more asks again. False when there is
    /// nothing to read any more.
    ///
    /// TLS hands out a record in parts and keeps the rest, for which no socket becomes readable. A record has 16 KiB and
    /// libpq reads at least 8 at once, so after three reads that had nothing new from the socket it holds nothing back.
    bool take_in() noexcept {
        if (PQconsumeInput(get()) == 0)
            return false;
        for (int quiet = 0; quiet < 3 && PQsslInUse(get()) && PQisBusy(get());) {
            int waiting = 0;
            ::ioctl(PQsocket(get()), FIONREAD, &waiting);
            quiet = waiting == 0 ? quiet + 1 : 0;
            if (PQconsumeInput(get()) == 0)
                break; // what came before it counts
        }
        return true;
    }

    /// Takes the connection for one stream. False if somebody has it.
    bool claim(std::shared_ptr<libpq_session> s) {
        const std::lock_guard lock(mutex_);
        if (user_)
            return false;
        user_ = std::move(s);
        return true;
    }
    std::shared_ptr<libpq_session> user() const {
        const std::lock_guard lock(mutex_);
        return user_;
    }
    void forget(const libpq_session* s) noexcept {
        std::shared_ptr<libpq_session> last; // destroyed after the lock is gone
        const std::lock_guard lock(mutex_);
        if (user_.get() == s)
            last = std::move(user_);
    }

    /// From now on nobody begins anything here.
    void mark_closed() noexcept { closed_ = true; }
    bool marked_closed() const noexcept { return closed_; }

    /// Why the server hung up, if it said so.
    const std::string& last_words() const noexcept { return last_words_; }
    const std::string& last_sqlstate() const noexcept { return last_sqlstate_; }

    /// The types that the server was asked about; see `type_query`.
    struct known_type {
        oid id = 0, read_as = 0;
        std::string name;
        oid element = 0;
    };
    std::vector<known_type> types;

private:
    /// Replaces libpq's own, which writes to stderr.
    static void heard(void* self, const PGresult* notice) noexcept {
        auto& link = *static_cast<libpq_link*>(self);
        const auto field = [notice](int which) -> std::string_view {
            const char* const text = PQresultErrorField(notice, which);
            return text == nullptr ? "" : text;
        };
        const std::string_view severity = field(PG_DIAG_SEVERITY_NONLOCALIZED);
        const std::string_view code = field(PG_DIAG_SQLSTATE);
        // An immediate shutdown, or a crash elsewhere in the server, is only a WARNING.
        if (severity != "FATAL" && severity != "PANIC" && !server_leaves(code))
            return;
        try {
            link.last_words_ = PQresultErrorMessage(notice);
            link.last_sqlstate_ = code;
        } catch (...) {
            // Out of memory for a message: the error will do without it.
        }
    }

    libpq_ptr<PGconn> connection_;
    mutable std::mutex mutex_;
    std::shared_ptr<libpq_session> user_;
    std::string last_words_, last_sqlstate_;
    std::atomic<bool> closed_ = false; // a clean-up on another thread looks at it
};

} // namespace leat::postgres::detail
