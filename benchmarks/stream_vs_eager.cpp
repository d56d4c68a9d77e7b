// needs: postgres file http llm
//
// Streamed against eager, over the size of the data: wall time, time to the first element, processor time of this process,
// peak memory. Every sample is a fresh process; eager and streamed take turns; the tables show medians.
//
//     tools/with_postgres build/bench/benchmarks/stream_vs_eager                 all, a few minutes
//     ... stream_vs_eager file tokens --sizes 1000,10000 --runs 3 --out results  some of it
//
// Writes stream_vs_eager.csv and stream_vs_eager.svg next to printing the table.
#include "support/file.hpp"
#include "support/plot.hpp"
#include "support/progress.hpp"
#include "support/sample.hpp"
#include "support/table.hpp"
#include "support/tokens.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

using bench::result;

struct scenario {
    std::string name;
    std::string title;
    std::string unit;
    std::vector<std::size_t> sizes;
    std::function<void(std::size_t)> begin;        // makes the data
    std::function<std::string(std::size_t)> where; // what a sample has to know
    std::function<void(std::size_t)> end;          // takes the data away
};

struct row {
    const scenario* of;
    std::size_t size;
    std::size_t runs;
    result eager, streamed;
};

result run_sample(const std::string& name, bool streamed, std::size_t size, const std::string& where) {
    if (name == "table")
        return streamed ? bench::table::streamed(size) : bench::table::eager(size);
    if (name == "file")
        return streamed ? bench::file::streamed(where) : bench::file::eager(where);
    return streamed ? bench::tokens::streamed(where, size) : bench::tokens::eager(where, size);
}

void print_head() {
    std::printf("%-7s %9s   %-24s   %-24s   %-24s   %-24s\n", "", "", "wall ms", "first element ms",
                "processor ms", "peak memory MiB");
    std::printf("%-7s %9s", "", "size");
    for (int i = 0; i < 4; ++i)
        std::printf("   %8s %8s %6s", "eager", "stream", "ratio");
    std::printf("\n");
}

void print(const row& r) {
    std::printf("%-7s %9zu", r.of->name.c_str(), r.size);
    for (const auto value : {&result::wall_ms, &result::first_ms, &result::cpu_ms, &result::peak_mib}) {
        const double eager = r.eager.*value, streamed = r.streamed.*value;
        std::printf("   %8.1f %8.1f", eager, streamed);
        if (eager > 0)
            std::printf(" %6.3f", streamed / eager);
        else
            std::printf(" %6s", "-");
    }
    std::printf("\n");
    std::fflush(stdout);
}

void write_csv(const std::string& path, const std::vector<row>& rows) {
    std::ofstream out(path);
    out << "scenario,size,way,runs,wall_ms,first_element_ms,processor_ms,peak_memory_mib\n";
    for (const row& r : rows)
        for (const bool streamed : {false, true}) {
            const result& m = streamed ? r.streamed : r.eager;
            out << r.of->name << ',' << r.size << ',' << (streamed ? "streamed" : "eager") << ',' << r.runs
                << ',' << m.wall_ms << ',' << m.first_ms << ',' << m.cpu_ms << ',' << m.peak_mib << '\n';
        }
}

std::vector<bench::plot::panel> panels(const std::vector<scenario>& scenarios, const std::vector<row>& rows,
                                       const std::string& what, double result::*value, double least,
                                       std::string (*label)(double)) {
    std::vector<bench::plot::panel> all;
    for (const scenario& s : scenarios) {
        bench::plot::panel p{
            what + ": " + s.title, s.unit, label, {{"eager", "#c2410c", {}}, {"streamed", "#0369a1", {}}}};
        for (const row& r : rows) {
            if (r.of != &s)
                continue;
            const auto x = static_cast<double>(r.size);
            p.lines[0].points.push_back({x, std::max(least, r.eager.*value)});
            p.lines[1].points.push_back({x, std::max(least, r.streamed.*value)});
        }
        if (!p.lines[0].points.empty())
            all.push_back(std::move(p));
    }
    return all;
}

