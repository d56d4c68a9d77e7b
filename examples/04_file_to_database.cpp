// Pipes and filters: a file -> clean -> upper-case -> a table, loaded through COPY. No step waits for all of the one
// before it, and at no time is more than a few chunks in memory.
// needs: postgres file
// run: with_postgres
#include "support/copy_into.hpp"

#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/leat.hpp>

#include <pqxx/pqxx>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

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

leat::task<void> load(leat::executor ex, std::string path, pqxx::connection& connection) {
    pqxx::work transaction(connection);
    copy_into names(ex, transaction, "names", "name");

    auto clean = leat::transform(trim) | leat::filter(is_data);
    auto chunks = leat::file::lines(ex, path) | clean | leat::transform(upper_case) | leat::chunk(1000);
    auto loading = std::move(chunks) | leat::for_each([&names](std::vector<std::string> chunk) {
                       return names.load(std::move(chunk)); // awaited before the next chunk is asked for
                   });
    co_await loading;
    co_await names.finish();
    transaction.commit();
}

void write_untidy_file(const std::string& path) {
    std::ofstream out(path);
    out << "# names, as they came\r\n";
    for (int i = 1; i <= 50000; ++i)
        out << "  name " << i << (i % 2 ? "\t\n" : "\r\n") << (i % 10 ? "" : "   \n");
}

leat::task<void> run(leat::executor ex) {
    write_untidy_file("names.txt");
    pqxx::connection connection(std::getenv("LEAT_PG")); // "host=... dbname=..."
    pqxx::nontransaction sql(connection);
    sql.exec("CREATE TEMP TABLE names (id bigserial, name text NOT NULL)");
    sql.commit();

    co_await load(ex, "names.txt", connection);

    pqxx::work check(connection);
    const auto rows = check.exec("SELECT count(*), min(id), max(id) FROM names WHERE name ~ '^NAME [0-9]+$'");
    std::cout << rows[0][0].c_str() << " names loaded\n";
    for (const auto& row : check.exec("SELECT name FROM names ORDER BY id LIMIT 3"))
        std::cout << '[' << row[0].c_str() << "]\n";
}

int main() { leat::run(run); }
