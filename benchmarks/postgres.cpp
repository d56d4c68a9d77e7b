// needs: postgres
//
// Rows from PostgreSQL, every way in the same run: eager fetch-all with libpqxx, both of leat's engines, psql's \copy, and
// asyncpg's cursors where Debian's python3-asyncpg is installed. Every sample is a fresh process, the ways take turns, and
// the tables show medians and ratios to eager.
//
//     tools/with_postgres build/bench/benchmarks/postgres                         all, about a quarter of an hour
//     ... postgres users documents skewed delay stop many --rows 1000000 --runs 3      some of it
#include "support/delay.hpp"
#include "support/loop_watch.hpp"
#include "support/progress.hpp"
#include "support/sample.hpp"
#include "support/table.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

using bench::result;
using bench::sample;
namespace table = bench::table;

struct document {
    std::int64_t id;
    std::string title;
    std::string body;
};
std::uint64_t look_at(const document& d) {
    return static_cast<std::uint64_t>(d.id) + d.title.size() + d.body.size();
}

const std::string documents = "SELECT id, title, body FROM documents";
const std::string skewed = "SELECT id, title, body FROM skewed";

void fill_documents(std::size_t count) {
    bench::progress shown("filling a table of " + std::to_string(count) + " documents");
    pqxx::connection c(table::server());
    pqxx::nontransaction sql(c);
    sql.exec("DROP TABLE IF EXISTS documents");
    sql.exec("CREATE TABLE documents (id bigint NOT NULL, title text NOT NULL, body text NOT NULL)");
    sql.exec("ALTER TABLE documents ALTER body SET STORAGE PLAIN");
    sql.exec("INSERT INTO documents SELECT i, 'Document ' || i, repeat(md5(i::text), 62) FROM "
             "generate_series(1, " +
             std::to_string(count) + ") AS i");
    sql.exec("VACUUM ANALYZE documents");
}
/// 20,000 tiny rows, then 300 of 1 MiB.
void fill_skewed() {
    bench::progress shown("filling a table of skewed rows");
    pqxx::connection c(table::server());
    pqxx::nontransaction sql(c);
    sql.exec("DROP TABLE IF EXISTS skewed");
    sql.exec("CREATE TABLE skewed (id bigint NOT NULL, title text NOT NULL, body text NOT NULL)");
    sql.exec("ALTER TABLE skewed ALTER body SET STORAGE EXTERNAL");
    sql.exec("INSERT INTO skewed SELECT i, 'Document ' || i, CASE WHEN i > 20000 THEN repeat(md5(i::text), "
             "32768) ELSE 'x' END "
             "FROM generate_series(1, 20300) AS i");
    sql.exec("VACUUM ANALYZE skewed");
}

// ---- measuring -------------------------------------------------------------------------------------------------------------

/// The processor time of a backend, in milliseconds.
double processor_of(int backend) {
    std::ifstream in("/proc/" + std::to_string(backend) + "/schedstat");
    double ran = 0;
    in >> ran;
    return ran / 1e6;
}

template <class Row, class Connection>
leat::task<result> stream(leat::executor ex, Connection& c, int backend, std::string sql) {
    const bench::loop_watch watch(ex);
    const double server = processor_of(backend);
    sample s;
    std::uint64_t check = 0;
    auto rows = leat::postgres::rows<Row>(ex, c, sql);
    while (auto row = co_await rows.next()) {
        s.element();
        check += look_at(*row);
    }
    result r = s.stop(check);
    r.server_ms = processor_of(backend) - server;
    r.block_ms = watch.longest_ms();
    co_return r;
}
template <class Row>
leat::task<result> stream_pages(leat::executor ex, leat::postgres::connection& c, std::string sql) {
    const bench::loop_watch watch(ex);
    const double server = processor_of(c.backend_pid());
    sample s;
    std::uint64_t check = 0;
    auto pages = leat::postgres::pages<Row>(ex, c, sql);
    while (auto page = co_await pages.next()) {
        s.element();
        for (const Row& row : *page)
            check += look_at(row);
    }
    result r = s.stop(check);
    r.server_ms = processor_of(c.backend_pid()) - server;
    r.block_ms = watch.longest_ms();
    co_return r;
}

