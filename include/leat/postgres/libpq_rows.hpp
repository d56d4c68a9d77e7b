#pragma once

#include <leat/asio/executor.hpp>
#include <leat/asio/offload.hpp>
#include <leat/asio/use_await.hpp>
#include <leat/postgres/behind.hpp>
#include <leat/postgres/connection.hpp>
#include <leat/postgres/engine.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/first_word.hpp>
#include <leat/postgres/libpq_link.hpp>
#include <leat/postgres/libpq_session.hpp>
#include <leat/postgres/parameter.hpp>
#include <leat/postgres/stream_options.hpp>
#include <leat/postgres/type.hpp>
#include <leat/postgres/type_query.hpp>
#include <leat/postgres/value.hpp>
#include <leat/postgres/watchdog.hpp>
#include <leat/task.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::postgres::detail {

/// The fields of one row of libpq's, one after the other, for a row_reader.
class libpq_fields {
public:
    static constexpr bool lasting = false; // the row is let go at once, for libpq needs 2 KiB to hold it

    libpq_fields(const PGresult& r, int row) noexcept : result_(r), row_(row) {}
    value next() noexcept {
        const int i = field_++;
        const auto size = static_cast<std::size_t>(PQgetlength(&result_, row_, i));
        taken_ += size;
        if (size == 0 && PQgetisnull(&result_, row_, i))
            return {};
        return {PQgetvalue(&result_, row_, i), size};
    }
    /// The bytes of the fields so far.
    std::size_t taken() const noexcept { return taken_; }
    /// Of all.
    std::size_t bytes() const noexcept {
        std::size_t sum = 0;
        for (int i = 0, n = PQnfields(&result_); i != n; ++i)
            sum += static_cast<std::size_t>(PQgetlength(&result_, row_, i));
        return sum;
    }

private:
    const PGresult& result_;
    int row_;
    int field_ = 0;
    std::size_t taken_ = 0;
};

/// The engine for a connection of leat's own: the rows of one query, as they come. It knows nothing of Rows; `open()`,
/// `next_page()`, `read()`, `close()` and the destructor are all that the layer above uses.
///
/// Everything happens on the loop, and nothing of it waits: libpq is asked when the socket has something. What is there is
/// decoded at once and given to the reader; nothing is read while the reader is at work, so a slow one is felt by the server.
/// Only a cancel, which opens a connection, is a worker's.
class libpq_rows {
    using event = libpq_session::event;

public:
    /// `snapshot`: the rows are as of that moment; see libpq_session.
    libpq_rows(executor ex, std::shared_ptr<libpq_link> link, std::string sql,
               std::vector<parameter> parameters, const stream_options& options, std::string snapshot = {})
        : ex_(std::move(ex)), behind_(behind::of(ex_)), link_(std::move(link)), sql_(std::move(sql)),
          parameters_(std::move(parameters)), snapshot_(std::move(snapshot)), options_(options),
          watchdog_(ex_, options) {}
    libpq_rows(const libpq_rows&) = delete;
    libpq_rows& operator=(const libpq_rows&) = delete;

    /// Destroyed while open: nothing here may wait, so the query is cancelled behind our back.
    ~libpq_rows() {
        if (!session_ || closed_)
            return;
        if (!session_->in_query()) {
            session_->release();
            return;
        }
        shut_behind(behind_, ex_, session_);
    }

    /// Sends the query; `columns()` are known afterwards. Does nothing the second time. Throws as `next_page()`.
    task<void> open() {
        if (session_ || closed_)
            co_return;
        std::exception_ptr failure;
        try {
            watchdog_.begin();
            check_first_word(sql_);
            co_await begin();
        } catch (...) {
            failure = std::current_exception();
        }
        if (failure)
            co_await fail(failure);
    }

    /// Waits until there are rows to `read()`. False at the end. Throws postgres::error, and then the connection is free.
    task<bool> next_page() {
        std::exception_ptr failure;
        try {
            if (closed_)
                co_return false;
            watchdog_.reader_asks();
            if (pending_)
                std::rethrow_exception(std::exchange(pending_, nullptr));
            // A server that is always ahead would keep the loop's other work waiting for ever.
            if (!std::exchange(waited_, false))
                co_await boost::asio::post(ex_, leat::use_await);
            co_await wait_for_news();
            waited_ = false;
            if (next_ == event::rows)
                co_return true;
            co_await close(); // at its end the session has nothing to clean up
            co_return false;
        } catch (...) {
            failure = std::current_exception();
        }
        co_await fail(failure);
        co_return false;
    }

    /// Gives the reader what is there, up to the size of a page, or what can be decoded in a turn.
    template <class Reader> void read(Reader& reader) {
        reader.begin_page();
        std::size_t bytes = 0, count = 0;
        const auto until = std::chrono::steady_clock::now() + turn;
        for (;;) {
            const PGresult& some = session_->result();
            for (const int n = PQntuples(&some); row_ < n; ++row_, ++count) {
                const bool long_enough = count % 32 == 31 && std::chrono::steady_clock::now() >= until;
                if (bytes >= options_.target_bytes || count >= std::max(1u, options_.max_rows) || long_enough)
                    return watchdog_.reader_rests();
                libpq_fields fields(some, row_);
                if (!reader.add(fields))
                    return;
                bytes += fields.taken();
            }
            row_ = 0;
            try {
                next_ = session_->advance();
            } catch (...) {
                pending_ = std::current_exception(); // the rows before it come first
            }
            if (pending_ || next_ != event::rows)
                return watchdog_.reader_rests();
        }
    }

