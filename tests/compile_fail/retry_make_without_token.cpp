// expect: leat::retry: the function has to be callable without arguments and return a stream; one that takes a resume token needs a second function
// max-lines: 15
#include <leat/leat.hpp>
#include <leat/source/retry.hpp>
#include <leat/testing/virtual_clock.hpp>

#include <optional>

leat::async_generator<int> numbers(int from);

void program(leat::testing::virtual_clock& clock) {
    auto connect = [](const std::optional<int>& last) { return numbers(last ? *last + 1 : 0); };
#ifdef LEAT_FIXED
    auto s = leat::retry(clock.executor(), connect, [](int x) { return x; });
#else
    auto s = leat::retry(clock.executor(), connect);
#endif
}
