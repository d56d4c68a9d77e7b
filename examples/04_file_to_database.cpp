// Pipes and filters: a file -> clean -> upper-case -> a table, loaded through COPY. No step waits for all of the one
// before it, and at no time is more than a few buffers in memory.
// needs: postgres file
// run: with_postgres
#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/leat.hpp>
#include <leat/postgres.hpp>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <tuple>

namespace postgres = leat::postgres;

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    return first == text.npos ? std::string_view()
                              : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_data(std::string_view line) { return !line.empty() && line.front() != '#'; }

std::string upper_case(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'a' && c <= 'z')
            c = static_cast<char>(c - 'a' + 'A');
    return out;
}

leat::task<std::uint64_t> load(leat::executor ex, std::string path, postgres::connection& db) {
    auto names = leat::file::lines(ex, path) | leat::transform(trim) | leat::filter(is_data);
    auto loading =
        std::move(names) | leat::transform(upper_case) | postgres::copy_into(ex, db, "names", {"name"});
    const auto report = co_await loading; // all of them are in the table now, or none is
    co_return report.rows;
}

void write_untidy_file(const std::string& path) {
    std::ofstream out(path);
    out << "# names, as they came\r\n";
    for (int i = 1; i <= 50000; ++i)
        out << "  name " << i << (i % 2 ? "\t\n" : "\r\n") << (i % 10 ? "" : "   \n");
}

leat::task<void> run(leat::executor ex) {
    write_untidy_file("names.txt");
    auto db = co_await postgres::connect(ex, std::getenv("LEAT_PG")); // "host=... dbname=..."
    co_await postgres::execute(ex, db, "CREATE TEMP TABLE names (id bigserial, name text NOT NULL)");

    const auto loaded = co_await load(ex, "names.txt", db);
    std::cout << loaded << " names loaded\n";

    auto first =
        postgres::rows<std::tuple<std::string>>(ex, db, "SELECT name FROM names ORDER BY id LIMIT 3");
    while (auto name = co_await first.next())
        std::cout << '[' << std::get<0>(*name) << "]\n";
}

int main() { leat::run(run); }
