#pragma once

#include <leat/asio/executor.hpp>
#include <leat/detail/external.hpp>
#include <leat/detail/owned_task.hpp>
#include <leat/error_list.hpp>
#include <leat/pipe.hpp>
#include <leat/postgres/connection.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/libpq_link.hpp>
#include <leat/postgres/parameter.hpp>
#include <leat/postgres/stream_options.hpp>
#include <leat/postgres/table_name.hpp>
#include <leat/postgres/type.hpp>
#include <leat/postgres/write_error.hpp>
#include <leat/postgres/writer.hpp>
#include <leat/postgres/written_row.hpp>
#include <leat/stream.hpp>
#include <leat/task.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace leat::postgres {

/// How `copy_into` copies.
struct copy_options {
    /// Bytes that are sent at a time. About twice as much is in memory.
    std::size_t buffer_bytes = std::size_t{128} << 10;
    /// The whole copy, 0 for none: error_kind::timed_out, and no row stays. A stream that is slow is not
    /// woken up by it; that is `leat::timeout`'s.
    std::chrono::milliseconds deadline{0};
    /// How long the server may be silent when it is waited for, 0 for ever. (It waits itself while another
    /// transaction has locked the table.)
    std::chrono::milliseconds stall{0};
};

/// What `copy_into` has done.
struct copy_report {
    std::uint64_t rows = 0; ///< in the table, by the server's count: a trigger may have left out some
};

namespace detail {

/// Where rows are copied to.
class copy_target {
public:
    copy_target(executor e, std::shared_ptr<libpq_link> l, table_name t, name_list n, const copy_options& o)
        : ex(std::move(e)), link(std::move(l)), table(std::move(t)), names(std::move(n)), options(o) {
        if (names.names().empty())
            throw error(error_kind::columns,
                        "leat::postgres::copy_into: name the columns, in the order of the members");
        for (const std::string& n1 : names.names())
            columns += (columns.empty() ? "" : ", ") + ident(n1);
    }

    stream_options limits() const {
        stream_options out;
        out.deadline = options.deadline;
        out.stall = options.stall;
        return out;
    }
    std::string statement(std::string_view format) const {
        return "COPY " + table.sql() + " (" + columns + ") FROM STDIN (FORMAT " + std::string(format) + ")";
    }

    /// Where the server was: a line of its CONTEXT says "COPY users, line 7, column name", or that in another
    /// language.
    written_place place(const server_refusal& why) const {
        written_place out;
        out.column = why.column;
        const std::string ours = "COPY " + table.last() + ", ";
        std::string_view context = why.context;
        for (std::size_t end = 0; !context.empty() && end != context.npos; context.remove_prefix(end + 1)) {
            end = context.find('\n');
            read_place(context.substr(0, end), ours, out);
            if (end == context.npos)
                break;
        }
        return out;
    }

    executor ex;
    std::shared_ptr<libpq_link> link;
    table_name table;
    name_list names;
    copy_options options;
    std::string columns; // as in SQL

private:
    void read_place(std::string_view line, std::string_view ours, written_place& out) const {
        if (line.substr(0, ours.size()) != ours)
            return;
        line.remove_prefix(ours.size());
        const std::size_t number = line.find_first_of("0123456789");
        if (number == line.npos)
            return;
        std::uint64_t row = 0;
        const auto read = std::from_chars(line.data() + number, line.data() + line.size(), row);
        out.first_row = out.last_row = row;
        line.remove_prefix(static_cast<std::size_t>(read.ptr - line.data()));
        if (!out.column.empty() || line.substr(0, 2) != ", ")
            return;
        line.remove_prefix(std::min(line.find(' ', 2), line.size() - 1) + 1); // the word "column"
        // Behind its name may stand a value. The name is taken from our own list, so nothing else gets out.
        for (const std::string& name : names.names()) {
            const bool fits = line.substr(0, name.size()) == name &&
                              (line.size() == name.size() || line[name.size()] == ':');
            if (fits && name.size() > out.column.size())
                out.column = name;
        }
    }
};

/// The columns to write, and their types. Asked of the catalogue, for that needs no right to read the table.
inline task<std::vector<column>> columns_of_table(writer& to, const copy_target& target,
                                                  std::string_view who) {
    const std::string names = array_text(target.names.names());
    statement_values values;
    values.add_text(target.table.sql());
    values.add_text(names);
    to.session().send(
        "SELECT n.name, a.atttypid FROM pg_catalog.unnest($2::pg_catalog.text[]) WITH ORDINALITY n(name, at) "
        "LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = $1::pg_catalog.regclass AND a.attname = n.name "
        "AND "
        "a.attnum > 0 AND NOT a.attisdropped ORDER BY n.at",
        values);
    const writer::event e = co_await to.answer();
    expect_done(e, to, who);
    std::vector<column> columns;
    const PGresult& found = to.session().result();
    for (int i = 0; i != PQntuples(&found); ++i) {
        column c;
        c.name = PQgetvalue(&found, i, 0);
        if (PQgetisnull(&found, i, 1))
            throw error(error_kind::columns, "leat::postgres::" + std::string(who) + ": the table " +
                                                 target.table.sql() + " has no column \"" + c.name +
                                                 "\" (upper and lower case count)");
        c.type = static_cast<oid>(std::strtoull(PQgetvalue(&found, i, 1), nullptr, 10));
        c.type_name = std::string(type::name_of(c.type));
        columns.push_back(std::move(c));
    }
    co_await learn_types(to, columns, who);
    co_return columns;
}

template <class S, class Rows>
class copy_sink : public leat::detail::external<copy_sink<S, Rows>>, public leat::detail::terminal {
public:
    copy_sink(S&& s, copy_target target) : stream_(static_cast<S&&>(s)), target_(std::move(target)) {}

