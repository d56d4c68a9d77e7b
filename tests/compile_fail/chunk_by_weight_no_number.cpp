// expect: leat::chunk_by_weight: the function cannot be called with the stream's element, or does not return a number
// max-lines: 15
#include <leat/adaptor/chunk_by_weight.hpp>
#include <leat/async_generator.hpp>

#include <string>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::chunk_by_weight(100, &std::string::length);
    static_cast<void>(s);
#else
    auto s = words() | leat::chunk_by_weight(100, [](const std::string& x) { return x; });
    static_cast<void>(s);
#endif
}
