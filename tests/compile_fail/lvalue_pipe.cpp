// expect: leat: a stream is moved into its pipeline: write std::move(stream) | ...
// max-lines: 15
#include <leat/adaptor/take.hpp>
#include <leat/async_generator.hpp>

#include <string>
#include <vector>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto w = words();
    auto s = std::move(w) | leat::take(1);
    static_cast<void>(s);
#else
    auto w = words();
    auto s = w | leat::take(1);
    static_cast<void>(s);
#endif
}
