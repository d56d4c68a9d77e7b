// expect: the stream's elements are not streams to keep
// max-lines: 15
#include <leat/adaptor/flat_map_latest.hpp>
#include <leat/adaptor/switch_latest.hpp>
#include <leat/async_generator.hpp>

leat::async_generator<int> numbers();

void test() {
#ifdef LEAT_FIXED
    auto s = numbers() | leat::flat_map_latest([](int) { return numbers(); });
    static_cast<void>(s);
#else
    auto s = numbers() | leat::switch_latest();
    static_cast<void>(s);
#endif
}
