// expect: leat::collect: the container cannot hold the stream's elements
// max-lines: 15
#include <leat/async_generator.hpp>
#include <leat/sink/collect.hpp>

#include <string>
#include <vector>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::collect<std::vector<std::string>>();
    static_cast<void>(s);
#else
    auto s = words() | leat::collect<std::vector<int>>();
    static_cast<void>(s);
#endif
}
