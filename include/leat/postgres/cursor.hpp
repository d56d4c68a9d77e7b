#pragma once

#include <leat/asio/executor.hpp>
#include <leat/asio/offload.hpp>
#include <leat/asio/use_await.hpp>
#include <leat/postgres/behind.hpp>
#include <leat/postgres/engine.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/on_worker.hpp>
#include <leat/postgres/page.hpp>
#include <leat/postgres/page_size.hpp>
#include <leat/postgres/parameter.hpp>
#include <leat/postgres/pqxx_error.hpp>
#include <leat/postgres/session.hpp>
#include <leat/postgres/sqlstate.hpp>
#include <leat/postgres/stream_options.hpp>
#include <leat/postgres/type.hpp>
#include <leat/postgres/type_query.hpp>
#include <leat/postgres/watchdog.hpp>
#include <leat/task.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <pqxx/connection>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace leat::postgres::detail {

/// Waits until the stream that was destroyed on this connection, if there is one, has cleaned up behind
/// itself.
inline task<void> settle(executor ex, const pqxx_connection* connection) {
    auto before = connections_in_use::all().find(connection);
    if (before && before->abandoned()) {
        auto wait = [before] { before->wait_until_shut(); };
        co_await leat::offload(ex, wait);
        before->release();
    }
}

/// The engine: a query's pages, one after the other, the next one already on its way while a page is being
/// used. It knows nothing of Rows. `next_page()`, `close()` and the destructor are all that the layer above
/// uses.
///
/// BEGIN, DECLARE and ROLLBACK run on a worker, for they can wait for locks or a slow server. A FETCH is sent
/// from the loop, and its answer is taken in whenever the socket has something: the loop never waits.
class cursor {
public:
    /// `Where` is a connection, or the caller's transaction.
    template <class Where>
    cursor(executor ex, Where& where, std::string sql, std::vector<parameter> parameters,
           const stream_options& options)
        : ex_(std::move(ex)), behind_(behind::of(ex_)), connection_(address_of(where)),
          new_session_([&where] { return std::make_shared<session>(where); }), sql_(std::move(sql)),
          parameters_(std::move(parameters)), sizer_(options), watchdog_(ex_, options) {}
    cursor(const cursor&) = delete;
    cursor& operator=(const cursor&) = delete;

    /// Destroyed while open: nothing here may wait, so the query is cancelled and rolled back behind our
    /// back.
    ~cursor() {
        if (!session_ || closed_)
            return;
        if (session_->leave_callers_transaction()) {
            session_->release();
            return;
        }
        shut_behind(behind_, ex_, session_);
    }

    /// Begins, and waits for the first page; `columns()` are known afterwards, also when that is empty. Throws as
    /// `next_page()`.
    task<void> open() {
        if (session_ || closed_)
            co_return;
        std::exception_ptr failure;
        try {
            watchdog_.begin();
            co_await begin();
            ask();
            co_await receive();
            is_first_ = true;
        } catch (...) {
            failure = std::current_exception();
        }
        if (failure)
            co_await fail(failure);
    }

    /// Waits until there are rows to `read()`. False at the end. Throws postgres::error, and then the transaction is rolled
    /// back.
    task<bool> next_page() {
        std::exception_ptr failure;
        try {
            if (std::exchange(is_first_, false)) // `open()` has it
                co_return !page_.empty();
            page_ = page();
            if (closed_ || last_page_taken_)
                co_return false;
            watchdog_.reader_asks();
            if (ask_failed_)
                std::rethrow_exception(std::exchange(ask_failed_, nullptr));
            co_await receive();
            co_return !page_.empty();
        } catch (...) {
            failure = std::current_exception();
        }
        co_await fail(failure);
        co_return false;
    }

    template <class Reader> void read(Reader& reader) {
        reader.begin_page(page_.size());
        const auto end = page_.end();
        for (auto row = page_.begin(); row != end; ++row) {
            page_fields fields(*row);
            if (!reader.add(fields))
                return;
        }
        watchdog_.reader_rests();
    }

    /// Known when `open()` is through.
    std::vector<column> take_columns() noexcept { return std::move(columns_); }

    /// Cancels what runs, rolls back, gives the connection back. Does nothing the second time.
    task<void> close() {
        descriptor_.reset();
        watchdog_.end();
        page_ = page();
        if (!session_ || closed_)
            co_return;
        auto shut = [s = session_] { s->shut(cleanup_patience); };
        co_await leat::offload(ex_, shut); // a stop request does not cut this short; its own time limit does
        closed_ = true;
        usable_ = session_->usable();
        session_->release();
    }

    /// After close(): whether the connection came out of it well.
    bool connection_usable() const noexcept { return usable_; }

private:
    static const pqxx_connection* address_of(pqxx_connection& c) noexcept { return &c; }
    static const pqxx_connection* address_of(pqxx::transaction_base& t) noexcept { return &t.conn(); }

    task<void> begin() {
        co_await settle(ex_, connection_);
        auto s = new_session_();
        s->claim();
        session_ = s;
        const std::function<void()> declare = [s, sql = sql_, parameters = parameters_] {
            s->open(sql, parameters);
        };
        co_await on_worker(ex_, declare, &watchdog_); // it waits for locks
        // A copy, so that the loop's registration lives and dies here and libpqxx keeps its own descriptor.
        const int fd = ::dup(s->socket());
        if (fd < 0)
            throw std::system_error(errno, std::generic_category(),
                                    "leat::postgres: dup of the connection's socket");
        descriptor_.emplace(ex_, fd);
    }

    void ask() {
        asked_for_ = sizer_.rows();
        asked_at_ = std::chrono::steady_clock::now();
        session_->fetch(asked_for_);
    }

