// needs: postgres
// run: with_postgres
#include <leat/asio.hpp>
#include <leat/postgres.hpp>

#include "poison/use_stale.hpp"

#include <cstdlib>
#include <string_view>
#include <tuple>

int main() {
    pqxx::connection connection(std::getenv("LEAT_PG"));
    leat::run([&](leat::executor ex) -> leat::task<> {
        const leat::postgres::page_options one_by_one{1, 1, 1000, 1000};
        const auto sql = "SELECT 'row ' || i FROM generate_series(1, 10) i";
        auto rows = leat::postgres::rows<std::tuple<std::string_view>>(ex, connection, one_by_one, sql);
        auto first = co_await rows.next();
        const std::string_view stale = std::get<0>(*first);
        co_await rows.next();
        use_stale(stale);
    });
}
