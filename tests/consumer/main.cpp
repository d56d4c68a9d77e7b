// A program as a user of leat writes it; the consumer tests build it in each of the ways that leat can be had.
#include <leat/leat.hpp>
#include <leat/version.hpp>

#ifdef WITH_EVERY_COMPONENT
#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/gzip.hpp>
#include <leat/http.hpp>
#include <leat/llm.hpp>
#include <leat/llm/simdjson.hpp>
#include <leat/postgres.hpp>
#include <leat/process.hpp>
#include <leat/record.hpp>
#include <leat/record/ndjson.hpp>
#include <leat/sse.hpp>
#include <leat/zstd.hpp>
#endif

#include <cstdio>

leat::async_generator<int> numbers() {
    for (int i = 1; i <= 4; ++i)
        co_yield i;
}

int main() {
    auto even = leat::filter([](int i) { return i % 2 == 0; });
    auto sum = leat::sync_wait(numbers() | even | leat::fold(0, [](int sum, int i) { return sum + i; }));
    std::printf("leat %d.%d: %d\n", LEAT_VERSION_MAJOR, LEAT_VERSION_MINOR, sum);
    return sum == 6 ? 0 : 1;
}
