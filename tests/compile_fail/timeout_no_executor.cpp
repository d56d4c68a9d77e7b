// expect: leat::timeout: nobody knows how to wait on this executor; include <leat/asio.hpp> for those of Asio
// max-lines: 15
#include <leat/adaptor/timeout.hpp>
#include <leat/testing/virtual_clock.hpp>

#include <chrono>

leat::async_generator<int> numbers();
struct my_loop {};

void program(leat::testing::virtual_clock& clock) {
    using namespace std::chrono_literals;
#ifdef LEAT_FIXED
    auto s = numbers() | leat::timeout(clock.executor(), {.idle = 1s});
#else
    static_cast<void>(clock);
    auto s = numbers() | leat::timeout(my_loop(), {.idle = 1s});
#endif
}
