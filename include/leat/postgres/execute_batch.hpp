#pragma once

#include <leat/asio/executor.hpp>
#include <leat/detail/external.hpp>
#include <leat/detail/owned_task.hpp>
#include <leat/error_list.hpp>
#include <leat/pipe.hpp>
#include <leat/postgres/connection.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/libpq_link.hpp>
#include <leat/postgres/stream_options.hpp>
#include <leat/postgres/type.hpp>
#include <leat/postgres/write_error.hpp>
#include <leat/postgres/writer.hpp>
#include <leat/postgres/written_row.hpp>
#include <leat/stream.hpp>
#include <leat/task.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace leat::postgres {

/// How `execute_batch` writes.
struct batch_options {
    /// The rows of a page: so many go to the server with one statement.
    std::size_t rows = 1000;
    /// A page also ends when it has so many bytes.
    std::size_t bytes = std::size_t{1} << 20;
    /// All pages in one transaction: all of it or nothing. Otherwise each page is one, and what is in stays
    /// in.
    bool one_transaction = false;
    /// As in `copy_options`.
    std::chrono::milliseconds deadline{0};
    std::chrono::milliseconds stall{0};
};

/// What `execute_batch` has done.
struct batch_report {
    std::uint64_t rows = 0;     ///< that were sent
    std::uint64_t affected = 0; ///< that the statement inserted, updated or deleted, by the server's count
    std::uint64_t pages = 0;
};

namespace detail {

/// What is to be executed, and through what.
class batch_target {
public:
    batch_target(executor e, std::shared_ptr<libpq_link> l, std::string s, const batch_options& o)
        : ex(std::move(e)), link(std::move(l)), sql(std::move(s)), options(o) {
        if (sql.find('\0') != sql.npos)
            throw error(error_kind::sql, "leat::postgres::execute_batch: the statement holds a zero byte");
    }
    stream_options limits() const {
        stream_options out;
        out.deadline = options.deadline;
        out.stall = options.stall;
        return out;
    }

    executor ex;
    std::shared_ptr<libpq_link> link;
    std::string sql;
    batch_options options;
};

template <class S>
class batch_sink : public leat::detail::external<batch_sink<S>>, public leat::detail::terminal {
    using arrays = row_arrays<stream_value_t<S>>;
    using event = writer::event;

public:
    batch_sink(S&& s, batch_target target) : stream_(static_cast<S&&>(s)), target_(std::move(target)) {}

    auto operator co_await() noexcept { return stopped_with<batch_report>(run(), stream_); }
    const error_list& closing_errors() noexcept {
        return closing_errors_.empty() ? stream_.closing_errors() : closing_errors_;
    }

private:
    task<batch_report> run() {
        writer to(target_.ex, target_.link, target_.limits());
        bool in_stream = false; // what was thrown is the stream's
        std::exception_ptr failure;
        try {
            arrays page;
            co_await to.open();
            const std::vector<column> parameters = co_await parameters_of_statement(to);
            page.bind(parameters);
            if (target_.options.one_transaction)
                co_await command(to, "BEGIN");
            for (;;) {
                in_stream = true;
                auto element = co_await stream_.next();
                in_stream = false;
                if (!element)
                    break;
                add(page, *element, parameters);
                if (page.count() >= std::max<std::size_t>(1, target_.options.rows) ||
                    page.bytes() >= target_.options.bytes)
                    co_await send(to, page);
            }
            if (page.count() != 0)
                co_await send(to, page);
            co_await page_is_in(to);
            if (target_.options.one_transaction)
                co_await command(to, "COMMIT", true);
            co_await to.close();
            co_return report_;
        } catch (...) {
            failure = std::current_exception();
        }

        co_await close_failed_sink(to, stream_, in_stream, failure, closing_errors_);
        if (in_stream)
            std::rethrow_exception(failure);
        fail(failure, to);
        co_return report_;
    }