std::vector<document> fetch_documents(pqxx::connection& connection, const std::string& sql) {
    pqxx::work transaction(connection);
    const pqxx::result rows = transaction.exec(sql);
    std::vector<document> all;
    all.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto& row : rows)
        all.push_back({row[0].as<std::int64_t>(), row[1].as<std::string>(), row[2].as<std::string>()});
    transaction.commit();
    return all;
}
template <class Row> result eager(const std::string& server, const std::string& sql) {
    pqxx::connection connection(server);
    const int backend = connection.backendpid();
    const double before = processor_of(backend);
    sample s;
    std::uint64_t check = 0;
    const auto look = [&](const auto& rows) {
        for (const Row& row : rows) {
            s.element();
            check += look_at(row);
        }
    };
    if constexpr (std::is_same_v<Row, document>)
        look(fetch_documents(connection, sql));
    else
        look(table::fetch_all(connection, sql));
    result r = s.stop(check);
    r.server_ms = processor_of(backend) - before;
    return r;
}

/// A program that reads all rows and does nothing with them. Its own processor time is not known to us.
result run_program(const std::string& command) {
    sample s;
    if (std::system(command.c_str()) != 0)
        throw std::runtime_error("failed: " + command);
    return s.stop(0);
}
result copy(const std::string& server, const std::string& sql, const char* format) {
    return run_program("psql -q -X '" + server + "' -c \"\\copy (" + sql + ") TO /dev/null WITH (FORMAT " +
                       format + ")\"");
}
/// A Python that has asyncpg: Debian's package is for Debian's own. Empty: none.
std::string python() {
    for (const std::string name : {"python3", "/usr/bin/python3"})
        if (std::system((name + " -c 'import asyncpg' >/dev/null 2>&1").c_str()) == 0)
            return name;
    return "";
}
/// `fetch` 0: cursor() as it comes; else a loop of fetch(n).
result asyncpg(const std::string& sql, int fetch) {
    const std::string cursor = fetch == 0 ? "async for row in c.cursor(q): n += 1"
                                          : "cur = await c.cursor(q)\n"
                                            "        while True:\n"
                                            "            rows = await cur.fetch(" +
                                                std::to_string(fetch) +
                                                ")\n"
                                                "            if not rows: break\n"
                                                "            n += len(rows)";
    const std::string script =
        "import asyncio, asyncpg, os\n"
        "async def main():\n"
        "    c = await asyncpg.connect(host=os.environ['PGHOST'], user=os.environ['PGUSER'], "
        "database=os.environ['PGDATABASE'])\n"
        "    n = 0\n"
        "    q = '''" +
        sql +
        "'''\n"
        "    async with c.transaction():\n"
        "        " +
        cursor +
        "\n"
        "asyncio.run(main())\n";
    return run_program(python() + " - <<'END'\n" + script + "END\n");
}

template <class Row>
result run_one(const std::string& way, const std::string& server, const std::string& sql) {
    if (way == "eager")
        return eager<Row>(server, sql);
    if (way == "libpq" || way == "libpq pages")
        return leat::run([&](leat::executor ex) -> leat::task<result> {
            auto c = co_await leat::postgres::connect(ex, server);
            if (way == "libpq pages")
                co_return co_await stream_pages<Row>(ex, c, sql);
            co_return co_await stream<Row>(ex, c, c.backend_pid(), sql);
        });
    if (way == "cursor")
        return leat::run([&](leat::executor ex) -> leat::task<result> {
            pqxx::connection c(server);
            co_return co_await stream<Row>(ex, c, c.backendpid(), sql);
        });
    if (way == "copy text" || way == "copy binary")
        return copy(server, sql, way.substr(5).c_str());
    if (way == "asyncpg cursor")
        return asyncpg(sql, 0);
    if (way == "asyncpg fetch(1000)")
        return asyncpg(sql, 1000);
    throw std::runtime_error("no such way: " + way);
}
result run_sample(const std::string& data, const std::string& way, const std::string& server) {
    if (data == "documents" || data == "skewed")
        return run_one<document>(way, server, data == "skewed" ? skewed : documents);
    return run_one<table::user>(way, server, table::query(std::stoul(data)));
}