    /// Known when `open()` is through.
    std::vector<column> take_columns() noexcept { return std::move(columns_); }

    /// Cancels what runs and gives the connection back. Does nothing the second time.
    task<void> close() {
        descriptor_.reset();
        watchdog_.end();
        if (!session_ || closed_)
            co_return;
        if (session_->in_query()) {
            auto shut = [s = session_] { s->shut(cleanup_patience); };
            co_await leat::offload(ex_,
                                   shut); // a stop request does not cut this short; its own time limit does
        }
        closed_ = true;
        usable_ = session_->usable();
        session_->release();
    }

    /// After close(): whether the connection came out of it well.
    bool connection_usable() const noexcept { return usable_; }

private:
    /// How long a page is decoded before it is handed on, full or not: a hundred streams may have something at once, and each
    /// of them keeps the loop so long. From 25 to 1,000 us, the time for a million rows is the same.
    static constexpr auto turn = std::chrono::microseconds(40);
    task<void> begin() {
        co_await take_connection(ex_, link_, session_);
        descriptor_.emplace(ex_, socket_of(*session_).release()); // the loop's registration dies with it
        co_await ask(sql_, parameters_, snapshot_);
        columns_ = session_->columns();
        const std::vector<oid> unknown = unknown_types();
        if (!unknown.empty()) {
            co_await look_up(unknown);
            co_await ask(sql_, parameters_, snapshot_);
            unknown_types();
        }
        for (column& c : columns_) {
            if (c.type_name.empty())
                c.type_name = "an unknown type (oid " + std::to_string(c.type) + ")";
        }
        next_ = session_->advance();
    }

    /// Sends a query and waits for its columns.
    task<void> ask(const std::string& sql, const std::vector<parameter>& parameters,
                   const std::string& snapshot) {
        session_->send(sql, parameters, snapshot);
        bool sent = session_->sent();
        while (!sent) {
            co_await ready(boost::asio::posix::stream_descriptor::wait_write);
            sent = session_->sent();
        }
        next_ = session_->advance();
        co_await wait_for_news();
    }

    task<void> wait_for_news() {
        while (next_ == event::wait) {
            co_await ready(boost::asio::posix::stream_descriptor::wait_read);
            next_ = session_->advance();
        }
    }

    task<void> ready(boost::asio::posix::stream_descriptor::wait_type what) {
        waited_ = true;
        try {
            const watchdog::waiting watched(watchdog_, *descriptor_);
            co_await descriptor_->async_wait(what, leat::use_await);
        } catch (const boost::system::system_error&) {
            if (!watchdog_.cut_short())
                throw;
        }
        watchdog_.check();
    }

    /// Takes what is known of the columns' types, and says which ones are not.
    std::vector<oid> unknown_types() {
        std::vector<oid> unknown;
        for (const auto& t : link_->types)
            describe_types(columns_, t.id, t.read_as, t.name, t.element);
        for (const column& c : columns_) {
            if (c.type_name.empty())
                unknown.push_back(c.type);
        }
        return unknown;
    }

    /// The query uses types that are not built in. It has hardly begun: it is stopped, the server is asked about them, and it
    /// is asked again. Once for each type and connection.
    task<void> look_up(std::vector<oid> unknown) {
        auto stop = [s = session_] { s->stop_query(cleanup_patience); };
        co_await leat::offload(ex_, stop);
        if (!session_->usable())
            throw connection_lost("the server did not answer in time");
        const std::vector<parameter> none;
        const std::string question = type_query(unknown), any_moment;
        co_await ask(question, none, any_moment);
        next_ = session_->advance();
        co_await wait_for_news();
        while (next_ == event::rows) {
            const PGresult& some = session_->result();
            for (int i = 0; i != PQntuples(&some); ++i) {
                libpq_fields f(some, i);
                libpq_link::known_type t;
                t.id = static_cast<oid>(read_exactly<std::int64_t>(f.next()));
                t.read_as = static_cast<oid>(read_exactly<std::int64_t>(f.next()));
                const value name = f.next();
                t.name.assign(name.data, name.size);
                t.element = static_cast<oid>(read_exactly<std::int64_t>(f.next()));
                link_->types.push_back(std::move(t));
            }
            next_ = session_->advance();
            co_await wait_for_news();
        }
    }

    /// Cleans up after a failure, then throws it as what it is.
    task<void> fail(std::exception_ptr failure) {
        if (session_) {
            co_await close();
        } else {
            watchdog_.end();
            usable_ = link_->open(); // nothing was done to it
        }
        closed_ = true;
        std::rethrow_exception(failure);
    }

    executor ex_;
    behind& behind_;
    std::shared_ptr<libpq_link> link_;
    std::string sql_;
    std::vector<parameter> parameters_;
    std::string snapshot_;
    stream_options options_;
    watchdog watchdog_;
    std::shared_ptr<libpq_session> session_;
    std::optional<boost::asio::posix::stream_descriptor> descriptor_;
    std::vector<column> columns_;
    event next_ = event::wait;
    int row_ = 0; // in the session's result
    std::exception_ptr pending_;
    bool waited_ = false;
    bool closed_ = false;
    bool usable_ = false;
};

template <> struct reading<connection> {
    static constexpr engine kind = engine::libpq;
    static std::shared_ptr<libpq_rows> open(executor ex, connection& c, std::string sql,
                                            std::vector<parameter> parameters,
                                            const stream_options& options) {
        return std::make_shared<libpq_rows>(std::move(ex), link_of(c), std::move(sql), std::move(parameters),
                                            options);
    }
};

} // namespace leat::postgres::detail