    auto operator co_await() noexcept { return stopped_with<copy_report>(run(), stream_); }
    const error_list& closing_errors() noexcept {
        return closing_errors_.empty() ? stream_.closing_errors() : closing_errors_;
    }

private:
    task<copy_report> run() {
        writer to(target_.ex, target_.link, target_.limits());
        copy_report report;
        std::uint64_t sent = 0;
        bool in_stream = false; // what was thrown is the stream's
        std::exception_ptr failure;
        try {
            Rows rows;
            co_await to.open();
            const std::vector<column> columns = co_await columns_of_table(to, target_, Rows::name);
            rows.bind(columns);
            to.session().send(target_.statement(Rows::format), statement_values());
            const writer::event ready = co_await to.answer();
            if (ready != writer::event::copy_in)
                throw refused(to);

            std::string buffer;
            buffer.reserve(target_.options.buffer_bytes + 4096);
            rows.begin(buffer);
            std::uint64_t row = 0;
            for (bool wanted = true; wanted;) {
                in_stream = true;
                auto element = co_await stream_.next();
                in_stream = false;
                if (!element)
                    break;
                add(rows, *element, ++row, buffer);
                if (buffer.size() >= target_.options.buffer_bytes) {
                    wanted = co_await to.put(buffer);
                    buffer.clear();
                    sent = row;
                }
            }
            rows.end(buffer);
            const bool wanted = co_await to.put(buffer);
            sent = row;
            to.session().end_copy(wanted ? nullptr : "refused before");
            const writer::event end = co_await to.answer();
            if (end != writer::event::done)
                throw refused(to);
            co_await to.close();
            report.rows = to.affected();
            co_return report;
        } catch (...) {
            failure = std::current_exception();
        }

        co_await close_failed_sink(to, stream_, in_stream, failure, closing_errors_);
        if (to.kept()) { // the server was quicker than what stopped us
            report.rows = to.affected();
            co_return report;
        }
        if (in_stream)
            std::rethrow_exception(failure);
        fail(failure, sent, to);
        co_return report;
    }

    template <class Element>
    void add(Rows& rows, const Element& element, std::uint64_t row, std::string& buffer) {
        try {
            rows.add(element, buffer);
        } catch (const bad_value& why) {
            throw bad_row(Rows::name, {row, row, target_.names.names()[rows.at()]}, why.what());
        } catch (const error& why) { // a codec's own
            throw bad_row(Rows::name, {row, row, target_.names.names()[rows.at()]}, why.what());
        }
    }

    write_error refused(const writer& to) const {
        const server_refusal why = to.session().refusal();
        return refused_write(Rows::name, target_.place(why), why, "No row was written.");
    }

    /// Throws it, with what is known only now.
    [[noreturn]] void fail(const std::exception_ptr& failure, std::uint64_t sent, const writer& to) {
        try {
            std::rethrow_exception(failure);
        } catch (error& e) {
            if (to.in_doubt()) {
                write_error doubt(
                    e.kind(),
                    "leat::postgres::" + std::string(Rows::name) +
                        ": the connection was lost while the server was finishing: the rows may be in the "
                        "table, all of them, or none. Look, before you write them again",
                    {}, e.sqlstate(), e.server_message(), true);
                doubt.complete(sent, to.connection_usable());
                throw doubt;
            }
            e.complete(sent, to.connection_usable());
            throw;
        }
    }

