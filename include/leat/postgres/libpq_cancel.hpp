#pragma once

#include <leat/postgres/libpq.hpp>
#include <leat/postgres/libpq_link.hpp>

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace leat::postgres::detail {

/// Asks the server to stop what runs on a connection: on a thread of its own, for it opens a connection, and through a dead
/// network that takes minutes.
class libpq_cancel {
public:
    explicit libpq_cancel(PGconn* c) : handle_(make(c)) {}

    static std::shared_ptr<libpq_cancel> begin(PGconn* c) {
        auto request = std::make_shared<libpq_cancel>(c);
        try {
            std::thread([request] { request->run(); }).detach();
        } catch (...) { // no thread to be had
            request->run();
        }
        return request;
    }
    bool done() const {
        const std::lock_guard lock(mutex_);
        return done_;
    }
    bool wait_until(std::chrono::steady_clock::time_point deadline) const {
        std::unique_lock lock(mutex_);
        return changed_.wait_until(lock, deadline, [this] { return done_; });
    }

private:
#if defined(LIBPQ_HAS_ASYNC_CANCEL)
    // The newer one encrypts what the older one sends in the clear.
    using handle = PGcancelConn;
    static handle* make(PGconn* c) { return PQcancelCreate(c); }
    static void send(handle* h) { PQcancelBlocking(h); }
    struct deleter {
        void operator()(handle* h) const noexcept { PQcancelFinish(h); }
    };
#else
    using handle = PGcancel;
    static handle* make(PGconn* c) { return PQgetCancel(c); }
    static void send(handle* h) {
        char why_not[256];
        PQcancel(h, why_not, sizeof why_not);
    }
    using deleter = libpq_deleter;
#endif
    void run() {
        if (handle_)
            send(handle_.get());
        const std::lock_guard lock(mutex_);
        done_ = true;
        changed_.notify_all();
    }

    const std::unique_ptr<handle, deleter> handle_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    bool done_ = false;
};

/// Worker. Sends and reads to the end of what runs on a connection. `over()` takes the results that are there, and says whether
/// that was the end.
///
/// From `first_cancel` on the server is asked to stop. A cancel that reaches it before the query does nothing, so it is
/// repeated, less and less often. When nothing helps until `deadline`, `cut()` makes libpq see a lost connection.
template <class Over, class Cut>
void drain(libpq_link& link, std::chrono::steady_clock::time_point deadline,
           std::chrono::steady_clock::time_point first_cancel, Over over, Cut cut) {
    using namespace std::chrono;
    PGconn* const c = link.get();
    std::shared_ptr<libpq_cancel> request;
    milliseconds pause{10};
    auto next_cancel = first_cancel;
    for (;;) {
        const int unsent = PQflush(c);
        if (over())
            break;
        const auto now = steady_clock::now();
        if (now >= deadline) {
            cut();
            PQconsumeInput(c);
            over();
            return;
        }
        if (now >= next_cancel && (!request || request->done())) {
            request = libpq_cancel::begin(c);
            next_cancel = steady_clock::now() + pause;
            pause *= 2;
        }
        const auto until = std::min(deadline, std::max(next_cancel, steady_clock::now() + milliseconds(1)));
        pollfd ready{PQsocket(c), static_cast<short>(unsent == 1 ? POLLIN | POLLOUT : POLLIN), 0};
        ::poll(&ready, 1,
               static_cast<int>(duration_cast<milliseconds>(until - steady_clock::now()).count()) + 1);
        link.take_in();
    }
    // One that is still on its way could hit the next query.
    if (request && !request->wait_until(deadline))
        cut();
}

} // namespace leat::postgres::detail
