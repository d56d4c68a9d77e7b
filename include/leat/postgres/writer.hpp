#pragma once

#include <leat/asio/executor.hpp>
#include <leat/asio/offload.hpp>
#include <leat/asio/use_await.hpp>
#include <leat/detail/owned_task.hpp>
#include <leat/error_list.hpp>
#include <leat/postgres/behind.hpp>
#include <leat/postgres/connection.hpp>
#include <leat/postgres/libpq_link.hpp>
#include <leat/postgres/parameter.hpp>
#include <leat/postgres/stream_options.hpp>
#include <leat/postgres/type.hpp>
#include <leat/postgres/type_query.hpp>
#include <leat/postgres/watchdog.hpp>
#include <leat/postgres/write_session.hpp>
#include <leat/stream.hpp>
#include <leat/task.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::postgres::detail {

/// A `write_session` on a loop: whatever has to be waited for is waited for here. A local variable of the
/// coroutine that writes.
class writer {
    using descriptor = boost::asio::posix::stream_descriptor;

public:
    using event = write_session::event;

    writer(executor ex, std::shared_ptr<libpq_link> link, const stream_options& limits)
        : ex_(std::move(ex)), behind_(behind::of(ex_)), link_(std::move(link)), watchdog_(ex_, limits) {}
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;

    /// Destroyed while it writes: nothing here may wait, so the server is stopped behind our back.
    ~writer() {
        let_go_of_the_socket();
        if (!session_ || closed_)
            return;
        if (session_->at_rest()) {
            session_->release();
            return;
        }
        shut_behind(behind_, ex_, session_);
    }

    /// Takes the connection.
    task<void> open() {
        watchdog_.begin();
        co_await take_connection(ex_, link_, session_);
        socket_ = std::make_shared<watched_socket>(ex_, socket_of(*session_).release());
    }

    write_session& session() const noexcept { return *session_; }

    /// Sends what was begun, to the last byte.
    task<void> flush() {
        bool sent = session_->flushed();
        while (!sent) {
            co_await writable();
            sent = session_->flushed();
        }
    }

    /// Sends what was begun and waits for what the server says to it.
    task<event> answer() {
        co_await flush();
        event e = session_->advance();
        while (e == event::wait) {
            co_await readable();
            e = session_->advance();
        }
        co_return e;
    }

    /// Sends rows of a COPY. False when the server takes no more of them; the answer says why.
    task<bool> put(std::string_view bytes) {
        // Waits in any case, so that the others on the loop have their turn; and libpq finds room for all of
        // it, as a rule. If it had to stop half-way it would read, and keep to itself, what `look()` looks
        // for.
        bool ready = co_await writable();
        while (!ready && !session_->over())
            ready = co_await writable();
        if (session_->over() || !session_->put(bytes))
            co_return false;
        bool sent = session_->flushed();
        while (!sent && !session_->over()) {
            co_await writable();
            sent = session_->flushed();
        }
        co_return !session_->over();
    }

    /// A server that is always ready would keep the loop's other work waiting for ever.
    task<void> take_turns() {
        if (!std::exchange(waited_, false))
            co_await boost::asio::post(ex_, leat::use_await);
        watchdog_.check();
    }

    /// Stops what runs and gives the connection back. No stop request cuts this short; its own time limit
    /// does.
    task<void> close() {
        let_go_of_the_socket();
        watchdog_.end();
        if (!session_ || closed_)
            co_return;
        if (session_->at_rest()) {
            session_->leave();
        } else {
            auto shut = [s = session_] { s->shut(cleanup_patience); };
            co_await leat::offload(ex_, shut);
        }
        closed_ = true;
        session_->release();
    }

    /// After close(): whether the connection came out of it well.
    bool connection_usable() const noexcept { return session_ ? session_->usable() : link_->open(); }
    /// After close(): the server has kept the rows, so many; or it may have.
    bool kept() const noexcept { return session_ && session_->kept(); }
    std::uint64_t affected() const noexcept { return session_ ? session_->affected() : 0; }
    bool in_doubt() const noexcept { return session_ && session_->in_doubt(); }

private:
    /// The descriptor, and a wait for something to read that lasts from one wait for writing to the next: a
    /// server that is itself stuck writing notices to us takes in nothing. Shared with that wait's handler,
    /// which may come late.
    struct watched_socket {
        watched_socket(const executor& ex, int socket) : fd(ex, socket) {}

        void listen(const std::shared_ptr<watched_socket>& self) {
            if (listening || readable)
                return;
            listening = true;
            fd.async_wait(descriptor::wait_read, [self](const boost::system::error_code& failed) {
                self->listening = false;
                if (failed)
                    return;
                self->readable = true;
                if (self->writing)
                    self->fd.cancel();
            });
        }
        void cancel() { fd.cancel(); }

