#pragma once

#include <leat/asio/executor.hpp>
#include <leat/async_generator.hpp>
#include <leat/postgres/cursor.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/page_size.hpp>
#include <leat/postgres/parameter.hpp>
#include <leat/postgres/row_reader.hpp>
#include <leat/postgres/row_view.hpp>

#include <pqxx/connection>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::postgres {

namespace detail {

/// Puts engine, decoding and stream together.
template <class Row> async_generator<Row> stream_rows(std::shared_ptr<cursor> source) {
    auto close = [source] { return source->close(); };
    co_await leat::on_close(close).quiet(); // the cursor cleans up behind a destroyed stream

    row_reader<Row> reader;
    bool bound = false;
    std::uint64_t delivered = 0;
    for (;;) {
        std::exception_ptr failure;
        { // the page dies before the next one is asked for
            page p;
            decoded_rows<Row> decoded;
            try {
                p = co_await source->next_page();
                if (!std::exchange(bound, true))
                    reader.bind(source->columns());
                if (p.empty())
                    co_return;
                decoded = reader.read(p, delivered);
                failure = decoded.failure;
            } catch (...) {
                failure = std::current_exception();
            }
            delivered += decoded.rows.size();
            co_yield leat::batch(decoded.rows);
        }
        if (failure) {
            co_await source->close();
            try {
                std::rethrow_exception(failure);
            } catch (error& e) {
                e.complete(delivered, source->connection_usable());
                throw;
            }
        }
    }
}

} // namespace detail

/// The rows of a query, page by page, in memory that does not grow with their number.
///
/// `Row` is a struct (a plain aggregate), a `std::tuple`, or `leat::postgres::row_view` for rows that are not
/// copied. Columns and members are matched in order. A `std::optional` member takes NULL.
///
/// Yields: Rows to keep. Only views in them (std::string_view, std::span, row_view) end with the reader's
/// next step; such rows are refused by what keeps elements, and `leat::materialize()` makes a tuple of values or an
/// `owned_row` of a tuple of views or a row_view. Ends: after the last row. Throws: `postgres::error`, after the rows of the pages before it.
/// Where the query itself fails in a row, the rows of the same page before that row are lost with it (the
/// server sends the error in place of the page). Owns: copies of the query and its parameters. Borrows: the
/// connection, which nothing else can use until the stream has ended or `close()` has returned. Destroying
/// the stream early is safe and does not wait: the query is cancelled and rolled back behind it, and the
/// connection is free a moment later (`leat::postgres::settle`). Destroying the connection too waits for
/// that. Threads: rows arrive on `ex`, where the reader must live too; the loop never blocks. A stop
/// (`leat::stop_on`) cancels the query at the server. Fairness: the others on the loop get a turn at every page,
/// that is every `page_options::max_rows` rows at the latest. Cost: one
/// read-only transaction, held open until the end: a reader that is slow for hours keeps the server from
/// vacuuming. About two pages of memory (256 KiB each). No parallel plans: PostgreSQL runs cursors without
/// them.
///
/// Example:
/// \code
/// struct user { std::int64_t id; std::string name; std::optional<std::string> mail; };
/// auto users = leat::postgres::rows<user>(ex, connection, "SELECT id, name, mail FROM users WHERE age > $1",
/// 18); while (auto u = co_await users.next())
///     std::cout << u->name << '\n';
/// \endcode
template <class Row = row_view, class... Parameters>
async_generator<Row> rows(executor ex, pqxx::connection& connection, const page_options& options,
                          std::string_view sql, const Parameters&... parameters) {
    detail::check_row<Row>();
    if (sql.find('\0') != sql.npos)
        throw error(error_kind::sql, "leat::postgres: the query holds a zero byte");
    std::vector<detail::parameter> texts;
    texts.reserve(sizeof...(parameters));
    (texts.push_back(detail::to_parameter(parameters)), ...);
    return detail::stream_rows<Row>(std::make_shared<detail::cursor>(
        std::move(ex), connection, std::string(sql), std::move(texts), options));
}

template <class Row = row_view, class... Parameters>
async_generator<Row> rows(executor ex, pqxx::connection& connection, std::string_view sql,
                          const Parameters&... parameters) {
    return rows<Row>(std::move(ex), connection, page_options{}, sql, parameters...);
}

/// Waits until a stream that was destroyed early on this connection has given it back. `close()` does not
/// need it.
inline task<void> settle(executor ex, pqxx::connection& connection) {
    return detail::settle(std::move(ex), &connection);
}

} // namespace leat::postgres
