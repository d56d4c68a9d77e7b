#pragma once

#include "../../asio/executor.hpp"
#include "../options.hpp"
#include "curl.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <new>
#include <unordered_map>
#include <utility>
#include <vector>

namespace leat::http::detail {

/// What the engine tells a transfer, never from inside a libcurl callback.
class transfer_events : public std::enable_shared_from_this<transfer_events> {
public:
    virtual ~transfer_events() = default;
    /// libcurl is through with the transfer. The handle is out of the multi handle already.
    virtual void finished(CURLcode result) noexcept = 0;
    /// Something has changed: time for whoever waits to look.
    virtual void wake() = 0;

protected:
    transfer_events() = default;
    transfer_events(const transfer_events&) = delete;
    transfer_events& operator=(const transfer_events&) = delete;

private:
    friend class engine;
    bool wake_queued_ = false;
};

/// libcurl's multi handle driven by an Asio loop: libcurl says which sockets and which timer it waits for,
/// Asio waits, libcurl is told. It knows nothing of HTTP.
///
/// libcurl must not be re-entered from its callbacks. So a callback only takes notes (`wake_later`), and
/// coroutines are resumed after `curl_multi_socket_action` has returned; they may start, pause and remove
/// transfers as they like, and even drop the engine's last owner.
///
/// Threads: everything on the executor, which must be a strand or run by one thread.
class engine : public std::enable_shared_from_this<engine> {
public:
    engine(leat::executor ex, http::options o)
        : executor_(std::move(ex)), options_(std::move(o)), timer_(executor_) {
        initialise_curl();
        multi_.reset(curl_multi_init());
        if (!multi_)
            throw std::bad_alloc();
        set(CURLMOPT_SOCKETFUNCTION, &engine::on_socket);
        set(CURLMOPT_SOCKETDATA, this);
        set(CURLMOPT_TIMERFUNCTION, &engine::on_timer);
        set(CURLMOPT_TIMERDATA, this);
    }

    ~engine() {
        // Closes the kept connections, which calls on_socket and on_close_socket once more.
        multi_.reset();
        for (auto& [fd, watched] : sockets_)
            watched->forget();
    }

    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    const leat::executor& executor() const noexcept { return executor_; }
    const http::options& options() const noexcept { return options_; }

    /// Starts a transfer. `CURLOPT_PRIVATE` of the handle must hold its `transfer_events`.
    void add(CURL* easy, transfer_events& events) {
        curl_easy_setopt(easy, CURLOPT_PRIVATE, static_cast<void*>(&events));
        curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &engine::on_close_socket);
        curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
        open_.emplace(easy, &events);
        if (const CURLMcode code = curl_multi_add_handle(multi_.get(), easy); code != CURLM_OK) {
            open_.erase(easy);
            throw error(error_kind::protocol, {},
                        std::string("libcurl did not take the transfer: ") + curl_multi_strerror(code) + ".");
        }
        look_soon();
    }

    /// Ends a transfer: what is unfinished is dropped together with its connection.
    void remove(CURL* easy) noexcept {
        open_.erase(easy);
        curl_multi_remove_handle(multi_.get(), easy);
        look_soon();
    }

    /// Lets a paused transfer go on, but for the directions in `still_paused` (CURLPAUSE_...). Its callbacks
    /// may run before this returns.
    CURLcode resume(CURL* easy, int still_paused) noexcept {
        const CURLcode code = curl_easy_pause(easy, still_paused);
        look_soon();
        return code;
    }

    /// Called from libcurl's callbacks: the transfer is woken when libcurl has returned.
    void wake_later(transfer_events& events) {
        if (events.wake_queued_)
            return;
        to_wake_.push_back(events.shared_from_this());
        events.wake_queued_ = true;
    }

    /// For whoever has called `wake_later` himself, outside of libcurl.
    void wake_soon() noexcept { look_soon(); }

    /// All transfers that are in libcurl's hands, in no order. They live at least until the loop runs again.
    std::vector<std::shared_ptr<transfer_events>> open() const {
        std::vector<std::shared_ptr<transfer_events>> all;
        all.reserve(open_.size());
        for (const auto& [easy, events] : open_)
            all.push_back(events->shared_from_this());
        return all;
    }

private:
    /// A socket of libcurl's, registered with Asio as long as libcurl wants to hear of it. Never closed here.
    struct watched_socket {
        watched_socket(const leat::executor& ex, curl_socket_t fd) : descriptor(ex, fd) {}
        ~watched_socket() { forget(); }
        void forget() noexcept {
            wanted = CURL_POLL_NONE;
            if (descriptor.is_open())
                descriptor.release();
        }

        boost::asio::posix::stream_descriptor descriptor;
        int wanted = CURL_POLL_NONE;
        bool waiting_to_read = false;
        bool waiting_to_write = false;
    };
    using socket_pointer = std::shared_ptr<watched_socket>;

    template <class Value> void set(CURLMoption option, Value value) {
        if (curl_multi_setopt(multi_.get(), option, value) != CURLM_OK)
            throw error(error_kind::protocol, {},
                        "libcurl does not know an option that leat needs (7.81 or newer).");
    }

    // ------------------------------------------------------------------ libcurl's callbacks

    static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept {
        auto& e = *static_cast<engine*>(self);
        try {
            if (what == CURL_POLL_REMOVE) {
                e.forget(fd);
            } else {
                socket_pointer& s = e.sockets_[fd];
                if (!s)
                    s = std::make_shared<watched_socket>(e.executor_, fd);
                s->wanted = what;
                e.wait(fd, s);
            }
            return 0;
        } catch (...) {
            e.forget(fd);
            return -1; // out of memory or out of epoll watches: libcurl fails the transfers
        }
    }