        descriptor fd;
        bool listening = false, readable = false, writing = false;
    };

    void let_go_of_the_socket() noexcept {
        if (!socket_)
            return;
        boost::system::error_code ignored;
        socket_->writing = false;
        static_cast<void>(socket_->fd.close(ignored));
        socket_.reset();
    }

    /// Until the socket can be written to or has something to read, which is read then. True if it can be
    /// written to.
    task<bool> writable() {
        waited_ = true;
        bool yes = false;
        if (std::exchange(socket_->readable, false)) {
            session_->look();
            co_return yes;
        }
        socket_->listen(socket_);
        socket_->writing = true;
        try {
            const watchdog::waiting watched(watchdog_, *socket_);
            co_await socket_->fd.async_wait(descriptor::wait_write, leat::use_await);
            yes = true;
        } catch (const boost::system::system_error&) {
            if (!socket_->readable && !watchdog_.cut_short())
                throw;
        }
        socket_->writing = false;
        socket_->readable = false;
        watchdog_.check();
        session_->look();
        co_return yes;
    }
    task<void> readable() {
        waited_ = true;
        try {
            const watchdog::waiting watched(watchdog_, *socket_);
            co_await socket_->fd.async_wait(descriptor::wait_read, leat::use_await);
        } catch (const boost::system::system_error&) {
            if (!watchdog_.cut_short())
                throw;
        }
        watchdog_.check();
    }

    executor ex_;
    behind& behind_;
    std::shared_ptr<libpq_link> link_;
    watchdog watchdog_;
    std::shared_ptr<write_session> session_;
    std::shared_ptr<watched_socket> socket_;
    bool waited_ = false;
    bool closed_ = false;
};

/// The awaiter of a sink's work. What stops its stream (`leat::stop_on`) stops its waits for the server as
/// well.
template <class R> class stopped_with : public leat::detail::owned_task<R> {
public:
    template <class S> stopped_with(task<R> work, S& stream) : leat::detail::owned_task<R>(std::move(work)) {
        auto&& source = stream.root();
        if (auto& ch = source.channel(); ch.live && ch.stop)
            this->inherit_stop(ch.stop);
    }
};

/// A sink has failed, in the stream or elsewhere: closes the stream, unless that has thrown, and the writer. What closing the
/// writer throws goes to the sink's closing errors, behind those of the stream.
template <class S>
task<void> close_failed_sink(writer& to, S& stream, bool in_stream, std::exception_ptr failure,
                             error_list& closing_errors) {
    if (!in_stream) {
        leat::detail::fail(stream, failure);
        try {
            co_await stream.close();
        } catch (...) { // it is the error itself
        }
    }
    try {
        co_await to.close();
    } catch (...) {
        for (const std::exception_ptr& e : stream.closing_errors())
            closing_errors.push_back(e);
        closing_errors.push_back(std::current_exception());
    }
}

/// Throws when the server refused a statement of our own, such as a question about its types.
inline void expect_done(writer::event e, const writer& to, std::string_view who) {
    if (e == writer::event::refused)
        throw refused_write(who, {}, to.session().refusal(), "Nothing was written.");
    if (e == writer::event::copy_in)
        throw error(error_kind::sql,
                    "leat::postgres::" + std::string(who) + ": the statement is a COPY: use copy_into");
}

/// Completes columns whose types are not built in: the server is asked about each once for a connection.
inline task<void> learn_types(writer& to, std::vector<column>& columns, std::string_view who) {
    libpq_link& link = to.session().link();
    std::vector<oid> unknown;
    for (const auto& t : link.types)
        describe_types(columns, t.id, t.read_as, t.name, t.element);
    for (const column& c : columns) {
        if (c.type_name.empty())
            unknown.push_back(c.type);
    }
    if (!unknown.empty()) {
        const std::string question = type_query(unknown);
        to.session().send(question, statement_values());
        const writer::event e = co_await to.answer();
        expect_done(e, to, who);
        const PGresult& found = to.session().result();
        for (int i = 0; i != PQntuples(&found); ++i) {
            const auto number = [&](int column) {
                return static_cast<oid>(std::strtoull(PQgetvalue(&found, i, column), nullptr, 10));
            };
            libpq_link::known_type t;
            t.id = number(0);
            t.read_as = number(1);
            t.name = PQgetvalue(&found, i, 2);
            t.element = number(3);
            describe_types(columns, t.id, t.read_as, t.name, t.element);
            link.types.push_back(std::move(t));
        }
    }
    for (column& c : columns) {
        if (c.type_name.empty())
            c.type_name = "an unknown type (oid " + std::to_string(c.type) + ")";
    }
}

} // namespace leat::postgres::detail
