#pragma once

#include <leat/asio/executor.hpp>
#include <leat/async_generator.hpp>
#include <leat/postgres/connection.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/execute.hpp>
#include <leat/postgres/libpq_rows.hpp>
#include <leat/postgres/row_reader.hpp>
#include <leat/postgres/rows.hpp>
#include <leat/postgres/shard.hpp>
#include <leat/postgres/stream_options.hpp>
#include <leat/postgres/table_name.hpp>
#include <leat/postgres/writer.hpp>
#include <leat/task.hpp>

#include <algorithm>
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

/// A table divided into shards, and the moment that all of them show. Made by `shards`.
///
/// As long as it is open its connection keeps that moment for the shards that have not been opened yet, and carries nothing
/// else. A shard that is being read keeps the moment for itself.
class shard_plan {
public:
    shard_plan(std::vector<shard> parts, std::unique_ptr<detail::writer> open)
        : parts_(std::move(parts)), open_(std::move(open)) {}

    const std::vector<shard>& parts() const noexcept { return parts_; }

    /// Lets go of the moment and gives the connection back. Destroying it does so too, behind it. Does nothing the second time.
    task<void> close() {
        if (open_)
            co_await open_->close();
        open_.reset();
    }

private:
    std::vector<shard> parts_;
    std::unique_ptr<detail::writer> open_;
};

namespace detail {

inline std::uint64_t whole_number(const PGresult& r, int column) {
    return std::strtoull(PQgetvalue(&r, 0, column), nullptr, 10);
}

inline std::vector<shard> divide(const std::string& table, const std::string& snapshot, std::uint64_t pages,
                                 std::size_t n) {
    std::vector<shard> parts;
    const std::uint64_t each = std::max<std::uint64_t>(1, (pages + n - 1) / n);
    for (std::uint64_t first = 0; parts.size() < n && (first < pages || first == 0); first += each)
        parts.push_back(
            {table, snapshot, static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(first + each)});
    parts.back().end_page = 0; // what was added since the pages were counted
    return parts;
}

inline task<shard_plan> plan_shards(executor ex, std::shared_ptr<libpq_link> link, std::string table,
                                    std::size_t n) {
    auto to = std::make_unique<writer>(std::move(ex), std::move(link), stream_options());
    const std::vector<parameter> none;
    std::exception_ptr failure;
    std::string snapshot;
    std::uint64_t pages = 0;
    try {
        co_await to->open();
        co_await run_statement(*to, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", none, "shards");
        const std::vector<parameter> name(1, table);
        co_await run_statement(
            *to,
            "SELECT pg_catalog.pg_export_snapshot(), pg_catalog.pg_relation_size(c.oid) / "
            "pg_catalog.current_setting('block_size')::pg_catalog.int8, c.relkind IN ('r', 'm') "
            "FROM pg_catalog.pg_class c WHERE c.oid = $1::pg_catalog.regclass",
            name, "shards");
        const PGresult& r = to->session().result();
        if (PQntuples(&r) != 1 || *PQgetvalue(&r, 0, 2) != 't')
            throw error(
                error_kind::sql,
                "leat::postgres::shards: " + table +
                    " is no table whose rows lie in one place: divide the partitions of a partitioned "
                    "table one by one, and read a view with rows()");
        snapshot = PQgetvalue(&r, 0, 0);
        pages = whole_number(r, 1);
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure)
        co_return shard_plan(divide(table, snapshot, pages, n), std::move(to));
    co_await to->close();
    try {
        std::rethrow_exception(failure);
    } catch (error& e) {
        e.complete(0, to->connection_usable());
        throw;
    }
}

inline std::string columns_in_sql(const name_list& columns) {
    std::string all;
    for (const std::string& name : columns.names()) {
        if (!all.empty())
            all += ", ";
        all += ident(name).sql();
    }
    return all;
}

inline std::string select_of(const shard& s, const name_list& columns) {
    const auto tid = [](std::uint32_t page) { return "'(" + std::to_string(page) + ",0)'::pg_catalog.tid"; };
    std::string sql =
        "SELECT " + columns_in_sql(columns) + " FROM ONLY " + s.table + " WHERE ctid >= " + tid(s.first_page);
    if (s.end_page != 0)
        sql += " AND ctid < " + tid(s.end_page);
    return sql;
}

} // namespace detail

/// Divides a table into `n` shards of about the same size, which any worker, thread or machine can open, each on a connection
/// of its own: together they hold every row exactly once, all as of one moment.
///
/// Gives: a `shard_plan`, to be closed when all shards have been opened. There are fewer shards than `n` where the table has
/// fewer pages on disk. Throws: `postgres::error`. Borrows: the connection, until the plan is closed; meanwhile its
/// transaction keeps the server from vacuuming. Needs PostgreSQL 14 or later to be quick: an older one reads the whole table
/// for each shard. Not for partitioned tables and views.
///
///     auto plan = co_await leat::postgres::shards(ex, connection, "shop.orders", 8);
///     for (const leat::postgres::shard& s : plan.parts())
///         queue.send(nlohmann::json(s).dump());
template <class Connection>
task<shard_plan> shards(executor ex, Connection& c, const table_name& table, std::size_t n) {
    static_assert(std::is_same_v<Connection, connection>,
                  "leat::postgres::shards: the plan is held by a connection of leat's own, as "
                  "leat::postgres::connect makes it, not by libpqxx");
    if constexpr (std::is_same_v<Connection, connection>) {
        if (n == 0)
            throw error(error_kind::sql, "leat::postgres::shards: a table cannot be divided into 0 parts");
        return detail::plan_shards(std::move(ex), detail::link_of(c), table.sql(), n);
    } else {
        return {};
    }
}

/// The rows of a shard, as `rows` gives those of a query: the columns in the order of Row's members.
///
/// Throws: `postgres::error`; SQLSTATE 22023 or 42704 where the plan that made the shard is closed already. Everything else
/// as with `rows`. The rows are as of the plan's moment, on any connection to the same server as the same role or one that
/// may read the table.
///
///     auto orders = leat::postgres::rows<order>(ex, connection, shard, {"id", "total"});
template <class Row, class Connection>
async_generator<Row> rows(executor ex, Connection& c, const shard& s, const name_list& columns,
                          const stream_options& options = stream_options()) {
    static_assert(std::is_same_v<Connection, connection>,
                  "leat::postgres::rows: a shard is read through a connection of leat's own, as "
                  "leat::postgres::connect makes it, not through libpqxx");
    detail::check_row<Row>();
    if constexpr (std::is_same_v<Connection, connection>) {
        return detail::stream<Row, Row>(std::make_shared<detail::libpq_rows>(
                                            std::move(ex), detail::link_of(c), detail::select_of(s, columns),
                                            std::vector<detail::parameter>(), options, s.snapshot),
                                        options);
    } else {
        return {};
    }
}

} // namespace leat::postgres