    /// What the server takes the statement's parameters for.
    task<std::vector<column>> parameters_of_statement(writer& to) {
        to.session().prepare(target_.sql);
        const event prepared = co_await to.answer();
        expect_done(prepared, to, arrays::name);
        to.session().describe();
        const event described = co_await to.answer();
        expect_done(described, to, arrays::name);
        std::vector<column> parameters;
        const PGresult& r = to.session().result();
        for (int i = 0; i != PQnparams(&r); ++i) {
            column c;
            c.name = "$" + std::to_string(i + 1);
            c.type = static_cast<oid>(PQparamtype(&r, i));
            c.type_name = std::string(type::name_of(c.type));
            parameters.push_back(std::move(c));
        }
        co_await learn_types(to, parameters, arrays::name);
        co_return parameters;
    }

    task<void> command(writer& to, const char* sql, bool commits = false) {
        const std::string text = sql;
        to.session().send(text, statement_values());
        if (commits)
            to.session().commit_asked();
        const event e = co_await to.answer();
        if (e != event::done)
            throw refused_write(arrays::name, {}, to.session().refusal(), fate());
    }

    /// Sends a page. The server works on it while the next one is made.
    task<void> send(writer& to, arrays& page) {
        co_await page_is_in(to);
        co_await to.take_turns();
        to.session().send(target_.sql, page.values());
        if (!target_.options.one_transaction)
            to.session().commit_asked();
        on_its_way_ = page.count();
        page.clear(); // libpq has a copy
        co_await to.flush();
    }
    /// Waits for the page that was sent last.
    task<void> page_is_in(writer& to) {
        if (on_its_way_ == 0)
            co_return;
        const event e = co_await to.answer();
        const written_place place{report_.rows + 1, report_.rows + on_its_way_, {}};
        if (e == event::refused)
            throw refused_write(arrays::name, place, to.session().refusal(), fate());
        expect_done(e, to, arrays::name);
        report_.rows += on_its_way_;
        report_.affected += to.session().affected();
        ++report_.pages;
        on_its_way_ = 0;
    }

    template <class Element>
    void add(arrays& page, const Element& element, const std::vector<column>& parameters) {
        const std::uint64_t row = report_.rows + on_its_way_ + page.count() + 1;
        try {
            page.add(element);
        } catch (const bad_value& why) {
            throw bad_row(arrays::name, {row, row, parameters[page.at()].name}, why.what());
        } catch (const error& why) { // a codec's own
            throw bad_row(arrays::name, {row, row, parameters[page.at()].name}, why.what());
        }
    }

    const char* fate() const noexcept {
        return target_.options.one_transaction || report_.rows == 0 ? "Nothing was written."
                                                                    : "The pages before it are in the table.";
    }

    /// Throws it, with what is known only now.
    [[noreturn]] void fail(const std::exception_ptr& failure, const writer& to) {
        const bool last_one_is_in = on_its_way_ != 0 && !target_.options.one_transaction && to.kept();
        const std::uint64_t in = report_.rows + (last_one_is_in ? on_its_way_ : 0);
        try {
            std::rethrow_exception(failure);
        } catch (error& e) {
            if (to.in_doubt()) {
                const written_place place =
                    target_.options.one_transaction
                        ? written_place{1, report_.rows, {}}
                        : written_place{report_.rows + 1, report_.rows + on_its_way_, {}};
                write_error doubt(
                    e.kind(),
                    "leat::postgres::execute_batch: the connection was lost while the server was at work: " +
                        place_text(place) +
                        " may be in the table, all of them, or none of them. Look, before you write them "
                        "again",
                    place, e.sqlstate(), e.server_message(), true);
                doubt.complete(in, to.connection_usable());
                throw doubt;
            }
            e.complete(in, to.connection_usable());
            throw;
        }
    }

