// needs: file
#include <leat/asio.hpp>
#include <leat/file.hpp>

#include "poison/use_stale.hpp"

// The lines of one batch live equally long.
int main() {
    leat::run([](leat::executor ex) -> leat::task<> {
        auto lines = leat::file::lines(ex, "/proc/self/status", {.fair = {.elements = 4}});
        auto first = co_await lines.next_batch();
        const std::string_view stale = first[2];
        co_await lines.next_batch();
        use_stale(stale);
    });
}
