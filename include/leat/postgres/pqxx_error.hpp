#pragma once

#include <leat/postgres/error.hpp>
#include <leat/postgres/sqlstate.hpp>

#include <pqxx/except>

#include <exception>
#include <new>
#include <string>
#include <utility>

namespace leat::postgres::detail {

/// Turns whatever libpqxx threw into the one error that a stream throws. Anything else passes through:
/// leat::stopped, std::bad_alloc.
///
/// `connected()` says whether the connection still looks open: libpqxx 6 reports some lost ones as an SQL
/// error.
template <class Connected>
error to_error(const std::exception_ptr& failure, Connected connected, const std::string& last_notice) {
    const auto lost = [&](const char* what, std::string sqlstate = {}) {
        // libpqxx forgets why the server hung up; the last notice before it, if there was one, says so.
        return connection_lost(last_notice.empty() ? std::string(what) : last_notice, std::move(sqlstate));
    };
    try {
        std::rethrow_exception(failure);
    } catch (const leat::error&) {
        throw;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const pqxx::broken_connection& e) {
        return lost(e.what());
    } catch (const pqxx::sql_error& e) {
        const std::string& code = e.sqlstate();
        if (!connected() || code.empty() || server_leaves(code))
            return lost(e.what(), code);
        return refused(kind_of_sqlstate(code), code, e.what());
    } catch (const pqxx::usage_error& e) {
        return error(error_kind::connection_busy,
                     "leat::postgres: the connection has a transaction open: a stream needs the connection "
                     "for itself, "
                     "so end that transaction first or use another connection",
                     {}, e.what());
    } catch (const std::exception& e) {
        if (!connected())
            return lost(e.what());
        return error(error_kind::sql, "leat::postgres: libpqxx failed; its words are in server_message()", {},
                     e.what());
    }
}

} // namespace leat::postgres::detail
