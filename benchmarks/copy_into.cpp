// needs: postgres file
//
// Writing to Postgres: a million users by `copy_into`, made in memory and read from a file, against psql's
// \copy of prepared files, as text and binary. The ways take turns; every sample is a fresh process and a
// fresh table; medians are printed.
//
//     tools/with_postgres build/bench/benchmarks/copy_into [--size 1000000] [--runs 5]
#include "support/sample.hpp"
#include "support/table.hpp"

#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/leat.hpp>
#include <leat/postgres.hpp>
#include <leat/postgres/copy_into.hpp>
#include <leat/postgres/execute_batch.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using bench::result;

const std::vector<std::string> columns = {"id", "name", "email", "age", "balance", "active", "created"};

void on_server(const std::string& sql) {
    pqxx::connection c(bench::table::server());
    pqxx::nontransaction t(c);
    t.exec(sql);
}
std::string ask_server(const std::string& sql) {
    pqxx::connection c(bench::table::server());
    pqxx::nontransaction t(c);
    return t.exec(sql)[0][0].c_str();
}

/// The same users as those of `bench::table::fill`, made one by one.
leat::async_generator<bench::table::user> made(std::size_t size) {
    const auto begin =
        std::chrono::sys_days(std::chrono::year(2020) / 1 / 1) + std::chrono::milliseconds(500);
    for (std::size_t n = 1; n <= size; ++n) {
        const auto i = static_cast<std::int64_t>(n);
        const std::string number = std::to_string(i);
        bench::table::user u{i,
                             {},
                             "user." + number + "@mail.example.com",
                             static_cast<std::int32_t>(18 + i * 7 % 70),
                             static_cast<double>(i * 7919 % 10'000'000) / 100,
                             i % 3 != 0,
                             begin + std::chrono::seconds(i * 61)};
        if (i % 100 != 0)
            u.name = "User Number " + number;
        co_yield std::move(u);
    }
}

/// A line of the file, taken apart: a view of it wherever that will do.
struct read_user {
    std::int64_t id;
    std::optional<std::string_view> name;
    std::string_view email;
    std::int32_t age;
    std::string_view balance;
    bool active;
    bench::table::time created;
};

