// expect: leat::interval: nobody knows how to wait on this executor; include <leat/asio.hpp> for those of Asio
// max-lines: 15
#include <leat/source/interval.hpp>
#include <leat/testing/virtual_clock.hpp>

#include <chrono>

struct my_loop {};

void program(leat::testing::virtual_clock& clock) {
    using namespace std::chrono_literals;
#ifdef LEAT_FIXED
    auto s = leat::interval(clock.executor(), 1s);
#else
    static_cast<void>(clock);
    auto s = leat::interval(my_loop(), 1s);
#endif
}
