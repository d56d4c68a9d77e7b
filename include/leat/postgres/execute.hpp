#pragma once

#include <leat/asio/executor.hpp>
#include <leat/postgres/connection.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/parameter.hpp>
#include <leat/postgres/stream_options.hpp>
#include <leat/postgres/write_error.hpp>
#include <leat/postgres/write_session.hpp>
#include <leat/postgres/writer.hpp>
#include <leat/task.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::postgres {

namespace detail {

/// Runs one statement to its end. Throws what the server said.
inline task<void> run_statement(writer& to, const std::string& sql, const std::vector<parameter>& parameters,
                                std::string_view who) {
    statement_values values;
    for (const parameter& p : parameters) {
        if (p)
            values.add_text(*p);
        else
            values.add_null();
    }
    to.session().send(sql, values);
    const writer::event e = co_await to.answer();
    expect_done(e, to, who);
}

inline task<std::uint64_t> execute(executor ex, std::shared_ptr<libpq_link> link, std::string sql,
                                   std::vector<parameter> parameters) {
    writer to(std::move(ex), std::move(link), stream_options());
    std::exception_ptr failure;
    std::uint64_t affected = 0;
    try {
        co_await to.open();
        co_await run_statement(to, sql, parameters, "execute");
        affected = to.session().affected();
    } catch (...) {
        failure = std::current_exception();
    }
    co_await to.close();
    if (!failure)
        co_return affected;
    try {
        std::rethrow_exception(failure);
    } catch (error& e) {
        e.complete(0, to.connection_usable());
        throw;
    }
}

} // namespace detail

/// Runs one statement that gives no rows: CREATE, INSERT, UPDATE, NOTIFY ... What it gives is thrown away.
///
/// Gives: how many rows it inserted, updated or deleted. Throws: `postgres::error`; then nothing was done. Owns: copies of
/// the statement and its parameters, `$1`, `$2` ... Borrows: the connection. Threads: those of `ex`; the loop never blocks.
/// A stop cancels the statement at the server. Each statement is a transaction of its own; BEGIN is undone at once.
///
///     co_await leat::postgres::execute(ex, connection, "DELETE FROM sessions WHERE expires < $1", now);
template <class... Parameters>
task<std::uint64_t> execute(executor ex, connection& c, std::string_view sql,
                            const Parameters&... parameters) {
    if (sql.find('\0') != sql.npos)
        throw error(error_kind::sql, "leat::postgres: the statement holds a zero byte");
    std::vector<detail::parameter> texts;
    texts.reserve(sizeof...(parameters));
    (texts.push_back(detail::to_parameter(parameters)), ...);
    return detail::execute(std::move(ex), detail::link_of(c), std::string(sql), std::move(texts));
}

} // namespace leat::postgres
