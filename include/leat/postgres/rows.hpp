#pragma once

#include <leat/asio/executor.hpp>
#include <leat/async_generator.hpp>
#include <leat/postgres/engine.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/libpq_rows.hpp>
#include <leat/postgres/parameter.hpp>
#include <leat/postgres/row_reader.hpp>
#include <leat/postgres/row_view.hpp>
#include <leat/postgres/stream_options.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace leat::postgres {

namespace detail {

/// Puts engine, decoding and stream together. `Element` is Row, or a span of the Rows of a page.
template <class Row, class Element, class Engine>
async_generator<Element> stream(std::shared_ptr<Engine> source, stream_options options) {
    auto close = [source] { return source->close(); };
    co_await leat::on_close(close).quiet(); // the engine cleans up behind a destroyed stream

    row_reader<Row> reader(options);
    std::uint64_t delivered = 0;
    std::exception_ptr failure;
    try {
        co_await source->open();
        reader.bind(source->take_columns());
    } catch (...) {
        failure = std::current_exception();
    }
    while (!failure) {
        try {
            const bool more = co_await source->next_page();
            if (!more)
                co_return;
            source->read(reader);
            failure = reader.take_failure();
        } catch (...) {
            failure = std::current_exception();
            break;
        }
        std::span<Row> page = reader.rows();
        delivered += page.size();
        if constexpr (std::is_same_v<Element, Row>) {
            co_yield leat::batch(page);
        } else {
            if (!page.empty())
                co_yield std::move(page);
        }
    }
    co_await source->close();
    try {
        std::rethrow_exception(failure);
    } catch (error& e) {
        e.complete(delivered, source->connection_usable());
        throw;
    }
}

template <class Row, class Element, class Connection, class... Parameters>
async_generator<Element> start(executor ex, Connection& connection, const stream_options& options,
                               std::string_view sql, const Parameters&... parameters) {
    constexpr bool is_readable = readable<Connection>;
    static_assert(is_readable,
                  "leat::postgres::rows: it reads from a leat::postgres::connection (as "
                  "leat::postgres::connect makes it), a pqxx::connection or a transaction of libpqxx, none "
                  "of them const");
    check_row<Row>();
    if constexpr (is_readable) {
        if (sql.find('\0') != sql.npos)
            throw error(error_kind::sql, "leat::postgres: the query holds a zero byte");
        std::vector<parameter> texts;
        texts.reserve(sizeof...(parameters));
        (texts.push_back(to_parameter(parameters)), ...);
        return stream<Row, Element>(
            reading<Connection>::open(std::move(ex), connection, std::string(sql), std::move(texts), options),
            options);
    } else {
        return {};
    }
}

} // namespace detail

/// The rows of a query, in memory that does not grow with their number.
///
/// `Row` is a struct (a plain aggregate), a `std::tuple`, or `leat::postgres::row_view` for rows that are not
/// copied. Columns and members are matched in order. A `std::optional` member takes NULL.
/// `connection` is a `leat::postgres::connection` (the quickest), a `pqxx::connection`, or a transaction of libpqxx, in which
/// the query then runs; `engine_of<Connection>` says how it is read.
///
/// Yields: Rows to keep. Only views in them (std::string_view, std::span, row_view) end with the reader's
/// next step; such rows are refused by what keeps elements, and `leat::materialize()` makes a tuple of values or an
/// `owned_row` of a tuple of views or a row_view.
/// Ends: after the last row.
/// Throws: `postgres::error`, after the rows before it: of a `leat::postgres::connection` all of them, of a cursor those of
/// the pages before it (the server sends the error in place of the page).
/// Owns: copies of the query and its parameters. Borrows: the connection, which nothing else can use until the stream has
/// ended or `close()` has returned. Destroying the stream early is safe and does not wait: the query is cancelled behind it,
/// and the connection is free a moment later (`leat::postgres::settle`). A transaction has to outlive the stream; it is
/// neither committed nor rolled back. `close()` leaves it usable: it waits up to a second for the page that is on its way
/// before it cancels it, which aborts the transaction. Destroying an open stream in a transaction waits too, for
/// milliseconds and on the loop, for nothing can be left to run behind the transaction: prefer `close()`.
/// Threads: rows arrive on `ex`, where the reader must live too; the loop never blocks. A stop (`leat::stop_on`) cancels the
/// query at the server. Fairness: the others on the loop get a turn at every page, that is every
/// `stream_options::max_rows` rows at the latest.
/// Cost: with a `leat::postgres::connection` one read-only query, and a page of memory (256 KiB). With a cursor a read-only
/// transaction, held open until the end: a reader that is slow for hours keeps the server from vacuuming; about two pages
/// of memory; no parallel plans, for PostgreSQL runs cursors without them.
///
/// Example:
/// \code
/// struct user { std::int64_t id; std::string name; std::optional<std::string> mail; };
/// auto users = leat::postgres::rows<user>(ex, connection, "SELECT id, name, mail FROM users WHERE age > $1", 18);
/// while (auto u = co_await users.next())
///     std::cout << u->name << '\n';
/// \endcode
template <class Row = row_view, class Connection, class... Parameters>
async_generator<Row> rows(executor ex, Connection& connection, const stream_options& options,
                          std::string_view sql, const Parameters&... parameters) {
    return detail::start<Row, Row>(std::move(ex), connection, options, sql, parameters...);
}

template <class Row = row_view, class Connection, class... Parameters>
async_generator<Row> rows(executor ex, Connection& connection, std::string_view sql,
                          const Parameters&... parameters) {
    return detail::start<Row, Row>(std::move(ex), connection, stream_options(), sql, parameters...);
}

/// The same rows, a page at a time: for work that is done on many rows at once.
///
/// Yields: `std::span<Row>`, never empty, valid until the next step; the Rows in it may be moved away. Everything else as
/// with `rows`.
///
///     auto pages = leat::postgres::pages<user>(ex, connection, "SELECT id, name, mail FROM users");
///     while (auto page = co_await pages.next())
///         index.add(*page);
template <class Row = row_view, class Connection, class... Parameters>
async_generator<std::span<Row>> pages(executor ex, Connection& connection, const stream_options& options,
                                      std::string_view sql, const Parameters&... parameters) {
    return detail::start<Row, std::span<Row>>(std::move(ex), connection, options, sql, parameters...);
}

template <class Row = row_view, class Connection, class... Parameters>
async_generator<std::span<Row>> pages(executor ex, Connection& connection, std::string_view sql,
                                      const Parameters&... parameters) {
    return detail::start<Row, std::span<Row>>(std::move(ex), connection, stream_options(), sql,
                                              parameters...);
}

} // namespace leat::postgres
