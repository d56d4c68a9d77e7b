#pragma once

#include "database.hpp"

#include <leat/postgres/copy_into.hpp>
#include <leat/postgres/execute_batch.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

/// What the tests that write share.
namespace server {

/// Makes a table anew and drops it at the end of the test.
class table {
public:
    table(std::string name, const std::string& columns) : name_(std::move(name)) {
        run("DROP TABLE IF EXISTS " + name_ + " CASCADE; CREATE TABLE " + name_ + " (" + columns + ")");
    }
    table(const table&) = delete;
    ~table() { run("DROP TABLE IF EXISTS " + name_ + " CASCADE"); }
    std::string count() const { return run("SELECT count(*) FROM " + name_); }

private:
    std::string name_;
};

/// What became of a write.
struct written {
    std::uint64_t rows = 0;
    std::optional<leat::postgres::error> error;
    std::optional<leat::postgres::write_error> write_error; // if it was one
    std::string other;                                      // what() of any other exception
    bool stopped = false;
};

template <class Sink> leat::task<written> outcome_of(Sink sink) {
    written w;
    try {
        const auto report = co_await sink;
        w.rows = report.rows;
    } catch (const leat::postgres::write_error& e) {
        w.error = e;
        w.write_error = e;
    } catch (const leat::postgres::error& e) {
        w.error = e;
    } catch (const leat::stopped&) {
        w.stopped = true;
    } catch (const std::exception& e) {
        w.other = e.what();
    }
    co_return w;
}

/// Can the connection be used, in no transaction and with the same backend?
inline leat::task<bool> works(leat::executor ex, leat::postgres::connection& c, int backend) {
    auto one = leat::postgres::rows<std::tuple<std::int32_t>>(ex, c, "SELECT pg_backend_pid()");
    auto row = co_await one.next();
    const bool same = row && std::get<0>(*row) == backend;
    co_await one.close();
    const std::string state =
        run("SELECT state FROM pg_stat_activity WHERE pid = " + std::to_string(backend));
    co_return same&& state == "idle";
}

} // namespace server
