#pragma once

#include <leat/asio/executor.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/sqlstate.hpp>
#include <leat/postgres/stream_options.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace leat::postgres::detail {

/// The time limits of a stream. It ends the wait that takes too long, and warns of a reader that rests too long. One timer,
/// which is not set anew for every wait: when it fires it looks what the time is up for.
class watchdog {
    struct state;
    using clock = std::chrono::steady_clock;

public:
    watchdog(const executor& ex, const stream_options& o) {
        if (o.deadline.count() > 0 || o.stall.count() > 0 ||
            (o.idle_warning.count() > 0 && o.warn != nullptr))
            state_ = std::make_shared<state>(ex, o);
    }
    watchdog(const watchdog&) = delete;
    ~watchdog() { end(); }

    /// The stream begins.
    void begin() {
        if (state_ && state_->options.deadline.count() > 0) {
            state_->deadline = clock::now() + state_->options.deadline;
            state_->arm();
        }
    }
    /// The stream is over.
    void end() noexcept {
        if (state_) {
            state_->cut = nullptr;
            state_->resting = false;
            state_->timer.cancel();
        }
        state_.reset();
    }

    /// The reader has got something and is not heard of until it asks again.
    void reader_rests() {
        if (state_ && state_->options.idle_warning.count() > 0) {
            state_->resting = true;
            state_->since = clock::now();
            state_->arm();
        }
    }
    /// The reader asks. Throws error_kind::timed_out.
    void reader_asks() {
        if (!state_)
            return;
        state_->resting = false;
        if (clock::now() >= state_->deadline)
            state_->late = true;
        check();
    }

    /// Throws error_kind::timed_out.
    void check() const {
        if (!state_)
            return;
        if (state_->late)
            throw timed_out(
                "the stream took longer than its deadline (stream_options::deadline); the query was "
                "cancelled");
        if (state_->silent)
            throw timed_out(
                "the server sent nothing for as long as stream_options::stall allows; the query was "
                "cancelled");
    }
    bool cut_short() const noexcept { return state_ && (state_->late || state_->silent); }

    /// While this lives, a wait is under way that `object.cancel()` ends.
    class waiting {
    public:
        template <class Cancellable> waiting(watchdog& dog, Cancellable& object) : state_(dog.state_.get()) {
            if (state_ == nullptr)
                return;
            state_->cut = [](void* o) { static_cast<Cancellable*>(o)->cancel(); };
            state_->what = &object;
            state_->since = clock::now();
            state_->arm();
        }
        waiting(const waiting&) = delete;
        ~waiting() {
            if (state_ != nullptr)
                state_->cut = nullptr;
        }

    private:
        state* state_;
    };

private:
    struct state : std::enable_shared_from_this<state> {
        state(const executor& ex, const stream_options& o) : timer(ex), options(o) {}

        /// When there is something to look at next.
        clock::time_point due() const noexcept {
            auto at = late ? clock::time_point::max() : deadline;
            if (cut != nullptr && options.stall.count() > 0)
                at = std::min(at, since + options.stall);
            if (resting)
                at = std::min(at, since + options.idle_warning);
            return at;
        }
        void arm() {
            const auto at = due();
            if (at >= armed)
                return; // it will look before that anyway
            armed = at;
            timer.expires_at(at);
            timer.async_wait([self = shared_from_this()](const boost::system::error_code& failed) {
                if (!failed)
                    self->look();
            });
        }
        void look() {
            armed = clock::time_point::max();
            const auto now = clock::now();
            if (now >= deadline)
                late = true;
            if (cut != nullptr && options.stall.count() > 0 && now >= since + options.stall)
                silent = true;
            if (resting && now >= since + options.idle_warning) {
                resting = false;
                options.warn("leat::postgres: a reader rests over a page of rows for longer than "
                             "stream_options::idle_warning, and the server waits with the query open");
                options.idle_warning = std::chrono::milliseconds(0);
            }
            if (cut != nullptr && (late || silent)) {
                std::exchange(cut, nullptr)(what);
                return;
            }
            arm();
        }

        boost::asio::steady_timer timer;
        stream_options options;
        clock::time_point deadline = clock::time_point::max();
        clock::time_point armed = clock::time_point::max();
        clock::time_point since{}; // when the wait, or the rest, began
        void (*cut)(void*) = nullptr;
        void* what = nullptr;
        bool resting = false;
        bool late = false;
        bool silent = false;
    };

    std::shared_ptr<state> state_;
};

} // namespace leat::postgres::detail