int benchmark(const std::vector<std::string>& arguments) {
    const std::string folder =
        std::filesystem::temp_directory_path() / ("leat-bench-" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    model_server model(bench::tokens::words());

    // An answer of millions of tokens does not exist, so that scenario stops earlier.
    std::vector<scenario> scenarios = {
        {"table",
         "a table",
         "rows",
         {10'000, 100'000, 1'000'000, 5'000'000},
         bench::table::fill,
         [](std::size_t) { return std::string("-"); },
         [](std::size_t size) {
             pqxx::connection connection(bench::table::server());
             pqxx::nontransaction(connection).exec("DROP TABLE " + bench::table::name(size));
         }},
        {"file",
         "a file",
         "lines",
         {10'000, 100'000, 1'000'000, 5'000'000},
         [&](std::size_t size) { bench::file::fill(folder, size); },
         [&](std::size_t size) { return bench::file::path(folder, size); },
         [&](std::size_t size) { std::filesystem::remove(bench::file::path(folder, size)); }},
        {"tokens",
         "a token stream",
         "tokens",
         {1'000, 10'000, 100'000, 1'000'000},
         [](std::size_t) {},
         [&](std::size_t) { return model.url(); },
         [](std::size_t) {}},
    };

    std::vector<std::string> wanted;
    std::vector<std::size_t> sizes;
    std::size_t runs = 5;
    std::string out = ".";
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& a = arguments[i];
        const bool option = a.starts_with("--");
        if (option && i + 1 == arguments.size())
            throw std::runtime_error(a + " needs a value");
        if (a == "--runs") {
            runs = std::stoul(arguments[++i]);
        } else if (a == "--out") {
            out = arguments[++i];
        } else if (a == "--sizes") {
            std::istringstream list(arguments[++i]);
            for (std::string size; std::getline(list, size, ',');)
                sizes.push_back(std::stoul(size));
        } else if (!option && std::any_of(scenarios.begin(), scenarios.end(),
                                          [&](const scenario& s) { return s.name == a; })) {
            wanted.push_back(a);
        } else {
            throw std::runtime_error("what is '" + a +
                                     "'? usage: stream_vs_eager [table] [file] [tokens] [--sizes 1000,2000] "
                                     "[--runs 5] [--out FOLDER]");
        }
    }
    if (!wanted.empty())
        std::erase_if(scenarios, [&](const scenario& s) {
            return std::find(wanted.begin(), wanted.end(), s.name) == wanted.end();
        });

    std::vector<row> rows;
    print_head();
    for (const scenario& s : scenarios) {
        for (const std::size_t size : sizes.empty() ? s.sizes : sizes) {
            s.begin(size);
            std::vector<result> eager, streamed;
            {
                bench::progress shown(s.title + ", " + std::to_string(size));
                for (std::size_t i = 0; i < runs; ++i) {
                    shown.step(i, runs);
                    for (const bool stream : {false, true}) {
                        const char* const way = stream ? "streamed" : "eager";
                        auto& results = stream ? streamed : eager;
                        results.push_back(bench::in_fresh_process(
                            {"--sample", s.name, way, std::to_string(size), s.where(size)}));
                    }
                }
            }
            s.end(size);
            row r{&s, size, runs, bench::median(eager), bench::median(streamed)};
            if (r.eager.check != r.streamed.check)
                throw std::runtime_error(s.name + ": eager and streamed do not agree on the data");
            print(r);
            rows.push_back(r);
        }
    }
    std::filesystem::remove_all(folder);

    std::filesystem::create_directories(out);
    write_csv(out + "/stream_vs_eager.csv", rows);
    bench::plot::page page("Streamed against eager: memory and the wait for the first element",
                           "Medians of " + std::to_string(runs) +
                               " runs, each in a fresh process. Logarithmic axes. Lower is better.",
                           scenarios.size());
    page.row(panels(scenarios, rows, "Peak memory", &result::peak_mib, 0.1, bench::plot::mib_label));
    page.row(panels(scenarios, rows, "First element", &result::first_ms, 0.001, bench::plot::ms_label));
    page.write(out + "/stream_vs_eager.svg");
    std::printf("\nwritten: %s/stream_vs_eager.csv and .svg\n", out.c_str());
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    try {
        if (arguments.size() == 5 && arguments[0] == "--sample") {
            bench::print_result(
                run_sample(arguments[1], arguments[2] == "streamed", std::stoul(arguments[3]), arguments[4]));
            return 0;
        }
        return benchmark(arguments);
    } catch (const std::exception& e) {
        std::cerr << "stream_vs_eager: " << e.what() << '\n';
        return 1;
    }
}