read_user parse(std::string_view line) {
    std::array<std::string_view, 7> fields;
    for (std::string_view& f : fields) {
        const auto end = std::min(line.find('\t'), line.size());
        f = line.substr(0, end);
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    const auto number = [](std::string_view text) {
        std::int64_t n = 0;
        std::from_chars(text.data(), text.data() + text.size(), n);
        return n;
    };
    read_user u{number(fields[0]),
                fields[1],
                fields[2],
                static_cast<std::int32_t>(number(fields[3])),
                fields[4],
                fields[5] == "t",
                bench::table::parse_time(fields[6].data())};
    if (fields[1] == "\\N")
        u.name.reset();
    return u;
}

result generator(std::size_t size) {
    return leat::run([size](leat::executor ex) -> leat::task<result> {
        bench::sample s; // connecting is in it, as it is in psql's time
        auto c = co_await leat::postgres::connect(ex, bench::table::server());
        auto copying = made(size) | leat::postgres::copy_into(ex, c, "loaded", columns);
        const auto report = co_await copying;
        s.element();
        co_return s.stop(report.rows);
    });
}

result lines(const std::string& path) {
    return leat::run([path](leat::executor ex) -> leat::task<result> {
        bench::sample s; // connecting is in it, as it is in psql's time
        auto c = co_await leat::postgres::connect(ex, bench::table::server());
        auto users = leat::file::lines(ex, path) | leat::transform(parse);
        auto copying = std::move(users) | leat::postgres::copy_into(ex, c, "loaded", columns);
        const auto report = co_await copying;
        s.element();
        co_return s.stop(report.rows);
    });
}

result batches(std::size_t size) {
    return leat::run([size](leat::executor ex) -> leat::task<result> {
        bench::sample s; // connecting is in it, as it is in psql's time
        auto c = co_await leat::postgres::connect(ex, bench::table::server());
        auto saving =
            made(size) |
            leat::postgres::execute_batch(
                ex, c,
                "INSERT INTO loaded SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::int[], "
                "$5::numeric[], $6::boolean[], $7::timestamptz[])");
        const auto report = co_await saving;
        s.element();
        co_return s.stop(report.rows);
    });
}

/// Runs psql and measures it from outside. Its memory is all that it has, so no comparison with what ours
/// grows by.
result psql(const std::string& command) {
    const auto start = std::chrono::steady_clock::now();
    const pid_t child = ::fork();
    if (child == 0) {
        ::execlp("psql", "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "-c", command.c_str(), nullptr);
        ::_exit(127);
    }
    int status = 0;
    rusage used{};
    ::wait4(child, &status, 0, &used);
    if (status != 0)
        throw std::runtime_error("psql failed: " + command);
    const auto ms = [](const timeval& t) {
        return 1e3 * static_cast<double>(t.tv_sec) + 1e-3 * static_cast<double>(t.tv_usec);
    };
    result r;
    r.wall_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    r.cpu_ms = ms(used.ru_utime) + ms(used.ru_stime);
    r.peak_mib = static_cast<double>(used.ru_maxrss) / 1024;
    return r;
}

struct way {
    std::string name, title;
    std::vector<result> runs;
};

int benchmark(std::size_t size, std::size_t runs) {
    const auto folder =
        std::filesystem::temp_directory_path() / ("leat_copy_into_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    const std::string text = folder / "users.txt", binary = folder / "users.bin";
    const std::string table = bench::table::name(size);
    on_server("ALTER DATABASE " + ask_server("SELECT current_database()") + " SET TimeZone = 'UTC'");
    bench::table::fill(size);
    psql("\\copy " + table + " TO '" + text + "'");
    psql("\\copy " + table + " TO '" + binary + "' (FORMAT binary)");
    const std::string all = "SELECT count(*) || ' ' || sum(hashtext(t::text)::bigint) FROM ";
    const std::string wanted = ask_server(all + table + " t");

    std::vector<way> ways = {{"text", "psql \\copy, text", {}},
                             {"binary", "psql \\copy, binary", {}},
                             {"generator", "copy_into, structs", {}},
                             {"lines", "copy_into, lines of the text file", {}},
                             {"batches", "execute_batch, pages of 1000", {}}};
    for (std::size_t i = 0; i != runs; ++i) {
        for (way& w : ways) {
            on_server("DROP TABLE IF EXISTS loaded");
            on_server("CREATE TABLE loaded (LIKE " + table + " INCLUDING ALL)");
            on_server("CHECKPOINT");
            if (w.name == "text" || w.name == "binary")
                w.runs.push_back(psql("\\copy loaded FROM '" +
                                      (w.name == "text" ? text : binary + "' (FORMAT binary") +
                                      (w.name == "text" ? "'" : ")")));
            else
                w.runs.push_back(bench::in_fresh_process({"--sample", w.name, std::to_string(size), text}));
            if (i == 0 && ask_server(all + "loaded t") != wanted)
                throw std::runtime_error(w.title + ": the rows are not the same");
        }
    }
    on_server("DROP TABLE loaded");
    std::filesystem::remove_all(folder);

    const double of_text = bench::median(ways[0].runs).wall_ms,
                 of_binary = bench::median(ways[1].runs).wall_ms;
    std::printf("%zu users, medians of %zu runs\n%-36s %9s %13s %13s %13s %11s\n", size, runs, "", "wall ms",
                "speed: \\copy", "\\copy binary", "processor ms", "memory MiB");
    for (const way& w : ways) {
        const result m = bench::median(w.runs);
        std::printf("%-36s %9.0f %12.2fx %12.2fx %13.0f %11.1f%s\n", w.title.c_str(), m.wall_ms,
                    of_text / m.wall_ms, of_binary / m.wall_ms, m.cpu_ms, m.peak_mib,
                    w.name == "text" || w.name == "binary" ? " in all" : " more");
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    try {
        if (arguments.size() == 4 && arguments[0] == "--sample") {
            const std::size_t size = std::stoul(arguments[2]);
            bench::print_result(arguments[1] == "generator" ? generator(size)
                                : arguments[1] == "lines"   ? lines(arguments[3])
                                                            : batches(size));
            return 0;
        }
        std::size_t size = 1'000'000, runs = 5;
        for (std::size_t i = 0; i + 1 < arguments.size(); i += 2)
            (arguments[i] == "--size" ? size : runs) = std::stoul(arguments[i + 1]);
        return benchmark(size, runs);
    } catch (const std::exception& e) {
        std::cerr << "copy_into: " << e.what() << '\n';
        return 1;
    }
}
