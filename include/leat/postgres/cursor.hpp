#pragma once

#include <leat/asio/executor.hpp>
#include <leat/asio/offload.hpp>
#include <leat/asio/spawn.hpp>
#include <leat/asio/use_await.hpp>
#include <leat/postgres/behind.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/page.hpp>
#include <leat/postgres/page_size.hpp>
#include <leat/postgres/parameter.hpp>
#include <leat/postgres/session.hpp>
#include <leat/postgres/sqlstate.hpp>
#include <leat/postgres/type.hpp>
#include <leat/task.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <pqxx/connection>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
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
inline task<void> settle(executor ex, const void* connection) {
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
    cursor(executor ex, pqxx::connection& c, std::string sql, std::vector<parameter> parameters,
           const page_options& options)
        : ex_(std::move(ex)), behind_(behind::of(ex_)), connection_(&c), sql_(std::move(sql)),
          parameters_(std::move(parameters)), sizer_(options) {}
    cursor(const cursor&) = delete;
    cursor& operator=(const cursor&) = delete;

    /// Destroyed while open: nothing here may wait, so the query is cancelled and rolled back behind our
    /// back.
    ~cursor() {
        if (!session_ || closed_)
            return;
        session_->abandon();
        behind_.run(
            ex_, [s = session_] { s->shut(patience); }, [s = session_] { s->release(); });
    }

    /// The next page; an empty one is the end. Throws postgres::error, and then the transaction is rolled
    /// back.
    task<page> next_page() {
        std::exception_ptr failure;
        try {
            if (closed_ || last_page_taken_)
                co_return page();
            if (ask_failed_)
                std::rethrow_exception(std::exchange(ask_failed_, nullptr));
            if (!session_) {
                co_await open();
                ask();
            }
            co_await answered();
            // A server that is always ahead would keep the loop's other work waiting for ever.
            co_await boost::asio::post(ex_, leat::use_await);
            page p = accept(session_->take());
            if (!columns_known_)
                co_await learn_columns(p);
            if (p.size() < asked_for_)
                last_page_taken_ = true;
            else
                ask_ahead();
            co_return p;
        } catch (...) {
            failure = std::current_exception();
        }
        co_await fail(failure);
        co_return page();
    }

    /// The columns; known when the first page is there, even if it is empty.
    const std::vector<column>& columns() const noexcept { return columns_; }

    /// Cancels what runs, rolls back, gives the connection back. Does nothing the second time.
    task<void> close() {
        descriptor_.reset();
        if (!session_ || closed_)
            co_return;
        auto shut = [s = session_] { s->shut(patience); };
        co_await leat::offload(ex_, shut); // a stop request does not cut this short; its own time limit does
        closed_ = true;
        usable_ = session_->usable();
        session_->release();
    }

    /// After close(): whether the connection came out of it well.
    bool connection_usable() const noexcept { return usable_; }

private:
    /// How long a clean-up waits for the server before it cuts the connection.
    static constexpr auto patience = std::chrono::seconds(2);

    task<void> open() {
        co_await settle(ex_, connection_);
        auto s = std::make_shared<session>(*connection_);
        s->claim();
        session_ = s;
        co_await declared();
        // A copy, so that the loop's registration lives and dies here and libpqxx keeps its own descriptor.
        const int fd = ::dup(s->socket());
        if (fd < 0)
            throw std::system_error(errno, std::generic_category(),
                                    "leat::postgres: dup of the connection's socket");
        descriptor_.emplace(ex_, fd);
    }

    /// A worker's BEGIN and DECLARE. Unlike offload's, this wait can be given up: planning waits for locks.
    struct opening {
        std::exception_ptr failure;
        bool done = false;
        boost::asio::steady_timer* waiting = nullptr; // null when nobody waits any more
    };

    task<void> declared() {
        boost::asio::steady_timer forever(ex_, boost::asio::steady_timer::time_point::max());
        auto state = std::make_shared<opening>();
        state->waiting = &forever;
        const stops_waiting guard(*state);
        leat::spawn(ex_, declare(ex_, session_, sql_, parameters_, state));
        while (!state->done) {
            try {
                co_await forever.async_wait(leat::use_await);
            } catch (const boost::system::system_error&) {
                // That is how it says it is done.
            }
        }
        if (state->failure)
            std::rethrow_exception(state->failure);
    }

    /// Owns all it needs: the cursor may be gone while the worker is at it.
    static task<void> declare(executor ex, std::shared_ptr<session> s, std::string sql,
                              std::vector<parameter> parameters, std::shared_ptr<opening> state) {
        auto job = [s, sql = std::move(sql), parameters = std::move(parameters)] {
            s->open(sql, parameters);
        };
        try {
            co_await leat::offload(ex, job);
        } catch (...) {
            state->failure = std::current_exception();
        }
        state->done = true;
        if (state->waiting != nullptr)
            state->waiting->cancel();
    }

    class stops_waiting {
    public:
        explicit stops_waiting(opening& o) noexcept : opening_(o) {}
        stops_waiting(const stops_waiting&) = delete;
        ~stops_waiting() { opening_.waiting = nullptr; }

    private:
        opening& opening_;
    };

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
        while (!session_->ready())
            co_await descriptor_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                             leat::use_await);
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

    /// Names the columns' types. Those that are not built in are asked for: an enum travels as its label and
    /// some extensions' types as text, and an error should call a type by its name.
    task<void> learn_columns(const page& p) {
        std::vector<column> found = columns_of(p.result());
        std::string unknown;
        for (const column& c : found) {
            if (c.type_name.empty()) {
                if (!unknown.empty())
                    unknown += ',';
                unknown += std::to_string(c.type);
            }
        }
        if (!unknown.empty()) {
            session_->send("SELECT oid::pg_catalog.int8, pg_catalog.format_type(oid, NULL), typtype = 'e' OR "
                           "typsend::pg_catalog.text ~ '(text|varchar|bpchar|citext|name)send$' "
                           "FROM pg_catalog.pg_type WHERE oid IN (" +
                           unknown + ")");
            co_await answered();
            const pqxx::result types = session_->take();
            for (const auto& row : types) {
                const auto id = static_cast<oid>(std::stoul(row[0].c_str()));
                const bool is_text = std::string_view(row[2].c_str()) == "t";
                for (column& c : found) {
                    if (c.type == id && c.type_name.empty())
                        c = {c.name, is_text ? type::text : id, row[1].c_str()};
                }
            }
        }
        for (column& c : found) {
            if (c.type_name.empty())
                c.type_name = "an unknown type (oid " + std::to_string(c.type) + ")";
        }
        columns_ = std::move(found);
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
    pqxx::connection* connection_;
    std::string sql_;
    std::vector<parameter> parameters_;
    page_sizer sizer_;
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

} // namespace leat::postgres::detail
