// expect: does not return a stream; for ranges use leat::flat_map
// max-lines: 15
#include <leat/adaptor/flat_map_merge.hpp>
#include <leat/async_generator.hpp>

#include <vector>

leat::async_generator<int> numbers();

void test() {
#ifdef LEAT_FIXED
    auto s = numbers() | leat::flat_map_merge(2, [](int) { return numbers(); });
    static_cast<void>(s);
#else
    auto s = numbers() | leat::flat_map_merge(2, [](int x) { return std::vector<int>(3, x); });
    static_cast<void>(s);
#endif
}
