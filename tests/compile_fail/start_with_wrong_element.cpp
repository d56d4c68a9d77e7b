// expect: leat::start_with: what is to come first does not convert to the stream's elements
// max-lines: 15
#include <leat/adaptor/start_with.hpp>
#include <leat/async_generator.hpp>

#include <vector>

leat::async_generator<std::vector<int>> pages();

void test() {
#ifdef LEAT_FIXED
    auto s = pages() | leat::start_with(std::vector<int>(5));
    static_cast<void>(s);
#else
    auto s = pages() | leat::start_with(5);
    static_cast<void>(s);
#endif
}
