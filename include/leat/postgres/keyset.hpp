#pragma once

#include <leat/asio/executor.hpp>
#include <leat/async_generator.hpp>
#include <leat/postgres/engine.hpp>
#include <leat/postgres/parameter.hpp>
#include <leat/postgres/row_reader.hpp>
#include <leat/postgres/rows.hpp>
#include <leat/postgres/stream_options.hpp>
#include <leat/stream.hpp>
#include <leat/task.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace leat::postgres {

/// How `keyset` reads.
struct keyset_options {
    /// The rows of a page: what is asked for at once, `$2` of the query.
    std::uint32_t page_rows = 5000;
    stream_options stream{};
};

namespace detail {

template <class KeyOf, class Row, class Key>
concept says_key = std::is_invocable_v<KeyOf&, const Row&> &&
    std::is_assignable_v<Key&, std::invoke_result_t<KeyOf&, const Row&>>;

template <class Row, class Connection, class Key, class KeyOf>
async_generator<Row> pages_by_key(executor ex, Connection* c, keyset_options options, std::string sql,
                                  Key after, KeyOf key_of, std::vector<parameter> parameters) {
    std::optional<async_generator<Row>> page;
    const auto close = [&page]() -> task<> {
        if (page)
            co_await page->close();
    };
    co_await leat::on_close(close).quiet(); // the page cleans up behind a destroyed stream
    for (std::uint32_t count = options.page_rows; count == options.page_rows;) {
        parameters[0] = to_parameter(after);
        page.emplace(stream<Row, Row>(reading<Connection>::open(ex, *c, sql, parameters, options.stream),
                                      options.stream));
        count = 0;
        for (bool more = true; more;) {
            auto some = co_await leat::detail::next_batch_of(*page);
            more = !some.empty();
            if (more) {
                count += static_cast<std::uint32_t>(some.size());
                after = std::invoke(key_of, std::as_const(*(some.end() - 1))); // the reader may move it away
                co_yield leat::batch(some);
            }
        }
    }
}

} // namespace detail

/// The rows of a query page by page, each page a query of its own that begins behind the last key: nothing is held open at
/// the server in between, and a stream that breaks off can go on in another connection.
///
/// The query has the key as `$1` and the rows of a page as `$2`, and gives the rows in the order of the key, which is unique
/// and has an index: `SELECT id, name FROM users WHERE id > $1 ORDER BY id LIMIT $2`. Further parameters are `$3` and so on.
/// `key_of(row)` says a row's key: a function, or a member such as `&user::id`.
///
/// Yields: Rows, as `rows` does. Ends: after a page that is not full. Throws: `postgres::error`, after all rows before it.
/// What others change meanwhile is seen or not, page by page: there is no one snapshot, as a cursor has.
/// Owns: the query, the last key. Borrows: the connection, as `rows` does. The next page is asked for when the reader wants
/// it: put `prefetch` behind it to read ahead.
/// Batches: preserved. Cost: a query for each page; as quick as a cursor from some thousand rows a page on.
///
/// To go on after a lost connection, make the stream anew behind the last key that came:
///
///     auto users_behind = [&](const std::optional<std::int64_t>& last) { return users_of(ex, server, last.value_or(0)); };
///     auto users = leat::retry(ex, users_behind, id_of, {.attempts = 10});
///
/// where `users_of` connects, and then gives what `keyset` gives:
///
///     leat::async_generator<user> users_of(leat::executor ex, std::string server, std::int64_t last) {
///         auto connection = co_await leat::postgres::connect(ex, server);
///         auto users = leat::postgres::keyset<user>(
///             ex, connection, "SELECT id, name FROM users WHERE id > $1 ORDER BY id LIMIT $2", last, &user::id);
///         co_yield leat::elements_of(std::move(users));
///     }
template <class Row, class Connection, class Key, class KeyOf, class... Parameters>
async_generator<Row> keyset(executor ex, Connection& connection, const keyset_options& options,
                            std::string_view sql, Key after, KeyOf key_of, const Parameters&... parameters) {
    constexpr bool is_readable = readable<Connection>;
    static_assert(is_readable,
                  "leat::postgres::keyset: it reads from a leat::postgres::connection (as "
                  "leat::postgres::connect makes it), a pqxx::connection or a transaction of libpqxx, none "
                  "of them const");
    detail::check_row<Row>();
    constexpr bool says_the_key = detail::says_key<KeyOf, Row, Key>;
    static_assert(says_the_key,
                  "leat::postgres::keyset: key_of(row) has to give the key of a const Row&, in the type "
                  "of the key that the stream begins behind: a function, or a member such as &user::id");
    if constexpr (is_readable && says_the_key) {
        LEAT_ASSERT(options.page_rows > 0, "leat::postgres::keyset: a page has at least one row");
        std::vector<detail::parameter> texts{std::nullopt, detail::to_parameter(options.page_rows)};
        (texts.push_back(detail::to_parameter(parameters)), ...);
        return detail::pages_by_key<Row>(std::move(ex), &connection, options, std::string(sql),
                                         std::move(after), std::move(key_of), std::move(texts));
    } else {
        return {};
    }
}
template <class Row, class Connection, class Key, class KeyOf, class... Parameters>
async_generator<Row> keyset(executor ex, Connection& connection, std::string_view sql, Key after,
                            KeyOf key_of, const Parameters&... parameters) {
    return keyset<Row>(std::move(ex), connection, keyset_options(), sql, std::move(after), std::move(key_of),
                       parameters...);
}

} // namespace leat::postgres
