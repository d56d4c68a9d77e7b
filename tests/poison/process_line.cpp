// needs: process
#include <leat/asio.hpp>
#include <leat/process.hpp>

#include <string_view>

#include "poison/use_stale.hpp"

int main() {
    leat::run([](leat::executor ex) -> leat::task<> {
        auto lines = leat::process::lines(ex, "sh", {"-c", "echo first; sleep 0.1; echo second"});
        auto first = co_await lines.next();
        const std::string_view stale = *first;
        co_await lines.next();
        use_stale(stale);
    });
}