    S stream_;
    copy_target target_;
    error_list closing_errors_;
};

template <template <class> class Rows> inline constexpr bool is_binary = true;
template <> inline constexpr bool is_binary<text_rows> = false;

/// `copy_into(ex, connection, ...)` waiting for its stream.
template <template <class> class Rows> class copy_closure {
public:
    explicit copy_closure(copy_target target) : target_(std::move(target)) {}

    template <class S> auto operator()(S&& stream) && {
        return sink(static_cast<S&&>(stream), std::move(target_));
    }
    template <class S> auto operator()(S&& stream) const& { return sink(static_cast<S&&>(stream), target_); }

private:
    template <class S> static auto sink(S&& stream, copy_target target) {
        using row = stream_value_t<S>;
        if constexpr (is_binary<Rows> ? binary_row<row> : writable_row<row>) {
            return copy_sink<S, Rows<row>>(static_cast<S&&>(stream), std::move(target));
        } else {
            constexpr bool is_row = writable_row<row>;
            static_assert(
                is_row,
                "leat::postgres::copy_into: the elements must be structs without constructors and base "
                "classes, std::tuples, or single values with a codec: transform them before");
            static_assert(
                !is_row, "leat::postgres::copy_into: a member of the element has a type that is not written: "
                         "transform it, or give leat::postgres::codec<T> a find_encoder(oid)");
            return task<copy_report>();
        }
    }

    copy_target target_;
};

template <template <class> class Rows> struct copy_fn {
    template <class Connection>
    auto operator()(executor ex, Connection& c, table_name table, name_list columns,
                    copy_options options = {}) const {
        static_assert(std::is_same_v<Connection, connection>,
                      "leat::postgres::copy_into: it writes through a connection of leat's own, as "
                      "leat::postgres::connect makes it, not through libpqxx");
        if constexpr (!std::is_same_v<Connection, connection>)
            return closure([]<class S>(S&&) { return task<copy_report>(); });
        else
            return closure(copy_closure<Rows>(
                copy_target(std::move(ex), link_of(c), std::move(table), std::move(columns), options)));
    }
    template <leat::stream S, class Connection>
    auto operator()(S&& s, executor ex, Connection& c, table_name table, name_list columns,
                    copy_options options = {}) const {
        return std::forward<S>(s) | (*this)(std::move(ex), c, std::move(table), std::move(columns), options);
    }
};

} // namespace detail

/// `co_await (std::move(rows) | leat::postgres::copy_into(ex, connection, "shop.users", {"id", "name"}))`:
/// loads a stream into a table, all of it or nothing, in constant memory: COPY in its binary format, the
/// quickest way in.
///
/// Elements: structs (plain aggregates) and `std::tuple`s, whose members go into the columns in order; or
/// single values, for one column. A `std::optional` that is empty is NULL. They may be lent: each is written
/// down before the next is asked for. `table` is "users" or "shop.users"; names are quoted (see
/// `table_name`).
///
/// Yields: a `copy_report`, when the server has committed.
/// Throws: what the stream throws; `postgres::error`: of kind columns, before the first row, where the
/// server's types and the members' do not fit, naming both; `write_error` (kind sql or conversion) with the
/// row and the column that are to blame, where the server or an encoder finds one; and if the connection is
/// lost in the last moment, `write_error::in_doubt()`. In all cases but that one the table is as it was, the
/// stream is closed, and the connection is free.
/// Owns: the stream and a buffer (128 KiB). Borrows: the connection, which nothing else can use meanwhile.
/// Destroying it early, or a stop: the copy is given up, behind it, and no row stays.
/// Threads: on `ex`, where the stream lives too. A server that is slow, or waits for a lock, slows down the
/// stream, not the loop. The others on the loop get a turn at every buffer. An error is noticed when the next
/// buffer is sent, with TLS at the end.
/// Batches: used as they come. Cost: no allocation per element; 10 to 20 ns for a member.
///
///     struct user { std::int64_t id; std::string name; std::optional<std::string> mail; };
///     auto users = leat::file::lines(ex, "users.csv") | leat::transform(parse_user);
///     auto loading = std::move(users) | leat::postgres::copy_into(ex, db, "users", {"id", "name", "mail"});
///     const auto report = co_await loading;
inline constexpr detail::copy_fn<detail::binary_rows> copy_into{};

/// As `copy_into`, with COPY's text format: slower, but every type of the server's has one. A member is what
/// `rows` takes as a parameter; for a column of type inet, money or int4range, say, make it a std::string.
inline constexpr detail::copy_fn<detail::text_rows> copy_text_into{};

} // namespace leat::postgres
