// needs: file
#include <leat/asio.hpp>
#include <leat/file.hpp>

#include "poison/use_stale.hpp"

int main() {
    leat::run([](leat::executor ex) -> leat::task<> {
        auto chunks = leat::file::chunks(ex, "/proc/self/exe", {.chunk_size = 4096});
        auto first = co_await chunks.next();
        const leat::file::byte_view stale = *first;
        co_await chunks.next();
        use_stale(stale);
    });
}