    S stream_;
    batch_target target_;
    batch_report report_;
    std::size_t on_its_way_ = 0; // rows of the page that the server works on
    error_list closing_errors_;
};

/// `execute_batch(ex, connection, ...)` waiting for its stream.
class batch_closure {
public:
    explicit batch_closure(batch_target target) : target_(std::move(target)) {}

    template <class S> auto operator()(S&& stream) && {
        return sink(static_cast<S&&>(stream), std::move(target_));
    }
    template <class S> auto operator()(S&& stream) const& { return sink(static_cast<S&&>(stream), target_); }

private:
    template <class S> static auto sink(S&& stream, batch_target target) {
        using row = stream_value_t<S>;
        if constexpr (binary_row<row>) {
            return batch_sink<S>(static_cast<S&&>(stream), std::move(target));
        } else {
            constexpr bool is_row = writable_row<row>;
            static_assert(
                is_row,
                "leat::postgres::execute_batch: the elements must be structs without constructors and base "
                "classes, std::tuples, or single values with a codec: transform them before");
            static_assert(
                !is_row,
                "leat::postgres::execute_batch: a member of the element has a type that is not written: "
                "transform it, or give leat::postgres::codec<T> a find_encoder(oid)");
            return task<batch_report>();
        }
    }

    batch_target target_;
};

struct batch_fn {
    template <class Connection>
    auto operator()(executor ex, Connection& c, std::string sql, batch_options options = {}) const {
        static_assert(std::is_same_v<Connection, connection>,
                      "leat::postgres::execute_batch: it writes through a connection of leat's own, as "
                      "leat::postgres::connect makes it, not through libpqxx");
        if constexpr (!std::is_same_v<Connection, connection>)
            return closure([]<class S>(S&&) { return task<batch_report>(); });
        else
            return closure(batch_closure(batch_target(std::move(ex), link_of(c), std::move(sql), options)));
    }
    template <leat::stream S, class Connection>
    auto operator()(S&& s, executor ex, Connection& c, std::string sql, batch_options options = {}) const {
        return std::forward<S>(s) | (*this)(std::move(ex), c, std::move(sql), options);
    }
};

} // namespace detail

/// `co_await (std::move(rows) | leat::postgres::execute_batch(ex, connection, sql))`: runs a statement for
/// all rows of a stream, a page of them at a time: INSERT ... ON CONFLICT, and UPDATE or DELETE by key. For
/// plain loading `copy_into` is quicker.
///
/// The parameters are arrays: $1 holds the first member of all rows of the page, $2 the second, and so on;
/// `unnest` makes rows of them again. Each needs its type: `$1::bigint[]`.
///
/// Elements: as with `copy_into`; a member cannot be an array itself.
/// Yields: a `batch_report`, when the server is done with the last page.
/// Throws: what the stream throws; `postgres::error`: of kind columns, before the first page, where the
/// parameters and the members do not fit; `write_error` with the rows of the page that the server refused, or
/// the row and the parameter that an encoder did. Each page is its own transaction, so the pages before it
/// are in the table (`rows_delivered()` of them), unless `batch_options::one_transaction`. If the connection
/// is lost under a page: `write_error::in_doubt()`. The stream is closed then, and the connection free.
/// Owns: the stream, the statement and a page. Borrows: the connection, which nothing else can use meanwhile.
/// Destroying it early, or a stop: the page that is under way is cancelled.
/// Threads: as with `copy_into`: the loop is never blocked. Batches: used as they come. Cost: no allocation
/// per element; a round trip for each page, during which the next one is made.
///
///     auto saving = std::move(users) | leat::postgres::execute_batch(ex, db,
///         "INSERT INTO users (id, name) SELECT * FROM unnest($1::bigint[], $2::text[]) "
///         "ON CONFLICT (id) DO UPDATE SET name = excluded.name");
///     const auto report = co_await saving;
inline constexpr detail::batch_fn execute_batch{};

} // namespace leat::postgres
