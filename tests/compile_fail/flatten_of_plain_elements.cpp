// expect: leat::flatten: the stream's elements are not ranges, nor streams to keep
// max-lines: 15
#include <leat/adaptor/flat_map.hpp>
#include <leat/adaptor/flatten.hpp>
#include <leat/async_generator.hpp>

#include <vector>

leat::async_generator<int> numbers();

void test() {
#ifdef LEAT_FIXED
    auto s = numbers() | leat::flat_map([](int n) { return std::vector<int>(static_cast<std::size_t>(n)); });
    static_cast<void>(s);
#else
    auto s = numbers() | leat::flatten();
    static_cast<void>(s);
#endif
}