    /// The page after this one comes while this one is being used. If it cannot even be asked for, this one
    /// counts all the same.
    void ask_ahead() noexcept {
        try {
            ask();
        } catch (...) {
            ask_failed_ = std::current_exception();
        }
    }

    task<void> answered() {
        while (!session_->ready()) {
            try {
                const watchdog::waiting watched(watchdog_, *descriptor_);
                co_await descriptor_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                                 leat::use_await);
            } catch (const boost::system::system_error&) {
                if (!watchdog_.cut_short())
                    throw;
            }
            watchdog_.check();
        }
    }

    /// The page that was asked for, into `page_`, and the one after it is asked for.
    task<void> receive() {
        co_await answered();
        // A server that is always ahead would keep the loop's other work waiting for ever.
        co_await boost::asio::post(ex_, leat::use_await);
        page_ = accept(session_->take());
        if (!columns_known_)
            co_await learn_columns();
        if (page_.size() < asked_for_)
            last_page_taken_ = true;
        else
            ask_ahead();
    }

    /// Looks at a sample of the page for the size of the next one.
    page accept(pqxx::result r) {
        page p(std::move(r));
        const auto took = std::chrono::steady_clock::now() - asked_at_;
        const std::size_t step = std::max<std::size_t>(1, p.size() / 32);
        std::size_t seen = 0, bytes = 0, largest = 0;
        using index = pqxx::result_size_type; // unsigned long in libpqxx 6, int in 7
        for (std::size_t i = 0; i < p.size(); i += step, ++seen) {
            std::size_t row = 0;
            for (const auto& field : p.result()[static_cast<index>(i)])
                row +=
                    16 + static_cast<std::size_t>(field.size()); // libpq keeps 16 bytes of its own per field
            bytes += row;
            largest = std::max(largest, row);
        }
        if (seen > 0)
            sizer_.saw(p.size(), bytes / seen * p.size(), largest, took);
        return p;
    }

    /// Names the columns' types. Those that are not built in are asked for.
    task<void> learn_columns() {
        columns_ = columns_of(page_.result());
        std::vector<oid> unknown;
        for (const column& c : columns_) {
            if (c.type_name.empty())
                unknown.push_back(c.type);
        }
        if (!unknown.empty()) {
            session_->send(type_query(unknown));
            co_await answered();
            const pqxx::result types = session_->take();
            for (const auto& row : types) {
                const auto number = [](const char* text) { return static_cast<oid>(std::stoul(text)); };
                describe_types(columns_, number(row[0].c_str()), number(row[1].c_str()), row[2].c_str(),
                               number(row[3].c_str()));
            }
        }
        for (column& c : columns_) {
            if (c.type_name.empty())
                c.type_name = "an unknown type (oid " + std::to_string(c.type) + ")";
        }
        columns_known_ = true;
    }

    /// Cleans up after a failure, then throws it as what it is.
    task<void> fail(std::exception_ptr failure) {
        std::exception_ptr as_error;
        try {
            auto connected = [this] { return session_ && session_->connected(); };
            throw to_error(failure, connected, session_ ? session_->last_notice() : "");
        } catch (const error& e) {
            usable_ = e.kind() != error_kind::connection_lost; // if it was refused: nothing was done to it
            if (session_ && e.kind() == error_kind::timed_out)
                session_->hurry();
            as_error = std::current_exception();
        } catch (...) {
            as_error = std::current_exception();
        }
        last_page_taken_ = true;
        if (session_)
            co_await close();
        try {
            std::rethrow_exception(as_error);
        } catch (const error& e) {
            // libpqxx reports everything of SQLSTATE class 08 as a broken connection. With one that is well,
            // it was a protocol violation.
            if (session_ && e.kind() == error_kind::connection_lost && usable_)
                throw refused(error_kind::sql, "08P01", e.server_message());
            throw;
        }
    }

    executor ex_;
    behind& behind_;
    const pqxx_connection* connection_;
    std::function<std::shared_ptr<session>()> new_session_;
    std::string sql_;
    std::vector<parameter> parameters_;
    page_sizer sizer_;
    watchdog watchdog_;
    page page_;
    bool is_first_ = false;
    std::shared_ptr<session> session_;
    std::optional<boost::asio::posix::stream_descriptor> descriptor_;
    std::vector<column> columns_;
    std::uint32_t asked_for_ = 0;
    std::chrono::steady_clock::time_point asked_at_{};
    std::exception_ptr ask_failed_;
    bool columns_known_ = false;
    bool last_page_taken_ = false;
    bool closed_ = false;
    bool usable_ = false;
};

template <std::derived_from<pqxx_connection> Connection> struct reading<Connection> {
    static constexpr engine kind = engine::cursor;
    static std::shared_ptr<cursor> open(executor ex, pqxx_connection& c, std::string sql,
                                        std::vector<parameter> parameters, const stream_options& options) {
        return std::make_shared<cursor>(std::move(ex), c, std::move(sql), std::move(parameters), options);
    }
};

template <std::derived_from<pqxx::transaction_base> Transaction> struct reading<Transaction> {
    static constexpr engine kind = engine::cursor;
    static std::shared_ptr<cursor> open(executor ex, pqxx::transaction_base& t, std::string sql,
                                        std::vector<parameter> parameters, const stream_options& options) {
        return std::make_shared<cursor>(std::move(ex), t, std::move(sql), std::move(parameters), options);
    }
};

} // namespace leat::postgres::detail

namespace leat::postgres {

/// Waits until a stream that was destroyed early on this connection has given it back. `close()` does not
/// need it.
template <std::derived_from<detail::pqxx_connection> Connection>
task<void> settle(executor ex, Connection& connection) {
    return detail::settle(std::move(ex), &connection);
}

} // namespace leat::postgres