void compare(const std::string& title, const std::string& data, const std::vector<std::string>& ways,
             std::size_t runs, const std::string& server) {
    std::printf("\n%s\n%-20s %9s %6s   %9s %9s %6s   %8s %9s %8s\n", title.c_str(), "", "wall ms", "ratio",
                "client ms", "server ms", "ratio", "first ms", "memory MiB", "block ms");
    std::vector<std::vector<result>> all(ways.size());
    {
        bench::progress shown(title);
        for (std::size_t i = 0; i < runs; ++i) {
            shown.step(i, runs);
            for (std::size_t w = 0; w < ways.size(); ++w)
                all[w].push_back(bench::in_fresh_process({"--sample", data, ways[w], server}));
        }
    }
    result base;
    for (std::size_t w = 0; w < ways.size(); ++w) {
        const result m = bench::median(all[w]);
        if (w == 0)
            base = m;
        else if (m.check != 0 && m.check != base.check)
            throw std::runtime_error(ways[w] + " does not agree on the data");
        std::printf("%-20s %9.1f %6.2f   ", ways[w].c_str(), m.wall_ms, m.wall_ms / base.wall_ms);
        if (m.check != 0)
            std::printf("%9.1f %9.1f %6.2f   %8.1f %9.1f %8.1f\n", m.cpu_ms, m.server_ms,
                        (m.cpu_ms + m.server_ms) / (base.cpu_ms + base.server_ms), m.first_ms, m.peak_mib,
                        m.block_ms);
        else
            std::printf("%9s %9s %6s   %8s %9s %8s\n", "-", "-", "-", "-", "-", "-");
        std::fflush(stdout);
    }
}

/// One row of many, then the connection's next query.
leat::task<double> reusable_after(leat::executor ex, leat::postgres::connection& c, std::string sql) {
    auto rows = leat::postgres::rows<table::user>(ex, c, sql);
    co_await rows.next();
    const auto begin = std::chrono::steady_clock::now();
    co_await rows.close();
    auto next = leat::postgres::rows<std::tuple<std::int32_t>>(ex, c, "SELECT 1");
    co_await next.next();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    co_await next.close();
    co_return took.count();
}
leat::task<double> reusable_after(leat::executor ex, pqxx::connection& c, std::string sql) {
    auto rows = leat::postgres::rows<table::user>(ex, c, sql);
    co_await rows.next();
    const auto begin = std::chrono::steady_clock::now();
    co_await rows.close();
    pqxx::nontransaction(c).exec("SELECT 1");
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    co_return took.count();
}
void stop_early(std::size_t rows, std::size_t runs) {
    std::vector<double> libpq, cursor;
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto mine = co_await leat::postgres::connect(ex, table::server());
        pqxx::connection theirs(table::server());
        for (std::size_t i = 0; i < 4 * runs; ++i) {
            libpq.push_back(co_await reusable_after(ex, mine, table::query(rows)));
            cursor.push_back(co_await reusable_after(ex, theirs, table::query(rows)));
        }
    });
    std::sort(libpq.begin(), libpq.end());
    std::sort(cursor.begin(), cursor.end());
    std::printf("\nFrom giving up after one row of %zu to the next answer on the same connection, ms: libpq "
                "%.1f (at most %.1f), "
                "cursor %.1f (at most %.1f)\n",
                rows, libpq[libpq.size() / 2], libpq.back(), cursor[cursor.size() / 2], cursor.back());
}

