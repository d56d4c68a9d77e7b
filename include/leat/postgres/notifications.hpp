#pragma once

#include <leat/asio/executor.hpp>
#include <leat/asio/offload.hpp>
#include <leat/asio/use_await.hpp>
#include <leat/async_generator.hpp>
#include <leat/postgres/behind.hpp>
#include <leat/postgres/connection.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/identifier.hpp>
#include <leat/postgres/libpq.hpp>
#include <leat/postgres/libpq_link.hpp>
#include <leat/postgres/libpq_session.hpp>
#include <leat/task.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>

#include <poll.h>

#include <chrono>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::postgres {

/// What a NOTIFY said.
struct notification {
    std::string channel;
    std::string payload;
    int backend_pid = 0; ///< of who sent it, as in pg_stat_activity
};

namespace detail {

/// A connection that listens: LISTEN, what comes of it, UNLISTEN.
class listening {
    using event = libpq_session::event;
    using descriptor = boost::asio::posix::stream_descriptor;

public:
    listening(executor ex, std::shared_ptr<libpq_link> link, std::string listen, std::string unlisten)
        : ex_(std::move(ex)), behind_(behind::of(ex_)), link_(std::move(link)), listen_(std::move(listen)),
          unlisten_(std::move(unlisten)) {}
    listening(const listening&) = delete;
    listening& operator=(const listening&) = delete;

    /// Destroyed while open: nothing here may wait, so the connection stops listening behind our back.
    ~listening() {
        if (!session_ || closed_)
            return;
        shut_behind(behind_, ex_, session_, [sql = unlisten_](libpq_session& s) { stop_listening(s, sql); });
    }

    task<void> open() {
        co_await take_connection(ex_, link_, session_);
        descriptor_.emplace(ex_, socket_of(*session_).release());
        libpq_session& s = *session_;
        s.send(listen_, {});
        bool sent = s.sent();
        while (!sent) {
            co_await descriptor_->async_wait(descriptor::wait_write, leat::use_await);
            sent = s.sent();
        }
        event now = s.advance();
        while (now != event::end) {
            if (now == event::wait)
                co_await descriptor_->async_wait(descriptor::wait_read, leat::use_await);
            now = s.advance();
        }
    }

    /// What has come, at least one.
    task<std::vector<notification>> next() {
        std::vector<notification> some;
        for (int quiet = 0;;) {
            if (link_->marked_closed())
                throw connection_lost("the connection was closed while notifications were read from it");
            const bool connected = PQconsumeInput(link_->get()) == 1;
            take(some); // also those before the end
            if (!some.empty())
                co_return some;
            if (!connected)
                throw link_->last_words().empty()
                    ? connection_lost(PQerrorMessage(link_->get()))
                    : connection_lost(link_->last_words(), link_->last_sqlstate());
            if (PQsslInUse(link_->get()) && ++quiet < 3)
                continue; // TLS may hold something back, for which no socket becomes readable
            quiet = 0;
            co_await descriptor_->async_wait(descriptor::wait_read, leat::use_await);
        }
    }

    /// Does nothing the second time.
    task<void> close() {
        descriptor_.reset();
        if (!session_ || closed_)
            co_return;
        auto stop = [s = session_, sql = unlisten_] { stop_listening(*s, sql); };
        co_await leat::offload(ex_, stop);
        closed_ = true;
        session_->release();
    }
    bool connection_usable() const noexcept { return session_ ? session_->usable() : link_->open(); }

private:
    void take(std::vector<notification>& out) {
        struct freed {
            void operator()(PGnotify* n) const noexcept { PQfreemem(n); }
        };
        while (const auto n = std::unique_ptr<PGnotify, freed>(PQnotifies(link_->get())))
            out.push_back({n->relname, n->extra, n->be_pid});
    }

    /// Worker.
    static void stop_listening(libpq_session& s, const std::string& unlisten) noexcept {
        const auto deadline = std::chrono::steady_clock::now() + cleanup_patience;
        try {
            if (s.in_query()) // LISTEN itself was given up
                s.stop_query(cleanup_patience);
            s.send(unlisten, {});
            for (bool over = false; !over;) {
                const bool sent = s.sent();
                const event now = s.advance();
                over = now == event::end;
                if (now == event::wait) {
                    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                        deadline - std::chrono::steady_clock::now());
                    if (left.count() <= 0)
                        throw connection_lost("the server did not answer in time");
                    pollfd ready{s.socket(), static_cast<short>(sent ? POLLIN : POLLIN | POLLOUT), 0};
                    ::poll(&ready, 1, static_cast<int>(left.count()));
                }
            }
        } catch (...) {
            s.cut(); // a connection that still listened would be a surprise to who has it next
        }
        s.shut(cleanup_patience);
    }

    executor ex_;
    behind& behind_;
    std::shared_ptr<libpq_link> link_;
    std::string listen_, unlisten_;
    std::shared_ptr<libpq_session> session_;
    std::optional<descriptor> descriptor_;
    bool closed_ = false;
};

inline async_generator<notification> listen(std::shared_ptr<listening> source) {
    auto close = [source] { return source->close(); };
    co_await leat::on_close(close).quiet(); // it cleans up behind a destroyed stream
    std::exception_ptr failure;
    std::uint64_t delivered = 0;
    try {
        co_await source->open();
    } catch (...) {
        failure = std::current_exception();
    }
    while (!failure) {
        std::vector<notification> some;
        try {
            some = co_await source->next();
        } catch (...) {
            failure = std::current_exception();
        }
        delivered += some.size();
        co_yield leat::batch(some);
    }
    co_await source->close();
    try {
        std::rethrow_exception(failure);
    } catch (error& e) {
        e.complete(delivered, source->connection_usable());
        throw;
    }
}

} // namespace detail

/// What others NOTIFY on a channel, as it comes: the live counterpart of a query.
///
/// Yields: `notification`s to keep. Ends: never by itself. Throws: `postgres::error`, connection_lost above all, after the
/// notifications that came before. What was notified while nobody was connected is lost, so read the table anew after
/// connecting again. Owns: the connection's time: it carries nothing else meanwhile. Closing it sends UNLISTEN, and the
/// connection is free again; destroying it does so behind it. Borrows: the connection. Threads: those of `ex`. A stop ends
/// the wait. Batches: what has come at once.
/// Cost: no polling; a reader that is slow leaves what comes in the socket, and then at the server.
/// The channel is a name: upper and lower case count here, while SQL's NOTIFY writes it small unless it is quoted.
/// The stream begins with its first step, and what is notified before that is not seen.
///
///     auto changes = leat::postgres::notifications(ex, connection, "orders");
///     while (auto n = co_await changes.next())
///         co_await refresh(n->payload);
inline async_generator<notification> notifications(executor ex, connection& c, std::string_view channel) {
    const std::string name = ident(channel).sql();
    return detail::listen(std::make_shared<detail::listening>(std::move(ex), detail::link_of(c),
                                                              "LISTEN " + name, "UNLISTEN " + name));
}

} // namespace leat::postgres