    static int on_timer(CURLM*, long milliseconds, void* self) noexcept {
        auto& e = *static_cast<engine*>(self);
        try {
            e.set_timer(milliseconds);
            return 0;
        } catch (...) {
            return -1;
        }
    }

    /// libcurl says CURL_POLL_REMOVE before it closes a socket, mostly. This is the safety net: a descriptor
    /// that Asio still watches must not be closed, its number may be given to someone else at once.
    static int on_close_socket(void* self, curl_socket_t fd) noexcept {
        static_cast<engine*>(self)->forget(fd);
        return ::close(fd); // <unistd.h>, which Asio needs too
    }

    // ------------------------------------------------------------------ waiting with Asio

    void forget(curl_socket_t fd) noexcept {
        if (const auto found = sockets_.find(fd); found != sockets_.end()) {
            found->second->forget(); // a handler on its way holds the object, and sees that nothing is wanted
            sockets_.erase(found);
        }
    }

    void wait(curl_socket_t fd, const socket_pointer& s) {
        using boost::asio::posix::stream_descriptor;
        if ((s->wanted & CURL_POLL_IN) && !s->waiting_to_read) {
            s->waiting_to_read = true;
            s->descriptor.async_wait(stream_descriptor::wait_read,
                                     [self = weak_from_this(), s, fd](const boost::system::error_code& code) {
                                         s->waiting_to_read = false;
                                         if (const auto e = self.lock(); e && (s->wanted & CURL_POLL_IN))
                                             e->socket_ready(fd, s,
                                                             code ? CURL_CSELECT_ERR : CURL_CSELECT_IN);
                                     });
        }
        if ((s->wanted & CURL_POLL_OUT) && !s->waiting_to_write) {
            s->waiting_to_write = true;
            s->descriptor.async_wait(stream_descriptor::wait_write,
                                     [self = weak_from_this(), s, fd](const boost::system::error_code& code) {
                                         s->waiting_to_write = false;
                                         if (const auto e = self.lock(); e && (s->wanted & CURL_POLL_OUT))
                                             e->socket_ready(fd, s,
                                                             code ? CURL_CSELECT_ERR : CURL_CSELECT_OUT);
                                     });
        }
    }

    void socket_ready(curl_socket_t fd, const socket_pointer& s, int what) {
        act(fd, what);
        if (s->wanted != CURL_POLL_NONE)
            wait(fd, s);
        wake_all();
    }

    void set_timer(long milliseconds) {
        ++timer_generation_; // a handler that is on its way already is out of date
        if (milliseconds < 0) {
            timer_.cancel();
            return;
        }
        timer_.expires_after(std::chrono::milliseconds(milliseconds));
        timer_.async_wait(
            [self = weak_from_this(), generation = timer_generation_](const boost::system::error_code& code) {
                const auto e = self.lock();
                if (code || !e || generation != e->timer_generation_)
                    return;
                e->act(CURL_SOCKET_TIMEOUT, 0);
                e->wake_all();
            });
    }

    // ------------------------------------------------------------------ work

    void act(curl_socket_t fd, int what) {
        acting_ = true;
        int running = 0;
        const CURLMcode code = curl_multi_socket_action(multi_.get(), fd, what, &running);
        int left = 0;
        while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
            if (message->msg != CURLMSG_DONE)
                continue;
            const CURLcode result = message->data.result; // the message dies with the handle's removal
            finish(message->easy_handle, result);
        }
        // A broken multi handle brings nothing any more: nobody may wait for it.
        if (code != CURLM_OK && code != CURLM_BAD_SOCKET)
            while (!open_.empty())
                finish(open_.begin()->first,
                       code == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_ABORTED_BY_CALLBACK);
        acting_ = false;
    }

    void finish(CURL* easy, CURLcode result) {
        const auto found = open_.find(easy);
        if (found == open_.end())
            return;
        transfer_events& events = *found->second;
        open_.erase(found);
        curl_multi_remove_handle(multi_.get(), easy);
        events.finished(result);
        wake_later(events);
    }

    /// Resumes the coroutines whose transfers have news. Each may do anything.
    void wake_all() {
        while (!to_wake_.empty()) {
            std::vector<std::shared_ptr<transfer_events>> batch;
            batch.swap(to_wake_);
            for (const auto& events : batch) {
                events->wake_queued_ = false;
                events->wake();
            }
            if (to_wake_.empty()) {
                batch.clear();
                to_wake_.swap(batch); // keeps the memory for the next round
            }
        }
    }

    /// libcurl was called outside of `act`: should it have finished or filled another transfer, that one is
    /// told soon.
    void look_soon() {
        if (acting_ || to_wake_.empty())
            return;
        boost::asio::post(executor_, [self = weak_from_this()] {
            if (const auto e = self.lock())
                e->wake_all();
        });
    }

    leat::executor executor_;
    http::options options_;
    boost::asio::steady_timer timer_;
    unsigned long timer_generation_ = 0;
    std::unordered_map<curl_socket_t, socket_pointer> sockets_;
    std::unordered_map<CURL*, transfer_events*> open_;
    std::vector<std::shared_ptr<transfer_events>> to_wake_;
    bool acting_ = false;
    multi_handle multi_; // last: the first to be destroyed, its callbacks use the others
};

} // namespace leat::http::detail