/// Many streams on one loop, each connection of the pool one after the other.
void many_streams(int connections, int streams, int rows) {
    const std::string sql = "SELECT i, 'Document ' || i, repeat('x', 70) FROM generate_series(1::bigint, " +
                            std::to_string(rows) + ") AS i";
    double longest = 0;
    result r;
    leat::run([&](leat::executor ex) -> leat::task<> {
        std::vector<leat::postgres::connection> pool;
        for (int i = 0; i < connections; ++i)
            pool.push_back(co_await leat::postgres::connect(ex, table::server()));
        const bench::loop_watch watch(ex);
        sample s;
        std::uint64_t check = 0;
        auto read_share = [&](int first) -> leat::task<> {
            for (int i = first; i < streams; i += connections) {
                auto all = leat::postgres::rows<document>(ex, pool[static_cast<std::size_t>(first)], sql);
                while (auto row = co_await all.next())
                    check += look_at(*row);
            }
        };
        auto shares = leat::iota(0, connections);
        auto all =
            std::move(shares) | leat::for_each_concurrent(static_cast<std::size_t>(connections), read_share);
        co_await all;
        r = s.stop(check);
        longest = watch.longest_ms();
    });
    std::printf("\n%d streams of %d rows on one loop and %d connections: %.0f ms, memory +%.1f MiB, a timer "
                "was late by %.1f ms at "
                "most\n",
                streams, rows, connections, r.wall_ms, r.peak_mib, longest);
}

int benchmark(const std::vector<std::string>& arguments) {
    std::vector<std::string> wanted;
    std::size_t runs = 5;
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i].starts_with("--") && i + 1 == arguments.size())
            throw std::runtime_error(arguments[i] + " needs a value");
        if (arguments[i] == "--runs")
            runs = std::stoul(arguments[++i]);
        else if (arguments[i] == "--rows")
            sizes.push_back(std::stoul(arguments[++i]));
        else
            wanted.push_back(arguments[i]);
    }
    if (wanted.empty())
        wanted = {"users", "documents", "skewed", "delay", "stop", "many"};
    if (sizes.empty())
        sizes = {1'000'000, 5'000'000};
    const std::vector<std::string> ours = {"eager", "libpq", "libpq pages", "cursor"};
    std::vector<std::string> ways = ours;
    ways.insert(ways.end(), {"copy text", "copy binary"});
    const auto asked = [&](const char* name) {
        return std::find(wanted.begin(), wanted.end(), name) != wanted.end();
    };
    if (asked("users"))
        for (const std::size_t size : sizes) {
            auto all = ways;
            if (!python().empty())
                all.insert(all.end(), {"asyncpg cursor", "asyncpg fetch(1000)"});
            table::fill(size);
            compare(std::to_string(size) + " users of about 100 bytes", std::to_string(size), all, runs,
                    table::server());
        }
    if (asked("documents")) {
        fill_documents(200'000);
        compare("200000 documents of 2 kB", "documents", ways, runs, table::server());
    }
    if (asked("skewed")) {
        fill_skewed();
        compare("20000 tiny rows, then 300 of 1 MiB", "skewed", ours, runs, table::server());
    }
    if (asked("delay")) {
        table::fill(sizes.front());
        const char* const folder = std::getenv("PGHOST");
        const char* const port = std::getenv("PGPORT");
        if (folder == nullptr || port == nullptr)
            throw std::runtime_error("a delay needs PGHOST and PGPORT: run this under tools/with_postgres");
        for (const int us : {500, 2'000, 20'000}) {
            const bench::delay far(folder, port, std::chrono::microseconds(us));
            compare(std::to_string(sizes.front()) + " users, a round trip of " + std::to_string(us / 1000) +
                        "." + std::to_string(us / 100 % 10) + " ms",
                    std::to_string(sizes.front()), ours, runs, table::server() + " host=" + far.folder());
        }
    }
    if (asked("stop")) {
        table::fill(sizes.back());
        stop_early(sizes.back(), runs);
    }
    if (asked("many")) {
        many_streams(25, 100, 20'000);
        many_streams(80, 100, 20'000);
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    try {
        if (arguments.size() == 4 && arguments[0] == "--sample") {
            bench::print_result(run_sample(arguments[1], arguments[2], arguments[3]));
            return 0;
        }
        return benchmark(arguments);
    } catch (const std::exception& e) {
        std::cerr << "postgres: " << e.what() << '\n';
        return 1;
    }
}
