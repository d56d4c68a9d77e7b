#pragma once

#include <leat/adaptor/merge.hpp>
#include <leat/asio/executor.hpp>
#include <leat/async_generator.hpp>
#include <leat/config.hpp>
#include <leat/postgres/connection.hpp>
#include <leat/postgres/shards.hpp>
#include <leat/postgres/stream_options.hpp>
#include <leat/postgres/table_name.hpp>
#include <leat/stream.hpp>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace leat::postgres {

namespace detail {

template <class Row>
async_generator<Row> read_in_parallel(executor ex, std::vector<connection*> pool, table_name table,
                                      name_list columns, stream_options options) {
    std::optional<shard_plan> plan;
    const auto close = [&plan]() -> task<> {
        if (plan)
            co_await plan->close();
    };
    co_await leat::on_close(close).quiet(); // the plan cleans up behind itself
    plan.emplace(co_await shards(ex, *pool.front(), table, pool.size() - 1));
    std::vector<async_generator<Row>> parts;
    for (std::size_t i = 0; i < plan->parts().size(); ++i)
        parts.push_back(rows<Row>(ex, *pool[i + 1], plan->parts()[i], columns, options));
    auto all = leat::merge(std::move(parts));
    co_await leat::on_close(all);
    while (auto some = co_await leat::detail::next_batch_of(all))
        co_yield leat::batch(some);
}

} // namespace detail

/// All rows of a table over several connections at once: the server reads with as many processes. Quicker than one connection
/// where the server has cores to spare; the rows of one part of the table are in order, those of several mixed.
///
/// Of the connections in `pool` the first keeps the moment that all the others show (see `shards`), so there are two at least.
/// Yields: Rows, as `rows` does. Ends: after the last row. Throws: `postgres::error`, the first one; the other parts are
/// stopped and closed before that. Borrows: the connections, until it has ended or `close()` has returned.
/// Threads: those of `ex`, all of them: decoding is done there. Batches: preserved.
/// Cost: a page of memory for each connection.
///
///     std::vector<leat::postgres::connection*> pool{&a, &b, &c};
///     auto orders = leat::postgres::parallel_rows<order>(ex, pool, "shop.orders", {"id", "total"});
template <class Row>
async_generator<Row> parallel_rows(executor ex, std::vector<connection*> pool, const table_name& table,
                                   const name_list& columns,
                                   const stream_options& options = stream_options()) {
    LEAT_ASSERT(
        pool.size() >= 2,
        "leat::postgres::parallel_rows: two connections at least: the first keeps the moment for the others");
    return detail::read_in_parallel<Row>(std::move(ex), std::move(pool), table, columns, options);
}

} // namespace leat::postgres
