// needs: gzip
#include <leat/gzip.hpp>
#include <leat/leat.hpp>

#include <string>

#include "poison/use_stale.hpp"

leat::async_generator<std::string> zeros() { co_yield std::string(1'000'000, '\0'); }

leat::task<> program() {
    auto chunks = zeros() | leat::gzip::compress() | leat::gzip::decompress();
    auto first = co_await chunks.next();
    const leat::byte_view stale = *first;
    co_await chunks.next();
    use_stale(stale);
}

int main() { leat::sync_wait(program()); }
