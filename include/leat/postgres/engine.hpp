#pragma once

namespace leat::postgres {

/// How rows come from the server. Chosen by what `rows` and `pages` are given; `engine_of` says which one.
enum class engine {
    /// A `leat::postgres::connection`: the query runs as it is and its rows are read as they come. The quickest, with
    /// parallel plans, in memory bounded in bytes; not held back by a slow network.
    libpq,
    /// A `pqxx::connection` or a transaction of libpqxx: a cursor, page after page, one page ahead.
    cursor
};

namespace detail {
/// How a connection is read; each engine's header specializes it: `kind`, and `open(...)`.
template <class Connection> struct reading;
} // namespace detail

/// What `rows` and `pages` take beside the executor.
template <class Connection>
concept readable = requires {
    detail::reading<Connection>::kind;
};

/// The engine that reads from a `Connection`:
///
///     static_assert(leat::postgres::engine_of<leat::postgres::connection> == leat::postgres::engine::libpq);
template <readable Connection> inline constexpr engine engine_of = detail::reading<Connection>::kind;

} // namespace leat::postgres
